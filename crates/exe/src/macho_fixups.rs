//! Mach-O pointers whose values in the file are not those that the program sees.
//!
//! Externally linked files use chained fixups (`mach-o/fixup-chains.h`): their pointers are links of a chain until dyld
//! replaces them. Internally linked files use `LC_DYLD_INFO` and hold plain addresses. Objects use the relocations of each
//! section (`mach-o/reloc.h`).

use super::fixups::Fixups;
use super::image::Image;
use super::layout::{Kind, Segment};
use gospect_bytes::Window;
use object::macho::{self, MachHeader32, MachHeader64};
use object::read::macho::{
    DyldChainedFixups, Fixup, LoadCommandVariant, MachHeader, Nlist, Section, Segment as _,
    SymbolTable,
};
use object::{Endianness, SymbolIndex};
use std::borrow::Cow;

/// Reads the fixups of a file.
pub(super) fn read(image: &Image<'_>, fixups: &mut Fixups<'_>) -> Option<()> {
    match image.bits {
        64 => read_as::<MachHeader64<Endianness>>(image, fixups),
        _ => read_as::<MachHeader32<Endianness>>(image, fixups),
    }
}

fn read_as<M>(image: &Image<'_>, fixups: &mut Fixups<'_>) -> Option<()>
where
    M: MachHeader<Endian = Endianness>,
{
    let (endian, window) = (image.endian(), image.window());
    let header = M::parse(window, 0).ok()?;
    let mut segments = Vec::new();
    let mut symbols = SymbolTable::<M, _>::default();
    for command in header.load_commands(endian, window, 0).ok()? {
        // What was read before a broken command still counts.
        let Ok(command) = command else { break };
        if image.kind == Kind::Object {
            if let Ok(Some(segment)) = M::Segment::from_command(command) {
                segments.push(segment);
            } else if let Ok(Some(table)) = command.symtab() {
                symbols = table.symbols(endian, window).ok()?;
            }
        } else if let Ok(LoadCommandVariant::LinkeditData(data)) = command.variant()
            && data.cmd.get(endian) == macho::LC_DYLD_CHAINED_FIXUPS
        {
            return chains(image, data.chained_fixups(endian, window).ok()?, fixups);
        }
    }
    let sections = segments
        .iter()
        .filter_map(|(segment, data)| segment.sections(endian, *data).ok())
        .flatten();
    for section in sections {
        object(image, section, &symbols, fixups)?;
    }
    Some(())
}

fn chains(
    image: &Image<'_>,
    table: DyldChainedFixups<'_, Endianness>,
    fixups: &mut Fixups<'_>,
) -> Option<()> {
    /// The top byte of an authenticated pointer is not part of the address.
    const ADDRESS: u64 = (1 << 56) - 1;
    let endian = image.endian();
    // The image starts with the first segment that has content.
    let mut segments = image.segments.iter();
    let base = segments.find(|s| s.offset == 0 && s.size > 0)?.address;
    for segment in table.segments(endian).ok()? {
        let segment = segment.ok()?;
        let start = base.checked_add(segment.header().segment_offset.get(endian))?;
        let Some(bytes) = image
            .part(start, u64::MAX)
            .and_then(|s| read_once(image, s))
        else {
            continue;
        };
        // A broken chain ends its segment.
        for fixup in segment.fixups(endian, base, &bytes).map_while(Result::ok) {
            // Many pages may name the same chain, so fixups bound to other libraries count too.
            fixups.take_one()?;
            if let (offset, Fixup::Rebase(rebase)) = fixup {
                let target = base.wrapping_add(rebase.target_offset) & ADDRESS;
                fixups.push(start.checked_add(offset)?, target)?;
            }
        }
    }
    Some(())
}

/// The bytes of a segment. Those from a file are not cached in the window.
fn read_once<'i>(image: &'i Image<'_>, segment: Segment) -> Option<Cow<'i, [u8]>> {
    let window = image.window();
    if window.reader().as_slice().is_some() {
        return image
            .bytes(segment.address, segment.size)
            .map(Cow::Borrowed);
    }
    if !window.keep(segment.size) {
        return None;
    }
    let mut bytes = vec![0; usize::try_from(segment.size).ok()?];
    let read = window.read_uncached(&mut bytes, segment.offset)?;
    bytes.truncate(read);
    Some(Cow::Owned(bytes))
}

/// The pointers of one section of an object. Relocations without a symbol already have the address in place.
fn object<'w, M, S>(
    image: &Image<'_>,
    section: &S,
    symbols: &SymbolTable<'w, M, &'w Window<'w>>,
    fixups: &mut Fixups<'_>,
) -> Option<()>
where
    M: MachHeader<Endian = Endianness>,
    S: Section<Endian = Endianness>,
{
    let endian = image.endian();
    let relocations = section.relocations(endian, image.window());
    for relocation in fixups.take(relocations.unwrap_or_default()) {
        let info = relocation.info(endian);
        // Type 0 (`…_RELOC_UNSIGNED`), of pointer size, not relative to the place.
        let is_pointer =
            info.r_type.0 == 0 && 1 << info.r_length == image.pointer_size() && !info.r_pcrel;
        if !is_pointer || !info.r_extern {
            continue;
        }
        let symbol = symbols.symbol(SymbolIndex(info.r_symbolnum as usize));
        let place = section
            .addr(endian)
            .into()
            .checked_add(info.r_address.into());
        if let Some(symbol) = symbol.ok().filter(|symbol| symbol.n_sect() != 0)
            && let Some(place) = place
            && let Some(addend) = image.word(place)
        {
            let value = symbol.n_value(endian).into();
            fixups.push(place, value.wrapping_add(addend))?;
        }
    }
    Some(())
}
