//! ELF: the dynamic section, relocations and program headers (System V gABI, chapters 4 and 5).

use super::elf_symbols::Symbols;
use super::elf_tags::{
    DT_DEBUG, DT_FINI, DT_FINI_ARRAY, DT_GNU_HASH, DT_HASH, DT_INIT, DT_INIT_ARRAY, DT_JMPREL,
    DT_PLTGOT, DT_PLTREL, DT_PLTRELSZ, DT_PREINIT_ARRAY, DT_REL, DT_RELA, DT_RELACOUNT, DT_RELASZ,
    DT_RELCOUNT, DT_RELR, DT_RELRSZ, DT_RELSZ, DT_STRSZ, DT_STRTAB, DT_SYMTAB, DT_VERDEF,
    DT_VERNEED, DT_VERSYM,
};
use super::{Statements, text};
use crate::elf_fixups;
use crate::image::Image;
use std::ops::Range;

/// What the value of a tag is.
enum Value {
    /// Nothing that the loader acts on, or a table that is read itself.
    Table,
    /// A text in the string table.
    Text,
    /// The address of code or of a list of functions.
    Address,
    /// Anything else.
    Number,
}

fn value_of(tag: u64) -> Value {
    match tag {
        // NEEDED, SONAME, RPATH, RUNPATH; CONFIG, DEPAUDIT, AUDIT; AUXILIARY, FILTER.
        1 | 14 | 15 | 29 | 0x6fff_fefa..=0x6fff_fefc | 0x7fff_fffd | 0x7fff_ffff => Value::Text,
        DT_INIT | DT_FINI | DT_INIT_ARRAY | DT_FINI_ARRAY | DT_PREINIT_ARRAY | DT_PLTGOT => {
            Value::Address
        }
        DT_PLTRELSZ | DT_HASH | DT_STRTAB | DT_SYMTAB | DT_RELA | DT_RELASZ | DT_STRSZ | DT_REL
        | DT_RELSZ | DT_JMPREL | DT_RELR | DT_RELRSZ | DT_GNU_HASH | DT_VERSYM | DT_RELACOUNT
        | DT_RELCOUNT | DT_VERDEF | DT_VERNEED => Value::Table,
        _ => Value::Number,
    }
}

pub(super) fn read(image: &Image<'_>, found: &mut Statements) {
    found.table("the program headers", |found| program_headers(image, found));
    if !image.is_dynamic() {
        found.table("relocations", |found| own_relocations(image, found));
        return;
    }
    let tags = elf_fixups::dynamic(image);
    if tags.is_empty() {
        found.lack("the dynamic section");
    }
    if let Some((offset, _)) = image.dynamic {
        // The tags, and the zero that ends them.
        let count = tags.len() as u64 + 1;
        found.cover_in_file(image, offset, count * 2 * image.pointer_size());
    }
    let tag = |wanted: u64| tags.iter().find(|t| t.0 == wanted).map(|t| t.1);
    let strings = tag(DT_STRTAB).unwrap_or(0);
    for (tag, value) in tags.iter().filter(|t| t.0 != DT_DEBUG) {
        let name = format!("dynamic tag {tag:#x}");
        let added = match value_of(*tag) {
            Value::Table => found.push(name, &[], &[]),
            Value::Address => found.push(name, &[], &[*value]),
            Value::Number => found.push(name, &[*value], &[]),
            Value::Text => text(image, strings.wrapping_add(*value))
                .and_then(|text| found.push(format!("{name} {text}"), &[], &[])),
        };
        if added.is_none() {
            found.lack("a text of the dynamic section");
        }
    }
    let mut symbols = Symbols::of(image, &tags);
    let with_addend = tag(DT_PLTREL) != Some(DT_REL);
    let tables = [
        (tag(DT_RELA), tag(DT_RELASZ), true),
        (tag(DT_REL), tag(DT_RELSZ), false),
        (tag(DT_JMPREL), tag(DT_PLTRELSZ), with_addend),
    ];
    for (at, size, has_addend) in tables {
        if let (Some(at), Some(size)) = (at, size) {
            found.table("relocations", |found| {
                relocations(image, &mut symbols, (at, size, has_addend), found)
            });
        }
    }
    if let (Some(at), Some(size)) = (tag(DT_RELR), tag(DT_RELRSZ)) {
        found.table("packed relocations", |found| packed(image, at, size, found));
    }
    found.table("dynamic symbols", |found| symbols.describe(found));
    if let (Some(at), Some(size)) = (tag(DT_STRTAB), tag(DT_STRSZ)) {
        found.table("the names of dynamic symbols", |found| {
            let names = super::words(image, image.bytes(at, size)?);
            found.cover(at, size);
            found.push("names of dynamic symbols", &names, &[])
        });
    }
}

