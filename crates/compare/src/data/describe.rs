//! Turns the ranges that the alignment found to differ into differences for people.

use super::{AreSameCode, Data, moduledata_pointers};
use crate::side::{Addresses, Side, size};
use gospect_record::rebuild::{Difference, DifferentPart};
use std::collections::BTreeMap;

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
        self.drop_moved((old, new), &mut unexplained);
        self.reported.clone_from(&unexplained);
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
        let [old_harmless, new_harmless] = &self.harmless;
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
                (Some(old_part), Some(new_part))
                    if old_part.is_none() || new_part.is_none() || old_part == new_part =>
                {
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

    /// Drops constants that one place lacks and another has: the linker sorts data by size, so they were moved when a neighbour has another size.
    fn drop_moved(
        &mut self,
        (old, new): (&Side<'_, '_>, &Side<'_, '_>),
        ranges: &mut Vec<DifferentRanges>,
    ) {
        let mut by_contents: BTreeMap<Vec<u8>, [Vec<Addresses>; 2]> = BTreeMap::new();
        for (old_range, new_range) in ranges.iter() {
            let one = match (old_range.is_empty(), new_range.is_empty()) {
                (_, true) => constant(old, old_range).map(|bytes| (bytes, 0, old_range)),
                (true, _) => constant(new, new_range).map(|bytes| (bytes, 1, new_range)),
                _ => None,
            };
            if let Some((bytes, program, range)) = one
                && let Some(all) = by_contents.entry(bytes).or_default().get_mut(program)
            {
                all.push(range.clone());
            }
        }
        by_contents.retain(|_, [of_old, of_new]| of_old.len() == of_new.len());
        for (contents, places) in by_contents.into_values().enumerate() {
            for (all, places) in self.elsewhere.iter_mut().zip(places) {
                all.extend(places.into_iter().map(|range| (range, contents)));
            }
        }
        for all in &mut self.elsewhere {
            all.sort_unstable_by_key(|(range, _)| range.start);
        }
        let [of_old, of_new] = &self.elsewhere;
        let is_in = |all: &[(Addresses, usize)], range: &Addresses| {
            let place = all.binary_search_by_key(&range.start, |(other, _)| other.start);
            place.is_ok_and(|i| all.get(i).is_some_and(|(other, _)| other == range))
        };
        ranges.retain(|(old_range, new_range)| {
            match (old_range.is_empty(), new_range.is_empty()) {
                (_, true) => !is_in(of_old, old_range),
                (true, _) => !is_in(of_new, new_range),
                _ => true,
            }
        });
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

/// The bytes of a range without a NUL at the end. `None` if it holds variables or pointers, which are not the same for having the same bytes.
fn constant(side: &Side<'_, '_>, range: &Addresses) -> Option<Vec<u8>> {
    let image = side.image;
    let word = image.pointer_size().max(1);
    if image.segment_at(range.start)?.writable {
        return None;
    }
    let bytes = image.bytes(range.start, size(range))?;
    let first = range.start.next_multiple_of(word);
    let words = (first..range.end.saturating_sub(word - 1)).step_by(usize::try_from(word).ok()?);
    let mut values = words.filter_map(|at| image.pointer(at));
    if values.any(|value| value != 0 && side.holds(value)) {
        return None;
    }
    Some(bytes.strip_suffix(&[0]).unwrap_or(bytes).to_vec())
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
