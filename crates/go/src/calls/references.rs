//! The references that the code of all functions has.

use super::data::Data;
use super::decode::{Decoder, Reference};
use super::goroutines::Goroutines;
use super::{Bodies, Edge, NoGraph};
use crate::tables::rows::Rows;
use gospect_exe::Image;
use gospect_record::why::By;

/// Most edges to keep; the largest programs known have three million.
pub(super) const EDGES_LIMIT: usize = 24 << 20;

/// What code refers to.
pub(super) struct CodeReferences {
    /// Direct calls, and jumps out of a function, each once.
    calls: Vec<Edge>,
    /// The same by the offset of the instruction in its function, as often as they are there.
    placed_calls: Vec<(u32, u32)>,
    /// Index in `placed_calls` of the first call of each function, and one more for the end.
    first_calls: Vec<u32>,
    /// Functions, and the addresses that they take, read or write; sorted.
    used: Vec<(u32, u64)>,
    /// Index in `used` of the first address of each function, and one more for the end.
    first_used: Vec<u32>,
    /// Addresses where less than a pointer is read or written: they only say where variables begin.
    parts: Vec<u64>,
    /// Functions that start goroutines, and the functions that run in those; sorted.
    goroutine_starts: Vec<(u32, u32)>,
}

impl CodeReferences {
    /// Decodes the code of all functions.
    ///
    /// # Errors
    /// [`NoGraph::TooLarge`] when there are more references than in any real program.
    pub fn read(
        image: &Image<'_>,
        rows: &Rows<'_, '_>,
        bodies: &Bodies,
        decoder: Decoder,
    ) -> Result<Self, NoGraph> {
        let mut calls: Vec<Edge> = Vec::new();
        let mut placed_calls: Vec<(u32, u32)> = Vec::new();
        let mut first_calls: Vec<u32> = Vec::with_capacity(rows.all.len() + 1);
        let mut used: Vec<(u32, u64)> = Vec::new();
        let mut first_used: Vec<u32> = Vec::with_capacity(rows.all.len() + 1);
        let mut parts: Vec<u64> = Vec::new();
        let mut goroutines = Goroutines::new(image, rows);
        for (i, row) in rows.all.iter().enumerate() {
            let from = i as u32;
            first_calls.push(placed_calls.len() as u32);
            first_used.push(used.len() as u32);
            let Some(code) = bodies.code(image, row) else {
                continue;
            };
            let (calls_before, used_before) = (calls.len(), used.len());
            let parts_before = parts.len();
            goroutines.begin_function();
            decoder(code, &mut |pc, reference| {
                goroutines.add(from, reference);
                let target = match reference {
                    Reference::Call(target) => target,
                    Reference::Jump(target) if target < row.start || target >= row.end => target,
                    Reference::Jump(_) => return,
                    Reference::Part(address) => {
                        parts.push(address);
                        return;
                    }
                    Reference::Address(address) => {
                        if image.segment_at(address).is_some() || rows.at(address).is_some() {
                            used.push((from, address));
                        }
                        return;
                    }
                };
                if let Some(to) = rows.at(target) {
                    let (to, by) = (to as u32, By::Call);
                    calls.push(Edge { from, to, by });
                    placed_calls.push((pc.wrapping_sub(row.start) as u32, to));
                }
            });
            drop_repeated(&mut calls, calls_before);
            drop_repeated(&mut used, used_before);
            drop_repeated(&mut parts, parts_before);
            if placed_calls.len() + used.len() + parts.len() > EDGES_LIMIT {
                return Err(NoGraph::TooLarge);
            }
        }
        first_calls.push(placed_calls.len() as u32);
        first_used.push(used.len() as u32);
        let mut goroutine_starts = goroutines.starts;
        goroutine_starts.sort_unstable();
        goroutine_starts.dedup();
        Ok(Self {
            calls,
            placed_calls,
            first_calls,
            used,
            first_used,
            parts,
            goroutine_starts,
        })
    }

    /// All addresses that code takes, reads or writes; sorted.
    pub fn addresses(&self) -> Vec<u64> {
        let used = self.used.iter().map(|(_, address)| *address);
        let mut all: Vec<u64> = used.chain(self.parts.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The edges of functions, sorted and one for each pair, and the goroutines that they start. They can be taken once.
    pub fn take_edges(
        &mut self,
        image: &Image<'_>,
        rows: &Rows<'_, '_>,
        data: &Data,
    ) -> (Vec<Edge>, Vec<(u32, u32)>) {
        let by = By::Value;
        let mut edges = std::mem::take(&mut self.calls);
        let goroutine_starts = std::mem::take(&mut self.goroutine_starts);
        let starts = goroutine_starts.iter();
        edges.extend(starts.map(|&(from, to)| Edge { from, to, by }));
        for &(from, address) in &self.used {
            if let Some(to) = rows.at(address) {
                // Code in the middle of another function may also be a jump target, as in assembly.
                if to != from as usize || rows.starting(address).is_some() {
                    let to = to as u32;
                    edges.push(Edge { from, to, by });
                }
            } else if image.segment_at(address).is_some()
                && let Some(piece) = data.at(address)
            {
                let to = piece.saturating_add(rows.all.len() as u32);
                edges.push(Edge { from, to, by });
            }
        }
        edges.sort_unstable();
        // A call counts more than a value, and comes first.
        edges.dedup_by_key(|edge| (edge.from, edge.to));
        (edges, goroutine_starts)
    }

    /// The direct calls and jumps of a function: offset of the instruction, and function that it leads to.
    pub fn calls_of(&self, function: usize) -> &[(u32, u32)] {
        part(&self.placed_calls, &self.first_calls, function)
    }

    /// The addresses that a function takes, reads or writes, after its own number.
    pub fn used_by(&self, function: usize) -> &[(u32, u64)] {
        part(&self.used, &self.first_used, function)
    }
}

/// The items of one function; `first` has the index of its first one.
fn part<'l, T>(all: &'l [T], first: &[u32], function: usize) -> &'l [T] {
    let start = first.get(function).copied().unwrap_or_default() as usize;
    let end = first.get(function + 1).copied().unwrap_or_default() as usize;
    all.get(start..end).unwrap_or_default()
}

/// Sorts the items from an index on, and removes duplicates.
pub(super) fn drop_repeated<T: Ord + Copy>(all: &mut Vec<T>, from: usize) {
    let Some(new) = all.get_mut(from..) else {
        return;
    };
    new.sort_unstable();
    let mut kept = 0;
    for i in 0..new.len() {
        if kept == 0 || new[kept - 1] != new[i] {
            new[kept] = new[i];
            kept += 1;
        }
    }
    all.truncate(from + kept);
}
