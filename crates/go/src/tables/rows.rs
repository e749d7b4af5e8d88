//! The rows of the function table: where each function begins and ends, what it is called, and the source line of an instruction
//! (src/cmd/link/internal/ld/pcln.go, src/runtime/runtime2.go `_func`, src/runtime/symtab.go `funcfile` and `funcline`, Go 1.2 to 1.27).

use super::Tables;
use super::pc_values::{PcValues, RUNS_LIMIT};
use super::pclntab::{Layout, Pclntab};
use super::places::{self, Look};
use gospect_exe::{Format, Image};

/// Rows that are read; the largest programs known have half a million.
const ROWS_LIMIT: u64 = 4 << 20;
/// Bits of an address in a WebAssembly module that tell the place in a function (src/cmd/link/internal/wasm/asm.go, `assignAddress`).
const WASM_SHIFT: u32 = 16;

/// One function with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Address of its first instruction.
    pub start: u64,
    /// The address after its last byte.
    pub end: u64,
    /// Offset of its name in the table of names.
    pub name: u32,
    /// Address of its `_func`.
    pub func: u64,
}

/// Reads the rows of a function table.
struct RowReader<'t, 'i> {
    image: &'t Image<'i>,
    table: &'t Pclntab,
    /// Bits that offsets from the start of text are shifted by: WebAssembly counts functions from Go 1.26 on (src/runtime/symtab.go, `textAddr`).
    shift: u32,
    /// Address from which those of functions count.
    text: u64,
    /// Pairs of a function and its structure, and the end of the last function.
    bytes: &'t [u8],
    /// Bytes of a number.
    step: usize,
}

/// The rows of a function table, by address.
pub struct Rows<'t, 'i> {
    reader: RowReader<'t, 'i>,
    /// The rows, in order of their addresses; [`Self::remove_first`] removes one.
    pub all: Vec<Row>,
    index: Index,
}

/// Bytes in which most pc-value tables end.
const MOST_PC_TABLES: u64 = 256;
/// Bytes in which the names of most source files end.
const MOST_TEXTS: u64 = 128;

/// Finds rows by address in a few steps: code is divided into pieces of the same size, about one for each function.
struct Index {
    /// Address of the first piece.
    start: u64,
    /// Size of a piece, as a power of two.
    bits: u32,
    /// Number of rows that begin before each piece.
    rows_before: Vec<u32>,
}

impl Index {
    fn of(rows: &[Row]) -> Self {
        let (start, last) = match (rows.first(), rows.last()) {
            (Some(first), Some(last)) => (first.start, last.start),
            _ => (0, 0),
        };
        let length = last.saturating_sub(start);
        let bits = (0..u64::BITS)
            .find(|bits| length >> bits <= rows.len() as u64)
            .unwrap_or_default();
        let mut rows_before = Vec::with_capacity((length >> bits) as usize + 1);
        for (number, row) in rows.iter().enumerate() {
            let piece = (row.start.saturating_sub(start) >> bits) as usize;
            if rows_before.len() <= piece {
                rows_before.resize(piece + 1, number as u32);
            }
        }
        Self {
            start,
            bits,
            rows_before,
        }
    }

    /// The number of rows that begin at an address or before it.
    fn rows_upto(&self, rows: &[Row], address: u64) -> usize {
        let Some(distance) = address.checked_sub(self.start) else {
            return 0;
        };
        let piece = usize::try_from(distance >> self.bits).unwrap_or(usize::MAX);
        let Some(first) = self.rows_before.get(piece) else {
            return rows.len();
        };
        let first = *first as usize;
        let end = self.rows_before.get(piece + 1);
        let end = end.map_or(rows.len(), |end| *end as usize);
        let within = rows.get(first..end).unwrap_or_default();
        first + within.partition_point(|row| row.start <= address)
    }
}

impl<'t, 'i> RowReader<'t, 'i> {
    /// `None` without a function table, or where it cannot be read.
    pub fn open(tables: &'t Tables<'i>) -> Option<Self> {
        let table = tables.pclntab()?;
        let image = tables.image();
        let word = table.column(image);
        // Addresses up to Go 1.17, offsets from the start of text since; the header has no start any more from Go 1.26 on.
        let text = match table.layout {
            Layout::Go12 | Layout::Go116 => 0,
            Layout::Go118 | Layout::Go120 => match tables.moduledata() {
                Some(module) => module.text.0,
                None => table.text_start.filter(|start| *start != 0)?,
            },
        };
        let count = table.functions.min(ROWS_LIMIT);
        let size = count.checked_mul(2)?.checked_add(1)?.checked_mul(word)?;
        let bytes = image.bytes(table.function_table.0, size)?;
        let step = usize::try_from(word).ok()?;
        let shift = match (
            image.format,
            bytes.get(..step),
            bytes.get(2 * step..3 * step),
        ) {
            (Format::Wasm, Some(first), Some(second)) => {
                let distance = image.number(second).saturating_sub(image.number(first));
                if distance < 1 << WASM_SHIFT {
                    WASM_SHIFT
                } else {
                    0
                }
            }
            _ => 0,
        };
        Some(Self {
            image,
            table,
            shift,
            text,
            bytes,
            step,
        })
    }

