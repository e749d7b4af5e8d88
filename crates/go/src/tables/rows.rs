//! The rows of the function table: where each function begins and ends, what it is called, and the source line of an instruction
//! (src/cmd/link/internal/ld/pcln.go, src/runtime/runtime2.go `_func`, src/runtime/symtab.go `funcfile` and `funcline`, Go 1.2 to 1.27).

use super::Tables;
use super::pc_values::{PcValues, RUNS_LIMIT};
use super::pclntab::{Layout, Pclntab};
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
    /// First address behind it.
    pub end: u64,
    /// Offset of its name in the table of names.
    pub name: u32,
    /// Address of its `_func`.
    pub func: u64,
}

/// The rows of a function table, by address.
pub struct Rows<'t, 'i> {
    image: &'t Image<'i>,
    table: &'t Pclntab,
    /// Bits that offsets from the start of text are shifted by: WebAssembly counts functions from Go 1.26 on (src/runtime/symtab.go, `textAddr`).
    pub(crate) shift: u32,
    /// The rows, in order of their addresses.
    pub all: Vec<Row>,
}

impl<'t, 'i> Rows<'t, 'i> {
    /// Reads all rows; `None` without a function table, or where it cannot be read.
    pub fn read(tables: &'t Tables<'i>) -> Option<Self> {
        let table = tables.pclntab()?;
        let image = tables.image();
        let word = match table.layout {
            Layout::Go12 | Layout::Go116 => image.pointer_size(),
            Layout::Go118 | Layout::Go120 => 4,
        };
        let base = match table.layout {
            Layout::Go12 => table.address,
            _ => table.function_table.0,
        };
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
        let mut numbers = bytes
            .chunks_exact(step)
            .map(|b| image.number(b).checked_shl(shift).unwrap_or(u64::MAX));
        let mut all = Vec::with_capacity(bytes.len() / step / 2);
        let mut start = text.checked_add(numbers.next()?)?;
        while let (Some(offset), Some(end)) = (numbers.next(), numbers.next()) {
            let end = text.checked_add(end)?;
            let func = base.checked_add(offset >> shift);
            // A function that begins before the one in front of it ends is a lie.
            if let Some(func) = func.filter(|_| start < end)
                && let Some(name) = image
                    .bytes(func.saturating_add(word), 4)
                    .and_then(|b| u32::try_from(image.number(b)).ok())
            {
                all.push(Row {
                    start,
                    end,
                    name,
                    func,
                });
            }
            start = end.max(start);
        }
        Some(Self {
            image,
            table,
            all,
            shift,
        })
    }

    /// Addresses of the whole function table: its header, and the structure of the last function, which ends it.
    pub(crate) fn table_range(&self) -> (u64, u64) {
        let last = self.all.iter().map(|row| row.func).max();
        let start = self.table.address;
        (start, last.unwrap_or(start).max(start))
    }

    /// The number of the function that an address is in.
    pub fn at(&self, address: u64) -> Option<usize> {
        let after = self.all.partition_point(|row| row.start <= address);
        let i = after.checked_sub(1)?;
        self.all.get(i).filter(|row| address < row.end).map(|_| i)
    }

    /// The number of the function that begins at an address.
    pub fn starting(&self, address: u64) -> Option<usize> {
        self.all
            .binary_search_by_key(&address, |row| row.start)
            .ok()
    }

    /// The name of a function.
    pub fn name(&self, i: usize) -> Option<&'t [u8]> {
        let row = self.all.get(i)?;
        self.table.name(self.image, u64::from(row.name))
    }

    /// Source file and line of an instruction of a function.
    pub fn line(&self, i: usize, pc: u64) -> Option<(String, u32)> {
        let row = self.all.get(i)?;
        let (image, table) = (self.image, self.table);
        let word = match table.layout {
            Layout::Go12 | Layout::Go116 => image.pointer_size(),
            Layout::Go118 | Layout::Go120 => 4,
        };
        // _func: entry, name, arguments, frame or deferreturn, stack, file, line, number of tables, unit.
        let number = |at: u64| -> Option<u64> {
            let address = row.func.checked_add(word)?.checked_add(at)?;
            image.bytes(address, 4).map(|b| image.number(b))
        };
        let pcs = match table.layout {
            Layout::Go12 => table.address,
            _ => table.file_table.0.checked_add(table.file_table.1)?,
        };
        let value = |table: u64| self.value(pcs.checked_add(table)?, row, pc);
        let file = value(number(16)?)?;
        let line = u32::try_from(value(number(20)?)?).ok()?;
        let file = u64::try_from(file).ok()?;
        let name = match table.layout {
            Layout::Go12 => {
                let at = table.file_table.0.checked_add(file.checked_mul(4)?)?;
                let offset = image.number(image.bytes(at, 4)?);
                text_at(image, table.address.checked_add(offset)?)?
            }
            _ => {
                let unit = number(28)?.checked_add(file)?;
                let units = table.names.0.checked_add(table.names.1)?;
                let at = units.checked_add(unit.checked_mul(4)?)?;
                let offset = image.number(image.bytes(at, 4)?);
                if offset == u64::from(u32::MAX) {
                    return None;
                }
                text_at(image, table.file_table.0.checked_add(offset)?)?
            }
        };
        Some((String::from_utf8_lossy(name).into_owned(), line))
    }

    /// The value that a pc-value table gives an instruction.
    fn value(&self, table: u64, row: &Row, pc: u64) -> Option<i64> {
        let mut runs = PcValues::new(self.image.bytes_upto(table, 1 << 20)?);
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

/// A text that ends with a zero byte.
fn text_at<'i>(image: &'i Image<'_>, address: u64) -> Option<&'i [u8]> {
    let bytes = image.bytes_upto(address, 4096)?;
    bytes.get(..memchr::memchr(0, bytes)?)
}
