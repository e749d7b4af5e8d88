//! Plan 9 a.out (src/debug/plan9obj and src/cmd/link/internal/ld/asmb.go, Go 1.27): a big-endian header of eight words (amd64
//! adds eight bytes with the entry), then text, data and symbols without gaps.

use super::error::{Fault, OpenError};
use super::image::Image;
use super::layout::{Format, Section, Segment, SymbolTable, Symbols};
use super::sniff::PLAN9_MAGIC;
use gospect_bytes::Window;
use std::borrow::Cow;

/// Text starts this far into a page; data starts at the next multiple of it.
const PAGE_386: u64 = 0x1000;
const PAGE_AMD64: u64 = 0x20_0000;

pub(super) fn open<'a>(window: &'a Window<'_>) -> Result<Image<'a>, OpenError> {
    let head = window
        .get(0, 40)
        .ok_or(OpenError::Truncated("Plan 9 header"))?;
    let word = |i: usize| {
        head.get(4 * i..4 * i + 4).map_or(0, |b| {
            u64::from(u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
        })
    };
    let &(_, arch, wide) = PLAN9_MAGIC
        .iter()
        .find(|m| u64::from(m.0) == word(0))
        .ok_or(OpenError::NotExecutable)?;
    let (text, data, symbols, entry) = (word(1), word(2), word(4), word(5));
    let header = if wide { 40 } else { 32 };
    // The magic numbers are short, so the parts must also fit the file and the entry must be inside the text.
    let total = header + text + data + symbols;
    if text == 0 || data == 0 || entry == 0 || header + text > window.len() {
        return Err(OpenError::NotExecutable);
    }
    let mut image = Image::new(window, Format::Plan9, if wide { 64 } else { 32 }, false);
    image.os = Some("plan9");
    image.arch = Some(arch);
    if total > window.len() {
        image.fault(Fault::Truncated("Plan 9 data"));
    }
    // The header is loaded before the text. Go links text at one page (plus the header) and data at the next page boundary.
    let page = if wide { PAGE_AMD64 } else { PAGE_386 };
    let text_address = page + header;
    let data_address = (text_address + text).next_multiple_of(page);
    if !(text_address..text_address + text).contains(&entry) && !wide {
        return Err(OpenError::NotExecutable);
    }
    let parts: [(&'static [u8], u64, u64, u64); 2] = [
        (b"text", text_address, header, text),
        (b"data", data_address, header + text, data),
    ];
    for (i, (name, address, offset, size)) in parts.into_iter().enumerate() {
        image.segments.push(Segment {
            address,
            size: size.min(window.len().saturating_sub(offset)),
            offset,
            writable: i == 1,
            executable: i == 0,
            discardable: false,
        });
        image.sections.push(Section {
            name: Cow::Borrowed(name),
            address,
            size,
            offset,
            file_size: size,
        });
    }
    if symbols > 0 {
        let offset = header + text + data;
        image.symbol_table = Some(SymbolTable {
            layout: Symbols::Plan9,
            offset,
            size: symbols,
            strings: 0,
            strings_size: 0,
        });
    }
    Ok(image)
}