    /// All rows without their names, in order. A function that begins before the end of the previous one is skipped: no linker writes that.
    fn nameless(&self) -> Vec<Row> {
        let base = self.table.offset_base();
        let number = |bytes: &[u8]| self.image.number(bytes);
        let address = |bytes: &[u8]| {
            let offset = number(bytes).checked_shl(self.shift).unwrap_or(u64::MAX);
            self.text.checked_add(offset)
        };
        let mut rows = Vec::with_capacity(self.bytes.len() / self.step / 2);
        let mut numbers = self.bytes.chunks_exact(self.step);
        let mut start = numbers.next().and_then(address);
        while let (Some(first), Some(offset), Some(end)) = (start, numbers.next(), numbers.next()) {
            let Some(end) = address(end) else { break };
            start = Some(end.max(first));
            let func = base.checked_add(number(offset));
            if let Some(func) = func.filter(|_| first < end) {
                rows.push(Row {
                    start: first,
                    end,
                    name: 0,
                    func,
                });
            }
        }
        rows
    }

    /// The rows, in order of their addresses. Those whose names cannot be read are left out.
    fn all(&self) -> Vec<Row> {
        let (base, word) = (self.table.offset_base(), self.step as u64);
        let mut rows = self.nameless();
        let last = rows.last().map_or(base, |row| row.func);
        let part = (base, last.saturating_sub(base).saturating_add(word + 4));
        let mut named = 0;
        // Structures are in the order of their functions.
        if rows.is_sorted_by_key(|row| row.func) {
            let places = rows.iter_mut().map(|row| (row.func - base, row));
            let _ = places::visit(self.image, part, places, |row, func, _| {
                match func.get(self.step..self.step + 4) {
                    Some(name) => {
                        row.name = self.image.number(name) as u32;
                        named += 1;
                        Look::Enough
                    }
                    None => Look::More,
                }
            });
        }
        let mut number = 0;
        rows.retain_mut(|row| {
            number += 1;
            if number <= named {
                return true;
            }
            let name = self.image.bytes(row.func.saturating_add(word), 4);
            let name = name.and_then(|name| u32::try_from(self.image.number(name)).ok());
            row.name = name.unwrap_or_default();
            name.is_some()
        });
        rows
    }

    /// Source file of an instruction of a function.
    pub fn file(&self, row: &Row, pc: u64) -> Option<&'t [u8]> {
        let (image, table) = (self.image, self.table);
        let file = u64::try_from(self.value(self.number(row, 16)?, row, pc)?).ok()?;
        match table.layout {
            Layout::Go12 => {
                let at = table.file_table.0.checked_add(file.checked_mul(4)?)?;
                let offset = image.number(image.bytes(at, 4)?);
                text_at(image, table.address.checked_add(offset)?)
            }
            _ => {
                let unit = self.number(row, 28)?.checked_add(file)?;
                let units = table.names.0.checked_add(table.names.1)?;
                let at = units.checked_add(unit.checked_mul(4)?)?;
                let offset = image.number(image.bytes(at, 4)?);
                if offset == u64::from(u32::MAX) {
                    return None;
                }
                text_at(image, table.file_table.0.checked_add(offset)?)
            }
        }
    }

    /// Source line of an instruction of a function.
    fn line(&self, row: &Row, pc: u64) -> Option<i64> {
        self.value(self.number(row, 20)?, row, pc)
    }

    /// A number of four bytes in the `_func` of a function, by its offset behind the entry: name, arguments, frame or deferreturn,
    /// stack, file, line, number of tables, unit.
    fn number(&self, row: &Row, at: u64) -> Option<u64> {
        let entry = self.table.column(self.image);
        let address = row.func.checked_add(entry)?.checked_add(at)?;
        self.image.bytes(address, 4).map(|b| self.image.number(b))
    }

    /// The value that a pc-value table gives an instruction.
    fn value(&self, table: u64, row: &Row, pc: u64) -> Option<i64> {
        let tables = match self.table.layout {
            Layout::Go12 => self.table.address,
            _ => (self.table.file_table.0).checked_add(self.table.file_table.1)?,
        };
        let table = tables.checked_add(table)?;
        // Most tables are short, and a window keeps what it reads.
        let of_most = self.value_in(self.image.bytes_upto(table, MOST_PC_TABLES)?, row, pc);
        of_most.or_else(|| self.value_in(self.image.bytes_upto(table, 1 << 20)?, row, pc))
    }

    /// The value that a pc-value table gives an instruction, if the bytes of the table are enough to tell.
    fn value_in(&self, table: &[u8], row: &Row, pc: u64) -> Option<i64> {
        let mut runs = PcValues::new(table);
        let mut end = row.start;
        for _ in 0..RUNS_LIMIT {
            let run = runs.next_run()??;
            end = end.checked_add(run.quanta.checked_mul(self.table.quantum.into())?)?;
            if pc < end {
                return Some(run.value);
            }
        }
        None
    }
}

