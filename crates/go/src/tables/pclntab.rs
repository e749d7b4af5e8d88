//! The table of functions and source files that every Go program has for its own stack traces (src/internal/abi/symtab.go,
//! src/debug/gosym/pclntab.go and src/cmd/link/internal/ld/pcln.go, Go 1.2 to 1.27).
//!
//! ```text
//! 0  magic, 4 bytes      fffffffb 1.2-1.15   fffffffa 1.16-1.17   fffffff0 1.18-1.19   fffffff1 1.20+
//! 4  0 0 quantum pointer-size
//! 8  words of pointer size:
//!    1.2   functions, then the function table itself
//!    1.16  functions, files, then offsets from the header: names, compilation units, files, pc tables, functions
//!    1.18  functions, files, start of text (0 and unused from 1.26), then the same offsets
//! ```

use gospect_exe::{Image, Segment};
use memchr::memmem::Finder;
use std::ops::ControlFlow;
use std::sync::LazyLock;

/// Sections that contain only the table (ELF; position-independent ELF up to Go 1.25; Mach-O).
pub const SECTIONS: [&[u8]; 3] = [b".gopclntab", b".data.rel.ro.gopclntab", b"__gopclntab"];

/// Section into which the linker of C puts read-only data with pointers, the table of a position-independent ELF program among it.
const RELOCATED: &[u8] = b".data.rel.ro";

/// More entries than this cannot be right: the largest programs have half a million functions.
const COUNT_LIMIT: u64 = 1 << 22;
/// Longer names are cut. In the oldest layout a name may start anywhere, so many may share one text.
const NAME_LIMIT: usize = 4096;
/// Most magics to try in a scan.
const TRIES: usize = 256;

/// The layouts, each named after the release that introduced it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layout {
    /// Go 1.2 to 1.15.
    Go12,
    /// Go 1.16 and 1.17.
    Go116,
    /// Go 1.18 and 1.19.
    Go118,
    /// Go 1.20 and newer.
    Go120,
}

/// Low byte of the magic, layout, and the first and last minor release that writes it (`None`: it still does).
pub(crate) const LAYOUTS: [(u8, Layout, u32, Option<u32>); 4] = [
    (0xfb, Layout::Go12, 2, Some(15)),
    (0xfa, Layout::Go116, 16, Some(17)),
    (0xf0, Layout::Go118, 18, Some(19)),
    (0xf1, Layout::Go120, 20, None),
];

impl Layout {
    /// First and last minor release that writes this layout.
    pub fn minors(self) -> (u32, Option<u32>) {
        LAYOUTS
            .iter()
            .find(|l| l.1 == self)
            .map_or((0, None), |l| (l.2, l.3))
    }
}

/// A table whose header was checked. All positions are virtual addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pclntab {
    /// Address of the header.
    pub address: u64,
    /// Its layout.
    pub layout: Layout,
    /// Instruction size quantum: 1, 2 or 4.
    pub quantum: u8,
    /// Number of functions.
    pub functions: u64,
    /// Number of files; 0 in the 1.2 layout, whose file table has a count of its own.
    pub files: u64,
    /// The start-of-text word; `None` in layouts without it.
    pub text_start: Option<u64>,
    /// Function names: address and size. In the 1.2 layout names are anywhere in the table, so this is the whole table.
    pub names: (u64, u64),
    /// Source files: address and size.
    pub file_table: (u64, u64),
    /// Function table: address, and size up to the end of the section or segment.
    pub function_table: (u64, u64),
}

impl Pclntab {
    /// Bytes of an address in the function table, of the offset beside it, and of the first field of `_func`.
    pub(crate) fn column(&self, image: &Image<'_>) -> u64 {
        match self.layout {
            Layout::Go12 | Layout::Go116 => image.pointer_size(),
            Layout::Go118 | Layout::Go120 => 4,
        }
    }

    /// Address from which the offsets in the function table count: the header up to Go 1.15, the function table since then.
    pub(crate) fn offset_base(&self) -> u64 {
        match self.layout {
            Layout::Go12 => self.address,
            _ => self.function_table.0,
        }
    }

    /// Finds the table: in its section, or by a scan of everything that is loaded, where only a plausible header counts.
    pub fn find(image: &Image<'_>) -> Option<Self> {
        Self::find_that(image, &mut |_| true)
    }

