//! ELF dynamic relocations that fill pointers: RELATIVE and symbol-plus-addend entries of RELA and REL tables, and the packed
//! RELR form (gABI, chapter 5, and its RELR extension).
//!
//! Go's own linker also writes the values in place; GNU ld and lld leave zeros, so externally linked position-independent programs
//! need this to be read at all. For objects the sections' own RELA tables are applied.

use super::image::{Image, Kind, push_fixup};
use super::object_fixups;

/// No more entries than this are applied; a 100 MB program has about half a million.
pub(super) const ENTRIES_LIMIT: u64 = 2 << 20;

/// `(e_machine's Go name, RELATIVE, absolute word with symbol, GLOB_DAT)` of each port's psABI.
const TYPES: &[(&str, u64, u64, u64)] = &[
    ("amd64", 8, 1, 6),
    ("arm64", 1027, 257, 1025),
    ("386", 8, 1, 6),
    ("arm", 23, 2, 21),
    ("ppc64", 22, 38, 20),
    ("ppc64le", 22, 38, 20),
    ("s390x", 12, 22, 10),
    ("riscv64", 3, 2, u64::MAX),
    ("loong64", 3, 2, u64::MAX),
];

/// Dynamic tags.
const DT_SYMTAB: u64 = 6;
const DT_RELA: u64 = 7;
const DT_RELASZ: u64 = 8;
const DT_REL: u64 = 17;
const DT_RELSZ: u64 = 18;
const DT_RELRSZ: u64 = 35;
const DT_RELR: u64 = 36;

pub(super) fn read(image: &Image<'_>) -> Vec<(u64, u64)> {
    let mut fixups = Vec::new();
    let Some(types) = TYPES.iter().find(|t| Some(t.0) == image.arch) else {
        return fixups;
    };
    if image.kind == Kind::Object {
        return object_fixups::elf(image, types.2);
    }
    let tags = dynamic(image);
    let tag = |wanted: u64| tags.iter().find(|t| t.0 == wanted).map(|t| t.1);
    if let (Some(at), Some(size)) = (tag(DT_RELA), tag(DT_RELASZ)) {
        let symbols = tag(DT_SYMTAB);
        read_table(
            image,
            at,
            size,
            true,
            |kind, symbol, addend| match kind {
                k if k == types.1 => Some(addend),
                k if k == types.2 || k == types.3 => {
                    dynamic_symbol(image, symbols?, symbol).map(|s| s.wrapping_add(addend))
                }
                _ => None,
            },
            &mut fixups,
        );
    }
    if let (Some(at), Some(size)) = (tag(DT_REL), tag(DT_RELSZ)) {
        // The addend of a REL entry is the word in place, so a RELATIVE one changes nothing here.
        let symbols = tag(DT_SYMTAB);
        read_table(
            image,
            at,
            size,
            false,
            |kind, symbol, addend| match kind {
                k if k == types.2 || k == types.3 => {
                    dynamic_symbol(image, symbols?, symbol).map(|s| s.wrapping_add(addend))
                }
                _ => None,
            },
            &mut fixups,
        );
    }
    // RELR entries are relative with the addend in place: nothing to change either, whatever table they stand in.
    let _ = (tag(DT_RELR), tag(DT_RELRSZ));
    fixups
}

/// Tag and value pairs of the dynamic section.
pub(super) fn dynamic(image: &Image<'_>) -> Vec<(u64, u64)> {
    let Some((offset, size)) = image.dynamic else {
        return Vec::new();
    };
    let word = image.pointer_size();
    let Some(bytes) = image.window().get(offset, size.min(64 << 10)) else {
        return Vec::new();
    };
    let (Ok(word), Ok(entry)) = (usize::try_from(word), usize::try_from(word * 2)) else {
        return Vec::new();
    };
    bytes
        .chunks_exact(entry)
        .map(|e| (image.number(&e[..word]), image.number(&e[word..])))
        .take_while(|t| t.0 != 0)
        .collect()
}

fn read_table(
    image: &Image<'_>,
    address: u64,
    size: u64,
    with_addend: bool,
    mut value: impl FnMut(u64, u64, u64) -> Option<u64>,
    fixups: &mut Vec<(u64, u64)>,
) {
    let word = image.pointer_size();
    let entry = word * if with_addend { 3 } else { 2 };
    let room = ENTRIES_LIMIT.saturating_sub(fixups.len() as u64);
    let size = size.min(room * entry);
    let Some(bytes) = image.bytes_upto(address, size) else {
        return;
    };
    let (Ok(word), Ok(entry)) = (usize::try_from(word), usize::try_from(entry)) else {
        return;
    };
    for e in bytes.chunks_exact(entry) {
        let place = image.number(&e[..word]);
        let info = image.number(&e[word..2 * word]);
        let (symbol, kind) = if word == 8 {
            (info >> 32, info & 0xffff_ffff)
        } else {
            (info >> 8, info & 0xff)
        };
        let addend = if with_addend {
            image.number(&e[2 * word..])
        } else {
            image.word(place).unwrap_or(0)
        };
        if let Some(value) = value(kind, symbol, addend)
            && !push_fixup(image.window(), fixups, (place, value))
        {
            return;
        }
    }
}

/// The value of a dynamic symbol, when this file defines it.
fn dynamic_symbol(image: &Image<'_>, table: u64, index: u64) -> Option<u64> {
    let (entry, value, section) = if image.bits == 64 {
        (24, 8, 6)
    } else {
        (16, 4, 14)
    };
    let at = table.checked_add(index.checked_mul(entry)?)?;
    let bytes = image.bytes(at, entry)?;
    if image.number(bytes.get(section..section + 2)?) == 0 {
        return None;
    }
    Some(image.number(bytes.get(value..value + image.pointer_size() as usize)?))
}
