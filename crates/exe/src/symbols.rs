//! Symbol tables, read only when a name is asked for.

use super::fixups::entries;
use super::image::Image;
use super::layout::{Kind, Symbols};
use object::elf::{Sym32, Sym64};
use object::macho::{self, Nlist32, Nlist64};
use object::pe::ImageSymbol;
use object::pod::{self, Pod};
use object::read::coff::Symbol as _;
use object::read::elf::Sym;
use object::read::macho::Nlist;
use object::read::xcoff::Symbol as XcoffSymbol;
use object::{Endianness, xcoff};
use std::ops::ControlFlow;

/// Most bytes of a table to read; the largest real ones are about 30 MB.
const TABLE_LIMIT: u64 = 96 << 20;
/// Longer names are cut, so that many entries that point at one long text do not each cost its whole length.
const NAME_LIMIT: usize = 4096;

/// One symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol<'s> {
    /// Name as the linker wrote it, without Mach-O's leading underscore.
    pub name: &'s [u8],
    /// Virtual address.
    pub address: u64,
}

impl Image<'_> {
    /// Whether the file has a symbol table.
    pub fn has_symbol_table(&self) -> bool {
        self.symbol_table.is_some()
    }

    /// Visits defined symbols in table order until the callback breaks.
    pub fn symbols<B>(&self, visit: &mut dyn FnMut(Symbol<'_>) -> ControlFlow<B>) -> Option<B> {
        let table = self.symbol_table?;
        let size = table.size.min(TABLE_LIMIT);
        let bytes = self.window().get(table.offset, size)?;
        let names = self.symbol_names();
        match (table.layout, self.bits) {
            (Symbols::Elf, 64) => each(bytes, visit, |s: &Sym64<_>| (self.elf(s, names), 0)),
            (Symbols::Elf, _) => each(bytes, visit, |s: &Sym32<_>| (self.elf(s, names), 0)),
            (Symbols::MachO, 64) => each(bytes, visit, |s: &Nlist64<_>| (self.macho(s, names), 0)),
            (Symbols::MachO, _) => each(bytes, visit, |s: &Nlist32<_>| (self.macho(s, names), 0)),
            (Symbols::Coff, _) => each(bytes, visit, |s: &ImageSymbol| {
                (self.coff(s, names), s.number_of_aux_symbols())
            }),
            (Symbols::Xcoff, 64) => each(bytes, visit, |s: &xcoff::Symbol64| {
                (xcoff(s, names), s.n_numaux())
            }),
            (Symbols::Xcoff, _) => each(bytes, visit, |s: &xcoff::Symbol32| {
                (xcoff(s, names), s.n_numaux())
            }),
            (Symbols::Plan9, _) => self.plan9_symbols(bytes, visit),
        }
    }

    fn elf<'s, S>(&self, symbol: &S, names: &'s [u8]) -> Option<Symbol<'s>>
    where
        S: Sym<Endian = Endianness>,
    {
        let endian = self.endian();
        if symbol.is_undefined(endian) {
            return None;
        }
        // In an object the value is an offset in the section.
        let section = usize::from(symbol.st_shndx(endian).0);
        let home = self.sections.get(section);
        let start = home.filter(|_| self.kind == Kind::Object);
        let start = start.map_or(0, |section| section.address);
        Some(Symbol {
            name: name_at(names, symbol.st_name(endian)),
            address: start.wrapping_add(symbol.st_value(endian).into()),
        })
    }

    /// Only symbols of sections have an address; others are undefined or for debuggers.
    fn macho<'s, S>(&self, symbol: &S, names: &'s [u8]) -> Option<Symbol<'s>>
    where
        S: Nlist<Endian = Endianness>,
    {
        let kind = symbol.n_type();
        let name = name_at(names, symbol.n_strx(self.endian()));
        (!kind.is_stab() && kind.typ() == macho::N_SECT).then(|| Symbol {
            name: name.strip_prefix(b"_").unwrap_or(name),
            address: symbol.n_value(self.endian()).into(),
        })
    }

    fn coff<'s>(&self, symbol: &'s ImageSymbol, names: &'s [u8]) -> Option<Symbol<'s>> {
        let index = symbol.section_number().index()?.checked_sub(1)?;
        let home = self.sections.get(usize::try_from(index).ok()?)?;
        let name = match symbol.name {
            [0, 0, 0, 0, at @ ..] => name_at(names, u32::from_le_bytes(at)),
            _ => until_nul(&symbol.name),
        };
        let address = home.address.wrapping_add(symbol.value().into());
        Some(Symbol { name, address })
    }

    /// src/debug/plan9obj/file.go: value of pointer size (8 bytes for amd64), type with the high bit set, NUL-terminated name.
    /// The name of types `z` and `Z` is a path of byte pairs, ended by two zero bytes.
    fn plan9_symbols<B>(
        &self,
        mut rest: &[u8],
        visit: &mut dyn FnMut(Symbol<'_>) -> ControlFlow<B>,
    ) -> Option<B> {
        let word = usize::try_from(self.pointer_size()).ok()?;
        while let (Some(value), Some(kind)) = (rest.get(..word), rest.get(word)) {
            let tail = rest.get(word + 1..)?;
            let kind = kind & 0x7f;
            if kind == b'z' || kind == b'Z' {
                // A NUL, then pairs of bytes up to a pair of zeros.
                let pairs = tail.get(1..)?.chunks_exact(2).position(|p| p == [0, 0])?;
                rest = tail.get(1 + 2 * (pairs + 1)..)?;
                continue;
            }
            let end = memchr::memchr(0, tail)?;
            // Values are big-endian on every Plan 9 port.
            let address = value.iter().fold(0, |acc: u64, b| acc << 8 | u64::from(*b));
            let symbol = Symbol {
                name: &tail[..end],
                address,
            };
            if let ControlFlow::Break(found) = visit(symbol) {
                return Some(found);
            }
            rest = tail.get(end + 1..)?;
        }
        None
    }

    /// Whether the table has a symbol of that name. Tables with a string section are answered by one search through it.
    pub fn has_symbol(&self, name: &[u8]) -> bool {
        match self.string_offset(name) {
            Some(offset) => offset.is_some(),
            None => self.symbol_address(name).is_some(),
        }
    }

    /// Where the string section has a name. The outer `None` means that there is no string section to search.
    fn string_offset(&self, name: &[u8]) -> Option<Option<usize>> {
        let Some(table) = self.symbol_table else {
            return Some(None);
        };
        // Mach-O names have a leading underscore, but Go wrote none before 1.5.
        let prefixes: &[&[u8]] = match table.layout {
            Symbols::Elf => &[b"\0"],
            Symbols::MachO => &[b"\0_", b"\0"],
            Symbols::Coff | Symbols::Xcoff | Symbols::Plan9 => return None,
        };
        let strings = self.symbol_names();
        let find = |prefix: &&[u8]| memchr::memmem::find(strings, &[prefix, name, b"\0"].concat());
        Some(prefixes.iter().find_map(find))
    }

    /// The string section of the symbol table.
    fn symbol_names(&self) -> &[u8] {
        self.symbol_table
            .and_then(|t| {
                self.window()
                    .get(t.strings, t.strings_size.min(TABLE_LIMIT))
            })
            .unwrap_or_default()
    }

    /// The address of a symbol by its exact name.
    pub fn symbol_address(&self, name: &[u8]) -> Option<u64> {
        if self.string_offset(name) == Some(None) {
            return None;
        }
        self.symbols(&mut |s| {
            if s.name == name {
                ControlFlow::Break(s.address)
            } else {
                ControlFlow::Continue(())
            }
        })
    }
}

