//! Turns the ranges that the alignment found to differ into differences for people.

use super::{Data, moduledata_pointers};
use crate::side::{Addresses, Side};
use gospect_record::rebuild::{Difference, DifferentPart};
use std::collections::{BTreeMap, HashMap};

/// Longest range that may be offsets, in offsets of 32 bits.
const MOST_OFFSETS: u64 = 4;
/// Most differences of data that are listed.
const SHOWN: usize = 20;

impl Data {
    /// Whether two ranges that differ are offsets of 32 bits from a table that moduledata points to, and lead to the same thing; the runtime has many such offsets
    /// (src/runtime/symtab.go `funcdata`, src/runtime/stack.go `stackObjectRecord`, src/internal/abi/type.go `NameOff`).
    fn are_offsets(
        &self,
        old: &Side<'_, '_>,
        new: &Side<'_, '_>,
        bases: &[(u64, u64)],
        a: &Addresses,
        b: &Addresses,
    ) -> bool {
        let (start, other) = (a.start & !3, b.start & !3);
        if a.end - a.start != b.end - b.start || a.start - start != b.start - other {
            return false;
        }
        let word = |side: &Side<'_, '_>, at: u64| {
            side.image
                .bytes(at, 4)
                .map(|bytes| side.image.number(bytes))
        };
        let count = (a.end - start).div_ceil(4);
        count <= MOST_OFFSETS
            && (0..count).all(|i| {
                let (Some(x), Some(y)) = (word(old, start + 4 * i), word(new, other + 4 * i))
                else {
                    return false;
                };
                x == y
                    || bases
                        .iter()
                        .any(|(p, q)| self.new_address(p + x).is_some_and(|at| at == q + y))
            })
    }

    /// Turns the ranges that differ into differences.
    pub(super) fn describe(&mut self, old: &Side<'_, '_>, new: &Side<'_, '_>) {
        let (old_harmless, new_harmless) = (
            crate::parts::HarmlessData::of(old),
            crate::parts::HarmlessData::of(new),
        );
        let mut balance: HashMap<Vec<u8>, i64> = HashMap::new();
        let bytes_of = |side: &Side<'_, '_>, range: &Addresses| {
            let bytes = side
                .image
                .bytes(range.start, range.end.saturating_sub(range.start));
            bytes
                .map(|bytes| bytes.strip_suffix(&[0]).unwrap_or(bytes).to_vec())
                .unwrap_or_default()
        };
        let mut unexplained = Vec::new();
        let bases = moduledata_pointers(old, new);
        for (a, b) in &self.alignment.different {
            if self.are_offsets(old, new, &bases, a, b) {
                continue;
            }
            match (old_harmless.part(old, a), new_harmless.part(new, b)) {
                (Some(part), Some(other)) => {
                    let part = part.or(other);
                    if let Some((part, what)) = part {
                        self.differences.push(Difference {
                            part,
                            bytes: (a.end - a.start).max(b.end - b.start),
                            what: what.to_owned(),
                        });
                    }
                }
                _ => unexplained.push((a.clone(), b.clone())),
            }
        }
        // Bytes that one place lacks and another has were moved: the linker sorts data by size, and a neighbour has another size. Count how often the old
        // program has them more often than the new one.
        for (a, b) in &unexplained {
            if b.is_empty() {
                *balance.entry(bytes_of(old, a)).or_default() += 1;
            } else if a.is_empty() {
                *balance.entry(bytes_of(new, b)).or_default() -= 1;
            }
        }
        for (a, b) in unexplained {
            let bytes = if b.is_empty() {
                bytes_of(old, &a)
            } else {
                bytes_of(new, &b)
            };
            if (a.is_empty() || b.is_empty()) && balance.get(&bytes) == Some(&0) {
                continue;
            }
            let place = if a.is_empty() {
                new.section_name(b.start)
            } else {
                old.section_name(a.start)
            };
            let text = |side: &Side<'_, '_>, range: &Addresses| quoted(&text_around(side, range));
            let what = match (text(old, &a), text(new, &b)) {
                (Some(x), Some(y)) if x != y => format!("{place}: {x} is {y}"),
                (Some(x), None) if b.is_empty() => {
                    format!("{place}: {x} is only in the old program")
                }
                (None, Some(y)) if a.is_empty() => {
                    format!("{place}: {y} is only in the new program")
                }
                _ => format!(
                    "{place}: other bytes at {:#x}",
                    if a.is_empty() { b.start } else { a.start }
                ),
            };
            self.differences.push(Difference {
                part: DifferentPart::Data,
                bytes: (a.end - a.start).max(b.end - b.start),
                what,
            });
        }
        self.merge();
    }

    /// Merges differences with the same text, and counts those of data beyond [`SHOWN`].
    fn merge(&mut self) {
        let mut by_text: BTreeMap<(DifferentPart, String), u64> = BTreeMap::new();
        for difference in std::mem::take(&mut self.differences) {
            *by_text
                .entry((difference.part, difference.what))
                .or_default() += difference.bytes;
        }
        self.differences = by_text
            .into_iter()
            .map(|((part, what), bytes)| Difference { part, bytes, what })
            .collect();
        let (data, mut rest): (Vec<Difference>, Vec<Difference>) =
            std::mem::take(&mut self.differences)
                .into_iter()
                .partition(|d| d.part == DifferentPart::Data);
        let more = data.len().saturating_sub(SHOWN);
        let bytes: u64 = data.iter().skip(SHOWN).map(|d| d.bytes).sum();
        rest.extend(data.into_iter().take(SHOWN));
        if more > 0 {
            rest.push(Difference {
                part: DifferentPart::Data,
                bytes,
                what: format!("{more} more places"),
            });
        }
        self.differences = rest;
    }
}

/// The printable text around a difference.
fn text_around(side: &Side<'_, '_>, range: &Addresses) -> Vec<u8> {
    const BEFORE: u64 = 24;
    if range.is_empty() {
        return Vec::new();
    }
    let start = range.start.saturating_sub(BEFORE);
    let before = side
        .image
        .bytes(start, range.start - start)
        .unwrap_or_default();
    let printable = before
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_graphic() || **b == b' ')
        .count();
    let mut text = before
        .get(before.len() - printable..)
        .unwrap_or_default()
        .to_vec();
    let size = (range.end - range.start).clamp(24, 60);
    let after = side.image.bytes_upto(range.start, size).unwrap_or_default();
    let printable = after
        .iter()
        .take_while(|b| b.is_ascii_graphic() || **b == b' ')
        .count();
    if printable == 0 {
        return Vec::new();
    }
    text.extend_from_slice(after.get(..printable).unwrap_or_default());
    text
}

/// A text of four bytes or more in backticks.
fn quoted(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes)
        .ok()
        .filter(|text| text.len() >= 4)?;
    Some(format!("`{text}`"))
}
