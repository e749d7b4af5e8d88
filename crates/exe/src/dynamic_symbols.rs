//! The symbols that an ELF program gets from shared libraries when it starts (System V ABI, chapter 5, "Dynamic Section" and "Hash Table"; GNU hash
//! table: binutils, bfd/elflink.c). They remain after strip.

use super::elf_fixups::dynamic;
use super::fixups::entries;
use super::image::Image;
use super::layout::Format;
use goblin::elf::dynamic::{DT_GNU_HASH, DT_HASH, DT_STRSZ, DT_STRTAB, DT_SYMTAB};
use object::Endianness;
use object::elf::{FileHeader32, FileHeader64};
use object::read::elf::{FileHeader, Sym};

/// Most symbols to read; the largest programs have some hundred thousand.
const SYMBOLS_LIMIT: u64 = 1 << 20;
/// Most bytes of their names.
const NAMES_LIMIT: u64 = 64 << 20;
/// Longer names are cut.
const NAME_LIMIT: usize = 4096;

impl Image<'_> {
    /// Whether `accept` takes the name of a symbol that this file uses and does not define. `false` for other formats than ELF.
    pub fn has_undefined_symbol(&self, accept: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let found = match (self.format, self.bits) {
            (Format::Elf, 64) => undefined::<FileHeader64<Endianness>>(self, accept),
            (Format::Elf, _) => undefined::<FileHeader32<Endianness>>(self, accept),
            _ => None,
        };
        found.unwrap_or(false)
    }
}

fn undefined<E>(image: &Image<'_>, accept: &mut dyn FnMut(&[u8]) -> bool) -> Option<bool>
where
    E: FileHeader<Endian = Endianness>,
{
    let endian = image.endian();
    let tags = dynamic(image);
    let tag = |wanted: u64| tags.iter().find(|tag| tag.0 == wanted).map(|tag| tag.1);
    let (symbols, strings) = (tag(DT_SYMTAB)?, tag(DT_STRTAB)?);
    let names = image.bytes_upto(strings, tag(DT_STRSZ)?.min(NAMES_LIMIT))?;
    let size = size_of::<E::Sym>() as u64;
    let number = |at: u64| image.bytes(at, 4).map(|bytes| image.number(bytes));
    // The number of symbols is nowhere but in the hash tables. The GNU one has defined symbols only, and the number of those before them.
    // Linkers put the names after the symbols.
    let counts = [
        tag(DT_HASH).and_then(|hash| number(hash.checked_add(4)?)),
        tag(DT_GNU_HASH).and_then(|hash| number(hash.checked_add(4)?)),
        strings.checked_sub(symbols).map(|bytes| bytes / size),
    ];
    let count = counts.into_iter().flatten().max()?.min(SYMBOLS_LIMIT);
    let symbols = entries::<E::Sym>(image.bytes_upto(symbols, count.checked_mul(size)?)?);
    Some(symbols.iter().any(|symbol| {
        let start = usize::try_from(symbol.st_name(endian)).unwrap_or(usize::MAX);
        let rest = names.get(start..).unwrap_or_default();
        let rest = rest.get(..NAME_LIMIT.min(rest.len())).unwrap_or_default();
        let end = memchr::memchr(0, rest).unwrap_or(rest.len());
        symbol.is_undefined(endian) && accept(rest.get(..end).unwrap_or_default())
    }))
}
