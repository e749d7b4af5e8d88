//! Which inlined call each instruction of a function belongs to (src/runtime/symtabinl.go, src/cmd/link/internal/ld/pcln.go,
//! Go 1.18 to 1.27).

use super::Tables;
use super::inlining::{Shape, steps};
use super::pclntab::Pclntab;
use super::rows::Row;
use gospect_exe::Image;
use std::cell::Cell;

/// Most inlined calls of one function to read; those of real functions are some thousand.
const CALLS_LIMIT: u64 = 1 << 16;
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

    /// The inlined calls of a function; `None` if there are none.
    pub fn of(&self, row: &Row) -> Option<InlineTree> {
        let (index, offset) = self.shape.tables(self.image, row.func)?;
        let tree_at = self.base.checked_add(offset)?;
        let pc_table = self.pc_tables.get(usize::try_from(index).ok()?..)?;
        let mut tree = InlineTree::default();
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
