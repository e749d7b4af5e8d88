//! Where the code of one function is: its own body, and the parts of other functions into which it was inlined
//! (src/runtime/runtime2.go `_func`, src/runtime/symtabinl.go, src/internal/abi/funcdata.go, Go 1.18 to 1.27).

use super::Tables;
use super::pc_values::{PcValues, RUNS_LIMIT};
use super::pclntab::{Layout, Pclntab, position_of_name};
use gospect_exe::Image;

/// `abi.PCDATA_InlTreeIndex`: the call of the inline tree to which an instruction belongs.
const PCDATA_TREE_INDEX: u64 = 2;
/// `abi.FUNCDATA_InlTree`.
const FUNCDATA_TREE: u64 = 3;
/// Most ranges to collect; further ones add nothing.
const RANGES_LIMIT: usize = 256;

/// A run of instructions of the requested function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// First address.
    pub start: u64,
    /// The address after its last byte.
    pub end: u64,
    /// The address after the function that contains it.
    pub function_end: u64,
}

/// The structure sizes that changed between layouts.
pub(super) struct Shape {
    /// Bytes of `_func` before its tables.
    pub(super) function: u64,
    /// Bytes of an entry of the inline tree.
    pub(super) call: u64,
    /// Offset of the name in that entry.
    pub(super) call_name: u64,
    /// Offset of the place of the call in that entry.
    pub(super) call_place: u64,
    /// Word numbers of `gofunc` in moduledata, most likely first.
    base: &'static [u64],
}

impl Shape {
    /// The shape for a program; `None` before Go 1.18.
    pub(super) fn of(table: &Pclntab, minor: Option<u32>) -> Option<Self> {
        match table.layout {
            Layout::Go118 => Some(GO_118),
            Layout::Go120 if minor.is_some_and(|m| m >= 27) => Some(GO_127),
            Layout::Go120 => Some(GO_120),
            Layout::Go12 | Layout::Go116 => None,
        }
    }

    /// The addresses from which offsets of `funcdata` may count.
    pub(super) fn bases(&self, image: &Image<'_>, module: u64) -> Vec<u64> {
        let words = self.base.iter();
        let words = words.filter_map(|w| module.checked_add(w * image.pointer_size()));
        words.filter_map(|at| image.pointer(at)).collect()
    }

    /// The tables of one function: its pc table of calls, and its inline tree. Offsets; `None` without inlined calls.
    pub(super) fn tables(&self, image: &Image<'_>, func: u64) -> Option<(u64, u64)> {
        let number = |at: u64| image.bytes(func.checked_add(at)?, 4);
        self.tables_by(number, |bytes| image.number(bytes))
    }

    /// The same, from the bytes of its `_func` and what follows.
    pub(super) fn tables_in(
        &self,
        func: &[u8],
        number: impl Fn(&[u8]) -> u64,
    ) -> Option<(u64, u64)> {
        let bytes = |at: u64| {
            let at = usize::try_from(at).ok()?;
            func.get(at..at.checked_add(4)?)
        };
        self.tables_by(bytes, number)
    }

    /// The same, from the reader of four bytes of `_func`.
    fn tables_by<'b>(
        &self,
        bytes: impl Fn(u64) -> Option<&'b [u8]>,
        number: impl Fn(&[u8]) -> u64,
    ) -> Option<(u64, u64)> {
        let pcdata = number(bytes(28)?);
        let funcdata = u64::from(*bytes(self.function.checked_sub(4)?)?.last()?);
        if pcdata <= PCDATA_TREE_INDEX || funcdata <= FUNCDATA_TREE || pcdata > 1 << 16 {
            return None;
        }
        let index = number(bytes(self.function + 4 * PCDATA_TREE_INDEX)?);
        let tree = number(bytes(self.function + 4 * (pcdata + FUNCDATA_TREE))?);
        (index != 0 && tree != u64::from(u32::MAX)).then_some((index, tree))
    }
}

const GO_118: Shape = Shape {
    function: 40,
    call: 20,
    call_name: 12,
    call_place: 16,
    base: &[38],
};
const GO_120: Shape = Shape {
    function: 44,
    call: 16,
    call_name: 4,
    call_place: 8,
    base: &[40],
};
const GO_127: Shape = Shape {
    base: &[43],
    ..GO_120
};

