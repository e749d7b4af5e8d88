//! The parts of a Go program: those of its file, with everything that records the build marked as build info, wherever it is.
//!
//! A program holds it in several places: the build-info blob (src/debug/buildinfo/buildinfo.go), the strings `runtime.modinfo`
//! and `runtime.buildVersion` (src/cmd/link/internal/ld/data.go, addstrdata), and the build ID in a note or before the code
//! (src/cmd/internal/buildid/buildid.go; all Go 1.27).

use crate::tables::Tables;
use crate::written::build_id::text_build_id;
use crate::written::{buildinfo, modinfo};
use gospect_exe::{self as exe, Image, Part, Parts};

/// The parts of the file with the build info marked. `version` is the recorded toolchain version.
pub fn of(tables: &Tables<'_>, version: Option<&[u8]>) -> Parts {
    let image = tables.image();
    let limit = tables.limits().build_info;
    let mut parts = exe::parts(image);
    // Rebuilt memory has no place in the file.
    if image.memory_is_rebuilt() {
        return parts;
    }
    if let Ok(blob) = buildinfo::find_in_section(image, limit)
        .or_else(|_| buildinfo::find_in_segments(image, limit))
    {
        mark(image, &mut parts, blob.address, blob.size);
    }
    for string in &tables.strings().all {
        if (string.text.starts_with(&modinfo::START) || Some(string.text) == version)
            && let Some(text) = image.pointer(string.address)
        {
            mark(image, &mut parts, text, string.text.len() as u64);
        }
    }
    if let Some((address, size)) = text_build_id(image) {
        mark(image, &mut parts, address, size);
    }
    parts
}

fn mark(image: &Image<'_>, parts: &mut Parts, address: u64, size: u64) {
    if let Some(piece) = image.part(address, size) {
        parts.mark(piece.offset, piece.size, Part::Record);
    }
}
