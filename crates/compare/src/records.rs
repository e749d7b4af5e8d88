//! Where a program has build info and the record of the FIPS 140 module. Their facts are compared, not their bytes.

use super::side::{Addresses, Side};
use gospect_go::written::buildinfo;

/// What [`record_ranges`] calls build info.
pub const BUILD_INFO_NAME: &str = "build info";
/// The start of `crypto/internal/fips140/check.Linkinfo` (src/crypto/internal/fips140/check/check.go, Go 1.24).
const FIPS: &[u8] = b"\xff Go fipsinfo \xff\x00";
/// What [`record_ranges`] calls it.
pub const FIPS_NAME: &str = "the FIPS 140 record";
/// Longest text in build info.
const TEXT_LIMIT: u64 = 16 << 20;

/// Addresses of the build info that readers take, and of the checksum record of the FIPS module. Their facts are compared, not their bytes. The same marks
/// elsewhere are data.
pub fn record_ranges(side: &Side<'_, '_>) -> Vec<(Addresses, &'static str)> {
    let build_info = build_info(side).map(|range| (range, BUILD_INFO_NAME));
    let fips = fips(side).map(|range| (range, FIPS_NAME));
    build_info.into_iter().chain(fips).collect()
}

fn build_info(side: &Side<'_, '_>) -> Option<Addresses> {
    /// The linker aligns build info, with zeros.
    const ALIGNMENT: u64 = 16;
    let image = side.image;
    let blob = buildinfo::find_in_section(image, TEXT_LIMIT)
        .or_else(|_| buildinfo::find_in_segments(image, TEXT_LIMIT))
        .ok()
        .filter(|blob| blob.too_long.is_none())?;
    let end = blob.address.checked_add(blob.size)?;
    let padded = end.checked_next_multiple_of(ALIGNMENT)?;
    let padding = image.bytes(end, padded - end);
    let is_padding = padding.is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0));
    Some(blob.address..if is_padding { padded } else { end })
}

/// The record leads to itself, and only the first is read.
fn fips(side: &Side<'_, '_>) -> Option<Addresses> {
    /// Mark and sum.
    const FRONT: u64 = 16 + 32;
    let image = side.image;
    let is_named = |name: &[u8]| matches!(name, b".go.fipsinfo" | b"__go_fipsinfo");
    let sections = image.sections.iter();
    let sections = sections.filter(|s| is_named(&s.name)).map(|s| s.address);
    let data = |writable: bool| {
        let segments = image.segments.iter();
        segments.filter(move |s| s.writable == writable && !s.discardable && !s.executable)
    };
    let marks = data(true).chain(data(false)).flat_map(|segment| {
        let bytes = image.bytes(segment.address, segment.size);
        let places = memchr::memmem::find_iter(bytes.unwrap_or_default(), FIPS);
        places.map(|offset| segment.address.saturating_add(offset as u64))
    });
    let mut all = sections.chain(marks).filter_map(|start| {
        let front = start.checked_add(FRONT)?;
        let end = front.checked_add(9 * image.pointer_size())?;
        let is_record = image.bytes(start, FIPS.len() as u64)? == FIPS
            && image.pointer(front)? == start
            && start.is_multiple_of(8);
        is_record.then_some(start..end)
    });
    all.next()
}
