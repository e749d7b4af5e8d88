//! Turns the ranges that the alignment found to differ into differences for people.

use super::{AreSameCode, Data, moduledata_pointers};
use crate::harmless::HarmlessData;
use crate::side::{Addresses, Side, size};
use gospect_record::rebuild::{Difference, DifferentPart};
use std::collections::{BTreeMap, HashMap};

/// Most differences of data that are listed.
const SHOWN: usize = 20;

/// A range of the old and one of the new program that differ; either may be empty.
type DifferentRanges = (Addresses, Addresses);

impl Data {
    /// Turns the ranges that differ into differences.
    pub(super) fn describe(
        &mut self,
        old: &Side<'_, '_>,
        new: &Side<'_, '_>,
        are_same_code: &AreSameCode<'_>,
    ) {
        let mut unexplained = self.without_harmless(old, new, are_same_code);
        drop_moved((old, new), &mut unexplained);
        // By section: how many places without text differ, the first of them, and their bytes together.
        let mut scattered: BTreeMap<String, (u64, u64, u64)> = BTreeMap::new();
        for (old_range, new_range) in unexplained {
            let is_added = old_range.is_empty();
            let section = match is_added {
                true => new.section_name(new_range.start),
                false => old.section_name(old_range.start),
            };
            let bytes = size(&old_range).max(size(&new_range));
            let text = |side: &Side<'_, '_>, range: &Addresses| quoted(&text_around(side, range));
            let what = match (text(old, &old_range), text(new, &new_range)) {
                (Some(old_text), Some(new_text)) if old_text != new_text => {
                    format!("{section}: {old_text} is {new_text}")
                }
                (Some(text), None) if new_range.is_empty() => {
                    format!("{section}: {text} is only in the old program")
                }
                (None, Some(text)) if is_added => {
                    format!("{section}: {text} is only in the new program")
                }
                _ => {
                    let range = if is_added { &new_range } else { &old_range };
                    let places = scattered.entry(section).or_insert((0, range.start, 0));
                    *places = (places.0 + 1, places.1.min(range.start), places.2 + bytes);
                    continue;
                }
            };
            self.differences.push(Difference {
                part: DifferentPart::Data,
                bytes,
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

    /// Adds the harmless differences, and returns the ranges of the others.
    fn without_harmless(
        &mut self,
        old: &Side<'_, '_>,
        new: &Side<'_, '_>,
        are_same_code: &AreSameCode<'_>,
    ) -> Vec<DifferentRanges> {
        let (old_harmless, new_harmless) = (HarmlessData::of(old), HarmlessData::of(new));
        let bases = moduledata_pointers(old, new);
        let mut unexplained = Vec::new();
        for (old_range, new_range) in &self.alignment.different {
            if self.are_offsets((old, new), are_same_code, &bases, old_range, new_range)
                || self.are_imports((old, new), old_range, new_range)
            {
                continue;
            }
            let parts = (
                old_harmless.part(old, old_range),
                new_harmless.part(new, new_range),
            );
            match parts {
                (Some(old_part), Some(new_part)) => {
                    if let Some((part, what)) = old_part.or(new_part) {
                        self.differences.push(Difference {
                            part,
                            bytes: size(old_range).max(size(new_range)),
                            what: what.to_owned(),
                        });
                    }
                }
                _ => unexplained.push((old_range.clone(), new_range.clone())),
            }
        }
        unexplained
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

/// Drops bytes that one place lacks and another has: the linker sorts data by size, so they were moved when a neighbour has another size.
fn drop_moved((old, new): (&Side<'_, '_>, &Side<'_, '_>), ranges: &mut Vec<DifferentRanges>) {
    let bytes_of = |side: &Side<'_, '_>, range: &Addresses| {
        let bytes = side.image.bytes(range.start, size(range));
        let bytes = bytes.map(|bytes| bytes.strip_suffix(&[0]).unwrap_or(bytes));
        bytes.unwrap_or_default().to_vec()
    };
    // How often the old program has bytes more often than the new one.
    let mut balance: HashMap<Vec<u8>, i64> = HashMap::new();
    for (old_range, new_range) in ranges.iter() {
        if new_range.is_empty() {
            *balance.entry(bytes_of(old, old_range)).or_default() += 1;
        } else if old_range.is_empty() {
            *balance.entry(bytes_of(new, new_range)).or_default() -= 1;
        }
    }
    ranges.retain(|(old_range, new_range)| {
        let bytes = match (old_range.is_empty(), new_range.is_empty()) {
            (_, true) => bytes_of(old, old_range),
            (true, _) => bytes_of(new, new_range),
            _ => return true,
        };
        balance.get(&bytes) != Some(&0)
    });
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
        .take_while(|byte| byte.is_ascii_graphic() || **byte == b' ')
        .count();
    let mut text = before
        .get(before.len() - printable..)
        .unwrap_or_default()
        .to_vec();
    let size = (range.end - range.start).clamp(24, 60);
    let after = side.image.bytes_upto(range.start, size).unwrap_or_default();
    let printable = after
        .iter()
        .take_while(|byte| byte.is_ascii_graphic() || **byte == b' ')
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
