//! Mach-O: load commands, and the programs in them that dyld runs (mach-o/loader.h; dyld, `MachOLayout` and `MachOAnalyzer`).

use super::Statements;
use crate::image::Image;

const LC_REQ_DYLD: u64 = 0x8000_0000;
const LC_SEGMENT: u64 = 0x1;
const LC_SYMTAB: u64 = 0x2;
const LC_UNIXTHREAD: u64 = 0x5;
const LC_DYSYMTAB: u64 = 0xb;
const LC_SEGMENT_64: u64 = 0x19;
const LC_UUID: u64 = 0x1b;
const LC_CODE_SIGNATURE: u64 = 0x1d;
const LC_DYLD_INFO: u64 = 0x22;
const LC_DYLD_INFO_ONLY: u64 = LC_DYLD_INFO | LC_REQ_DYLD;
const LC_FUNCTION_STARTS: u64 = 0x26;
const LC_MAIN: u64 = 0x28 | LC_REQ_DYLD;
const LC_DATA_IN_CODE: u64 = 0x29;
const LC_SOURCE_VERSION: u64 = 0x2a;
const LC_DYLD_EXPORTS_TRIE: u64 = 0x33 | LC_REQ_DYLD;
const LC_DYLD_CHAINED_FIXUPS: u64 = 0x34 | LC_REQ_DYLD;

/// Longest name of a symbol.
const NAME_LIMIT: usize = 4096;

/// Symbols, for names of what stubs and pointers lead to.
#[derive(Clone, Copy, Default)]
struct SymbolTable {
    symbols: u64,
    count: u64,
    strings: u64,
    strings_size: u64,
}

struct Commands<'i, 'w> {
    image: &'i Image<'w>,
    symbols: SymbolTable,
    /// Addresses of the segments, in the order of the commands: dyld's programs count them.
    segments: Vec<u64>,
}

pub(super) fn read(image: &Image<'_>, found: &mut Statements) {
    let mut commands = Commands {
        image,
        symbols: SymbolTable::default(),
        segments: Vec::new(),
    };
    found.table("load commands", |found| commands.read(found));
}

impl Commands<'_, '_> {
    fn field(&self, at: u64, size: u64) -> Option<u64> {
        let bytes = self.image.window().get(at, size)?;
        Some(self.image.number(bytes))
    }

    fn read(&mut self, found: &mut Statements) -> Option<()> {
        let start = if self.image.bits == 64 { 32 } else { 28 };
        let count = self.field(16, 4)?;
        found.push("flags of the header", &[self.field(24, 4)?], &[]);
        let mut places = Vec::new();
        let mut at = start;
        for _ in 0..count {
            let (kind, size) = (self.field(at, 4)?, self.field(at.checked_add(4)?, 4)?);
            places.push((kind, at, size));
            at = at.checked_add(size.max(8))?;
        }
        found.cover_in_file(self.image, 0, at);
        // Other commands use what these say.
        for (kind, at, _) in &places {
            match *kind {
                LC_SYMTAB => {
                    self.symbols = SymbolTable {
                        symbols: self.field(at + 8, 4)?,
                        count: self.field(at + 12, 4)?,
                        strings: self.field(at + 16, 4)?,
                        strings_size: self.field(at + 20, 4)?,
                    };
                }
                LC_SEGMENT => self.segments.push(self.field(at + 24, 4)?),
                LC_SEGMENT_64 => self.segments.push(self.field(at + 24, 8)?),
                _ => {}
            }
        }
        for (kind, at, size) in places {
            let name = format!("load command {kind:#x}");
            match kind {
                LC_SEGMENT | LC_SEGMENT_64 => self.sections(at, kind == LC_SEGMENT_64, found)?,
                LC_DYLD_INFO | LC_DYLD_INFO_ONLY => self.dyld_info(at, found)?,
                LC_DYLD_CHAINED_FIXUPS => self.chained_imports(at, found)?,
                // Entry point, symbols, signature and debug information are compared as parts of their own.
                LC_SYMTAB | LC_DYSYMTAB | LC_UNIXTHREAD | LC_MAIN | LC_UUID | LC_CODE_SIGNATURE
                | LC_FUNCTION_STARTS | LC_DATA_IN_CODE | LC_SOURCE_VERSION
                | LC_DYLD_EXPORTS_TRIE => found.push(name, &[], &[])?,
                _ => {
                    let bytes = super::bytes(self.image.window().get(at, size)?)?;
                    found.push(name, &bytes, &[])?;
                }
            }
        }
        Some(())
    }

