//! Pc-value tables: a number for each instruction of a function, such as its line or the call that it was inlined from.
//!
//! A table is a list of pairs of variable-length numbers: the change of the value (zigzag, from -1), and the number of quanta of
//! code for which the new value holds. A change of 0 ends it (src/runtime/symtab.go, `step`; src/cmd/link/internal/ld/pcln.go).

use std::slice;

/// Most runs of one table to follow.
pub(super) const RUNS_LIMIT: usize = 1 << 16;

/// Reads the runs of one table.
pub(super) struct PcValues<'b> {
    rest: slice::Iter<'b, u8>,
    value: i64,
    is_first: bool,
}

/// Instructions with the same value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) value: i64,
    /// Length of the code, in units of the table's quantum.
    pub(super) quanta: u64,
}

impl<'b> PcValues<'b> {
    pub(super) fn new(table: &'b [u8]) -> Self {
        Self {
            rest: table.iter(),
            value: -1,
            is_first: true,
        }
    }

    /// The next run, or `Some(None)` at the end of the table; `None` if the table is malformed.
    pub(super) fn next_run(&mut self) -> Option<Option<Run>> {
        let change = varint(&mut self.rest)?;
        if change == 0 && !self.is_first {
            return Some(None);
        }
        self.is_first = false;
        let change = i64::from(change);
        self.value = self.value.checked_add(change >> 1 ^ -(change & 1))?;
        Some(Some(Run {
            value: self.value,
            quanta: varint(&mut self.rest)?.into(),
        }))
    }
}

/// The number of calls to which a pc table of inlined calls refers: one more than its highest value. `None` if the table is malformed, or has more
/// than `runs_left` runs, which counts down over all tables.
pub(super) fn call_count(table: &[u8], runs_left: &mut u64) -> Option<u64> {
    let mut runs = PcValues::new(table);
    let mut highest = -1i64;
    loop {
        *runs_left = runs_left.checked_sub(1)?;
        let Some(run) = runs.next_run()? else { break };
        highest = highest.max(run.value);
    }
    u64::try_from(highest.checked_add(1)?).ok()
}

/// A number of seven bits in each byte, lowest first.
fn varint(bytes: &mut slice::Iter<'_, u8>) -> Option<u32> {
    let mut value = 0u32;
    for shift in (0..32).step_by(7) {
        let byte = *bytes.next()?;
        value |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_change_by_zigzag_until_a_change_of_zero() {
        // The first change may be 0: the value stays -1.
        let mut runs = PcValues::new(&[0, 5, 8, 0x80, 1, 3, 2, 0]);
        let mut found = Vec::new();
        while let Some(run) = runs.next_run().unwrap() {
            found.push((run.value, run.quanta));
        }
        assert_eq!(found, [(-1, 5), (3, 128), (1, 2)]);
    }

    #[test]
    fn a_table_that_does_not_end_is_malformed() {
        for table in [&[][..], &[2], &[2, 1], &[0x80; 9], &[2, 0xff, 0xff]] {
            let mut runs = PcValues::new(table);
            while let Some(run) = runs.next_run() {
                assert!(run.is_some(), "{table:?}");
            }
        }
    }
    #[test]
    fn the_highest_value_gives_the_number_of_calls() {
        // Changes +1, +2, -3 (zigzag 2, 4, 5), each for one instruction.
        let table = [2, 1, 4, 1, 5, 1, 0];
        assert_eq!(call_count(&table, &mut 100), Some(3));
        assert_eq!(call_count(&[0, 5, 0], &mut 100), Some(0));
        assert_eq!(call_count(&table[..5], &mut 100), None);
        assert_eq!(call_count(&table, &mut 3), None);
        assert_eq!(call_count(&[0xff; 8], &mut 100), None);
        // A table without an end costs no more than the limit.
        assert_eq!(call_count(&[2, 1].repeat(1000), &mut 10), None);
    }
}
