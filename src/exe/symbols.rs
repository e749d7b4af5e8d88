//! Symbol tables, read only when a name is asked for.

use super::image::{Image, Kind};
use std::ops::ControlFlow;

/// A table is not read beyond this; the largest real ones are about 30 MB.
const TABLE_LIMIT: u64 = 96 << 20;
/// Longer names are cut, so that entries that all point at the start of one long text cost no more than they say.
const NAME_LIMIT: usize = 4096;

/// How entries are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symbols {
    /// `Elf32_Sym`, `Elf64_Sym`.
    Elf,
    /// `nlist`, `nlist_64`.
    MachO,
    /// 18-byte COFF records of a PE file: values are offsets in a section.
    Coff,
    /// 18-byte XCOFF records.
    Xcoff,
    /// Plan 9: value, type letter, name, one after the other.
    Plan9,
}

/// Where a symbol table is in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct SymbolTable {
    pub layout: Symbols,
    pub offset: u64,
    pub size: u64,
    pub strings: u64,
    pub strings_size: u64,
}

/// One symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol<'s> {
    /// Name as the linker wrote it, without Mach-O's leading underscore.
    pub name: &'s [u8],
    /// Virtual address.
    pub address: u64,
}

impl Image<'_> {
    /// Whether there is a symbol table at all.
    pub fn has_symbol_table(&self) -> bool {
        self.symbol_table.is_some()
    }

    /// Visits defined symbols in table order until the callback breaks.
    pub fn symbols<B>(&self, visit: &mut dyn FnMut(Symbol<'_>) -> ControlFlow<B>) -> Option<B> {
        let table = self.symbol_table?;
        let bytes = self
            .window()
            .get(table.offset, table.size.min(TABLE_LIMIT))?;
        if table.layout == Symbols::Plan9 {
            return self.plan9_symbols(bytes, visit);
        }
        let strings = self
            .window()
            .get(table.strings, table.strings_size.min(TABLE_LIMIT))
            .unwrap_or_default();
        let wide = self.bits == 64;
        let size = match table.layout {
            Symbols::Elf if wide => 24,
            Symbols::MachO if !wide => 12,
            Symbols::Elf | Symbols::MachO => 16,
            _ => 18,
        };
        let mut auxiliary = 0;
        for entry in bytes.chunks_exact(size) {
            if auxiliary > 0 {
                auxiliary -= 1;
                continue;
            }
            let field =
                |at: usize, len: usize| entry.get(at..at + len).map_or(0, |b| self.number(b));
            let (name, address) = match table.layout {
                Symbols::Elf => {
                    let (section, value) = if wide {
                        (field(6, 2), field(8, 8))
                    } else {
                        (field(14, 2), field(4, 4))
                    };
                    if section == 0 {
                        continue;
                    }
                    // In an object it counts from the start of the section.
                    let home = (self.kind == Kind::Object)
                        .then(|| self.sections.get(usize::try_from(section).ok()?))
                        .flatten();
                    let start = home.map_or(0, |s| s.address);
                    (string(strings, field(0, 4)), start.wrapping_add(value))
                }
                Symbols::MachO => {
                    // N_TYPE bits: only N_SECT (0xe) symbols have an address; N_STAB ones are for debuggers.
                    let kind = field(4, 1);
                    if kind & 0xe0 != 0 || kind & 0x0e != 0x0e {
                        continue;
                    }
                    let name = string(strings, field(0, 4));
                    (
                        name.strip_prefix(b"_").unwrap_or(name),
                        field(8, if wide { 8 } else { 4 }),
                    )
                }
                Symbols::Coff => {
                    auxiliary = field(17, 1);
                    let name = if field(0, 4) == 0 {
                        string(strings, field(4, 4))
                    } else {
                        until_nul(&entry[..8])
                    };
                    let home = usize::try_from(field(12, 2))
                        .ok()
                        .and_then(|n| self.sections.get(n.checked_sub(1)?));
                    let Some(home) = home else { continue };
                    (name, home.address.wrapping_add(field(8, 4)))
                }
                Symbols::Xcoff => {
                    auxiliary = field(17, 1);
                    if field(12, 2) == 0 {
                        continue;
                    }
                    if wide {
                        (string(strings, field(8, 4)), field(0, 8))
                    } else if field(0, 4) == 0 {
                        (string(strings, field(4, 4)), field(8, 4))
                    } else {
                        (until_nul(&entry[..8]), field(8, 4))
                    }
                }
                Symbols::Plan9 => continue,
            };
            if let ControlFlow::Break(found) = visit(Symbol { name, address }) {
                return Some(found);
            }
        }
        None
    }

    /// src/debug/plan9obj/file.go: value of pointer size (8 bytes for amd64), type with the high bit set, NUL-terminated name; types `z`
    /// and `Z` hold a path of pairs ended by two zero bytes.
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

    /// Whether a symbol of that name is in the table. For tables with a string section that is one search through it.
    pub fn has_symbol(&self, name: &[u8]) -> bool {
        match self.string_offset(name) {
            Some(offset) => offset.is_some(),
            None => self.symbol_address(name).is_some(),
        }
    }

    /// Where the string section has a name; the outer `None`: there is no string section to search.
    fn string_offset(&self, name: &[u8]) -> Option<Option<usize>> {
        let Some(table) = self.symbol_table else {
            return Some(None);
        };
        // Mach-O puts an underscore in front of names; Go did not before 1.5, say the files.
        let prefixes: &[&[u8]] = match table.layout {
            Symbols::Elf => &[b"\0"],
            Symbols::MachO => &[b"\0_", b"\0"],
            Symbols::Coff | Symbols::Xcoff | Symbols::Plan9 => return None,
        };
        let strings = self
            .window()
            .get(table.strings, table.strings_size.min(TABLE_LIMIT))
            .unwrap_or_default();
        let find = |prefix: &&[u8]| memchr::memmem::find(strings, &[prefix, name, b"\0"].concat());
        Some(prefixes.iter().find_map(find))
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

fn string(strings: &[u8], at: u64) -> &[u8] {
    usize::try_from(at)
        .ok()
        .and_then(|at| strings.get(at..at.saturating_add(NAME_LIMIT).min(strings.len())))
        .map(until_nul)
        .unwrap_or_default()
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes
        .get(..memchr::memchr(0, bytes).unwrap_or(bytes.len()))
        .unwrap_or_default()
}
