//! PE: optional header, import directory and certificate table (Microsoft's PE/COFF specification).
//!
//! A Go program imports few libraries here: its runtime loads most of them at run time.

use super::{NAMES_LIMIT, has_writable_code, text_at};
use crate::image::Image;
use goblin::pe::dll_characteristic::{
    IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE, IMAGE_DLLCHARACTERISTICS_NX_COMPAT,
};
use goblin::pe::header::{COFF_MACHINE_X86, Header};
use gospect_record::Linkage;

/// Bytes of an import directory entry.
const ENTRY: u64 = 20;

pub(super) fn describe(image: &Image<'_>) -> Option<Linkage> {
    let window = image.window();
    let start = image.number(window.get(0x3c, 4)?);
    let size = image.number(window.get(start.checked_add(20)?, 2)?);
    let header = Header::parse_without_dos(window.get(start, size + 24)?).ok()?;
    let optional = header.optional_header?;
    let fields = optional.windows_fields;
    let flags = fields.dll_characteristics;
    let imports = optional.data_directories.get_import_table();
    let needed = match imports.map(|d| u64::from(d.virtual_address)) {
        Some(at) => libraries(image, fields.image_base, at),
        None => Some(Vec::new()),
    };
    // The flag counts for 32-bit x86 only: elsewhere Windows never runs data ("Data Execution Prevention", Win32 documentation).
    let is_optional = header.coff_header.machine == COFF_MACHINE_X86;
    let has_no_executable_data = !is_optional || flags & IMAGE_DLLCHARACTERISTICS_NX_COMPAT != 0;
    let certificates = optional.data_directories.get_certificate_table();
    Some(Linkage {
        is_static: needed.as_ref().map(Vec::is_empty),
        needed,
        pie: Some(flags & IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE != 0),
        nx: Some(has_no_executable_data && !has_writable_code(image)),
        // The loader compares the subsystem version with that of the system.
        min_os: Some(format!(
            "{}.{}",
            fields.major_subsystem_version, fields.minor_subsystem_version
        )),
        // This is the only directory entry that holds a file offset.
        signed: Some(certificates.is_some_and(|c| {
            let end = u64::from(c.virtual_address) + u64::from(c.size);
            c.size > 0 && end <= window.len()
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
