//! `runtime.firstmoduledata`: the linker's map of the program (src/runtime/symtab.go, Go 1.5 to 1.27).
//!
//! It starts with a pointer to the pclntab header and a slice inside that table. A word pair that says exactly this proves
//! both: nothing else points at the table in this way.

use super::pclntab::{Layout, Pclntab};
use gospect_exe::{Image, Segment};
use std::ops::ControlFlow;

/// Sections that hold it before Go 1.26, which gives it one of its own (ELF, Mach-O).
const SECTIONS: [&[u8]; 4] = [b".noptrdata", b"__noptrdata", b".data", b"__data"];

/// Word numbers of the fields used, by layout of the table.
struct Words {
    text: u64,
    etext: u64,
    data: u64,
    edata: u64,
    bss: u64,
    enoptrbss: u64,
}

/// Go 1.16 and newer: eight slices and a pointer come first.
const SINCE_116: Words = Words {
    text: 22,
    etext: 23,
    data: 26,
    edata: 27,
    bss: 28,
    enoptrbss: 31,
};
/// Go 1.5 to 1.15: pclntable, ftab, filetab, findfunctab, minpc, maxpc.
const SINCE_15: Words = Words {
    text: 12,
    etext: 13,
    data: 16,
    edata: 17,
    bss: 18,
    enoptrbss: 21,
};

/// The layout of the program in its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moduledata {
    /// Its address.
    pub address: u64,
    /// Text: start and end.
    pub text: (u64, u64),
    /// Initialised data with pointers, where linker strings are: start and end.
    pub data: (u64, u64),
}

impl Moduledata {
    /// Finds the moduledata that points at this table.
    pub fn find(image: &Image<'_>, table: &Pclntab) -> Option<Self> {
        if let Some(section) = [&b".go.module"[..], b"__go_module"]
            .iter()
            .find_map(|n| image.section(n))
            && let Some(found) = Self::parse(image, section.address, table)
        {
            return Some(found);
        }
        let sections = SECTIONS.iter().filter_map(|name| image.section(name));
        let sections = sections.filter_map(|s| image.part(s.address, s.size));
        let segments = image
            .segments
            .iter()
            .filter(|s| s.writable || !s.executable);
        let (writable, others): (Vec<Segment>, Vec<Segment>) =
            segments.copied().partition(|s| s.writable);
        Self::scan(image, table, sections)
            .or_else(|| Self::by_fixups(image, table))
            .or_else(|| Self::scan(image, table, writable.into_iter().chain(others)))
    }

    /// Where the file has no values in place: they are filled in at load time.
    fn by_fixups(image: &Image<'_>, table: &Pclntab) -> Option<Self> {
        let word = image.pointer_size();
        let fixups = image.fixups();
        let places = fixups
            .iter()
            .filter(|f| f.1 == table.address)
            .map(|f| f.0)
            .filter(|a| a % word == 0);
        places.take(64).find_map(|a| Self::parse(image, a, table))
    }

    /// Where the file has the values in place.
    fn scan(
        image: &Image<'_>,
        table: &Pclntab,
        mut parts: impl Iterator<Item = Segment>,
    ) -> Option<Self> {
        let word = usize::try_from(image.pointer_size()).ok()?;
        let bytes = if image.big_endian {
            table.address.to_be_bytes()[8 - word..].to_vec()
        } else {
            table.address.to_le_bytes()[..word].to_vec()
        };
        let finder = memchr::memmem::Finder::new(&bytes);
        parts.find_map(|part| {
            let mut tries = 0;
            image.scan(&part, word - 1, &mut |base, bytes| {
                for at in finder.find_iter(bytes) {
                    let address = base + at as u64;
                    if !address.is_multiple_of(word as u64) {
                        continue;
                    }
                    tries += 1;
                    if let Some(found) = Self::parse(image, address, table) {
                        return ControlFlow::Break(Some(found));
                    }
                }
                if tries > 4096 {
                    ControlFlow::Break(None)
                } else {
                    ControlFlow::Continue(())
                }
            })?
        })
    }

    /// The range from the start of the initialised data to the end of the zeroed data, where variables with pointers are. Go
    /// 1.16 and newer.
    pub fn variables(&self, image: &Image<'_>) -> Option<(u64, u64)> {
        /// `moduledata.ebss`, since Go 1.16.
        const EBSS: u64 = 29;
        let end = image.pointer(self.address.checked_add(EBSS * image.pointer_size())?)?;
        (end >= self.data.1).then_some((self.data.0, end))
    }

    /// The range of the initialised variables without pointers: from `noptrdata` to `enoptrdata`.
    pub fn without_pointers(&self, image: &Image<'_>, layout: Layout) -> Option<(u64, u64)> {
        let text = match layout {
            Layout::Go12 => SINCE_15.text,
            _ => SINCE_116.text,
        };
        self.range(image, text + 2, text + 3)
    }

    /// The range of the variables that are zero at the start, with and without pointers: from `bss` to `enoptrbss`.
    pub fn zeroed(&self, image: &Image<'_>, layout: Layout) -> Option<(u64, u64)> {
        let words = match layout {
            Layout::Go12 => SINCE_15,
            _ => SINCE_116,
        };
        self.range(image, words.bss, words.enoptrbss)
    }

    /// A word of it, as an address.
    pub(crate) fn word(&self, image: &Image<'_>, number: u64) -> Option<u64> {
        let distance = number.checked_mul(image.pointer_size())?;
        image.pointer(self.address.checked_add(distance)?)
    }

    /// Bytes of the names of functions (`funcnametab`). Go 1.16 and newer.
    pub(crate) fn name_bytes(&self, image: &Image<'_>) -> Option<u64> {
        self.word(image, 2)
    }

    /// Address and size of the rows and structures of functions (`pclntable`). Go 1.16 and newer.
    pub(crate) fn function_bytes(&self, image: &Image<'_>) -> Option<(u64, u64)> {
        Some((self.word(image, 13)?, self.word(image, 14)?))
    }

    /// Number of rows of the function table (`ftab`), the last of which is the end of the last function.
    pub(crate) fn function_count(&self, image: &Image<'_>, layout: Layout) -> Option<u64> {
        self.word(
            image,
            match layout {
                Layout::Go12 => 4,
                Layout::Go116 | Layout::Go118 | Layout::Go120 => 17,
            },
        )
    }

    /// The addresses that two words name.
    fn range(&self, image: &Image<'_>, from: u64, to: u64) -> Option<(u64, u64)> {
        let range = (self.word(image, from)?, self.word(image, to)?);
        Some(range).filter(|range| range.0 <= range.1)
    }

    fn parse(image: &Image<'_>, address: u64, table: &Pclntab) -> Option<Self> {
        let word = image.pointer_size();
        let field = |i: u64| image.pointer(address.checked_add(i * word)?);
        if field(0)? != table.address {
            return None;
        }
        let words = match table.layout {
            Layout::Go12 => {
                // The table as a slice, then the function table inside it.
                let length = field(1)?;
                let inside = field(3)?.checked_sub(table.address)?;
                if length == 0 || inside >= length || field(2)? < length {
                    return None;
                }
                SINCE_15
            }
            _ if field(1)? == table.names.0 => SINCE_116,
            _ => return None,
        };
        let range = |from: u64, to: u64| Some((field(from)?, field(to)?)).filter(|r| r.0 <= r.1);
        let found = Self {
            address,
            text: range(words.text, words.etext)?,
            data: range(words.data, words.edata)?,
        };
        image.segment_at(found.data.0)?;
        Some(found)
    }
}
