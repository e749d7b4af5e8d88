//! DWARF, the two parts of it that name directories and compilers: the file tables of `.debug_line` and the first entry of each unit of
//! `.debug_info` (DWARF 2 to 5, <https://dwarfstd.org>).
//!
//! Sections are read front to back through a small buffer and expanded on the way, since the tables are small and what lies between them is
//! not. Types, functions and line programs are passed over.

mod lines;
mod stream;
mod units;

pub use lines::FileTable;
pub use units::Unit;

use super::image::{Image, Section};
use std::ops::ControlFlow;
use stream::Stream;

/// Expanded bytes of one section that are looked at. The largest programs known (over 100 MB) have 40 MB of line programs.
const SECTION_LIMIT: u64 = 96 << 20;
/// Expanded bytes of one string section or of the abbreviations.
const STRINGS_LIMIT: u64 = 16 << 20;

/// One section under the names that the formats have for it.
struct Part {
    /// ELF and PE; a `z` behind the dot says that it is compressed.
    dotted: &'static str,
    /// Mach-O, cut to 16 bytes where the format cuts it.
    macho: [&'static str; 2],
    /// XCOFF.
    xcoff: &'static str,
}

const LINE: Part = Part {
    dotted: "debug_line",
    macho: ["__debug_line", "__zdebug_line"],
    xcoff: ".dwline",
};
const LINE_STR: Part = Part {
    dotted: "debug_line_str",
    macho: ["__debug_line_str", "__zdebug_line_st"],
    xcoff: "",
};
const STR: Part = Part {
    dotted: "debug_str",
    macho: ["__debug_str", "__zdebug_str"],
    xcoff: ".dwstr",
};
const INFO: Part = Part {
    dotted: "debug_info",
    macho: ["__debug_info", "__zdebug_info"],
    xcoff: ".dwinfo",
};
const ABBREV: Part = Part {
    dotted: "debug_abbrev",
    macho: ["__debug_abbrev", "__zdebug_abbrev"],
    xcoff: ".dwabrev",
};

impl Part {
    fn find<'i>(&self, image: &'i Image<'_>) -> Option<&'i Section<'i>> {
        image.sections.iter().find(|s| {
            let name: &[u8] = &s.name;
            let rest = name.strip_prefix(b".z").or(name.strip_prefix(b"."));
            s.file_size > 0
                && (rest == Some(self.dotted.as_bytes())
                    || self.macho.iter().any(|m| m.as_bytes() == name)
                    || (!self.xcoff.is_empty() && self.xcoff.as_bytes() == name))
        })
    }

    fn open<'i>(&self, image: &'i Image<'_>, limit: u64) -> Option<Stream<'i>> {
        Stream::open(image, self.find(image)?, limit)
    }

    /// The whole section, or as much of it as the limit lets.
    fn read(&self, image: &Image<'_>) -> Vec<u8> {
        self.open(image, STRINGS_LIMIT)
            .map(Stream::rest)
            .unwrap_or_default()
    }
}

/// Whether the file says of itself, by the name of a section, that it holds debug information.
pub fn is_there(image: &Image<'_>) -> bool {
    INFO.find(image).is_some()
}

/// Whether anything but Go's own linker had a hand in it: the linker writes texts in place, C compilers in a section of their own.
pub fn has_foreign_units(image: &Image<'_>) -> bool {
    is_there(image) && STR.find(image).is_some()
}

