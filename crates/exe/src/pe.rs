//! PE: 32 and 64 bits (Microsoft's PE/COFF specification), and bare COFF objects, the members of a c-archive.

use super::coff_fixups;
use super::error::{Fault, OpenError};
use super::image::Image;
use super::layout::{Format, Kind, Section, Segment, SymbolTable, Symbols};
use gospect_bytes::{Window, short};
use object::LittleEndian as LE;
use object::pe;
use object::read::coff::CoffHeader;
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader};
use std::borrow::Cow;

/// Most section headers to read; the Windows loader takes 96.
const SECTIONS_LIMIT: usize = 1 << 12;

const ARCHES: &[(pe::Machine, &str)] = &[
    (pe::IMAGE_FILE_MACHINE_AMD64, "amd64"),
    (pe::IMAGE_FILE_MACHINE_I386, "386"),
    (pe::IMAGE_FILE_MACHINE_ARM64, "arm64"),
    (pe::IMAGE_FILE_MACHINE_ARMNT, "arm"),
];

pub(super) fn open<'a>(window: &'a Window<'_>) -> Result<Image<'a>, OpenError> {
    let dos = pe::ImageDosHeader::parse(window).map_err(|_| OpenError::Truncated("DOS header"))?;
    let at = u64::from(dos.nt_headers_offset());
    // An MZ file without this signature is a DOS program, and not a damaged PE file.
    let signature = window.get(at, 4).ok_or(OpenError::NotExecutable)?;
    if signature != b"PE\0\0" {
        return Err(OpenError::NotExecutable);
    }
    let magic = window
        .get(at + 24, 2)
        .ok_or(OpenError::Truncated("PE optional header"))?;
    match magic {
        [0x0b, 0x01] => read::<pe::ImageNtHeaders32>(window, at, 32),
        [0x0b, 0x02] => read::<pe::ImageNtHeaders64>(window, at, 64),
        _ => Err(OpenError::Malformed("PE optional header")),
    }
}

fn read<'a, H: ImageNtHeaders>(
    window: &'a Window<'_>,
    at: u64,
    bits: u8,
) -> Result<Image<'a>, OpenError> {
    let mut offset = at;
    let (headers, _) =
        H::parse(window, &mut offset).map_err(|_| OpenError::Truncated("PE headers"))?;
    let file = headers.file_header();
    let optional = headers.optional_header();
    let mut image = Image::new(window, Format::Pe, bits, false);
    describe(&mut image, file);
    let base = optional.image_base();
    image.kind = if file.characteristics.get(LE).contains(pe::IMAGE_FILE_DLL) {
        Kind::Shared
    } else if optional
        .dll_characteristics()
        .contains(pe::IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE)
    {
        Kind::Pie
    } else {
        Kind::Exe
    };
    let is_mapped_by_pages = optional.section_alignment() >= PAGE;
    let unit = if is_mapped_by_pages { SECTOR } else { 1 };
    read_sections(window, file, offset, base, unit, &mut image);
    Ok(image)
}

/// Smallest alignment of sections that are mapped one by one.
const PAGE: u32 = 0x1000;
/// Windows begins to map a section at a multiple of this: it ignores the lower bits of `PointerToRawData` (`MiCreateImageFileMap` of the kernel
/// divides it by the size of a disk sector), so what stands at the exact place is not what runs.
const SECTOR: u64 = 0x200;

/// A COFF object starts with the file header.
pub(super) fn open_object<'a>(window: &'a Window<'_>) -> Result<Image<'a>, OpenError> {
    let mut offset = 0;
    let file = pe::ImageFileHeader::parse(window, &mut offset)
        .map_err(|_| OpenError::Truncated("COFF header"))?;
    let bits = match file.machine.get(LE) {
        pe::IMAGE_FILE_MACHINE_I386 | pe::IMAGE_FILE_MACHINE_ARMNT => 32,
        pe::IMAGE_FILE_MACHINE_AMD64 | pe::IMAGE_FILE_MACHINE_ARM64 => 64,
        _ => return Err(OpenError::NotExecutable),
    };
    let mut image = Image::new(window, Format::Pe, bits, false);
    describe(&mut image, file);
    image.kind = Kind::Object;
    image.read_fixups = coff_fixups::read;
    read_sections(window, file, offset, 0, 1, &mut image);
    Ok(image)
}

