//! What the alignment found to differ, as differences in words.

use super::{Data, starts};
use crate::side::{Addresses, Side};
use gospect_record::rebuild::{Difference, DifferentPart};
use std::collections::{BTreeMap, HashMap};

/// Offsets next to each other that are looked at.
const MOST_OFFSETS: u64 = 4;

impl Data {
    /// Whether what differs is an offset of 32 bits from a table that moduledata names, and leads to the same thing: the runtime has many of these
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
                        .any(|(p, q)| self.became(p + x).is_some_and(|at| at == q + y))
            })
    }

    /// Turns what differs into differences.
    pub(super) fn describe(&mut self, old: &Side<'_, '_>, new: &Side<'_, '_>) {
        let (mine, theirs) = (crate::parts::Known::of(old), crate::parts::Known::of(new));
        let mut moved: HashMap<Vec<u8>, i64> = HashMap::new();
        let bytes_of = |side: &Side<'_, '_>, range: &Addresses| {
            let bytes = side
                .image
                .bytes(range.start, range.end.saturating_sub(range.start));
            bytes
                .map(|bytes| bytes.strip_suffix(&[0]).unwrap_or(bytes).to_vec())
                .unwrap_or_default()
        };
        let mut left = Vec::new();
        let bases = starts(old, new);
        for (a, b) in &self.alignment.different {
            if self.are_offsets(old, new, &bases, a, b) {
                continue;
            }
            match (mine.part(old, a), theirs.part(new, b)) {
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
                _ => left.push((a.clone(), b.clone())),
            }
        }
        // The same bytes gone from one place and come to another: sorted by another length of what stood around.
        for (a, b) in &left {
            if b.is_empty() {
                *moved.entry(bytes_of(old, a)).or_default() += 1;
            } else if a.is_empty() {
                *moved.entry(bytes_of(new, b)).or_default() -= 1;
            }
        }
        for (a, b) in left {
            let bytes = if b.is_empty() {
                bytes_of(old, &a)
            } else {
                bytes_of(new, &b)
            };
            if (a.is_empty() || b.is_empty()) && moved.get(&bytes) == Some(&0) {
                continue;
            }
            let place = if a.is_empty() {
                new.section_name(b.start)
            } else {
                old.section_name(a.start)
            };
            let text = |side: &Side<'_, '_>, range: &Addresses| shown(&around(side, range));
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

    /// Many small differences are one for people.
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
        const SHOWN: usize = 20;
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

/// The text around a difference, up to what is no text.
fn around(side: &Side<'_, '_>, range: &Addresses) -> Vec<u8> {
    const BEFORE: u64 = 24;
    if range.is_empty() {
        return Vec::new();
    }
    let start = range.start.saturating_sub(BEFORE);
    let front = side
        .image
        .bytes(start, range.start - start)
        .unwrap_or_default();
    let plain = front
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_graphic() || **b == b' ')
        .count();
    let mut text = front
        .get(front.len() - plain..)
        .unwrap_or_default()
        .to_vec();
    let size = (range.end - range.start).clamp(24, 60);
    let back = side.image.bytes_upto(range.start, size).unwrap_or_default();
    let plain = back
        .iter()
        .take_while(|b| b.is_ascii_graphic() || **b == b' ')
        .count();
    if plain == 0 {
        return Vec::new();
    }
    text.extend_from_slice(back.get(..plain).unwrap_or_default());
    text
}

fn shown(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes)
        .ok()
        .filter(|text| text.len() >= 4)?;
    Some(format!("`{text}`"))
}