impl<'t, 'i> Rows<'t, 'i> {
    /// Reads all rows; `None` without a function table, or where it cannot be read.
    pub fn read(tables: &'t Tables<'i>) -> Option<Self> {
        let reader = RowReader::open(tables)?;
        let all = reader.all();
        let index = Index::of(&all);
        Some(Self { reader, all, index })
    }

    /// Bits that offsets from the start of text are shifted by, in WebAssembly.
    pub(crate) fn shift(&self) -> u32 {
        self.reader.shift
    }

    /// Addresses of the whole function table: its header, and the structure of the last function, which ends it.
    pub(crate) fn table_range(&self) -> (u64, u64) {
        let last = self.all.iter().map(|row| row.func).max();
        let start = self.reader.table.address;
        (start, last.unwrap_or(start).max(start))
    }

    /// The number of the function that an address is in.
    pub fn at(&self, address: u64) -> Option<usize> {
        let number = self.index.rows_upto(&self.all, address).checked_sub(1)?;
        let row = self.all.get(number)?;
        (address < row.end).then_some(number)
    }

    /// Removes the first function.
    pub fn remove_first(&mut self) {
        if !self.all.is_empty() {
            self.all.remove(0);
            self.index = Index::of(&self.all);
        }
    }

    /// The number of the function that begins at an address.
    pub fn starting(&self, address: u64) -> Option<usize> {
        let number = self.index.rows_upto(&self.all, address).checked_sub(1)?;
        let row = self.all.get(number)?;
        (row.start == address).then_some(number)
    }

    /// The name of a function.
    pub fn name(&self, i: usize) -> Option<&'t [u8]> {
        let row = self.all.get(i)?;
        self.reader
            .table
            .name(self.reader.image, u64::from(row.name))
    }

    /// Source file and line of an instruction of a function.
    pub fn line(&self, i: usize, pc: u64) -> Option<(String, u32)> {
        let row = self.all.get(i)?;
        let line = self.reader.line(row, pc)?;
        let file = self.reader.file(row, pc)?;
        Some((
            String::from_utf8_lossy(file).into_owned(),
            u32::try_from(line).ok()?,
        ))
    }

    /// Source file of an instruction of a function.
    pub fn file(&self, i: usize, pc: u64) -> Option<&'t [u8]> {
        self.file_of(self.all.get(i)?, pc)
    }

    /// Source file of an instruction of the function of a row.
    pub fn file_of(&self, row: &Row, pc: u64) -> Option<&'t [u8]> {
        self.reader.file(row, pc)
    }
}

/// A text that ends with a zero byte.
fn text_at<'i>(image: &'i Image<'_>, address: u64) -> Option<&'i [u8]> {
    let text = |size| {
        let bytes = image.bytes_upto(address, size)?;
        bytes.get(..memchr::memchr(0, bytes)?)
    };
    text(MOST_TEXTS).or_else(|| text(4096))
}

#[cfg(test)]
mod tests {
    use super::{Index, Row};

    fn rows(starts: &[u64]) -> Vec<Row> {
        let row = |start: &u64| Row {
            start: *start,
            end: start + 1,
            name: 0,
            func: 0,
        };
        starts.iter().map(row).collect()
    }

    /// The index gives what a search through all rows gives: for functions close together, far apart, and next to the last address.
    #[test]
    fn the_index_finds_what_a_search_finds() {
        let dense: Vec<u64> = (0..1000).map(|number| 0x40_1000 + 16 * number).collect();
        let mut uneven = dense.clone();
        uneven.extend([0x80_0000, 0x80_0001, 1 << 40]);
        for starts in [
            vec![],
            vec![0],
            vec![u64::MAX - 1],
            vec![0, u64::MAX - 1],
            dense,
            uneven,
        ] {
            let rows = rows(&starts);
            let index = Index::of(&rows);
            assert!(index.rows_before.len() <= rows.len() + 1);
            let near = starts.iter().flat_map(|start| {
                [
                    start.saturating_sub(1),
                    *start,
                    start.saturating_add(1),
                    start.saturating_add(9),
                ]
            });
            for address in near.chain([0, 1, 0x40_0fff, 0x7f_ffff, u64::MAX]) {
                let expected = rows.partition_point(|row| row.start <= address);
                assert_eq!(index.rows_upto(&rows, address), expected, "{address:#x}");
            }
        }
    }
}