    /// Sections by name and type: functions of some run first, and pointers of some are bound.
    fn sections(&self, at: u64, is_64: bool, found: &mut Statements) -> Option<()> {
        // Offset of the first section, size of each; in it: address, size, flags, the reserved words.
        let (first, each, word) = if is_64 { (72, 80, 8) } else { (56, 68, 4) };
        let count = self.field(at + first - 8, 4)?;
        let protections = [
            self.field(at + first - 16, 4)?,
            self.field(at + first - 12, 4)?,
        ];
        found.push("protections of a segment", &protections, &[])?;
        for i in 0..count {
            let at = at.checked_add(first + each * i)?;
            let names = self.image.window().get(at, 32)?;
            let name = String::from_utf8_lossy(names).replace('\0', "");
            let size = self.field(at + 32 + word, word)?;
            let flags_at = at + 32 + 2 * word + 16;
            let (flags, indirect) = (self.field(flags_at, 4)?, self.field(flags_at + 4, 4)?);
            let stub = self.field(flags_at + 8, 4)?;
            found.push(format!("section {name}"), &[flags, stub], &[])?;
            // Lazy and other pointers, and stubs, each with a symbol of its own.
            let entry = match flags & 0xff {
                6 | 7 => word,
                8 => stub,
                _ => continue,
            };
            for n in 0..size.checked_div(entry)? {
                let symbol = self.indirect_symbol(indirect.checked_add(n)?)?;
                found.push(format!("entry of {name}: {symbol}"), &[n], &[])?;
            }
        }
        Some(())
    }

    /// The name of a symbol by its place in the indirect symbol table, which `LC_DYSYMTAB` has.
    fn indirect_symbol(&self, index: u64) -> Option<String> {
        const LOCAL_OR_ABSOLUTE: u64 = 0xc000_0000;
        let table = self.indirect_table()?;
        let number = self.field(table.checked_add(4 * index)?, 4)?;
        if number & LOCAL_OR_ABSOLUTE != 0 || number >= self.symbols.count {
            return Some(format!("no symbol, {number:#x}"));
        }
        let size = if self.image.bits == 64 { 16 } else { 12 };
        let at = self.symbols.symbols.checked_add(size * number)?;
        let (name, description) = (self.field(at, 4)?, self.field(at + 6, 2)?);
        let left = self.symbols.strings_size.checked_sub(name)?;
        let bytes = self.image.window();
        let bytes = bytes.get(
            self.symbols.strings.checked_add(name)?,
            left.min(NAME_LIMIT as u64),
        )?;
        let name = bytes.get(..memchr::memchr(0, bytes)?)?;
        // The library is in the upper half of the description.
        let library = description >> 8;
        Some(format!(
            "{} of library {library}",
            String::from_utf8_lossy(name)
        ))
    }

    fn indirect_table(&self) -> Option<u64> {
        let mut at = if self.image.bits == 64 { 32 } else { 28 };
        for _ in 0..self.field(16, 4)? {
            if self.field(at, 4)? == LC_DYSYMTAB {
                return self.field(at + 56, 4);
            }
            at = at.checked_add(self.field(at + 4, 4)?.max(8))?;
        }
        None
    }

    /// The programs for rebasing and binding. Exported symbols are for others.
    fn dyld_info(&self, at: u64, found: &mut Statements) -> Option<()> {
        let names = ["rebase", "bind", "weak bind", "lazy bind"];
        for (i, name) in (0u64..).zip(names) {
            let (offset, size) = (
                self.field(at + 8 + 8 * i, 4)?,
                self.field(at + 12 + 8 * i, 4)?,
            );
            let program = self.image.window().get(offset, size)?;
            let mut run = Run {
                rest: program,
                segments: &self.segments,
                word: self.image.pointer_size(),
                what: name,
                at: State::default(),
            };
            match i {
                0 => run.rebase(found)?,
                _ => run.bind(found)?,
            }
        }
        Some(())
    }

    /// What the chains of fixups import (mach-o/fixup-chains.h). The chains are in the data.
    fn chained_imports(&self, at: u64, found: &mut Statements) -> Option<()> {
        let (offset, size) = (self.field(at + 8, 4)?, self.field(at + 12, 4)?);
        let head = |i: u64| self.field(offset.checked_add(4 * i)?, 4);
        let (imports, count, format, symbol_format) = (head(2)?, head(4)?, head(5)?, head(6)?);
        let bytes = self.image.window().get(offset, size)?;
        let imports = bytes.get(usize::try_from(imports).ok()?..)?;
        let imports = super::bytes(imports)?;
        let numbers = [&[count, format, symbol_format], &imports[..]].concat();
        found.push("imports of chained fixups", &numbers, &[])?;
        Some(())
    }
}

