//! The build-info blob: a 32-byte header and two strings in writable data (src/debug/buildinfo/buildinfo.go, Go 1.27).
//!
//! ```text
//! 0   ff 20 "Go buildinf:"        14 bytes, 16-aligned address
//! 14  pointer size                used when bit 1 of the flags is clear
//! 15  flags                       bit 0: big endian; bit 1: strings inline (Go 1.18+)
//! 16  inline: zeros to 32, then uvarint length + version, uvarint length + module text
//!     else:   pointers to the Go strings runtime.buildVersion and runtime.modinfo (Go 1.13-1.17)
//! ```

use super::go_string::go_string;
use super::modinfo;
use gospect_exe::{Format, Image, Segment};
use memchr::memmem::Finder;
use std::ops::ControlFlow;
use std::sync::LazyLock;

/// The magic at the start of a blob.
pub const MAGIC: [u8; 14] = *b"\xff Go buildinf:";
const ALIGN: u64 = 16;
const HEADER: u64 = 32;
/// Longest version text to read.
const VERSION_LIMIT: u64 = 4096;
/// Aligned magics to try in one place before giving up: decoys are easy to write.
const TRIES: usize = 64;

static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(&MAGIC));

/// A decoded blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob<'i> {
    /// Toolchain version.
    pub version: &'i [u8],
    /// Module text without framing; `None` when the program was built without modules.
    pub modinfo: Option<&'i [u8]>,
    /// Address of the header.
    pub address: u64,
    /// Whether the strings are in the blob itself, which makes them copies.
    pub inline: bool,
    /// Length of a module text that is too long to read.
    pub too_long: Option<u64>,
    /// Whether the module text has the frame that the go command puts around it; no reader requires it.
    pub framed: bool,
    /// Bytes of the header, and of inline strings.
    pub size: u64,
}

/// Why a place has no blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoBlob {
    /// There is no aligned magic.
    Absent,
    /// There is a magic, but its strings cannot be read.
    Broken,
}

/// Looks where Go's own reader looks: the named section of ELF and Mach-O, the first writable data of PE, XCOFF and Plan 9.
///
/// # Errors
/// [`NoBlob`].
pub fn find_in_section<'i>(image: &'i Image<'_>, limit: u64) -> Result<Blob<'i>, NoBlob> {
    let name: &[u8] = match image.format {
        Format::Elf => b".go.buildinfo",
        Format::MachO => b"__go_buildinfo",
        Format::Pe if image.section(b".go.buildinfo").is_some() => b".go.buildinfo",
        Format::Pe | Format::Xcoff | Format::Plan9 => {
            let data = writable(image).next().ok_or(NoBlob::Absent)?;
            return find_in(image, *data, limit, false);
        }
        Format::Wasm => return Err(NoBlob::Absent),
    };
    let section = image.section(name).ok_or(NoBlob::Absent)?;
    let part = image
        .part(section.address, section.size)
        .ok_or(NoBlob::Absent)?;
    find_in(image, part, limit, false)
}

fn writable<'i>(image: &'i Image<'_>) -> impl Iterator<Item = &'i Segment> {
    image
        .segments
        .iter()
        .filter(|s| s.writable && !s.executable)
}

/// Looks through every writable segment, after [`find_in_section`] found nothing. Data may contain a magic by chance, so the
/// version must read like one of Go.
///
/// # Errors
/// [`NoBlob`].
pub fn find_in_segments<'i>(image: &'i Image<'_>, limit: u64) -> Result<Blob<'i>, NoBlob> {
    // Go's linker writes no blob into WebAssembly; one in there belongs to a program that this one embeds.
    if image.format == Format::Wasm {
        return Err(NoBlob::Absent);
    }
    let mut worst = NoBlob::Absent;
    // In formats without a named section the first of them was searched already.
    let searched = match image.format {
        Format::Pe => usize::from(image.section(b".go.buildinfo").is_none()),
        Format::Xcoff | Format::Plan9 => 1,
        Format::Elf | Format::MachO | Format::Wasm => 0,
    };
    for segment in writable(image).skip(searched) {
        match find_in(image, *segment, limit, true) {
            Ok(blob) => return Ok(blob),
            Err(NoBlob::Broken) => worst = NoBlob::Broken,
            Err(NoBlob::Absent) => {}
        }
    }
    Err(worst)
}