/// Visits the symbols of a table. `read` returns the symbol of an entry, unless it is undefined, and the number of auxiliary
/// entries after it.
fn each<'t, T: Pod, B>(
    table: &'t [u8],
    visit: &mut dyn FnMut(Symbol<'_>) -> ControlFlow<B>,
    read: impl Fn(&'t T) -> (Option<Symbol<'t>>, u8),
) -> Option<B> {
    let mut table = entries::<T>(table).iter();
    while let Some(entry) = table.next() {
        let (symbol, auxiliary) = read(entry);
        if let Some(symbol) = symbol
            && let ControlFlow::Break(found) = visit(symbol)
        {
            return Some(found);
        }
        if let Some(last) = usize::from(auxiliary).checked_sub(1) {
            table.nth(last);
        }
    }
    None
}

/// A short name of a 32-bit file is in the entry itself.
fn xcoff<'s, S: XcoffSymbol>(symbol: &'s S, names: &'s [u8]) -> Option<Symbol<'s>> {
    let name = match symbol.name_offset() {
        Some(at) => name_at(names, at),
        None => until_nul(pod::bytes_of(symbol).get(..8)?),
    };
    (symbol.n_scnum() != xcoff::N_UNDEF).then(|| Symbol {
        name,
        address: symbol.n_value().into(),
    })
}

fn name_at(names: &[u8], at: u32) -> &[u8] {
    let name = usize::try_from(at).ok().and_then(|at| names.get(at..));
    let name = name.unwrap_or_default();
    until_nul(name.get(..NAME_LIMIT).unwrap_or(name))
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes
        .get(..memchr::memchr(0, bytes).unwrap_or(bytes.len()))
        .unwrap_or_default()
}