/// The relocations of a static program, which its own start code applies: it calls the function of each (`IRELATIVE`) and writes the result to its place
/// (glibc, csu/libc-start.c, `apply_irel`). No tag leads to them, but linkers give them a section.
fn own_relocations(image: &Image<'_>, found: &mut Statements) -> Option<()> {
    const WITH_ADDEND: [&[u8]; 4] = [b".rela.plt", b".rela.iplt", b".rela.dyn", b".rela.got"];
    const IN_PLACE: [&[u8]; 4] = [b".rel.plt", b".rel.iplt", b".rel.dyn", b".rel.got"];
    let mut symbols = Symbols::of(image, &[]);
    for section in image.sections.iter().filter(|s| s.address != 0) {
        let has_addend = WITH_ADDEND.contains(&&*section.name);
        if has_addend || IN_PLACE.contains(&&*section.name) {
            let table = (section.address, section.size, has_addend);
            relocations(image, &mut symbols, table, found)?;
        }
    }
    Some(())
}

/// The headers that the system or the loader acts on, but for those that only say where something is loaded.
fn program_headers(image: &Image<'_>, found: &mut Statements) -> Option<()> {
    const PT_NULL: u64 = 0;
    const PT_LOAD: u64 = 1;
    const PT_DYNAMIC: u64 = 2;
    const PT_INTERP: u64 = 3;
    const PT_NOTE: u64 = 4;
    const PT_PHDR: u64 = 6;
    const PT_TLS: u64 = 7;
    const PT_GNU_EH_FRAME: u64 = 0x6474_e550;
    const PT_GNU_STACK: u64 = 0x6474_e551;
    const PT_GNU_RELRO: u64 = 0x6474_e552;
    let window = image.window();
    let field = |at: u64, size: u64| window.get(at, size).map(|b| image.number(b));
    let is_64 = image.bits == 64;
    let (table, shape) = if is_64 { ((32, 8), 54) } else { ((28, 4), 42) };
    let (start, size, count) = (
        field(table.0, table.1)?,
        field(shape, 2)?,
        field(shape + 2, 2)?,
    );
    // Offset and size of p_flags, p_vaddr, p_filesz, p_memsz and p_align.
    let fields: [(u64, u64); 5] = match is_64 {
        true => [(4, 4), (16, 8), (32, 8), (40, 8), (48, 8)],
        false => [(24, 4), (8, 4), (16, 4), (20, 4), (28, 4)],
    };
    // The file header says where the tables of headers are. Section headers are for tools; some linkers put them in a loaded segment.
    let (sections, end) = if is_64 { ((40, 8), 64) } else { ((32, 4), 52) };
    found.cover_in_file(image, 0, end);
    found.cover_in_file(image, start, count.checked_mul(size)?);
    let (of_sections, number_of) = (field(shape + 4, 2)?, field(shape + 6, 2)?);
    let section_headers = field(sections.0, sections.1)?;
    found.cover_in_file(image, section_headers, of_sections.checked_mul(number_of)?);
    for i in 0..count {
        let at = start.checked_add(i.checked_mul(size)?)?;
        let kind = field(at, 4)?;
        let value = |i: usize| {
            let (offset, size) = *fields.get(i)?;
            field(at.checked_add(offset)?, size)
        };
        let (flags, address) = (value(0)?, value(1)?);
        let name = format!("program header {kind:#x}");
        match kind {
            // The lengths of segments and notes follow from what is in them.
            PT_NULL | PT_NOTE | PT_PHDR | PT_GNU_EH_FRAME | PT_DYNAMIC | PT_INTERP => Some(()),
            PT_LOAD | PT_GNU_RELRO => found.push(name, &[flags], &[]),
            PT_TLS => found.push(name, &[flags, value(2)?, value(3)?, value(4)?], &[address]),
            PT_GNU_STACK => found.push(name, &[flags, value(3)?], &[]),
            _ => found.push(name, &[flags, value(2)?, value(3)?], &[]),
        }?
    }
    Some(())
}

