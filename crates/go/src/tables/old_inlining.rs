//! Names of functions that exist only inlined, in the oldest layout of the function table: each function points at a tree of
//! the calls that were inlined into it (Go 1.9 to 1.15). Newer layouts have these names in their table of names, older releases
//! nowhere.
//!
//! ```text
//! _func         entry, then 4 bytes each: name, arguments, frame or deferreturn, three pc tables, number of pcdata, number of funcdata
//!               (Go 1.12 and newer: kind of function in the first byte, the number in the last); then the offsets of the pcdata,
//!               aligned to a pointer, and the addresses of the funcdata                                  src/runtime/runtime2.go
//! inlinedCall   16 bytes up to Go 1.11, 20 since; offset of the name at 12                               src/runtime/symtab.go
//! pcdata        number of the call at each instruction: pcdata 1 and funcdata 2 up to Go 1.13,
//!               pcdata 2 and funcdata 4 in Go 1.14 and 1.15                                            src/runtime/funcdata.h
//! ```

use super::functions::package;
use super::pc_values::call_count;
use super::pclntab::{Layout, Pclntab};
use gospect_exe::Image;
use std::collections::HashSet;

/// Where the trees are, and the size of a call.
#[derive(Clone, Copy)]
struct Shape {
    pcdata: u64,
    funcdata: u64,
    call: u64,
}

/// Newest first.
const SHAPES: [Shape; 3] = [
    Shape {
        pcdata: 2,
        funcdata: 4,
        call: 20,
    },
    Shape {
        pcdata: 1,
        funcdata: 2,
        call: 20,
    },
    Shape {
        pcdata: 1,
        funcdata: 2,
        call: 16,
    },
];

/// Most calls to read to find out the shape.
const PROOF: usize = 512;
/// More funcdata than any release has.
const FUNCDATA_LIMIT: u64 = 16;

/// Visits the name of every function that is inlined somewhere, each once. Returns whether there are any and all were read.
pub fn names<'i>(image: &'i Image<'_>, table: &Pclntab, visit: &mut dyn FnMut(&'i [u8])) -> bool {
    let whole = image.bytes(table.names.0, table.names.1);
    let Some(whole) = whole.filter(|_| table.layout == Layout::Go12) else {
        return false;
    };
    let reader = Reader {
        image,
        table,
        whole,
    };
    let Some(shape) = reader.shape() else {
        return false;
    };
    let mut seen = HashSet::new();
    let read = reader.calls(shape, usize::MAX, &mut |offset, name| {
        if seen.insert(offset) {
            visit(name);
        }
    });
    read.is_whole && !seen.is_empty()
}

/// The result of reading trees.
#[derive(Clone, Copy, Default)]
struct Read {
    good: usize,
    bad: usize,
    is_whole: bool,
}

struct Reader<'t, 'i, 'a> {
    image: &'i Image<'a>,
    table: &'t Pclntab,
    /// The whole table.
    whole: &'i [u8],
}

impl<'i> Reader<'_, 'i, '_> {
    /// The shape with which the trees are valid.
    fn shape(&self) -> Option<Shape> {
        SHAPES.into_iter().find(|shape| {
            let read = self.calls(*shape, PROOF, &mut |_, _| {});
            read.good > 0 && read.bad == 0
        })
    }

    /// Visits calls up to `most`, in the order of the functions: the offset of the name, and the name.
    fn calls(&self, shape: Shape, most: usize, visit: &mut dyn FnMut(u64, &'i [u8])) -> Read {
        let mut read = Read::default();
        // Real tables do not overlap, so there are no more steps and calls together than bytes.
        let mut work = self.whole.len() as u64;
        let is_whole = (0..self.table.functions).try_for_each(|i| {
            if read.good + read.bad >= most {
                return None;
            }
            let Some((steps, tree)) = self.function(i, shape) else {
                return Some(());
            };
            let calls = call_count(self.whole.get(steps..)?, &mut work)?;
            for call in 0..calls {
                work = work.checked_sub(1)?;
                let at = call.checked_mul(shape.call)?.checked_add(tree)?;
                let name = self
                    .image
                    .bytes(at.checked_add(12)?, 4)
                    .and_then(|bytes| {
                        let offset = self.image.number(bytes);
                        Some((offset, self.table.name(self.image, offset)?))
                    })
                    .filter(|(_, name)| package(name).is_some_and(|p| p.is_ascii()));
                match name {
                    Some((offset, name)) => {
                        read.good += 1;
                        visit(offset, name);
                    }
                    None => read.bad += 1,
                }
            }
            Some(())
        });
        read.is_whole = is_whole.is_some() && read.bad == 0;
        read
    }

    /// Where the table of instructions of a function is, and the address of its tree; `None` when nothing is inlined into it.
    fn function(&self, i: u64, shape: Shape) -> Option<(usize, u64)> {
        let word = self.image.pointer_size();
        let info = self
            .image
            .word(self.table.function_table.0 + 2 * word * i + word)?;
        let number = |at: u64| -> Option<u64> {
            let at = usize::try_from(info.checked_add(word + at)?).ok()?;
            let bytes = self.whole.get(at..at.checked_add(4)?)?;
            Some(self.image.number(bytes))
        };
        let pcdata = number(24)?;
        // A number of four bytes, or the last byte of four.
        let funcdata = match number(28)? {
            all if all <= FUNCDATA_LIMIT => all,
            _ => {
                let last = usize::try_from(info.checked_add(word + 31)?).ok()?;
                u64::from(*self.whole.get(last)?)
            }
        };
        if pcdata <= shape.pcdata || funcdata <= shape.funcdata || pcdata > 1 << 8 {
            return None;
        }
        let steps = number(32 + 4 * shape.pcdata)?;
        let pointers = info.checked_add(word + 32 + 4 * pcdata)?;
        let pointers = pointers.checked_next_multiple_of(word)?;
        let at = pointers.checked_add(word * shape.funcdata)?;
        let tree = self.image.pointer(self.table.address.checked_add(at)?)?;
        (steps != 0 && tree != 0).then_some((usize::try_from(steps).ok()?, tree))
    }
}
