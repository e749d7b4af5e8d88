//! How far an executable reaches in its file, and whether parts of it are missing.

use gospect_exe::{self as exe, Fault, Image};

/// Whether sections with bytes in the file are outside of it. A separate debug file has none of those: its tables mark the
/// sections that it leaves out.
pub fn lacks_content(image: &Image<'_>) -> bool {
    let len = image.window().len();
    let is_outside = |offset: u64, size: u64| size > 0 && offset.saturating_add(size) > len;
    image.format != exe::Format::Elf
        || image.sections.is_empty()
        || image
            .sections
            .iter()
            .any(|s| is_outside(s.offset, s.file_size))
}

/// The offset after the last byte of any segment, section or section table.
pub fn end_of(image: &Image<'_>) -> u64 {
    let segments = image.segments.iter().map(|s| (s.offset, s.size));
    let sections = image.sections.iter().map(|s| (s.offset, s.file_size));
    let ends = segments
        .chain(sections)
        .map(|(offset, size)| offset.saturating_add(size));
    ends.chain([elf_table_end(image)]).max().unwrap_or(0)
}

/// The offset after the section table of an ELF file (`e_shoff`, `e_shentsize` and `e_shnum` of its header).
fn elf_table_end(image: &Image<'_>) -> u64 {
    if image.format != exe::Format::Elf {
        return 0;
    }
    let (at, width, counts) = if image.bits == 64 {
        (0x28, 8, 0x3a)
    } else {
        (0x20, 4, 0x2e)
    };
    let number = |at: u64, width: u64| image.window().get(at, width).map_or(0, |b| image.number(b));
    let size = number(counts, 2).saturating_mul(number(counts + 2, 2));
    number(at, width).saturating_add(size)
}

/// Whether a fault hides parts of the file. An incomplete segment does not: separate debug files are made that way.
pub fn cuts_headers(fault: &Fault) -> bool {
    match fault {
        Fault::Truncated(what) => !what.ends_with("segment") && !what.ends_with(" section"),
        Fault::Malformed(_) => false,
    }
}
