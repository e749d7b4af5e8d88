//! PE: optional header, import directory and certificate table (Microsoft's PE/COFF specification).
//!
//! A Go program imports few libraries here: its runtime loads most of them at run time.

use super::{NAMES_LIMIT, has_writable_code, text_at};
use crate::image::Image;
use gospect_record::Linkage;
use object::LittleEndian as LE;
use object::pe::{
    IMAGE_DIRECTORY_ENTRY_IMPORT, IMAGE_DIRECTORY_ENTRY_SECURITY,
    IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE, IMAGE_DLLCHARACTERISTICS_NX_COMPAT, ImageDosHeader,
    ImageNtHeaders32, ImageNtHeaders64,
};
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader};

/// Bytes of an import directory entry.
const ENTRY: u64 = 20;

pub(super) fn describe(image: &Image<'_>) -> Option<Linkage> {
    if image.bits == 64 {
        read::<ImageNtHeaders64>(image)
    } else {
        read::<ImageNtHeaders32>(image)
    }
}

fn read<H: ImageNtHeaders>(image: &Image<'_>) -> Option<Linkage> {
    let window = image.window();
    let mut offset = ImageDosHeader::parse(window)
        .ok()?
        .nt_headers_offset()
        .into();
    let (headers, directories) = H::parse(window, &mut offset).ok()?;
    let optional = headers.optional_header();
    let flags = optional.dll_characteristics();
    let needed = match directories.get(IMAGE_DIRECTORY_ENTRY_IMPORT) {
        Some(imports) => libraries(
            image,
            optional.image_base(),
            imports.virtual_address.get(LE).into(),
        ),
        None => Some(Vec::new()),
    };
    let certificates = directories.get(IMAGE_DIRECTORY_ENTRY_SECURITY);
    Some(Linkage {
        is_static: needed.as_ref().map(Vec::is_empty),
        needed,
        pie: Some(flags.contains(IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE)),
        nx: Some(flags.contains(IMAGE_DLLCHARACTERISTICS_NX_COMPAT) && !has_writable_code(image)),
        // The loader compares the subsystem version with that of the system.
        min_os: Some(format!(
            "{}.{}",
            optional.major_subsystem_version(),
            optional.minor_subsystem_version()
        )),
        // This is the only directory entry that holds a file offset.
        signed: Some(certificates.is_some_and(|c| {
            let (start, size) = (c.virtual_address.get(LE), c.size.get(LE));
            size > 0 && u64::from(start) + u64::from(size) <= window.len()
        })),
        ..Linkage::default()
    })
}

/// Names of the imported libraries; `None` when the directory cannot be read.
fn libraries(image: &Image<'_>, base: u64, directory: u64) -> Option<Vec<String>> {
    let start = base.checked_add(directory)?;
    let mut names = Vec::new();
    for i in 0..NAMES_LIMIT as u64 {
        let entry = image.bytes(start.checked_add(i * ENTRY)?, ENTRY)?;
        let name = image.number(entry.get(12..16)?);
        if name == 0 {
            break;
        }
        names.extend(text_at(image, base.checked_add(name)?));
    }
    Some(names)
}
