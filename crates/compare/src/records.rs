//! Where a program has build info and the record of the FIPS 140 module. Their facts are compared, not their bytes.

use super::side::{Addresses, Side};

/// The start of build info (src/debug/buildinfo/buildinfo.go).
const BUILD_INFO: &[u8] = b"\xff Go buildinf:";
/// What [`record_ranges`] calls build info.
pub const BUILD_INFO_NAME: &str = "build info";
/// The start of `crypto/internal/fips140/check.Linkinfo` (src/crypto/internal/fips140/check/check.go, Go 1.24).
const FIPS: &[u8] = b"\xff Go fipsinfo \xff\x00";
/// What [`record_ranges`] calls it.
pub const FIPS_NAME: &str = "the FIPS 140 record";
/// Size of the header of build info, before its texts.
const HEADER: u64 = 32;

/// Addresses of build info and of the checksum record of the FIPS module. Their facts are compared, not their bytes.
pub fn record_ranges(side: &Side<'_, '_>) -> Vec<(Addresses, &'static str)> {
    let mut all = Vec::new();
    let image = side.image;
    for segment in image
        .segments
        .iter()
        .filter(|s| !s.discardable && !s.executable)
    {
        let Some(bytes) = image.bytes(segment.address, segment.size) else {
            continue;
        };
        for (mark, size) in [
            (BUILD_INFO, HEADER),
            (FIPS, 16 + 32 + 9 * image.pointer_size()),
        ] {
            for offset in memchr::memmem::find_iter(bytes, mark) {
                let start = segment.address + offset as u64;
                if start.is_multiple_of(8) {
                    let is_record = mark == BUILD_INFO;
                    let (end, what) = match is_record {
                        true => (end_of_build_info(bytes, offset), BUILD_INFO_NAME),
                        false => (None, FIPS_NAME),
                    };
                    let end = end.map_or(start + size, |end| segment.address + end);
                    all.push((start..end, what));
                }
            }
        }
    }
    all
}

/// The end of the build info at an offset in `bytes`, if its texts follow its header (flag 2). Counted from the start of `bytes`.
fn end_of_build_info(bytes: &[u8], offset: usize) -> Option<u64> {
    const IN_PLACE: u8 = 2;
    if bytes.get(offset + 15)? & IN_PLACE == 0 {
        return None;
    }
    let mut next = offset + usize::try_from(HEADER).ok()?;
    for _ in 0..2 {
        let (mut length, mut shift) = (0u64, 0);
        loop {
            let byte = *bytes.get(next)?;
            next += 1;
            length |= u64::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        next = next.checked_add(usize::try_from(length).ok()?)?;
    }
    // Build info is padded to its alignment.
    let end = next.checked_next_multiple_of(16)?;
    (next <= bytes.len()).then_some(end.min(bytes.len()) as u64)
}
