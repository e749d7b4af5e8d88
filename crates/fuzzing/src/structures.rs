//! Damage to the structures of real Go programs: headers, section tables, function table, module data, symbols, debug
//! information, relocations. The input is not a program but a list of changes to a stored one, so that every change lands
//! in a field that a reader follows, where flipped bytes of a megabyte mostly land in machine code.
//!
//! The first byte chooses the program. Then each eight bytes are one change, see `Program::apply`.

use super::executables;
use gospect_bytes::{Limits, Window};
use gospect_exe as exe;
use gospect_go::tables::Tables;
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use test_support::fixtures::fixture;

/// Changes to one program; what comes after them is ignored.
const MOST: usize = 32;
/// Bytes at the start and the end of a file that count as structure: headers, and tables that no section names.
const EDGE: usize = 4096;
/// Functions whose records count as structure.
const FUNCTIONS: u64 = 64;

/// One structure of a program.
#[derive(Clone, Debug)]
pub(super) struct Region {
    /// Where it is in the file; never empty.
    place: Range<usize>,
    /// Its first virtual address; 0 when it is not loaded.
    address: u64,
}

/// A stored program and where its structures are.
pub(super) struct Program {
    bytes: Arc<Vec<u8>>,
    big_endian: bool,
    word: usize,
    pub(super) regions: Vec<Region>,
}

impl Program {
    fn read(id: &str) -> Self {
        // Fuzzers that start over and over need not unpack whole groups of programs each time.
        let folder = std::env::var_os("GOSPECT_FUZZ_PROGRAMS");
        let unpacked = folder.and_then(|folder| std::fs::read(Path::new(&folder).join(id)).ok());
        let bytes = unpacked.map_or_else(|| fixture(id), Arc::new);
        let data = &bytes[..];
        let window = Window::new(&data, 1 << 30);
        let image = exe::open(&window).expect("stored programs are sound");
        let mut regions = Vec::new();
        let mut add = |start: u64, size: u64, address: u64| {
            let end = start.saturating_add(size).min(data.len() as u64);
            if start < end {
                let place = start as usize..end as usize;
                regions.push(Region { place, address });
            }
        };
        let edge = EDGE as u64;
        add(0, edge, 0);
        add(bytes.len().saturating_sub(EDGE) as u64, edge, 0);
        for section in &image.sections {
            add(section.offset, section.file_size, section.address);
        }
        for &(offset, size) in &image.notes {
            add(offset, size, 0);
        }
        let tables = Tables::new(&image, Limits::default());
        // The memory of a WebAssembly module is put together from its data segments: its addresses are not places in the file.
        if image.format != exe::Format::Wasm {
            let mut parts = Vec::new();
            if let Some(table) = tables.pclntab() {
                parts.push((table.address, 128));
                parts.extend([table.names, table.file_table, table.function_table]);
                let (functions, size) = table.function_table;
                let wide = if table.text_start.is_some() { 4 } else { 8 };
                for n in 0..FUNCTIONS.min(size / wide / 2) {
                    let entry = image.word(functions + n * 2 * wide + wide).unwrap_or(0);
                    let offset = if wide == 4 {
                        entry & 0xffff_ffff
                    } else {
                        entry
                    };
                    parts.push((functions.saturating_add(offset), 96));
                }
            }
            if let Some(module) = tables.moduledata() {
                parts.push((module.address, 1024));
                parts.push((module.data.0, module.data.1.saturating_sub(module.data.0)));
            }
            for (address, size) in parts {
                if let Some(part) = image.part(address, size) {
                    add(part.offset, part.size, address);
                }
            }
        }
        Self {
            big_endian: image.big_endian,
            word: usize::from(image.bits) / 8,
            regions,
            bytes: bytes.clone(),
        }
    }

    /// Applies the changes that the input lists.
    fn changed(&self, input: &[u8]) -> Vec<u8> {
        let mut data = self.bytes.to_vec();
        for change in input.as_chunks::<8>().0.iter().take(MOST) {
            self.apply(&mut data, *change);
        }
        data
    }

    /// Whether the changes make another file.
    #[cfg(test)]
    pub(super) fn differs(&self, input: &[u8]) -> bool {
        self.changed(input) != *self.bytes
    }

