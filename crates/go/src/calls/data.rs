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

/// Fewest strings of a table; structures often begin with fewer.
const LEAST_STRINGS: usize = 4;
/// Most bytes of a string in such a table.
const LONGEST_TEXT: u64 = 256;

/// A reference of a piece of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataReference {
    /// The address of the function with this number.
    Function(u32),
    /// A method in the method table of an interface (`itab`): the type is converted to that interface somewhere.
    InterfaceMethod(u32),
    /// A method in the list of a type; the program keeps its code for conversions and reflection.
    TypeMethod(u32),
    /// Another piece.
    Piece(u32),
    /// A type descriptor or method table that moduledata lists for reflection.
    Listed(u32),
    /// The address of this function, behind a table of strings: it is of the table or of the variable behind it, which nothing
    /// separates where only a field in the middle of that variable has its address taken. Both pieces have the reference.
    FunctionBehindStrings(u32),
    /// Another piece, likewise.
    PieceBehindStrings(u32),
}

impl DataReference {
    /// The same reference, if it stands behind a table of strings.
    fn behind_strings(self) -> Self {
        match self {
            Self::Function(function) => Self::FunctionBehindStrings(function),
            Self::Piece(piece) => Self::PieceBehindStrings(piece),
            other => other,
        }
    }
}

/// All pieces of a program.
pub struct Data {
    /// Start of each piece, ascending.
    starts: Vec<u64>,
    /// Index in `references` of the first reference of each piece, and one more for the end.
    first_references: Vec<u32>,
    references: Vec<DataReference>,
}

impl Data {
    /// Reads every word of the data. `used` are the addresses that code refers to. `None`: more pieces than any real program
    /// has.
    pub fn read(
        image: &Image<'_>,
        rows: &Rows<'_, '_>,
        types: &Types,
        used: &[u64],
    ) -> Option<Self> {
        let ranges = ranges(image, rows);
        let is_inside = |address: u64| {
            let after = ranges.partition_point(|range| range.0 <= address);
            after
                .checked_sub(1)
                .and_then(|i| ranges.get(i))
                .is_some_and(|range| address < range.1)
        };
        let mut starts: Vec<u64> = used.iter().copied().filter(|a| is_inside(*a)).collect();
        // Where pointers are, and where they lead.
        let mut pointers: Vec<(u64, u64)> = Vec::new();
        words(image, &ranges, &mut |at, value| {
            if pointers.len() >= PIECES_LIMIT {
                return;
            }
            if is_inside(value) {
                starts.push(value);
                pointers.push((at, value));
            } else if rows.starting(value).is_some() {
                pointers.push((at, value));
            }
        });
        starts.extend(ranges.iter().map(|range| range.0));
        starts.sort_unstable();
        starts.dedup();
        add_types_by_offset(image, types, &mut starts);
        if starts.len() >= PIECES_LIMIT || pointers.len() >= PIECES_LIMIT {
            return None;
        }
        pointers.sort_unstable();
        let mut data = Self {
            starts,
            first_references: Vec::new(),
            references: Vec::new(),
        };
        data.add_references(image, rows, types, &pointers);
        Some(data)
    }

    /// Adds the references of all pieces. `pointers` are where pointers are and where they lead, sorted.
    fn add_references(
        &mut self,
        image: &Image<'_>,
        rows: &Rows<'_, '_>,
        types: &Types,
        pointers: &[(u64, u64)],
    ) {
        let mut rest = pointers.iter().peekable();
        let mut of_piece_before: Vec<DataReference> = Vec::new();
        self.first_references.push(0);
        for i in 0..self.starts.len() {
            let start = self.starts.get(i).copied().unwrap_or_default();
            let end = self.starts.get(i + 1).copied().unwrap_or(u64::MAX);
            let is_itab = types.is_itab(image, start);
            self.references.append(&mut of_piece_before);
            let has_pointers = rest.peek().is_some_and(|pointer| pointer.0 < end);
            let strings_end = has_pointers.then(|| end_of_strings(image, start, end));
            let strings_end = strings_end.flatten().unwrap_or(end);
            while let Some((at, value)) = rest.next_if(|pointer| pointer.0 < end) {
                let reference = if let Some(function) = rows.starting(*value) {
                    let function = function as u32;
                    match is_itab {
                        true => DataReference::InterfaceMethod(function),
                        false => DataReference::Function(function),
                    }
                } else if let Some(piece) = self.at(*value) {
                    DataReference::Piece(piece)
                } else {
                    continue;
                };
                if *at < strings_end {
                    self.references.push(reference);
                } else {
                    self.references.push(reference.behind_strings());
                    of_piece_before.push(reference.behind_strings());
                }
            }
            types.visit_methods(image, start, &mut |code| {
                if let Some(function) = rows.starting(code) {
                    let reference = DataReference::TypeMethod(function as u32);
                    self.references.push(reference);
                }
            });
            types.visit_types_by_offset(image, start, &mut |other| {
                if let Some(piece) = self.at(other) {
                    self.references.push(DataReference::Piece(piece));
                }
            });
            if types.has_moduledata(start, end) {
                self.add_listed(types);
            }
            self.first_references.push(self.references.len() as u32);
        }
    }

