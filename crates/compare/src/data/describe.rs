//! Turns the ranges that the alignment found to differ into differences for people.

use super::{AreSameCode, Data, moduledata_pointers};
use crate::side::{Addresses, Side};
use gospect_record::rebuild::{Difference, DifferentPart};
use std::collections::{BTreeMap, HashMap};

/// Most differences of data that are listed.
const SHOWN: usize = 20;

impl Data {
    /// Turns the ranges that differ into differences.
    pub(super) fn describe(
        &mut self,
        old: &Side<'_, '_>,
        new: &Side<'_, '_>,
        are_same_code: &AreSameCode<'_>,
    ) {
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
            if self.are_offsets((old, new), are_same_code, &bases, a, b)
                || self.are_imports((old, new), a, b)
            {
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
        // By section: how many places without text differ, the first of them, and their bytes together.
        let mut scattered: BTreeMap<String, (u64, u64, u64)> = BTreeMap::new();
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
                _ => {
                    let first = if a.is_empty() { b.start } else { a.start };
                    let size = (a.end - a.start).max(b.end - b.start);
                    let places = scattered.entry(place).or_insert((0u64, first, 0u64));
                    *places = (places.0 + 1, places.1.min(first), places.2 + size);
                    continue;
                }
            };
            self.differences.push(Difference {
                part: DifferentPart::Data,
                bytes: (a.end - a.start).max(b.end - b.start),
                what,
            });
        }
        let in_sections = scattered
            .into_iter()
            .map(|(section, (count, first, bytes))| Difference {
                part: DifferentPart::Data,
                bytes,
                what: match count {
                    1 => format!("{section}: other bytes at {first:#x}"),
                    _ => {
                        format!("{section}: other bytes in {count} places, the first at {first:#x}")
                    }
                },
            });
        self.differences.extend(in_sections);
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