    /// As [`Self::find`], but of the tables that no section names, returns the first that `accept` takes: a program may contain
    /// others as data.
    pub(crate) fn find_that(
        image: &Image<'_>,
        accept: &mut dyn FnMut(&Self) -> bool,
    ) -> Option<Self> {
        for name in SECTIONS {
            if let Some(section) = image.section(name)
                && let Some(table) = Self::parse(image, section.address)
            {
                return Some(table);
            }
        }
        // Read-only data first, where it nearly always is: in a position-independent program that the linker of C has put together, that is
        // a section which the loader writes to before it protects it. Discardable parts are large and never hold it.
        let relocated = image.section(RELOCATED).map(|section| section.address);
        let mut segments: Vec<&Segment> = image.segments.iter().collect();
        segments.retain(|s| !s.discardable);
        segments.sort_by_key(|s| {
            let is_relocated = relocated.is_some_and(|address| s.contains(address));
            (!is_relocated, s.writable, s.executable)
        });
        segments
            .into_iter()
            .find_map(|s| Self::scan(image, s, accept))
    }

    fn scan(
        image: &Image<'_>,
        segment: &Segment,
        accept: &mut dyn FnMut(&Self) -> bool,
    ) -> Option<Self> {
        static LITTLE: LazyLock<Finder<'static>> =
            LazyLock::new(|| Finder::new(b"\xff\xff\xff\x00\x00"));
        let word = u8::try_from(image.pointer_size()).ok()?;
        let mut tries = 0;
        image.scan(segment, 15, &mut |base, bytes| {
            let mut check = |at: usize| -> Option<Self> {
                let head = bytes.get(at..at + 8)?;
                if !LAYOUTS
                    .iter()
                    .any(|l| head[..4] == magic(l.0, image.big_endian))
                    || !matches!(head[6], 1 | 2 | 4)
                    || head[7] != word
                    || !(base + at as u64).is_multiple_of(4)
                {
                    return None;
                }
                tries += 1;
                Self::parse(image, base + at as u64).filter(|table| accept(table))
            };
            let found = if image.big_endian {
                // Matches do not overlap, so the header may start inside a longer run of ones.
                memchr::memmem::find_iter(bytes, b"\xff\xff\xff")
                    .flat_map(|i| i..i + 3)
                    .find_map(&mut check)
            } else {
                LITTLE
                    .find_iter(bytes)
                    .filter_map(|i| i.checked_sub(1))
                    .find_map(&mut check)
            };
            match found {
                Some(table) => ControlFlow::Break(Some(table)),
                None if tries > TRIES => ControlFlow::Break(None),
                None => ControlFlow::Continue(()),
            }
        })?
    }

    /// Reads and checks the header at an address.
    pub fn parse(image: &Image<'_>, address: u64) -> Option<Self> {
        let segment = image.segment_at(address)?;
        let end = segment.end();
        let head = image.bytes(address, 8)?;
        let layout = LAYOUTS
            .iter()
            .find(|l| head[..4] == magic(l.0, image.big_endian))?
            .1;
        let quantum = head[6];
        let word = image.pointer_size();
        if head[4..6] != [0, 0] || !matches!(quantum, 1 | 2 | 4) || u64::from(head[7]) != word {
            return None;
        }
        let field = |i: u64| image.word(address.checked_add(8 + i * word)?);
        let functions = field(0)?;
        if functions == 0 || functions > COUNT_LIMIT {
            return None;
        }
        if layout == Layout::Go12 {
            return Self::parse_go12(image, address, quantum, functions, end);
        }
        let files = field(1)?;
        let (text_start, first) = if layout == Layout::Go116 {
            (None, 2)
        } else {
            (Some(field(2)?), 3)
        };
        let mut at = [0; 5];
        for (i, at) in at.iter_mut().enumerate() {
            *at = address.checked_add(field(first + i as u64)?)?;
        }
        let [names, units, file_table, pcs, function_table] = at;
        let header_end = address + 8 + (first + 5) * word;
        let ordered = header_end <= names
            && names <= units
            && units <= file_table
            && file_table <= pcs
            && pcs <= function_table;
        if !ordered || function_table >= end || files > COUNT_LIMIT {
            return None;
        }
        // The function table has a pair for each function, and an end address.
        let pair = if layout == Layout::Go116 { 2 * word } else { 8 };
        let to_end = end - function_table;
        if functions.checked_mul(pair)? > to_end {
            return None;
        }
        Some(Self {
            address,
            layout,
            quantum,
            functions,
            files,
            text_start,
            names: (names, units - names),
            file_table: (file_table, pcs - file_table),
            function_table: (function_table, to_end),
        })
    }

