//! Absolute words of relocatable objects: what a linker would write there, in the addresses that the sections are given here.
//!
//! An object of Go's linker is a whole program in one file, the `go.o` of a c-archive, so its pointers are all between its own sections.
//! ELF: `.rela` and `.rel` sections (gABI, chapter 4). Mach-O: `relocation_info` (`mach-o/reloc.h`). COFF: the relocations of each section
//! (Microsoft PE format, "COFF Relocations").

use super::elf_fixups::ENTRIES_LIMIT;
use super::image::{Image, push_fixup};
use super::symbols::Symbols;
use std::collections::HashMap;

/// The relocations of one section of a Mach-O or COFF object, as its header tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relocations {
    /// Number of the section.
    pub section: usize,
    /// Where they are in the file.
    pub offset: u64,
    /// How many.
    pub count: u64,
}

/// Entries of a table in pieces of `size` bytes, with how many all tables together may still have.
fn entries<'i>(
    image: &'i Image<'_>,
    offset: u64,
    bytes: u64,
    size: usize,
    room: &mut u64,
) -> impl Iterator<Item = &'i [u8]> {
    let bytes = bytes.min(room.saturating_mul(size as u64));
    *room -= bytes / size as u64;
    let table = image.window().get(offset, bytes).unwrap_or_default();
    table.chunks_exact(size)
}

fn field(image: &Image<'_>, entry: &[u8], at: usize, size: usize) -> u64 {
    entry.get(at..at + size).map_or(0, |b| image.number(b))
}

/// ELF: sections named after the one they are for. `absolute` is the type of a whole word.
pub(super) fn elf(image: &Image<'_>, absolute: u64) -> Vec<(u64, u64)> {
    let mut fixups = Vec::new();
    let wide = image.bits == 64;
    let mut targets = HashMap::new();
    for section in &image.sections {
        targets.entry(&*section.name).or_insert(section);
    }
    let word = if wide { 8 } else { 4 };
    let mut room = ENTRIES_LIMIT;
    for section in &image.sections {
        let (name, with_addend) = match section.name.strip_prefix(b".rela") {
            Some(name) => (name, true),
            None => match section.name.strip_prefix(b".rel") {
                Some(name) => (name, false),
                None => continue,
            },
        };
        let Some(target) = targets.get(name).filter(|t| t.address != 0) else {
            continue;
        };
        let size = if with_addend { 3 * word } else { 2 * word };
        for entry in entries(image, section.offset, section.file_size, size, &mut room) {
            let info = field(image, entry, word, word);
            let (symbol, kind) = if wide {
                (info >> 32, info & 0xffff_ffff)
            } else {
                (info >> 8, info & 0xff)
            };
            let place = target.address.checked_add(field(image, entry, 0, word));
            let Some(place) = place.filter(|_| kind == absolute) else {
                continue;
            };
            let addend = if with_addend {
                field(image, entry, 2 * word, word)
            } else {
                image.word(place).unwrap_or(0)
            };
            let size = if wide { 24 } else { 16 };
            let value = symbol_entry(image, Symbols::Elf, symbol, size).and_then(|symbol| {
                let (section, value) = if wide {
                    (field(image, symbol, 6, 2), field(image, symbol, 8, 8))
                } else {
                    (field(image, symbol, 14, 2), field(image, symbol, 4, 4))
                };
                in_section(image, section, value)
            });
            fixups.extend(value.map(|v| (place, v.wrapping_add(addend))));
        }
    }
    fixups
}

/// Mach-O: entries without a symbol have the address in place already.
pub(super) fn macho(image: &Image<'_>) -> Vec<(u64, u64)> {
    const EXTERN: u64 = 1 << 27;
    let length = if image.bits == 64 { 3 } else { 2 };
    let size = if image.bits == 64 { 16 } else { 12 };
    each(image, 8, &|entry| {
        let info = field(image, entry, 4, 4);
        // Type 0, of pointer size, not relative to the place.
        let is_pointer = info >> 28 == 0 && info >> 25 & 3 == length && info & 1 << 24 == 0;
        if !is_pointer || info & EXTERN == 0 {
            return None;
        }
        let symbol = symbol_entry(image, Symbols::MachO, info & 0xff_ffff, size)?;
        let (section, value) = (
            field(image, symbol, 5, 1),
            field(image, symbol, 8, size - 8),
        );
        (section != 0).then_some(value)
    })
}

/// COFF.
pub(super) fn coff(image: &Image<'_>) -> Vec<(u64, u64)> {
    let absolute = match image.arch {
        Some("amd64") => 1,
        Some("386") => 6,
        Some("arm64") => 14,
        _ => return Vec::new(),
    };
    each(image, 10, &|entry| {
        if field(image, entry, 8, 2) != absolute {
            return None;
        }
        let symbol = symbol_entry(image, Symbols::Coff, field(image, entry, 4, 4), 18)?;
        let section = field(image, symbol, 12, 2).checked_sub(1)?;
        in_section(image, section, field(image, symbol, 8, 4))
    })
}

/// Goes through the relocations of every section; `target` gives what the word in place is added to.
fn each(image: &Image<'_>, size: usize, target: &dyn Fn(&[u8]) -> Option<u64>) -> Vec<(u64, u64)> {
    let mut fixups = Vec::new();
    let mut room = ENTRIES_LIMIT;
    for table in &image.relocations {
        let Some(section) = image.sections.get(table.section) else {
            continue;
        };
        let bytes = table.count.saturating_mul(size as u64);
        for entry in entries(image, table.offset, bytes, size, &mut room) {
            let place = section.address.checked_add(field(image, entry, 0, 4));
            if let (Some(place), Some(target)) = (place, target(entry))
                && let Some(addend) = image.word(place)
                && !push_fixup(
                    image.window(),
                    &mut fixups,
                    (place, target.wrapping_add(addend)),
                )
            {
                return fixups;
            }
        }
    }
    fixups
}

/// An address inside a section that is laid out here.
fn in_section(image: &Image<'_>, section: u64, value: u64) -> Option<u64> {
    let section = image.sections.get(usize::try_from(section).ok()?)?;
    (section.address != 0)
        .then(|| section.address.checked_add(value))
        .flatten()
}

/// One entry of the symbol table.
fn symbol_entry<'i>(
    image: &'i Image<'_>,
    layout: Symbols,
    index: u64,
    size: usize,
) -> Option<&'i [u8]> {
    let table = image.symbol_table.as_ref().filter(|t| t.layout == layout)?;
    let bytes = image.window().get(table.offset, table.size)?;
    let start = usize::try_from(index).ok()?.checked_mul(size)?;
    bytes.get(start..)?.get(..size)
}