    /// One change: what is done, and its width (byte 0), where (region in byte 1, offset in bytes 2 and 3), and what with
    /// (region in byte 4, offset in bytes 5 and 6, a number in byte 7).
    fn apply(&self, data: &mut Vec<u8>, change: [u8; 8]) {
        const EXTREMES: [u64; 8] = [
            0,
            1,
            0x7fff_ffff,
            0xffff_ffff,
            u64::MAX >> 1,
            u64::MAX,
            u64::MAX - 7,
            1 << 32,
        ];
        let [what, region, a, b, other, c, d, number] = change;
        let width = 1 << (what >> 3 & 3);
        let Some(at) = self.place(region, [a, b], width, data.len()) else {
            return;
        };
        let field = at..at + width;
        let old = self.load(&data[field.clone()]);
        let source = self.place(other, [c, d], width, data.len());
        let new = match what & 7 {
            0 => old ^ 1 << (usize::from(number) % (8 * width)),
            1 => EXTREMES[usize::from(number) % EXTREMES.len()],
            2 => old.wrapping_add((number as i8 as i64) as u64),
            3 => source.map_or(old, |from| self.load(&data[from..from + width])),
            // A pointer to another structure, or just before or after it.
            4 => {
                let region = &self.regions[usize::from(other) % self.regions.len()];
                let size = if d & 1 == 1 { region.place.len() } else { 0 };
                let address = region.address.wrapping_add(size as u64);
                let value = address.wrapping_add((number as i8 as i64) as u64);
                let pointer = at / self.word * self.word;
                if let Some(field) = data.get_mut(pointer..pointer + self.word) {
                    self.store(field, value);
                }
                return;
            }
            // The same bytes over and over: tables of which every row is the same.
            5 => {
                let row = data[field].to_vec();
                let end = data.len().min(at + 16 * (usize::from(number) + 1));
                for (to, from) in data[at..end].iter_mut().zip(row.iter().cycle()) {
                    *to = *from;
                }
                return;
            }
            6 => old.rotate_left(8 * u32::from(number % 8)),
            _ => {
                if number > 250 {
                    data.truncate(at);
                }
                return;
            }
        };
        self.store(&mut data[field], new);
    }

    fn place(&self, region: u8, offset: [u8; 2], width: usize, len: usize) -> Option<usize> {
        let region = &self.regions[usize::from(region) % self.regions.len()];
        // Spread over large structures, and every byte of those below 64 KiB.
        let offset = usize::from(u16::from_le_bytes(offset));
        let size = region.place.len();
        let offset = if size > 1 << 16 {
            offset * (size >> 16)
        } else {
            offset % size
        };
        let at = region.place.start + offset / width * width;
        (at + width <= len).then_some(at)
    }

    fn load(&self, bytes: &[u8]) -> u64 {
        let one = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        if self.big_endian {
            bytes.iter().fold(0, one)
        } else {
            bytes.iter().rev().fold(0, one)
        }
    }

    fn store(&self, field: &mut [u8], value: u64) {
        let width = field.len();
        if self.big_endian {
            field.copy_from_slice(&value.to_be_bytes()[8 - width..]);
        } else {
            field.copy_from_slice(&value.to_le_bytes()[..width]);
        }
    }
}

/// The stored program of that name, read once.
pub(super) fn program(id: &'static str) -> Arc<Program> {
    static READ: LazyLock<Mutex<HashMap<&str, Arc<Program>>>> = LazyLock::new(Mutex::default);
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    let found = read.entry(id);
    found.or_insert_with(|| Arc::new(Program::read(id))).clone()
}

/// Changes one of the programs and does with it everything that is done with a named file.
fn inspect(programs: &[&'static str], input: &[u8]) {
    let Some((&choice, changes)) = input.split_first() else {
        return;
    };
    let id = programs[usize::from(choice) % programs.len()];
    executables::inspect(&program(id).changed(changes));
}

/// ELF: with and without symbols, debug information and relocations, of both byte orders and several releases.
pub(super) const ELF: &[&str] = &[
    "1.27-linux-amd64-strip",
    "1.27-linux-386-w",
    "1.19-linux-amd64-strip",
    "1.27-linux-s390x-strip",
    "1.27-linux-amd64-pie-strip",
    "1.27-linux-amd64-plain",
    "1.27-linux-amd64-cgo",
    "1.24-linux-amd64-w",
];
/// Mach-O.
pub(super) const MACHO: &[&str] = &["1.27-darwin-amd64-w", "1.27-darwin-arm64-trimstrip"];
/// PE.
pub(super) const PE: &[&str] = &[
    "1.27-windows-amd64-w",
    "1.27-windows-386-strip",
    "1.19-windows-amd64-strip",
];
/// WebAssembly.
pub(super) const WASM: &[&str] = &["1.27-js-wasm-hello", "1.27-wasip1-wasm-strip"];
/// XCOFF and Plan 9.
pub(super) const OTHERS: &[&str] = &[
    "1.27-aix-ppc64-w",
    "1.27-plan9-386-strip",
    "1.27-plan9-arm-strip",
];

/// Changes ELF programs.
pub fn elf(input: &[u8]) {
    inspect(ELF, input);
}

/// Changes Mach-O programs.
pub fn macho(input: &[u8]) {
    inspect(MACHO, input);
}

/// Changes PE programs.
pub fn pe(input: &[u8]) {
    inspect(PE, input);
}

/// Changes WebAssembly modules.
pub fn wasm(input: &[u8]) {
    inspect(WASM, input);
}

/// Changes XCOFF and Plan 9 programs.
pub fn others(input: &[u8]) {
    inspect(OTHERS, input);
}