    /// Adds what moduledata lists: all type descriptors and method tables.
    fn add_listed(&mut self, types: &Types) {
        for (from, to) in types.listed() {
            let first = self.starts.partition_point(|start| *start < from);
            let end = self.starts.partition_point(|start| *start < to);
            let pieces = (first..end).filter_map(|piece| u32::try_from(piece).ok());
            self.references.extend(pieces.map(DataReference::Listed));
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
    pub fn references_of(&self, piece: u32) -> &[DataReference] {
        let index = |i: usize| self.first_references.get(i).copied().unwrap_or_default() as usize;
        let range = index(piece as usize)..index(piece as usize + 1);
        self.references.get(range).unwrap_or_default()
    }
}

/// The end of a table of strings that a piece begins with, if there are empty ones and then something else behind it.
fn end_of_strings(image: &Image<'_>, start: u64, end: u64) -> Option<u64> {
    let word = image.pointer_size();
    let mut strings = 0;
    let mut table_end = start;
    let mut at = start;
    while at < end {
        let size_at = at.checked_add(word)?;
        let (text, size) = (image.pointer(at)?, image.pointer(size_at)?);
        let next = size_at.checked_add(word)?;
        match (text, size) {
            (0, 0) => {}
            (text, size) if is_text(image, text, size) => {
                strings += 1;
                table_end = next;
            }
            _ => break,
        }
        at = next;
    }
    (strings >= LEAST_STRINGS && table_end < at && at < end).then_some(table_end)
}

/// Whether there is a short text without control characters at an address.
fn is_text(image: &Image<'_>, address: u64, size: u64) -> bool {
    let bytes = match size {
        1..=LONGEST_TEXT => image.bytes(address, size),
        _ => None,
    };
    let text = bytes.and_then(|bytes| std::str::from_utf8(bytes).ok());
    text.is_some_and(|text| !text.contains(char::is_control))
}

/// Adds the types to which only an offset in another type leads.
fn add_types_by_offset(image: &Image<'_>, types: &Types, starts: &mut Vec<u64>) {
    let known = starts.iter().copied().filter(|s| types.contains(*s));
    // The order of reads decides what is read where limits allow no more, so it is always the same.
    let mut waiting: Vec<u64> = known.collect();
    let mut seen: HashSet<u64> = waiting.iter().copied().collect();
    while let Some(start) = waiting.pop() {
        types.visit_types_by_offset(image, start, &mut |other| {
            if types.contains(other) && seen.insert(other) {
                waiting.push(other);
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
        let mut parts = vec![(segment.address, segment.end())];
        for excluded in [code, table] {
            parts = parts
                .into_iter()
                .flat_map(|(from, to)| [(from, to.min(excluded.0)), (from.max(excluded.1), to)])
                .filter(|part| part.0 < part.1)
                .collect();
            parts.dedup();
        }
        all.extend(parts);
    }
    all.sort_unstable();
    // Overlapping segments are read once.
    let mut end = 0;
    all.retain_mut(|range| {
        range.0 = range.0.max(end);
        end = end.max(range.1);
        range.0 < range.1
    });
    all
}

/// Visits every aligned word that may be an address, with its place and its value in the running program.
fn words(image: &Image<'_>, ranges: &[(u64, u64)], visit: &mut dyn FnMut(u64, u64)) {
    let word = image.pointer_size();
    let fixups = image.fixups();
    for &(start, end) in ranges {
        let start = start.next_multiple_of(word);
        let mut fixups = fixups
            .get(fixups.partition_point(|fixup| fixup.0 < start)..)
            .unwrap_or_default()
            .iter()
            .peekable();
        let Some(bytes) = image.bytes_upto(start, end.saturating_sub(start)) else {
            continue;
        };
        let step = word as usize;
        for (i, chunk) in bytes.chunks_exact(step).enumerate() {
            let at = start + i as u64 * word;
            while fixups.next_if(|fixup| fixup.0 < at).is_some() {}
            match fixups.next_if(|fixup| fixup.0 == at) {
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
