//! ELF relocations that fill pointers (gABI, chapters 4 and 5). Programs and libraries list them in the dynamic section,
//! objects in the tables of their sections.
//!
//! Go's own linker also writes the values in place. GNU ld and lld leave zeros, so pointers of externally linked,
//! position-independent programs are only known from the relocations. Packed relative entries (RELR) and tables without addends
//! (REL) add the load address to the word in place. That word is the address already, so neither is read.

use super::fixups::{Fixups, entries};
use super::image::Image;
use super::layout::{Kind, Segment};
use object::Endianness;
use object::elf::{FileHeader32, FileHeader64};
use object::pod::Pod;
use object::read::elf::{Crel, FileHeader, SectionHeader, Sym};
use std::ops::ControlFlow;

/// The relocation types of an architecture that fill pointers.
struct Types {
    /// Go's name of the architecture.
    arch: &'static str,
    /// Base plus addend.
    relative: u32,
    /// Symbol plus addend, a word of pointer size.
    absolute: u32,
    /// The same for an entry of the global offset table.
    global: Option<u32>,
}

const fn types(arch: &'static str, relative: u32, absolute: u32, global: Option<u32>) -> Types {
    Types {
        arch,
        relative,
        absolute,
        global,
    }
}

/// From the psABI of each architecture.
const TYPES: &[Types] = &[
    types("amd64", 8, 1, Some(6)),
    types("arm64", 1027, 257, Some(1025)),
    types("386", 8, 1, Some(6)),
    types("arm", 23, 2, Some(21)),
    types("ppc64", 22, 38, Some(20)),
    types("ppc64le", 22, 38, Some(20)),
    types("s390x", 12, 22, Some(10)),
    types("riscv64", 3, 2, None),
    types("loong64", 3, 2, None),
];

/// Dynamic tags.
const DT_SYMTAB: u64 = 6;
const DT_RELA: u64 = 7;
const DT_RELASZ: u64 = 8;
const DT_REL: u64 = 17;
const DT_RELSZ: u64 = 18;

/// Reads the fixups of a file.
pub(super) fn read(image: &Image<'_>, fixups: &mut Fixups<'_>) -> Option<()> {
    let types = TYPES.iter().find(|t| Some(t.arch) == image.arch)?;
    match (image.kind, image.bits) {
        (Kind::Object, 64) => object::<FileHeader64<Endianness>>(image, types, fixups),
        (Kind::Object, _) => object::<FileHeader32<Endianness>>(image, types, fixups),
        (_, 64) => program::<FileHeader64<Endianness>>(image, types, fixups),
        (_, _) => program::<FileHeader32<Endianness>>(image, types, fixups),
    }
}

/// The tags of the dynamic section with their values.
pub(super) fn dynamic(image: &Image<'_>) -> Vec<(u64, u64)> {
    const LIMIT: u64 = 64 << 10;
    let Some(bytes) = image
        .dynamic
        .and_then(|(offset, size)| image.window().get(offset, size.min(LIMIT)))
    else {
        return Vec::new();
    };
    let word = if image.bits == 64 { 8 } else { 4 };
    bytes
        .chunks_exact(2 * word)
        .map(|e| (image.number(&e[..word]), image.number(&e[word..])))
        .take_while(|t| t.0 != 0)
        .collect()
}

fn program<E>(image: &Image<'_>, types: &Types, fixups: &mut Fixups<'_>) -> Option<()>
where
    E: FileHeader<Endian = Endianness>,
{
    let endian = image.endian();
    let tags = dynamic(image);
    let tag = |wanted: u64| tags.iter().find(|t| t.0 == wanted).map(|t| t.1);
    let table = |at: u64, size: u64| {
        let (at, size) = tag(at).zip(tag(size))?;
        image.part(at, size)
    };
    // The value of a symbol, if this file defines it.
    let defined = |symbol: u32| {
        let size = size_of::<E::Sym>() as u64;
        let at = tag(DT_SYMTAB)?.checked_add(size * u64::from(symbol))?;
        let symbol = entries::<E::Sym>(image.bytes(at, size)?).first()?;
        (!symbol.is_undefined(endian)).then(|| symbol.st_value(endian).into())
    };
    let add = |r: Crel, has_addend: bool, fixups: &mut Fixups<'_>| {
        let start = match r.r_type.0 {
            kind if kind == types.relative => has_addend.then_some(0),
            kind if kind == types.absolute || Some(kind) == types.global => defined(r.r_sym),
            _ => None,
        };
        match start {
            Some(start) => fixups.push(r.r_offset, sum(image, start, &r, r.r_offset, has_addend)),
            None => Some(()),
        }
    };
    if let Some(table) = table(DT_RELA, DT_RELASZ) {
        let from_rela = |r: &E::Rela| Crel::from_rela(r, endian, false);
        pass(image, &table, fixups, &mut |r, fixups| {
            add(from_rela(r), true, fixups)
        })?;
    }
    if let Some(table) = table(DT_REL, DT_RELSZ) {
        let from_rel = |r: &E::Rel| Crel::from_rel(r, endian);
        pass(image, &table, fixups, &mut |r, fixups| {
            add(from_rel(r), false, fixups)
        })?;
    }
    Some(())
}

