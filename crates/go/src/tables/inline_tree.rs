//! Which inlined call each instruction of a function belongs to (src/runtime/symtabinl.go, src/cmd/link/internal/ld/pcln.go,
//! Go 1.18 to 1.27).

use super::Tables;
use super::inlining::{Shape, steps};
use super::pclntab::Pclntab;
use super::places::{self, Look};
use super::rows::Row;
use gospect_exe::Image;
use std::cell::Cell;
use std::ops::ControlFlow;

/// Most inlined calls of one function to read; those of real functions are some thousand.
const CALLS_LIMIT: u64 = 1 << 16;
/// More bytes than the structure of a function has with the tables behind it.
const LONGEST_STRUCTURE: u64 = 1 << 12;
/// `abi.FuncFlagAsm` (src/internal/abi/symtab.go, Go 1.18).
const FLAG_ASSEMBLY: u8 = 4;

/// Reads the inline trees of a program.
pub struct InlineTrees<'t, 'i> {
    image: &'t Image<'i>,
    table: &'t Pclntab,
    /// All pc tables.
    pc_tables: &'t [u8],
    shape: Shape,
    /// Address from which the offsets of trees count.
    base: u64,
    /// Steps of pc tables that may still be read. Functions share equal tables, and in a forged file all of them could share the
    /// longest one.
    steps_left: Cell<u64>,
}

/// A call that was inlined into a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InlinedCall {
    /// Its number in the tree.
    pub index: u64,
    /// Offset of the name of the called function in the table of names.
    pub name: u32,
    /// The inlined call that contains it; `None`: the function itself does.
    pub parent: Option<u64>,
    /// Address of an instruction that belongs to it, and to no call inside it.
    pub pc: u64,
}

/// The inlined calls of one function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InlineTree {
    /// Instructions and the innermost call to which they belong: first address, the address after the last, number in the tree.
    runs: Vec<(u64, u64, u64)>,
    /// The calls, by number.
    pub calls: Vec<InlinedCall>,
}

impl InlineTree {
    /// The innermost call to which an instruction belongs; `None`: to none.
    pub fn at(&self, pc: u64) -> Option<u64> {
        let after = self.runs.partition_point(|run| run.0 <= pc);
        let run = self.runs.get(after.checked_sub(1)?)?;
        (pc < run.1).then_some(run.2)
    }

    /// The first instruction of a function from `start` to `end` that belongs to no inlined call.
    pub fn first_own(&self, start: u64, end: u64) -> Option<u64> {
        let mut pc = start;
        for (from, to, _) in &self.runs {
            if *from > pc {
                break;
            }
            pc = pc.max(*to);
        }
        (pc < end).then_some(pc)
    }

    fn has(&self, index: u64) -> bool {
        self.calls.binary_search_by_key(&index, |c| c.index).is_ok()
    }
}

impl<'t, 'i> InlineTrees<'t, 'i> {
    /// Finds the trees; `None` when they cannot be read, or are older than Go 1.18.
    pub fn find(tables: &'t Tables<'i>, minor: Option<u32>) -> Option<Self> {
        let image = tables.image();
        let table = tables.pclntab()?;
        let shape = Shape::of(table, minor)?;
        let files = table.file_table;
        let start = files.0.checked_add(files.1)?;
        let size = table.function_table.0.checked_sub(start)?;
        let base = *shape.bases(image, tables.moduledata()?.address).first()?;
        Some(Self {
            image,
            table,
            pc_tables: image.bytes(start, size)?,
            shape,
            base,
            steps_left: Cell::new(image.window().len().saturating_mul(4)),
        })
    }

    /// Whether a function was written in assembly.
    pub fn is_assembly(&self, row: &Row) -> bool {
        // The flag, an unused byte and the number of tables end the structure.
        let at = self.shape.function.checked_sub(3);
        let flags = at
            .and_then(|at| row.func.checked_add(at))
            .and_then(|at| self.image.bytes(at, 1))
            .and_then(|bytes| bytes.first());
        flags.is_some_and(|flags| flags & FLAG_ASSEMBLY != 0)
    }

    /// The first instruction of a function that belongs to no inlined call.
    pub fn first_own(&self, row: &Row) -> Option<u64> {
        let Some((index, _)) = self.shape.tables(self.image, row.func) else {
            return Some(row.start);
        };
        let mut tree = InlineTree::default();
        self.read_runs(&mut tree, index, row);
        tree.first_own(row.start, row.end)
    }