/// The memory behind the bytes of each segment, which is zero when the program starts. Go's module data has pointers to its end, too.
fn zeroed(image: &Image<'_>) -> Option<Vec<Range<u64>>> {
    const PT_LOAD: u64 = 1;
    let field = |at: u64, size: u64| {
        let bytes = image.window().get(at, size)?;
        Some(image.number(bytes))
    };
    let word = image.pointer_size();
    // Offsets of e_phoff and e_phentsize, then of p_vaddr, p_filesz and p_memsz.
    let (table, shape, fields) = match image.bits {
        64 => (32, 54, [16, 32, 40]),
        _ => (28, 42, [8, 16, 20]),
    };
    let (start, size) = (field(table, word)?, field(shape, 2)?);
    let mut all = Vec::new();
    for i in 0..field(shape + 2, 2)? {
        let at = start.checked_add(i * size)?;
        if field(at, 4)? == PT_LOAD {
            let [address, stored, whole] =
                fields.map(|offset| at.checked_add(offset).and_then(|at| field(at, word)));
            let address = address?;
            all.push(address.checked_add(stored?)?..address.checked_add(whole?)?);
        }
    }
    Some(all)
}

/// Relocations with their symbols. Those without a symbol have an address as addend where the addend is one.
fn relocations(
    image: &Image<'_>,
    symbols: &mut Symbols<'_, '_>,
    (start, size, has_addend): (u64, u64, bool),
    found: &mut Statements,
) -> Option<()> {
    let word = image.pointer_size();
    let entry = if has_addend { 3 * word } else { 2 * word };
    let bytes = image.bytes(start, size)?;
    let zeroed = zeroed(image)?;
    found.cover(start, size - size % entry);
    for chunk in bytes.chunks_exact(usize::try_from(entry).ok()?) {
        let mut words = chunk.chunks_exact(usize::try_from(word).ok()?);
        let mut next = || words.next().map(|bytes| image.number(bytes));
        let (place, info) = (next()?, next()?);
        let (symbol, kind) = match word {
            8 => (info >> 32, info & 0xffff_ffff),
            _ => (info >> 8, info & 0xff),
        };
        let in_place = image.word(place).unwrap_or(0);
        let addend = match has_addend {
            true => next()?,
            false => in_place,
        };
        let is_address = |value: u64| {
            image.segment_at(value).is_some()
                || zeroed
                    .iter()
                    .any(|range| range.start <= value && value <= range.end)
        };
        let (mut numbers, mut addresses) = (Vec::new(), vec![place]);
        if has_addend {
            match symbol == 0 && is_address(addend) {
                true => addresses.push(addend),
                false => numbers.push(addend),
            }
        }
        // Where the loader binds late, the word in place is where the first call goes.
        match is_address(in_place) {
            true => addresses.push(in_place),
            false => numbers.push(in_place),
        }
        let of = match symbol {
            0 => String::new(),
            symbol => format!(" of {}", symbols.name(symbol)?),
        };
        found.push(format!("relocation {kind}{of}"), &numbers, &addresses)?;
    }
    Some(())
}

/// Packed relative relocations (gABI, `SHT_RELR`): an address, then bitmaps of the words behind it.
fn packed(image: &Image<'_>, start: u64, size: u64, found: &mut Statements) -> Option<()> {
    let word = image.pointer_size();
    let bits = 8 * word - 1;
    let bytes = image.bytes(start, size)?;
    found.cover(start, size - size % word);
    let mut next = 0u64;
    for entry in bytes.chunks_exact(usize::try_from(word).ok()?) {
        let entry = image.number(entry);
        let mut place = |place: u64| {
            let in_place = image.word(place).unwrap_or(0);
            found.push("packed relocation", &[], &[place, in_place])
        };
        if entry & 1 == 0 {
            place(entry)?;
            next = entry.wrapping_add(word);
            continue;
        }
        for bit in (0..bits).filter(|bit| entry >> (bit + 1) & 1 == 1) {
            place(next.wrapping_add(bit * word))?;
        }
        next = next.wrapping_add(bits * word);
    }
    Some(())
}
