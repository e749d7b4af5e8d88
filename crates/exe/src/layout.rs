//! What the headers of an executable file say: its format, its purpose, its segments, sections and symbol table.

pub use gospect_record::{ExecutableKind as Kind, Format};
use std::borrow::Cow;

/// A run of addresses backed by bytes of the file (or of the rebuilt memory of a wasm module).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// First virtual address.
    pub address: u64,
    /// Bytes in the file; any further memory is zero.
    pub size: u64,
    /// Offset of the first byte in the file, or in the rebuilt memory.
    pub offset: u64,
    /// Whether it is writable in memory.
    pub writable: bool,
    /// Whether it is executable in memory.
    pub executable: bool,
    /// Whether the running program does without it: symbols, debug information, relocations.
    pub discardable: bool,
}

impl Segment {
    /// The address after its last byte in the file.
    pub fn end(&self) -> u64 {
        self.address.saturating_add(self.size)
    }

    /// Whether an address is in its bytes.
    pub fn contains(&self, address: u64) -> bool {
        address >= self.address && address - self.address < self.size
    }
}

/// A named part of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section<'a> {
    /// Name without padding.
    pub name: Cow<'a, [u8]>,
    /// Virtual address; 0 when not loaded.
    pub address: u64,
    /// Size in memory.
    pub size: u64,
    /// Offset in the file.
    pub offset: u64,
    /// Bytes in the file.
    pub file_size: u64,
}

/// The layout of the entries of a symbol table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symbols {
    /// `Elf32_Sym`, `Elf64_Sym`.
    Elf,
    /// `nlist`, `nlist_64`.
    MachO,
    /// 18-byte COFF records of a PE file. A value is an offset in a section.
    Coff,
    /// 18-byte XCOFF records.
    Xcoff,
    /// Plan 9: value, type letter and name of one symbol after the other.
    Plan9,
}

/// The symbol table in the file, and its names.
#[derive(Clone, Copy, Debug)]
pub(super) struct SymbolTable {
    pub layout: Symbols,
    pub offset: u64,
    pub size: u64,
    pub strings: u64,
    pub strings_size: u64,
}
