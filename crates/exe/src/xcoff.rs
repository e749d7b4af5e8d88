//! XCOFF, 32 and 64 bits (AIX documentation, "XCOFF Object File Format"). Go's own reader needs a symbol table, which `-s` removes;
//! section headers are enough.

use super::error::{Fault, OpenError};
use super::image::Image;
use super::layout::{Format, Kind, Section, Segment, SymbolTable, Symbols};
use gospect_bytes::Window;
use object::BigEndian as BE;
use object::pod;
use object::xcoff;
use std::borrow::Cow;

/// `F_SHROBJ`.
const SHARED: u16 = 0x2000;
const STYP_TEXT: u32 = 0x20;
const STYP_DATA: u32 = 0x40;
const STYP_TDATA: u32 = 0x400;

pub(super) fn open<'a>(window: &'a Window<'_>) -> Result<Image<'a>, OpenError> {
    let error = OpenError::Truncated("XCOFF header");
    let magic = window.get(0, 2).ok_or(error)?;
    let wide = magic == [0x01, 0xf7];
    let mut image = Image::new(window, Format::Xcoff, if wide { 64 } else { 32 }, true);
    image.os = Some("aix");
    image.arch = Some(if wide { "ppc64" } else { "ppc" });
    // For each width: number of sections, size of the optional header, flags, symbols; then the section headers.
    let (count, offset, flags, symbols) = if wide {
        let size = std::mem::size_of::<xcoff::FileHeader64>() as u64;
        let (h, _) = window
            .get(0, size)
            .and_then(|b| pod::from_bytes::<xcoff::FileHeader64>(b).ok())
            .ok_or(error)?;
        let symbols = (h.f_symptr.get(BE), u64::from(h.f_nsyms.get(BE)));
        (
            h.f_nscns.get(BE),
            size + u64::from(h.f_opthdr.get(BE)),
            h.f_flags.get(BE).0,
            symbols,
        )
    } else {
        let size = std::mem::size_of::<xcoff::FileHeader32>() as u64;
        let (h, _) = window
            .get(0, size)
            .and_then(|b| pod::from_bytes::<xcoff::FileHeader32>(b).ok())
            .ok_or(error)?;
        let symbols = (u64::from(h.f_symptr.get(BE)), u64::from(h.f_nsyms.get(BE)));
        (
            h.f_nscns.get(BE),
            size + u64::from(h.f_opthdr.get(BE)),
            h.f_flags.get(BE).0,
            symbols,
        )
    };
    image.kind = if flags & SHARED != 0 {
        Kind::Shared
    } else {
        Kind::Exe
    };
    if symbols.0 != 0 && symbols.1 != 0 {
        let strings = symbols.0.saturating_add(symbols.1 * 18);
        check_symbols(window, strings, wide, &mut image);
        image.symbol_table = Some(SymbolTable {
            layout: Symbols::Xcoff,
            offset: symbols.0,
            size: symbols.1 * 18,
            strings,
            strings_size: window.len().saturating_sub(strings),
        });
    }
    for i in 0..u64::from(count) {
        let Some(section) = section(window, offset, i, wide) else {
            image.fault(Fault::Truncated("XCOFF section table"));
            break;
        };
        let (raw, kind) = section;
        let present = raw.file_size.min(window.len().saturating_sub(raw.offset));
        if present < raw.file_size {
            image.fault(Fault::Truncated("XCOFF section"));
        }
        // The low half is the type; the high half tells the kind of DWARF section.
        if kind & (STYP_TEXT | STYP_DATA | STYP_TDATA) != 0 && present > 0 {
            image.segments.push(Segment {
                address: raw.address,
                size: present,
                offset: raw.offset,
                writable: kind & STYP_TEXT == 0,
                executable: kind & STYP_TEXT != 0,
                discardable: false,
            });
        }
        image.sections.push(raw);
    }
    Ok(image)
}

/// Notes a symbol table or string table that goes past the end of the file. The string table follows the symbols and starts
/// with its own length in four bytes ("XCOFF Object File Format", String Table). 64-bit files have all names there; 32-bit
/// files may have none.
fn check_symbols(window: &Window<'_>, strings: u64, wide: bool, image: &mut Image<'_>) {
    let end = window.len();
    if strings > end {
        return image.fault(Fault::Truncated("XCOFF symbol table"));
    }
    if strings == end && !wide {
        return;
    }
    let length = window
        .get(strings, 4)
        .and_then(|bytes| <[u8; 4]>::try_from(bytes).ok())
        .map(u32::from_be_bytes);
    if length.is_none_or(|length| strings.saturating_add(length.into()) > end) {
        image.fault(Fault::Truncated("XCOFF string table"));
    }
}

fn section<'a>(
    window: &'a Window<'_>,
    start: u64,
    index: u64,
    wide: bool,
) -> Option<(Section<'a>, u32)> {
    let size = if wide { 72 } else { 40 };
    let bytes = window.get(start.checked_add(index * size)?, size)?;
    let (name, address, length, offset, flags) = if wide {
        let (h, _) = pod::from_bytes::<xcoff::SectionHeader64>(bytes).ok()?;
        (
            &h.s_name,
            h.s_vaddr.get(BE),
            h.s_size.get(BE),
            h.s_scnptr.get(BE),
            h.s_flags.get(BE).0,
        )
    } else {
        let (h, _) = pod::from_bytes::<xcoff::SectionHeader32>(bytes).ok()?;
        (
            &h.s_name,
            h.s_vaddr.get(BE).into(),
            h.s_size.get(BE).into(),
            h.s_scnptr.get(BE).into(),
            h.s_flags.get(BE).0,
        )
    };
    let name = &name[..name.iter().position(|&b| b == 0).unwrap_or(8)];
    let file_size = if offset == 0 { 0 } else { length };
    Some((
        Section {
            name: Cow::Borrowed(name),
            address,
            size: length,
            offset,
            file_size,
        },
        flags,
    ))
}