/// Passes over the entries of a table in the dynamic section, up to the number that may still be read. `None` when `add` stops early.
fn pass<T: Pod>(
    image: &Image<'_>,
    table: &Segment,
    fixups: &mut Fixups<'_>,
    add: &mut dyn FnMut(&T, &mut Fixups<'_>) -> Option<()>,
) -> Option<()> {
    let held = image.stored_len().saturating_sub(table.offset);
    let size = table.size.min(held);
    let mut result = Some(());
    image.pass(table.address, size, &mut |_, piece| {
        let all = entries::<T>(piece);
        let some = fixups.take(all);
        for entry in some {
            if add(entry, fixups).is_none() {
                result = None;
                return ControlFlow::Break(());
            }
        }
        match some.len() < all.len() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(size_of_val(all)),
        }
    });
    result
}

/// Go's linker makes an object that is a whole program, the `go.o` of a c-archive: its pointers all lead from one of its
/// sections to another. Each gets the value that a linker would write if the sections had the addresses that the image gives
/// them.
fn object<E>(image: &Image<'_>, types: &Types, fixups: &mut Fixups<'_>) -> Option<()>
where
    E: FileHeader<Endian = Endianness>,
{
    let (endian, window) = (image.endian(), image.window());
    let headers = E::parse(window).ok()?;
    let headers = headers.section_headers(endian, window).ok()?;
    for header in headers {
        let with_addend = header.rela(endian, window).ok().flatten();
        let in_place = header.rel(endian, window).ok().flatten();
        let symbols = headers
            .get(header.sh_link(endian) as usize)
            .and_then(|table| table.data_as_array::<E::Sym, _>(endian, window).ok())
            .unwrap_or_default();
        for (r, has_addend) in relocations::<E>(
            endian,
            fixups.take(with_addend.map_or(&[], |table| table.0)),
            fixups.take(in_place.map_or(&[], |table| table.0)),
        ) {
            let symbol = symbols.get(r.r_sym as usize);
            let symbol = symbol.filter(|_| r.r_type.0 == types.absolute);
            let start = symbol.and_then(|symbol| {
                let section = symbol.st_shndx(endian).0.into();
                image.in_section(section, symbol.st_value(endian).into())
            });
            let place = image.in_section(header.sh_info(endian).into(), r.r_offset);
            if let (Some(start), Some(place)) = (start, place) {
                fixups.push(place, sum(image, start, &r, place, has_addend))?;
            }
        }
    }
    Some(())
}

/// The relocations of both kinds of tables, and whether their addends are in the entries (RELA) or in place (REL).
fn relocations<'t, E: FileHeader<Endian = Endianness>>(
    endian: Endianness,
    with_addend: &'t [E::Rela],
    in_place: &'t [E::Rel],
) -> impl Iterator<Item = (Crel, bool)> + use<'t, E> {
    let with_addend = with_addend.iter();
    let in_place = in_place.iter();
    with_addend
        .map(move |r| (Crel::from_rela(r, endian, false), true))
        .chain(in_place.map(move |r| (Crel::from_rel(r, endian), false)))
}

fn sum(image: &Image<'_>, start: u64, r: &Crel, place: u64, has_addend: bool) -> u64 {
    let addend = match has_addend {
        true => r.r_addend as u64,
        false => image.word(place).unwrap_or(0),
    };
    let sum = start.wrapping_add(addend);
    if image.bits == 64 {
        sum
    } else {
        sum & u64::from(u32::MAX)
    }
}
