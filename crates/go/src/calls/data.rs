//! The references of data: pieces of data, the functions whose addresses they hold, and the pieces that they point at.
//!
//! The variables of a stripped program have no known borders. A piece starts where code or data points, and ends where the next
//! one starts.

use super::types::Types;
use crate::tables::rows::Rows;
use gospect_exe::Image;
use std::collections::HashSet;

/// Most pieces to keep; the largest programs known have one million.
const PIECES_LIMIT: usize = 6 << 20;

/// A reference of a piece of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// The address of the function with this number.
    Function(u32),
    /// A method in the table of an interface: the type is converted to that interface somewhere.
    Method(u32),
    /// A method of a type; the program keeps its code for conversions and reflection.
    Kept(u32),
    /// Another piece.
    Piece(u32),
    /// A type descriptor or method table that moduledata lists for reflection.
    Listed(u32),
}

/// All pieces of a program.
pub struct Data {
    /// Start of each piece, ascending.
    starts: Vec<u64>,
    /// Index in `held` of the first reference of each piece, and one more for the end.
    first: Vec<u32>,
    held: Vec<Held>,
}

impl Data {
    /// Reads every word of the data. `named` are the addresses that code refers to. `None`: more pieces than any real program
    /// has.
    pub fn read(
        image: &Image<'_>,
        rows: &Rows<'_, '_>,
        types: &Types,
        named: &[u64],
    ) -> Option<Self> {
        let ranges = ranges(image, rows);
        let inside = |address: u64| {
            let after = ranges.partition_point(|r| r.0 <= address);
            after
                .checked_sub(1)
                .and_then(|i| ranges.get(i))
                .is_some_and(|r| address < r.1)
        };
        let mut starts: Vec<u64> = named.iter().copied().filter(|a| inside(*a)).collect();
        let mut pointers: Vec<(u64, u64)> = Vec::new();
        words(image, &ranges, &mut |at, value| {
            if pointers.len() >= PIECES_LIMIT {
                return;
            }
            if inside(value) {
                starts.push(value);
                pointers.push((at, value));
            } else if rows.starting(value).is_some() {
                pointers.push((at, value));
            }
        });
        starts.extend(ranges.iter().map(|r| r.0));
        starts.sort_unstable();
        starts.dedup();
        named_types(image, types, &mut starts);
        if starts.len() >= PIECES_LIMIT || pointers.len() >= PIECES_LIMIT {
            return None;
        }
        let mut data = Self {
            starts,
            first: Vec::new(),
            held: Vec::new(),
        };
        pointers.sort_unstable();
        let mut rest = pointers.iter().peekable();
        data.first.push(0);
        for i in 0..data.starts.len() {
            let start = data.starts.get(i).copied().unwrap_or_default();
            let end = data.starts.get(i + 1).copied().unwrap_or(u64::MAX);
            let is_itab = types.is_itab(image, start);
            while let Some((_, value)) = rest.next_if(|p| p.0 < end) {
                if let Some(function) = rows.starting(*value) {
                    let function = function as u32;
                    data.held.push(match is_itab {
                        true => Held::Method(function),
                        false => Held::Function(function),
                    });
                } else if let Some(piece) = data.at(*value) {
                    data.held.push(Held::Piece(piece));
                }
            }
            types.methods(image, start, &mut |code| {
                if let Some(function) = rows.starting(code) {
                    data.held.push(Held::Kept(function as u32));
                }
            });
            types.pointers(image, start, &mut |other| {
                if let Some(piece) = data.at(other) {
                    data.held.push(Held::Piece(piece));
                }
            });
            if types.is_module(start, end) {
                data.list(types);
            }
            data.first.push(data.held.len() as u32);
        }
        Some(data)
    }

    /// Adds what moduledata lists: all type descriptors and method tables.
    fn list(&mut self, types: &Types) {
        for (from, to) in types.listed() {
            let first = self.starts.partition_point(|start| *start < from);
            let behind = self.starts.partition_point(|start| *start < to);
            let pieces = (first..behind).filter_map(|piece| u32::try_from(piece).ok());
            self.held.extend(pieces.map(Held::Listed));
        }
    }

    /// The number of pieces.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// The piece that contains an address.
    pub fn at(&self, address: u64) -> Option<u32> {
        let after = self.starts.partition_point(|start| *start <= address);
        after.checked_sub(1).and_then(|i| u32::try_from(i).ok())
    }

    /// The references of a piece.
    pub fn held(&self, piece: u32) -> &[Held] {
        let i = piece as usize;
        let from = self.first.get(i).copied().unwrap_or_default() as usize;
        let to = self.first.get(i + 1).copied().unwrap_or_default() as usize;
        self.held.get(from..to).unwrap_or_default()
    }
}

/// Adds the types to which only an offset in another type leads.
fn named_types(image: &Image<'_>, types: &Types, starts: &mut Vec<u64>) {
    let mut seen: HashSet<u64> = starts.iter().copied().filter(|s| types.holds(*s)).collect();
    let mut left: Vec<u64> = seen.iter().copied().collect();
    while let Some(start) = left.pop() {
        types.pointers(image, start, &mut |other| {
            if types.holds(other) && seen.insert(other) {
                left.push(other);
                starts.push(other);
            }
        });
    }
    starts.sort_unstable();
}

/// The address ranges that may hold variables: everything loaded except code and the function table.
fn ranges(image: &Image<'_>, rows: &Rows<'_, '_>) -> Vec<(u64, u64)> {
    let code = rows
        .all
        .first()
        .zip(rows.all.last())
        .map_or((0, 0), |(first, last)| (first.start, last.end));
    let table = rows.table_range();
    let mut all = Vec::new();
    for segment in image.segments.iter().filter(|s| !s.discardable) {
        let mut left = vec![(segment.address, segment.end())];
        for hole in [code, table] {
            left = left
                .into_iter()
                .flat_map(|(from, to)| [(from, to.min(hole.0)), (from.max(hole.1), to)])
                .filter(|r| r.0 < r.1)
                .collect();
            left.dedup();
        }
        all.extend(left);
    }
    all.sort_unstable();
    // Overlapping segments are read once.
    let mut end = 0;
    all.retain_mut(|r| {
        r.0 = r.0.max(end);
        end = end.max(r.1);
        r.0 < r.1
    });
    all
}

/// Visits every aligned word that may be an address, as the running program sees it.
fn words(image: &Image<'_>, ranges: &[(u64, u64)], visit: &mut dyn FnMut(u64, u64)) {
    let word = image.pointer_size();
    let fixups = image.fixups();
    for &(start, end) in ranges {
        let start = start.next_multiple_of(word);
        let mut fixed = fixups
            .get(fixups.partition_point(|f| f.0 < start)..)
            .unwrap_or_default()
            .iter()
            .peekable();
        let Some(bytes) = image.bytes_upto(start, end.saturating_sub(start)) else {
            continue;
        };
        let step = word as usize;
        for (i, chunk) in bytes.chunks_exact(step).enumerate() {
            let at = start + i as u64 * word;
            while fixed.next_if(|f| f.0 < at).is_some() {}
            match fixed.next_if(|f| f.0 == at) {
                Some(fixup) => visit(at, fixup.1),
                None => {
                    let value = image.number(chunk);
                    if value != 0 {
                        visit(at, value);
                    }
                }
            }
        }
    }
}
