//! Compares the loaded bytes that nothing else compares: those between the parts that are taken apart, and tables that are not read.
//!
//! Equal bytes at the same address are the same in both programs. Where bytes have moved, only padding is.

use super::data::Data;
use super::regions::compared_elsewhere;
use super::side::{Addresses, Side};
use gospect_exe::{Segment, loader};
use gospect_record::rebuild::{Difference, DifferentPart};

/// Most differences that are listed.
const SHOWN: usize = 20;
/// Owner, type and section of the notes that hold build IDs (src/cmd/internal/buildid/note.go; GNU ld, `--build-id`).
const BUILD_IDS: [(&str, &[u8], u64); 2] = [
    (".note.go.buildid", b"Go\0\0", 4),
    (".note.gnu.build-id", b"GNU\0", 3),
];

/// Compares what no other part of the comparison looks at.
pub fn compare(old: &Side<'_, '_>, new: &Side<'_, '_>, data: &Data) -> Vec<Difference> {
    let has_moved = !data.is_unmoved();
    let (of_old, of_new) = (rest(old, data.compared(0)), rest(new, data.compared(1)));
    let mut all = unequal(old, &of_old, (new, &of_new), has_moved);
    all.extend(unequal(new, &of_new, (old, &of_old), has_moved));
    all.sort();
    all.dedup();
    all.truncate(SHOWN);
    all
}

/// The ranges of one program in which the other has other bytes, or something that is taken apart.
fn unequal(
    side: &Side<'_, '_>,
    ranges: &[Addresses],
    (other, of_other): (&Side<'_, '_>, &[Addresses]),
    has_moved: bool,
) -> Vec<Difference> {
    let mut all = Vec::new();
    for range in ranges {
        let bytes = side.image.bytes(range.start, range.end - range.start);
        let is_unequal = |(address, byte): (u64, &u8)| {
            let is_padding = matches!(byte, 0 | 0xcc);
            match holds(of_other, address) {
                true => {
                    let same = other.image.bytes(address, 1) == Some(&[*byte]);
                    !(same || has_moved && is_padding)
                }
                false => !is_padding,
            }
        };
        let all_bytes = (range.start..).zip(bytes.unwrap_or_default());
        let count = all_bytes
            .filter(|(at, byte)| is_unequal((*at, byte)))
            .count();
        if count == 0 {
            continue;
        }
        let segment = side.image.segment_at(range.start);
        let why = match has_moved {
            true => "moved, and not taken apart",
            false => "other bytes, which are not taken apart",
        };
        all.push(Difference {
            part: match segment.is_some_and(|segment| segment.executable) {
                true => DifferentPart::Code,
                false => DifferentPart::Data,
            },
            bytes: count as u64,
            what: format!(
                "{} at {:#x}: {why}",
                side.section_name(range.start),
                range.start
            ),
        });
    }
    all
}

/// Whether an address is in one of some ranges, which are sorted.
fn holds(sorted: &[Addresses], address: u64) -> bool {
    let after = sorted.partition_point(|range| range.start <= address);
    let last = after.checked_sub(1).and_then(|i| sorted.get(i));
    last.is_some_and(|range| range.contains(&address))
}

/// The loaded bytes that are neither compared as data or code, nor taken apart. Split at the bounds of sections.
fn rest(side: &Side<'_, '_>, compared: &[Addresses]) -> Vec<Addresses> {
    let mut known = compared.to_vec();
    let elsewhere = compared_elsewhere(side).into_iter();
    known.extend(elsewhere.map(|range| range.addresses));
    known.extend(loader::statements(side.image).tables);
    known.extend(build_ids(side));
    known.extend(section_names(side));
    known.sort_by_key(|range| range.start);
    let mut bounds: Vec<u64> = Vec::new();
    for section in side.image.sections.iter().filter(|s| s.address != 0) {
        bounds.extend([
            section.address,
            section.address.saturating_add(section.size),
        ]);
    }
    bounds.sort_unstable();
    let mut all = Vec::new();
    for segment in side.image.segments.iter().filter(|s| !s.discardable) {
        let mut start = segment.address;
        let end = segment.end();
        for range in known.iter().filter(|r| r.start < end) {
            if range.end <= start {
                continue;
            }
            if range.start > start {
                all.push(start..range.start);
            }
            start = start.max(range.end);
        }
        if start < end {
            all.push(start..end);
        }
    }
    let mut parts: Vec<Addresses> = all
        .into_iter()
        .flat_map(|range| split(range, &bounds))
        .collect();
    parts.sort_by_key(|range| range.start);
    parts
}

/// Splits a range at sorted bounds.
fn split(range: Addresses, bounds: &[u64]) -> Vec<Addresses> {
    let from = bounds.partition_point(|bound| *bound <= range.start);
    let to = bounds.partition_point(|bound| *bound < range.end);
    let inner = bounds.get(from..to).unwrap_or_default();
    let starts = [range.start].into_iter().chain(inner.iter().copied());
    let ends = inner.iter().copied().chain([range.end]);
    starts
        .zip(ends)
        .map(|(start, end)| start..end)
        .filter(|part| !part.is_empty())
        .collect()
}

/// The names of sections. Up to Go 1.21 the linker writes them between the constants, where they are loaded; nothing uses them there.
fn section_names(side: &Side<'_, '_>) -> Option<Addresses> {
    let names = side.image.section(b".shstrtab")?;
    let mut segments = side.image.segments.iter();
    let holds =
        |s: &&Segment| names.offset >= s.offset && names.offset - s.offset < s.size && !s.writable;
    let segment = segments.find(holds)?;
    let start = segment.address.checked_add(names.offset - segment.offset)?;
    Some(start..start.saturating_add(names.file_size).min(segment.end()))
}

/// Notes that hold build IDs and nothing else. The IDs are compared as a part of their own.
fn build_ids(side: &Side<'_, '_>) -> Vec<Addresses> {
    let image = side.image;
    let note = |(name, owner, kind): &(&str, &[u8], u64)| {
        let section = image.section(name.as_bytes())?;
        let number = |at: u64| {
            let bytes = image.bytes(section.address.checked_add(at)?, 4)?;
            Some(image.number(bytes))
        };
        let size = number(4)?.checked_add(16)?;
        let is_build_id = number(0)? == 4
            && number(8)? == *kind
            && image.bytes(section.address.checked_add(12)?, 4)? == *owner
            && size.next_multiple_of(4) == section.size.next_multiple_of(4);
        is_build_id.then(|| section.address..section.address.saturating_add(section.size))
    };
    BUILD_IDS.iter().filter_map(note).collect()
}