/// The first blob in a range of addresses that can be decoded.
fn find_in<'i>(
    image: &'i Image<'_>,
    part: Segment,
    limit: u64,
    strict: bool,
) -> Result<Blob<'i>, NoBlob> {
    let good =
        |address| decode(image, address, limit).filter(|b| !strict || is_plain_version(b.version));
    // Go's linker puts it first, so one small read is enough for nearly every file.
    let start = part
        .address
        .checked_next_multiple_of(ALIGN)
        .ok_or(NoBlob::Absent)?;
    let at_start = image
        .bytes(start, HEADER)
        .is_some_and(|b| b.starts_with(&MAGIC));
    if at_start && let Some(blob) = good(start) {
        return Ok(blob);
    }
    let mut places = Vec::new();
    image.scan::<()>(&part, MAGIC.len() - 1, &mut |address, bytes| {
        let aligned = FINDER
            .find_iter(bytes)
            .map(|i| address + i as u64)
            .filter(|a| a % ALIGN == 0);
        for place in aligned {
            if places.last() != Some(&place) {
                places.push(place);
            }
            if places.len() >= TRIES {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    });
    places
        .iter()
        .find_map(|&a| good(a))
        .ok_or(if places.is_empty() {
            NoBlob::Absent
        } else {
            NoBlob::Broken
        })
}

/// Whether a version is plain text. Required where Go itself would not look for a blob.
fn is_plain_version(version: &[u8]) -> bool {
    looks_like_go(version) && std::str::from_utf8(version).is_ok()
}

/// Whether a text reads like a version that Go's own toolchains write.
pub fn looks_like_go(version: &[u8]) -> bool {
    match version {
        [b'g', b'o', digit, ..] => digit.is_ascii_digit(),
        _ => version.starts_with(b"devel"),
    }
}

fn decode<'i>(image: &'i Image<'_>, address: u64, limit: u64) -> Option<Blob<'i>> {
    let header = image.bytes(address, HEADER)?;
    if !header.starts_with(&MAGIC) {
        return None;
    }
    let flags = *header.get(15)?;
    let mut too_long = None;
    let mut end = address.checked_add(HEADER)?;
    let (version, framed) = if flags & 2 != 0 {
        let (version, next) = inline(image, end, VERSION_LIMIT)?;
        end = next;
        let framed = match inline(image, next, limit) {
            Some((framed, last)) => {
                end = last;
                framed
            }
            None => {
                too_long = Some(longer(image, next, limit)?);
                &[]
            }
        };
        (version, framed)
    } else {
        let size = u64::from(*header.get(14)?);
        if size != image.pointer_size() || (flags & 1 == 1) != image.big_endian {
            return None;
        }
        let at = |i: u64| {
            image
                .pointer(address.checked_add(16 + i * size)?)
                .filter(|&p| p != 0)
        };
        let version = at(0).and_then(|p| go_string(image, p, VERSION_LIMIT))?;
        (
            version,
            at(1)
                .and_then(|p| go_string(image, p, limit))
                .unwrap_or_default(),
        )
    };
    if version.is_empty() {
        return None;
    }
    Some(Blob {
        version,
        modinfo: modinfo::unframe(framed).filter(|t| !t.is_empty()),
        framed: framed.is_empty()
            || (framed.starts_with(&modinfo::START) && framed.ends_with(&modinfo::END)),
        address,
        inline: flags & 2 != 0,
        too_long,
        size: end.saturating_sub(address),
    })
}

/// The length of a string that is complete, but longer than `limit`.
fn longer(image: &Image<'_>, address: u64, limit: u64) -> Option<u64> {
    let (length, used) = uvarint(image.bytes_upto(address, 10)?)?;
    let end = address.checked_add(used)?.checked_add(length)?;
    let all_there = image
        .segment_at(address)
        .is_some_and(|segment| end <= segment.end());
    (length > limit && all_there).then_some(length)
}

/// A string after its length as uvarint, and the address after it.
fn inline<'i>(image: &'i Image<'_>, address: u64, limit: u64) -> Option<(&'i [u8], u64)> {
    let prefix = image.bytes_upto(address, 10)?;
    let (length, used) = uvarint(prefix)?;
    if length > limit {
        return None;
    }
    let start = address.checked_add(used)?;
    let text = if length == 0 {
        &[]
    } else {
        image.bytes(start, length)?
    };
    Some((text, start.checked_add(length)?))
}

/// `encoding/binary.Uvarint`: up to ten bytes, the last of them at most 1.
fn uvarint(bytes: &[u8]) -> Option<(u64, u64)> {
    let mut value = 0u64;
    for (i, &b) in bytes.iter().take(10).enumerate() {
        if i == 9 && b > 1 {
            return None;
        }
        value |= u64::from(b & 0x7f) << (7 * i);
        if b & 0x80 == 0 {
            return Some((value, i as u64 + 1));
        }
    }
    None
}