fn describe(image: &mut Image<'_>, file: &pe::ImageFileHeader) {
    let machine = file.machine.get(LE);
    image.arch = ARCHES.iter().find(|a| a.0 == machine).map(|a| a.1);
    image.os = Some("windows");
    let (offset, count) = (
        file.pointer_to_symbol_table.get(LE),
        file.number_of_symbols.get(LE),
    );
    if offset != 0 && count != 0 {
        let strings = u64::from(offset) + u64::from(count) * 18;
        let strings_size = image.window().len().saturating_sub(strings);
        image.symbol_table = Some(SymbolTable {
            layout: Symbols::Coff,
            offset: offset.into(),
            size: u64::from(count) * 18,
            strings,
            strings_size,
        });
    }
}

/// Reads the section table. Sections begin at multiples of `unit` bytes of the file.
fn read_sections<'a>(
    window: &'a Window<'_>,
    file: &pe::ImageFileHeader,
    offset: u64,
    base: u64,
    unit: u64,
    image: &mut Image<'a>,
) {
    let count = usize::from(file.number_of_sections.get(LE)).min(SECTIONS_LIMIT);
    let headers = window
        .get(offset, count as u64 * 40)
        .and_then(|b| object::pod::slice_from_bytes::<pe::ImageSectionHeader>(b, count).ok());
    let Some((headers, _)) = headers else {
        return image.fault(Fault::Truncated("PE section table"));
    };
    let mut next = 0x1_0000u64;
    for header in headers {
        let offset = u64::from(header.pointer_to_raw_data.get(LE)) & !(unit - 1);
        let raw_size = u64::from(header.size_of_raw_data.get(LE));
        let virtual_size = u64::from(header.virtual_size.get(LE));
        let flags = header.characteristics.get(LE);
        let mut address = base.saturating_add(header.virtual_address.get(LE).into());
        let present = if offset == 0 {
            0
        } else {
            raw_size.min(window.len().saturating_sub(offset))
        };
        if offset != 0 && present < raw_size {
            image.fault(Fault::Truncated("PE section"));
        }
        if image.kind == Kind::Object {
            address = next;
            next = next.saturating_add(present).saturating_add(0x1_ffff) & !0xffff;
        }
        let name = header
            .name
            .iter()
            .position(|&b| b == 0)
            .map_or(&header.name[..], |n| &header.name[..n]);
        let name = long_name(image, name).unwrap_or(Cow::Borrowed(name));
        // The loader ignores this flag, so it can be forged: it only counts for section names that compilers use.
        let discardable = flags.contains(pe::IMAGE_SCN_MEM_DISCARDABLE)
            && [".debug_", ".zdebug_", ".reloc", ".symtab"]
                .iter()
                .any(|known| name.starts_with(known.as_bytes()));
        image.sections.push(Section {
            name,
            address,
            size: virtual_size,
            offset,
            file_size: present,
        });
        if present > 0
            && !(image.kind == Kind::Object && flags.contains(pe::IMAGE_SCN_MEM_DISCARDABLE))
        {
            image.segments.push(Segment {
                address,
                size: present,
                offset,
                writable: flags.contains(pe::IMAGE_SCN_MEM_WRITE),
                executable: flags.contains(pe::IMAGE_SCN_MEM_EXECUTE),
                discardable,
            });
        }
    }
}

/// `/123` stands for the name at that offset of the string table, which follows the symbols.
fn long_name<'a>(image: &Image<'a>, name: &[u8]) -> Option<Cow<'a, [u8]>> {
    let digits = name.strip_prefix(b"/")?;
    let at: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let strings = image.symbol_table.as_ref()?.strings;
    let bytes = image.window().upto(strings.checked_add(at)?, 64)?;
    let end = short::find(0, bytes.get(..64.min(bytes.len()))?)?;
    Some(Cow::Borrowed(&bytes[..end]))
}