/// The state of a program: what the next place gets.
#[derive(Clone, Default)]
struct State {
    address: u64,
    kind: u64,
    library: u64,
    addend: u64,
    symbol: String,
}

/// A program of dyld, one byte for each operation with its small operand (mach-o/loader.h, `REBASE_OPCODE_…` and `BIND_OPCODE_…`).
struct Run<'p> {
    rest: &'p [u8],
    segments: &'p [u64],
    word: u64,
    what: &'static str,
    at: State,
}

/// Most places that one program may fill.
const PLACES_LIMIT: u64 = 1 << 20;

impl Run<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn uleb(&mut self) -> Option<u64> {
        let (mut value, mut shift) = (0u64, 0);
        loop {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
    }

    fn text(&mut self) -> Option<String> {
        let end = memchr::memchr(0, self.rest)?;
        let (text, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.get(1..)?;
        Some(String::from_utf8_lossy(text).into_owned())
    }

    fn set_segment(&mut self, segment: u8) -> Option<()> {
        let start = *self.segments.get(usize::from(segment))?;
        self.at.address = start.wrapping_add(self.uleb()?);
        Some(())
    }

    /// Fills `count` places, each a word and `skip` bytes behind the one before.
    fn fill(&mut self, count: u64, skip: u64, found: &mut Statements) -> Option<()> {
        if count > PLACES_LIMIT {
            return None;
        }
        for _ in 0..count {
            let State {
                kind,
                library,
                addend,
                ..
            } = self.at;
            let what = match self.at.symbol.as_str() {
                "" => self.what.to_owned(),
                symbol => format!("{} {symbol}", self.what),
            };
            found.push(what, &[kind, library, addend], &[self.at.address])?;
            self.at.address = self.at.address.wrapping_add(self.word).wrapping_add(skip);
        }
        Some(())
    }

    fn rebase(&mut self, found: &mut Statements) -> Option<()> {
        while !self.rest.is_empty() {
            let byte = self.byte()?;
            let small = byte & 0xf;
            match byte >> 4 {
                0 => return Some(()),
                1 => self.at.kind = u64::from(small),
                2 => self.set_segment(small)?,
                3 => self.at.address = self.at.address.wrapping_add(self.uleb()?),
                4 => self.at.address = self.at.address.wrapping_add(u64::from(small) * self.word),
                5 => self.fill(u64::from(small), 0, found)?,
                6 => {
                    let count = self.uleb()?;
                    self.fill(count, 0, found)?;
                }
                7 => {
                    let skip = self.uleb()?;
                    self.fill(1, skip, found)?;
                }
                8 => {
                    let (count, skip) = (self.uleb()?, self.uleb()?);
                    self.fill(count, skip, found)?;
                }
                _ => return None,
            }
        }
        Some(())
    }

    fn bind(&mut self, found: &mut Statements) -> Option<()> {
        while !self.rest.is_empty() {
            let byte = self.byte()?;
            let small = byte & 0xf;
            match byte >> 4 {
                // Programs for late binding have an end behind each symbol.
                0 => {}
                1 => self.at.library = u64::from(small),
                2 => self.at.library = self.uleb()?,
                // Special libraries are small negative numbers.
                3 => self.at.library = u64::from(small) | 0x100,
                4 => {
                    self.at.symbol = self.text()?;
                    found.push(format!("{} flags", self.what), &[u64::from(small)], &[])?;
                }
                5 => self.at.kind = u64::from(small),
                // The sign does not matter for what is only compared.
                6 => self.at.addend = self.uleb()?,
                7 => self.set_segment(small)?,
                8 => self.at.address = self.at.address.wrapping_add(self.uleb()?),
                9 => self.fill(1, 0, found)?,
                0xa => {
                    let skip = self.uleb()?;
                    self.fill(1, skip, found)?;
                }
                0xb => self.fill(1, u64::from(small) * self.word, found)?,
                0xc => {
                    let (count, skip) = (self.uleb()?, self.uleb()?);
                    self.fill(count, skip, found)?;
                }
                // Threaded binding of arm64e.
                _ => return None,
            }
        }
        Some(())
    }
}