    fn parse_go12(
        image: &Image<'_>,
        address: u64,
        quantum: u8,
        functions: u64,
        end: u64,
    ) -> Option<Self> {
        let word = image.pointer_size();
        let table = address.checked_add(8 + word)?;
        let size = functions.checked_mul(2 * word)?;
        let after = table.checked_add(size)?.checked_add(word)?;
        let files_at = image.number(image.bytes(after, 4)?);
        let file_table = address.checked_add(files_at)?;
        let count = image.number(image.bytes(file_table, 4)?);
        // The first functions must be in order, and point after the table.
        let mut last = 0;
        for i in 0..functions.min(16) {
            let entry = image.word(table + 2 * word * i)?;
            let info = image.word(table + 2 * word * i + word)?;
            if entry < last || info < size || address.checked_add(info)? >= end {
                return None;
            }
            last = entry;
        }
        if count == 0 || count > COUNT_LIMIT || file_table.checked_add(count * 4)? > end {
            return None;
        }
        Some(Self {
            address,
            layout: Layout::Go12,
            quantum,
            functions,
            files: count,
            text_start: None,
            names: (address, end - address),
            file_table: (file_table, count * 4),
            function_table: (table, size),
        })
    }

    /// A copy of the names of all functions, each ended by a zero, cut after `most` bytes; it counts as kept. `None` in the 1.2 layout, where the
    /// names lie apart, and when they are not all there.
    pub(crate) fn all_names(&self, image: &Image<'_>, most: usize) -> Option<Vec<u8>> {
        let size = self.names.1.min(most as u64);
        if self.layout == Layout::Go12 || !image.window().keep(size) {
            return None;
        }
        let held = usize::try_from(size.min(image.window().len())).ok()?;
        let mut names = Vec::with_capacity(held);
        self.name_pieces(image, &mut |_, piece| {
            let left = most.saturating_sub(names.len()).min(piece.len());
            names.extend_from_slice(piece.get(..left).unwrap_or_default());
        })?;
        Some(names)
    }

    /// Passes over the names of all functions, each ended by a zero, in pieces that hold whole names; with the distance of each piece from the start
    /// of the table of names. `None` in the 1.2 layout, where the names lie apart, and when they are not all there.
    pub fn name_pieces(&self, image: &Image<'_>, visit: &mut dyn FnMut(u64, &[u8])) -> Option<()> {
        if self.layout == Layout::Go12 {
            return None;
        }
        image.pass(self.names.0, self.names.1, &mut |at, piece| {
            let end = memchr::memrchr(0, piece).map_or(0, |i| i + 1);
            visit(at, piece.get(..end).unwrap_or_default());
            ControlFlow::Continue(end)
        })
    }

    /// Visits every function name, in table order. Since Go 1.16 that includes functions that exist only inlined.
    pub fn function_names<'i, B>(
        &self,
        image: &'i Image<'_>,
        visit: &mut dyn FnMut(&'i [u8]) -> ControlFlow<B>,
    ) -> Option<B> {
        if self.layout != Layout::Go12 {
            let names = image.bytes(self.names.0, self.names.1)?;
            return split(names, u64::MAX, visit);
        }
        let word = image.pointer_size();
        let whole = image.bytes(self.names.0, self.names.1)?;
        for i in 0..self.functions {
            let info = image.word(self.function_table.0 + 2 * word * i + word)?;
            // _func: entry of pointer size, then the offset of the name.
            let at = usize::try_from(info.checked_add(word)?).ok()?;
            let offset = image.number(whole.get(at..at + 4)?);
            let name = name_at(whole, offset)?;
            if let ControlFlow::Break(found) = visit(name) {
                return Some(found);
            }
        }
        None
    }

    /// The function name at an offset in the table of names.
    pub fn name<'i>(&self, image: &'i Image<'_>, offset: u64) -> Option<&'i [u8]> {
        name_at(image.bytes(self.names.0, self.names.1)?, offset)
    }

