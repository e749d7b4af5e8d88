//! Functions with which goroutines start: `go f(x)` loads the address of `f`, or of a wrapper that the compiler makes, and calls
//! `runtime.newproc` (src/cmd/compile/internal/ssagen/ssa.go, `callGo`; Go 1.0 to 1.27).

use super::decode::Reference;
use crate::tables::rows::Rows;
use gospect_exe::Image;

/// Most addresses between two calls to remember.
const RECENT: usize = 8;

/// Finds goroutine starts in a stream of references.
pub struct Goroutines<'g, 't, 'i> {
    image: &'g Image<'i>,
    rows: &'g Rows<'t, 'i>,
    /// `runtime.newproc`, and its wrapper for assembly.
    newproc: Vec<u64>,
    /// Functions that the compiler calls around writes of pointers.
    barriers: Vec<u64>,
    /// Addresses that were taken since the last call.
    recent: Vec<u64>,
    /// Function that starts a goroutine, and function that runs in it.
    pub starts: Vec<(u32, u32)>,
}

impl<'g, 't, 'i> Goroutines<'g, 't, 'i> {
    /// Looks up the functions of the runtime.
    pub fn new(image: &'g Image<'i>, rows: &'g Rows<'t, 'i>) -> Self {
        let mut newproc = Vec::new();
        let mut barriers = Vec::new();
        for (number, row) in rows.all.iter().enumerate() {
            match rows.name(number) {
                Some(b"runtime.newproc") => newproc.push(row.start),
                Some(name) if is_barrier(name) => barriers.push(row.start),
                _ => {}
            }
        }
        Self {
            image,
            rows,
            newproc,
            barriers,
            recent: Vec::with_capacity(RECENT),
            starts: Vec::new(),
        }
    }

    /// Forgets the addresses that the function before took.
    pub fn begin_function(&mut self) {
        self.recent.clear();
    }

    /// Adds the next reference of a function.
    pub fn add(&mut self, from: u32, reference: Reference) {
        match reference {
            Reference::Address(address) => {
                if self.recent.len() == RECENT {
                    self.recent.remove(0);
                }
                self.recent.push(address);
            }
            Reference::Call(target) if self.newproc.contains(&target) => {
                let started = self.started_function(from);
                self.starts.extend(started.map(|to| (from, to)));
                self.recent.clear();
            }
            Reference::Call(target) if self.barriers.contains(&target) => {}
            Reference::Call(_) => self.recent.clear(),
            Reference::Jump(_) | Reference::Part(_) => {}
        }
    }

    /// The function whose address was taken last before the call of `runtime.newproc`: with nothing in between, or a function
    /// literal or wrapper that the compiler made for the same function.
    fn started_function(&self, from: u32) -> Option<u32> {
        let function_at = |address: &u64| function_value(self.image, self.rows, *address);
        let mut latest = self.recent.iter().rev().enumerate();
        let (distance, function) =
            latest.find_map(|(distance, address)| Some((distance, function_at(address)?)))?;
        let starter = self.rows.name(from as usize)?;
        let is_part = self
            .rows
            .name(function)?
            .strip_prefix(starter)
            .is_some_and(|rest| rest.starts_with(b"."));
        (distance == 0 || is_part).then(|| u32::try_from(function).ok())?
    }
}

/// The function at an address, or the one in the function value there, which begins with the address of its code.
pub fn function_value(image: &Image<'_>, rows: &Rows<'_, '_>, address: u64) -> Option<usize> {
    rows.starting(address)
        .or_else(|| rows.starting(image.pointer(address)?))
}

fn is_barrier(name: &[u8]) -> bool {
    name.starts_with(b"runtime.gcWriteBarrier") || name.starts_with(b"runtime.wb")
}