    /// The numbers of the functions whose trees name one of the functions whose names are at these places, in order. Trees that have a part in
    /// common, which no linker writes, count where the last of them begins.
    pub fn naming(&self, rows: &[Row], is_wanted: &dyn Fn(u32) -> bool) -> Vec<usize> {
        let starts = self.starts(rows);
        let offset = |start: &u64| start >> 32;
        let (Some(first), Some(last)) = (starts.first().map(offset), starts.last().map(offset))
        else {
            return Vec::new();
        };
        let is_aligned = starts.iter().all(|start| offset(start) % 4 == first % 4);
        let part = self.part(first, last).filter(|_| is_aligned);
        let mut found = Vec::new();
        let mut next = 0;
        let mut look_at = |word: u64| {
            let Some(call) = (first + word).checked_sub(self.shape.call_name) else {
                return;
            };
            next += starts
                .get(next..)
                .unwrap_or_default()
                .partition_point(|start| offset(start) <= call);
            let before = starts.get(..next).unwrap_or_default();
            let Some(start) = before.last().map(offset) else {
                return;
            };
            if (call - start).is_multiple_of(self.shape.call) {
                let same = before.iter().rev();
                let same = same.take_while(|other| offset(other) == start);
                found.extend(same.map(|start| (start & u64::from(u32::MAX)) as usize));
            }
        };
        let is_read = part.and_then(|(start, size)| {
            self.image.pass(start, size, &mut |at, piece| {
                let mut words = piece.chunks_exact(4);
                for (number, word) in words.by_ref().enumerate() {
                    let name = self.image.number(word);
                    if u32::try_from(name).is_ok_and(is_wanted) {
                        look_at(at + 4 * number as u64);
                    }
                }
                ControlFlow::Continue(piece.len() - words.remainder().len())
            })
        });
        if is_read.is_none() {
            return (0..rows.len()).collect();
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The offset of the tree of each function that has one, sorted, in front of the number of the function: one number is sorted fastest.
    fn starts(&self, rows: &[Row]) -> Vec<u64> {
        let mut starts: Vec<u64> = Vec::with_capacity(rows.len());
        let mut add = |number: usize, tables: Option<(u64, u64)>| {
            starts.extend(tables.map(|(_, offset)| offset << 32 | number as u64));
        };
        let mut done = 0;
        let part = self.structures(rows);
        if let Some((first, size)) = part.filter(|_| rows.is_sorted_by_key(|row| row.func)) {
            let places = rows.iter().map(|row| (row.func - first, ()));
            let _ = places::visit(self.image, (first, size), places, |(), func, is_last| {
                if func.len() < LONGEST_STRUCTURE as usize && !is_last {
                    return Look::More;
                }
                let tables = self.shape.tables_in(func, |b| self.image.number(b));
                add(done, tables);
                done += 1;
                Look::Enough
            });
        }
        for (number, row) in rows.iter().enumerate().skip(done) {
            add(number, self.shape.tables(self.image, row.func));
        }
        starts.sort_unstable();
        starts
    }

    /// Where the structures of all functions are: the address of the first, and bytes.
    fn structures(&self, rows: &[Row]) -> Option<(u64, u64)> {
        let (first, last) = (rows.first()?.func, rows.last()?.func);
        let segment = self.image.segment_at(first)?;
        let there = segment.address.checked_add(segment.size)?;
        let end = last.checked_add(LONGEST_STRUCTURE)?.min(there);
        Some((first, end.checked_sub(first)?))
    }

    /// Where the trees are, from the first to the end of the last: address and bytes.
    fn part(&self, first: u64, last: u64) -> Option<(u64, u64)> {
        let start = self.base.checked_add(first)?;
        let segment = self.image.segment_at(start)?;
        let most = (last - first).checked_add(CALLS_LIMIT * self.shape.call)?;
        let there = segment
            .address
            .checked_add(segment.size)?
            .checked_sub(start)?;
        Some((start, most.min(there)))
    }

    /// Reads which instructions of a function belong to which inlined call.
    fn read_runs(&self, tree: &mut InlineTree, index: u64, row: &Row) -> Option<()> {
        let pc_table = self.pc_tables.get(usize::try_from(index).ok()?..)?;
        let quantum = u64::from(self.table.quantum);
        let range = (row.start, row.end);
        let mut count = 0u64;
        let left = self.steps_left.get();
        steps(pc_table, quantum, range, &mut |from, to, call| {
            count += 1;
            if count <= left && call < CALLS_LIMIT {
                tree.runs.push((from, to, call));
            }
        });
        self.steps_left.set(left.saturating_sub(count.max(1)));
        Some(())
    }

    /// The inlined calls of a function; `None` if there are none.
    pub fn of(&self, row: &Row) -> Option<InlineTree> {
        let (index, offset) = self.shape.tables(self.image, row.func)?;
        let tree_at = self.base.checked_add(offset)?;
        let mut tree = InlineTree::default();
        self.read_runs(&mut tree, index, row)?;
        // Calls by number, and an instruction of each.
        let mut waiting: Vec<(u64, u64)> = tree.runs.iter().map(|run| (run.2, run.0)).collect();
        waiting.sort_unstable();
        waiting.dedup_by_key(|call| call.0);
        // Calls from which no instruction is left are known as parents of others.
        while !waiting.is_empty() {
            let mut parents = Vec::new();
            for (index, pc) in waiting {
                let Some((call, place)) = self.call(&tree, tree_at, (index, pc), row) else {
                    continue;
                };
                parents.extend(call.parent.map(|parent| (parent, place)));
                tree.calls.push(call);
            }
            tree.calls.sort_unstable_by_key(|c| c.index);
            tree.calls.dedup_by_key(|c| c.index);
            parents.sort_unstable();
            parents.dedup_by_key(|call| call.0);
            parents.retain(|(parent, _)| !tree.has(*parent));
            waiting = parents;
        }
        (!tree.calls.is_empty()).then_some(tree)
    }

    /// A call by its number and an instruction of it, and the address of the instruction that stands for the call.
    fn call(
        &self,
        tree: &InlineTree,
        at: u64,
        (index, pc): (u64, u64),
        row: &Row,
    ) -> Option<(InlinedCall, u64)> {
        let entry = at.checked_add(index.checked_mul(self.shape.call)?)?;
        let number = |offset: u64| -> Option<u32> {
            let bytes = self.image.bytes(entry.checked_add(offset)?, 4)?;
            u32::try_from(self.image.number(bytes)).ok()
        };
        let place = number(self.shape.call_place)?;
        let place = row.start.checked_add(u64::from(place))?;
        let call = InlinedCall {
            index,
            name: number(self.shape.call_name)?,
            // A tree that contains itself would never end.
            parent: tree.at(place).filter(|parent| *parent != index),
            pc,
        };
        Some((call, place))
    }
}
