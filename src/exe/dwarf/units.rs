//! The first entry of each unit of `.debug_info`: who compiled what, and where (DWARF 5, sections 3.1.1 and 7.5).

use super::{ABBREV, Bytes, INFO, Strings, Value, Widths};
use crate::exe::image::Image;
use std::ops::ControlFlow;

/// Bytes of a unit within which its first entry stands.
const ENTRY_LIMIT: u64 = 16 << 10;
/// Attributes of one entry.
const ATTRIBUTES_LIMIT: usize = 256;

/// What the first entry of a unit says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unit<'d> {
    /// `DW_AT_language`; 22 is Go.
    pub language: u64,
    /// `DW_AT_producer`: the compiler and its version.
    pub producer: &'d [u8],
    /// `DW_AT_comp_dir`: the directory of the compilation.
    pub directory: &'d [u8],
    /// Up to DWARF 4.
    pub is_old: bool,
}

impl Unit<'_> {
    /// Compiled from Go.
    pub fn is_go(&self) -> bool {
        self.language == 22
    }
}

const LANGUAGE: u64 = 0x13;
const COMP_DIR: u64 = 0x1b;
const PRODUCER: u64 = 0x25;
const IMPLICIT_CONST: u64 = 0x21;

pub(super) fn visit<B>(
    image: &Image<'_>,
    limit: u64,
    visit: &mut dyn FnMut(&Unit<'_>) -> ControlFlow<B>,
) -> Option<B> {
    let mut stream = INFO.open(image, limit)?;
    let abbreviations = ABBREV.read(image);
    let strings = Strings::new(image);
    let mut buf = Vec::new();
    loop {
        let (left, offset) = stream.unit_length(&mut buf)?;
        let head = left.min(ENTRY_LIMIT);
        stream.take(head, &mut buf)?;
        let mut bytes = Bytes {
            rest: &buf,
            big_endian: stream.big_endian,
        };
        if let Some(unit) = read(&mut bytes, offset, &abbreviations, &strings)
            && let ControlFlow::Break(found) = visit(&unit)
        {
            return Some(found);
        }
        stream.skip(left - head)?;
    }
}

fn read<'d>(
    bytes: &mut Bytes<'d>,
    offset: usize,
    abbreviations: &'d [u8],
    strings: &'d Strings<'_>,
) -> Option<Unit<'d>> {
    let version = bytes.number(2)?;
    let (at, address) = match version {
        2..=4 => (bytes.number(offset)?, bytes.number(1)?),
        5 => {
            let kind = bytes.number(1)?;
            let address = bytes.number(1)?;
            let at = bytes.number(offset)?;
            match kind {
                // compile, partial
                1 | 3 => {}
                // skeleton, split_compile
                4 | 5 => _ = bytes.take(8)?,
                _ => return None,
            }
            (at, address)
        }
        _ => return None,
    };
    let widths = Widths {
        offset,
        address: usize::try_from(address).ok()?,
        version,
    };
    let code = bytes.uleb()?;
    let mut shapes = Bytes {
        rest: abbreviations.get(usize::try_from(at).ok()?..)?,
        big_endian: bytes.big_endian,
    };
    // The first entry of a unit has nearly always the first abbreviation of its table.
    for _ in 0..ATTRIBUTES_LIMIT {
        let this = shapes.uleb()?;
        let _tag = shapes.uleb()?;
        let _children = shapes.take(1)?;
        if this == code {
            return entry(bytes, &mut shapes, widths, strings);
        }
        while let Some((name, _)) = attribute(&mut shapes) {
            if name == 0 {
                break;
            }
        }
    }
    None
}

/// Name and form of the next attribute of an abbreviation; zeros at its end.
fn attribute(shapes: &mut Bytes<'_>) -> Option<(u64, u64)> {
    let (name, form) = (shapes.uleb()?, shapes.uleb()?);
    if form == IMPLICIT_CONST {
        shapes.uleb()?;
    }
    Some((name, form))
}

fn entry<'d>(
    bytes: &mut Bytes<'d>,
    shapes: &mut Bytes<'_>,
    widths: Widths,
    strings: &'d Strings<'_>,
) -> Option<Unit<'d>> {
    let mut unit = Unit {
        is_old: widths.version < 5,
        ..Unit::default()
    };
    for _ in 0..ATTRIBUTES_LIMIT {
        let Some((name, form)) = attribute(shapes).filter(|a| *a != (0, 0)) else {
            break;
        };
        // What was read before a form of a later standard still counts.
        let Some(value) = bytes.value(form, widths) else {
            break;
        };
        match (name, value) {
            (LANGUAGE, Value::Number(n)) => unit.language = n,
            (PRODUCER, text) => unit.producer = strings.text(text),
            (COMP_DIR, text) => unit.directory = strings.text(text),
            _ => {}
        }
    }
    Some(unit)
}
