//! What comes into memory besides the segments that are compared: pages of other segments, the rest of pages, and what unpacks a packed program.
//!
//! The kernel maps whole pages, so what is behind the end of one segment may come from another one.

use super::side::Side;
use gospect_exe::{Format, Segment};
use gospect_record::rebuild::{Difference, DifferentPart};

/// The smallest page of all kernels.
const PAGE: u64 = 4096;

/// A `PT_LOAD` program header (System V ABI, "Program Header").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Load {
    address: u64,
    offset: u64,
    in_file: u64,
    in_memory: u64,
}

impl Load {
    /// Whether this segment and one behind it have pages in common that hold different things.
    fn disturbs(&self, next: &Self) -> bool {
        let end = self.address.saturating_add(self.in_memory);
        let end = end.checked_next_multiple_of(PAGE).unwrap_or(u64::MAX);
        let start = next.address - next.address % PAGE;
        let is_same_place = self.address.wrapping_sub(self.offset)
            == next.address.wrapping_sub(next.offset)
            && self.in_memory == self.in_file;
        end > start && !is_same_place
    }
}

/// A packed program begins with the code that unpacks it, which is not taken apart.
pub fn packed(old: &Side<'_, '_>, new: &Side<'_, '_>) -> Option<Difference> {
    let packer = |side: &Side<'_, '_>| side.facts.binary.executable.packed.clone();
    packer(old).or(packer(new)).map(|packer| Difference {
        part: DifferentPart::Code,
        bytes: 0,
        what: format!("packed with {packer}: what unpacks it runs first and is not compared, so unpack it before"),
    })
}

/// What comes into memory without being in the segments, if anything does.
pub fn outside_of_segments(side: &Side<'_, '_>) -> Option<&'static str> {
    match (share_pages(side), has_bytes_behind_data(side)) {
        (true, _) => Some("segments share a page: the last one replaces the bytes of the others"),
        (_, true) => Some("the file has bytes where zero-filled variables begin"),
        _ => None,
    }
}

/// Bytes of a Mach-O file behind the end of a writable segment in its last page. The kernel of macOS leaves them where zero-filled variables begin
/// (xnu, bsd/kern/mach_loader.c, `load_segment`).
fn has_bytes_behind_data(side: &Side<'_, '_>) -> bool {
    /// The page of arm64; that of amd64 is smaller.
    const PAGE: u64 = 0x4000;
    let image = side.image;
    let is_used = |segment: &&Segment| {
        let end = segment.offset.saturating_add(segment.size);
        let others = image.segments.iter().map(|other| other.offset);
        let next = others.filter(|start| *start >= end).min();
        let last = end.next_multiple_of(PAGE).min(next.unwrap_or(u64::MAX));
        let last = last.min(image.window().len());
        let bytes = image.window().get(end, last.saturating_sub(end));
        !bytes.is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0))
    };
    let writable = image
        .segments
        .iter()
        .filter(|s| s.writable && !s.discardable);
    image.format == Format::MachO && writable.into_iter().any(|segment| is_used(&segment))
}

/// Whether parts of a program are loaded over each other.
fn share_pages(side: &Side<'_, '_>) -> bool {
    match side.image.format {
        Format::Elf => {
            let mut all = loads(side);
            all.sort_unstable();
            all.iter()
                .zip(all.iter().skip(1))
                .any(|(load, next)| load.disturbs(next))
        }
        // With less than a page the file is mapped as it is (Microsoft PE format, "SectionAlignment").
        Format::Pe => {
            const ALIGNMENT: u64 = 32;
            let window = side.image.window();
            let at = side
                .pe_optional_header()
                .and_then(|header| header.checked_add(ALIGNMENT));
            let bytes = at.and_then(|at| window.get(at, 4));
            bytes.is_none_or(|bytes| side.image.number(bytes) < PAGE)
        }
        _ => false,
    }
}

fn loads(side: &Side<'_, '_>) -> Vec<Load> {
    const LOAD: u64 = 1;
    let image = side.image;
    let window = image.window();
    let number = |at: u64, size: u64| window.get(at, size).map(|bytes| image.number(bytes));
    // Offset of the table, its entry size and count, then type, offset, address, sizes in file and memory of an entry.
    let (table, size, count, fields, word) = match image.bits {
        64 => (32, 54, 56, [8, 16, 32, 40], 8),
        _ => (28, 42, 44, [4, 8, 16, 20], 4),
    };
    let table = number(table, word)
        .zip(number(size, 2))
        .zip(number(count, 2));
    let Some(((start, size), count)) = table else {
        return Vec::new();
    };
    let entries = (0..count).filter_map(|i| start.checked_add(i * size));
    let loaded = entries.filter(|at| number(*at, 4) == Some(LOAD));
    let read = |at: u64| {
        let [offset, address, in_file, in_memory] = fields.map(|field| number(at + field, word));
        Some(Load {
            address: address?,
            offset: offset?,
            in_file: in_file?,
            in_memory: in_memory?,
        })
    };
    loaded
        .filter_map(read)
        .filter(|load| load.in_memory > 0)
        .collect()
}