/// All ranges of the function with this name; `None` when the tables cannot be read, or are older than Go 1.18.
///
/// An inlined body ends with the last instruction that the compiler assigns to it; loads of a result may follow.
pub fn ranges(tables: &Tables<'_>, name: &[u8], minor: Option<u32>) -> Option<Vec<Range>> {
    let image = tables.image();
    let table = tables.pclntab()?;
    let shape = Shape::of(table, minor)?;
    let module = tables.moduledata()?;
    let reader = Reader {
        image,
        table,
        name: name_offset(image, table, name)?,
        text: module.text.0,
        bases: shape.bases(image, module.address),
        shape,
    };
    let pc_tables = table.file_table.0.checked_add(table.file_table.1)?;
    let size = table.function_table.0.checked_sub(pc_tables)?;
    let pc_tables = image.bytes(pc_tables, size)?;
    let pairs = image.bytes(table.function_table.0, table.functions.checked_mul(8)?)?;
    let end_at = table.function_table.0.checked_add(table.functions * 8)?;
    let last = image.number(image.bytes(end_at, 4)?);
    let number = |i: usize| pairs.get(i * 4..i * 4 + 4).map(|b| image.number(b));
    let mut ranges = Vec::new();
    for i in 0..pairs.len() / 8 {
        let (Some(start), Some(function)) = (number(2 * i), number(2 * i + 1)) else {
            break;
        };
        let end = number(2 * i + 2).unwrap_or(last);
        if start < end {
            // A function that cannot be read does not hide the others.
            let _ = reader.function((start, end), function, pc_tables, &mut ranges);
        }
        if ranges.len() >= RANGES_LIMIT {
            break;
        }
    }
    Some(ranges)
}

struct Reader<'t, 'i> {
    image: &'t Image<'i>,
    table: &'t Pclntab,
    name: u64,
    text: u64,
    bases: Vec<u64>,
    shape: Shape,
}

impl Reader<'_, '_> {
    fn number(&self, address: u64) -> Option<u64> {
        self.image.bytes(address, 4).map(|b| self.image.number(b))
    }

    /// Adds the ranges in one function. Offsets count from the start of text.
    fn function(
        &self,
        (start, end): (u64, u64),
        offset: u64,
        pc_tables: &[u8],
        ranges: &mut Vec<Range>,
    ) -> Option<()> {
        let at = self.table.function_table.0.checked_add(offset)?;
        let (start, end) = (self.text.checked_add(start)?, self.text.checked_add(end)?);
        if self.number(at.checked_add(4)?)? == self.name {
            ranges.push(Range {
                start,
                end,
                function_end: end,
            });
            return Some(());
        }
        let (index, tree) = self.shape.tables(self.image, at)?;
        let trees = self.bases.iter().filter_map(|b| b.checked_add(tree));
        let trees: Vec<u64> = trees.collect();
        let quantum = u64::from(self.table.quantum);
        let table = pc_tables.get(usize::try_from(index).ok()?..)?;
        steps(table, quantum, (start, end), &mut |from, to, call| {
            let is_wanted = trees.iter().any(|tree| {
                let name = call
                    .checked_mul(self.shape.call)
                    .and_then(|o| tree.checked_add(o)?.checked_add(self.shape.call_name));
                name.and_then(|a| self.number(a)) == Some(self.name)
            });
            if is_wanted && ranges.len() < RANGES_LIMIT {
                ranges.push(Range {
                    start: from,
                    end: to,
                    function_end: end,
                });
            }
        })
    }
}

/// Visits the runs of a pc-value table, each with its first address, its end and its value. Negative values belong to the
/// function itself and are skipped.
pub(super) fn steps(
    table: &[u8],
    quantum: u64,
    (start, end): (u64, u64),
    visit: &mut dyn FnMut(u64, u64, u64),
) -> Option<()> {
    let mut runs = PcValues::new(table);
    let mut pc = start;
    for _ in 0..RUNS_LIMIT {
        let Some(run) = runs.next_run()? else { break };
        let size = run.quanta.checked_mul(quantum)?;
        let next = pc.checked_add(size)?.min(end);
        if let Ok(call) = u64::try_from(run.value) {
            visit(pc, next, call);
        }
        pc = next;
        if pc >= end {
            break;
        }
    }
    Some(())
}

/// The offset of a function's name in the table of names (Go 1.16 and newer).
pub(super) fn name_offset(image: &Image<'_>, table: &Pclntab, name: &[u8]) -> Option<u64> {
    let names = image.bytes(table.names.0, table.names.1)?;
    Some(position_of_name(names, name)? as u64)
}
