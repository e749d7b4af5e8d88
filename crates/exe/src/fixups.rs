//! The pointers that a loader or linker fills in: the address of each, and the value it gets.

use gospect_bytes::Window;
use object::pod::{self, Pod};

/// Most relocations to read; a program of 100 MB has about half a million.
const ENTRIES_LIMIT: usize = 2 << 20;

/// Collects fixups within the memory that the window may use.
pub(super) struct Fixups<'w> {
    window: &'w Window<'w>,
    all: Vec<(u64, u64)>,
    /// Relocations that may still be read.
    left: usize,
}

impl<'w> Fixups<'w> {
    pub fn new(window: &'w Window<'w>) -> Self {
        Self {
            window,
            all: Vec::new(),
            left: ENTRIES_LIMIT,
        }
    }

    /// Adds one; `None` when there is no memory left.
    pub fn push(&mut self, address: u64, value: u64) -> Option<()> {
        if self.all.len() == self.all.capacity() {
            let more = self.all.len().max(256);
            if !self.window.keep((more * size_of::<(u64, u64)>()) as u64) {
                return None;
            }
            self.all.reserve_exact(more);
        }
        self.all.push((address, value));
        Some(())
    }

    /// The entries of a relocation table, up to the number that may still be read.
    pub fn take<'t, T>(&mut self, table: &'t [T]) -> &'t [T] {
        let table = table.get(..table.len().min(self.left)).unwrap_or_default();
        self.left -= table.len();
        table
    }

    /// Counts one entry against the number that may still be read; `None` when none is left.
    pub fn take_one(&mut self) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        Some(())
    }

    /// The fixups sorted by address.
    pub fn sorted(mut self) -> Vec<(u64, u64)> {
        self.all.sort_unstable();
        self.all
    }
}

/// The bytes as a table, without an incomplete entry at the end.
pub(super) fn entries<T: Pod>(bytes: &[u8]) -> &[T] {
    let count = bytes.len() / size_of::<T>();
    pod::slice_from_bytes(bytes, count).map_or(&[], |(entries, _)| entries)
}