/// Visits the file table of every unit of the line programs, in file order, until the callback breaks.
pub fn file_tables<B>(
    image: &Image<'_>,
    visit: &mut dyn FnMut(&FileTable<'_>) -> ControlFlow<B>,
) -> Option<B> {
    lines::visit(image, visit)
}

/// Visits the first entry of every unit, in file order, until the callback breaks. `limit`: expanded bytes of the section to go through.
pub fn units<B>(
    image: &Image<'_>,
    limit: u64,
    visit: &mut dyn FnMut(&Unit<'_>) -> ControlFlow<B>,
) -> Option<B> {
    units::visit(image, limit.min(SECTION_LIMIT), visit)
}

/// Attribute forms that both tables use, and how a value of each is passed over (DWARF 5, section 7.5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value<'d> {
    /// Text in place.
    Text(&'d [u8]),
    /// Offset in `.debug_str`.
    Str(u64),
    /// Offset in `.debug_line_str`.
    LineStr(u64),
    /// A number.
    Number(u64),
    /// Anything else.
    Other,
}

/// Widths that a unit declares.
#[derive(Clone, Copy, Debug)]
struct Widths {
    /// 8 in 64-bit DWARF, otherwise 4.
    offset: usize,
    address: usize,
    version: u64,
}

/// Bytes taken from the front, numbers in the byte order of the file.
struct Bytes<'d> {
    rest: &'d [u8],
    big_endian: bool,
}

impl<'d> Bytes<'d> {
    fn take(&mut self, n: usize) -> Option<&'d [u8]> {
        let (head, tail) = self.rest.split_at_checked(n)?;
        self.rest = tail;
        Some(head)
    }

    fn number(&mut self, n: usize) -> Option<u64> {
        let big = self.big_endian;
        self.take(n).map(|b| fixed(b, big))
    }

    /// Unsigned LEB128.
    fn uleb(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = self.number(1)?;
            if shift < 64 {
                value |= (byte & 0x7f) << shift;
            }
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn text(&mut self) -> Option<&'d [u8]> {
        let end = memchr::memchr(0, self.rest)?;
        let text = self.take(end)?;
        self.take(1)?;
        Some(text)
    }

    /// One value of the given form; `None` ends the unit: a form of a later standard cannot be passed over.
    fn value(&mut self, form: u64, widths: Widths) -> Option<Value<'d>> {
        Some(match form {
            0x08 => Value::Text(self.text()?),
            0x0e => Value::Str(self.number(widths.offset)?),
            0x1f => Value::LineStr(self.number(widths.offset)?),
            // data1, data2, data4, data8, udata
            0x0b => Value::Number(self.number(1)?),
            0x05 => Value::Number(self.number(2)?),
            0x06 => Value::Number(self.number(4)?),
            0x07 => Value::Number(self.number(8)?),
            0x0f => Value::Number(self.uleb()?),
            _ => {
                self.skip(form, widths)?;
                Value::Other
            }
        })
    }

    fn skip(&mut self, form: u64, widths: Widths) -> Option<()> {
        let n = match form {
            // flag_present, implicit_const
            0x19 | 0x21 => 0,
            // flag, ref1, strx1, addrx1
            0x0c | 0x11 | 0x25 | 0x29 => 1,
            // ref2, strx2, addrx2
            0x12 | 0x26 | 0x2a => 2,
            // strx3, addrx3
            0x27 | 0x2b => 3,
            // ref4, ref_sup4, strx4, addrx4
            0x13 | 0x1c | 0x28 | 0x2c => 4,
            // ref8, ref_sig8, ref_sup8
            0x14 | 0x20 | 0x24 => 8,
            // data16
            0x1e => 16,
            0x01 => widths.address,
            // ref_addr had the width of an address in DWARF 2
            0x10 if widths.version <= 2 => widths.address,
            // ref_addr, sec_offset, strp_sup, GNU_ref_alt, GNU_strp_alt
            0x10 | 0x17 | 0x1d | 0x1f20 | 0x1f21 => widths.offset,
            // sdata, ref_udata, strx, addrx, loclistx, rnglistx
            0x0d | 0x15 | 0x1a | 0x1b | 0x22 | 0x23 => {
                self.uleb()?;
                0
            }
            // block1, block2, block4, block and exprloc
            0x0a => usize::try_from(self.number(1)?).ok()?,
            0x03 => usize::try_from(self.number(2)?).ok()?,
            0x04 => usize::try_from(self.number(4)?).ok()?,
            0x09 | 0x18 => usize::try_from(self.uleb()?).ok()?,
            _ => return None,
        };
        self.take(n).map(|_| ())
    }
}

fn fixed(bytes: &[u8], big_endian: bool) -> u64 {
    let fold = |acc: u64, b: &u8| acc << 8 | u64::from(*b);
    match big_endian {
        true => bytes.iter().take(8).fold(0, fold),
        false => bytes.iter().take(8).rev().fold(0, fold),
    }
}

/// The text sections, each read when the first name points into it.
struct Strings<'i> {
    image: &'i Image<'i>,
    str: std::cell::OnceCell<Vec<u8>>,
    line_str: std::cell::OnceCell<Vec<u8>>,
}

impl<'i> Strings<'i> {
    fn new(image: &'i Image<'i>) -> Self {
        Self {
            image,
            str: Default::default(),
            line_str: Default::default(),
        }
    }

    fn text<'s>(&'s self, value: Value<'s>) -> &'s [u8] {
        let (part, at) = match value {
            Value::Text(text) => return text,
            Value::Str(at) => (self.str.get_or_init(|| STR.read(self.image)), at),
            Value::LineStr(at) => (self.line_str.get_or_init(|| LINE_STR.read(self.image)), at),
            Value::Number(_) | Value::Other => return b"",
        };
        let text = usize::try_from(at)
            .ok()
            .and_then(|at| part.get(at..))
            .unwrap_or_default();
        // Longer than any path: a table without ends.
        let text = text.get(..text.len().min(4096)).unwrap_or_default();
        text.get(..memchr::memchr(0, text).unwrap_or(0))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTHS: Widths = Widths {
        offset: 4,
        address: 8,
        version: 5,
    };

    fn value(form: u64, rest: &[u8]) -> (Option<Value<'_>>, usize) {
        let mut bytes = Bytes {
            rest,
            big_endian: false,
        };
        let value = bytes.value(form, WIDTHS);
        (value, rest.len() - bytes.rest.len())
    }

    #[test]
    fn values_take_as_many_bytes_as_their_form_says() {
        assert_eq!(value(0x08, b"a/b\0c"), (Some(Value::Text(b"a/b")), 4));
        assert_eq!(
            value(0x0f, &[0xe5, 0x8e, 0x26, 1]),
            (Some(Value::Number(624_485)), 3)
        );
        assert_eq!(
            value(0x1f, &[1, 2, 0, 0, 9]),
            (Some(Value::LineStr(513)), 4)
        );
        assert_eq!(value(0x09, &[2, 7, 7, 9]), (Some(Value::Other), 3));
        assert_eq!(value(0x1e, &[0; 20]), (Some(Value::Other), 16));
    }

    #[test]
    fn what_is_cut_off_or_unknown_is_no_value() {
        assert_eq!(value(0x08, b"no end").0, None);
        assert_eq!(value(0x0f, &[0x80; 4]).0, None);
        assert_eq!(value(0x09, &[200, 1]).0, None);
        assert_eq!(value(0x7f, &[0; 64]).0, None);
    }
}