    /// The source file of `main.main`, in the oldest layout. Programs of that age have no build info to name their main
    /// package.
    ///
    /// `_func` is entry, name, arguments, frame, then the offsets of three tables. The second one gives the file of each
    /// instruction: its first difference, zigzag LEB128 from -1, is the number of the file where the function begins
    /// (src/debug/gosym/pclntab.go, Go 1.27).
    pub fn old_main_file(&self, image: &Image<'_>) -> Option<String> {
        if self.layout != Layout::Go12 {
            return None;
        }
        let word = image.pointer_size();
        let whole = image.bytes(self.names.0, self.names.1)?;
        let number = |at: u64| -> Option<u64> {
            let at = usize::try_from(at).ok()?;
            Some(image.number(whole.get(at..at.checked_add(4)?)?))
        };
        let info = (0..self.functions).find_map(|i| {
            let info = image.word(self.function_table.0 + 2 * word * i + word)?;
            let name = name_at(whole, number(info.checked_add(word)?)?)?;
            (name == b"main.main").then_some(info)
        })?;
        let table = number(info.checked_add(word + 16)?)?;
        let first = whole.get(usize::try_from(table).ok()?..)?;
        let (mut value, mut shift) = (0u64, 0);
        for byte in first.iter().take(5) {
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        // Zigzag: an even number is twice the difference.
        let file = (value & 1 == 0).then(|| (value >> 1).checked_sub(1))??;
        let offsets = image.bytes(self.file_table.0, self.file_table.1)?;
        let at = usize::try_from(file).ok()?.checked_mul(4)?;
        let name = name_at(whole, image.number(offsets.get(at..at.checked_add(4)?)?))?;
        String::from_utf8(name.to_vec()).ok()
    }

    /// Whether a function of that exact name is linked in.
    pub fn has_function(&self, image: &Image<'_>, name: &[u8]) -> Option<bool> {
        if self.layout == Layout::Go12 {
            let hit = self.function_names(image, &mut |n| {
                if n == name {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
            return Some(hit.is_some());
        }
        let names = image.bytes(self.names.0, self.names.1)?;
        Some(position_of_name(names, name).is_some())
    }

    /// Visits every source file.
    pub fn source_files<'i, B>(
        &self,
        image: &'i Image<'_>,
        visit: &mut dyn FnMut(&'i [u8]) -> ControlFlow<B>,
    ) -> Option<B> {
        if self.layout != Layout::Go12 {
            let files = image.bytes(self.file_table.0, self.file_table.1)?;
            return split(files, self.files, visit);
        }
        let whole = image.bytes(self.names.0, self.names.1)?;
        let offsets = image.bytes(self.file_table.0, self.file_table.1)?;
        // Entry 0 is not a file.
        for offset in offsets.chunks_exact(4).skip(1) {
            let name = name_at(whole, image.number(offset))?;
            if let ControlFlow::Break(found) = visit(name) {
                return Some(found);
            }
        }
        None
    }
}

/// Where a whole name begins among names that end with a zero byte each.
pub(super) fn position_of_name(names: &[u8], name: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(names, name).find(|&position| {
        let before = position.checked_sub(1).and_then(|before| names.get(before));
        let after = names.get(position + name.len());
        before.is_none_or(|&byte| byte == 0) && after == Some(&0)
    })
}

/// The NUL-terminated text at an offset; `None` when it is too long.
fn name_at(bytes: &[u8], offset: u64) -> Option<&[u8]> {
    let rest = bytes.get(usize::try_from(offset).ok()?..)?;
    rest.get(..memchr::memchr(0, rest.get(..NAME_LIMIT.min(rest.len()))?)?)
}

fn magic(low: u8, big_endian: bool) -> [u8; 4] {
    if big_endian {
        [0xff, 0xff, 0xff, low]
    } else {
        [low, 0xff, 0xff, 0xff]
    }
}

/// Visits up to `count` NUL-terminated texts.
fn split<'b, B>(
    bytes: &'b [u8],
    count: u64,
    visit: &mut dyn FnMut(&'b [u8]) -> ControlFlow<B>,
) -> Option<B> {
    let mut start = 0;
    let mut seen = 0;
    for end in memchr::memchr_iter(0, bytes) {
        if seen >= count {
            break;
        }
        if end > start {
            seen += 1;
            if let ControlFlow::Break(found) = visit(&bytes[start..end]) {
                return Some(found);
            }
        }
        start = end + 1;
    }
    None
}
