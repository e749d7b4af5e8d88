//! Whether parts of a file are loaded over each other. The kernel maps whole pages, so what is behind the end of one segment may come from another.

use super::loading::pe_optional_header;
use super::side::Side;
use gospect_exe::Format;

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

/// Whether parts of a program are loaded over each other.
pub fn share_pages(side: &Side<'_, '_>) -> bool {
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
            let at = pe_optional_header(side).and_then(|header| header.checked_add(ALIGNMENT));
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
