//! WebAssembly modules (core specification, binary format): the linear memory is rebuilt from the active data segments.
//!
//! Go's linker drops runs of zeros longer than eight bytes, so one program has tens of thousands of segments
//! (src/cmd/link/internal/wasm/asm.go, Go 1.27). Addresses are offsets in linear memory; pointers are eight bytes wide.

use super::error::{Fault, OpenError};
use super::image::Image;
use super::layout::{Format, Section, Segment};
use gospect_bytes::Window;
use std::borrow::Cow;

/// Memory is rebuilt up to this many bytes per byte of the data section, and never beyond [`MEMORY_LIMIT`].
const GROWTH_LIMIT: u64 = 16;
const MEMORY_LIMIT: u64 = 128 << 20;
/// Most sections of one module.
const SECTIONS_LIMIT: usize = 4096;

const CUSTOM: u8 = 0;
pub(super) const IMPORT: u8 = 2;
pub(super) const CODE: u8 = 10;
pub(super) const DATA: u8 = 11;
const I32_CONST: u8 = 0x41;
const END: u8 = 0x0b;

pub(super) fn open<'a>(window: &'a Window<'_>) -> Result<Image<'a>, OpenError> {
    let mut image = Image::new(window, Format::Wasm, 64, false);
    image.arch = Some("wasm");
    let mut at = 8;
    let mut data = None;
    // Skipped sections count too: an empty one takes only two bytes.
    for _ in 0..SECTIONS_LIMIT {
        if at >= window.len() {
            break;
        }
        // A single byte is no section, however it begins.
        if at + 1 == window.len() {
            break;
        }
        let Some((id, size, body)) = section_header(window, at) else {
            image.fault(Fault::Truncated("wasm section header"));
            break;
        };
        let Some(end) = body.checked_add(size).filter(|&end| end <= window.len()) else {
            image.fault(Fault::Truncated("wasm section"));
            // A data section that is cut off is read up to its end.
            if id == DATA {
                data = Some((body, window.len() - body));
            }
            break;
        };
        if id == CUSTOM {
            let name = custom_name(window, body, size);
            if let Some((name, skip)) = name {
                let section = Section {
                    name: Cow::Borrowed(name),
                    address: 0,
                    size: size - skip,
                    offset: body + skip,
                    file_size: size - skip,
                };
                image.sections.push(section);
            }
        } else if id == DATA {
            data = Some((body, size));
        }
        at = end;
    }
    if let Some((offset, size)) = data {
        rebuild(window, offset, size, &mut image);
    }
    Ok(image)
}

/// Identifier, offset and size of each section body; bytes after the end of the file are left out.
pub(super) fn sections(window: &Window<'_>) -> Vec<(u8, u64, u64)> {
    let mut found = Vec::new();
    let mut at = 8;
    while at < window.len() && found.len() < SECTIONS_LIMIT {
        let Some((id, size, body)) = section_header(window, at) else {
            break;
        };
        found.push((id, body, size));
        let Some(end) = body.checked_add(size) else {
            break;
        };
        at = end;
    }
    found
}

/// Identifier, size and offset of the body of the section at `at`.
fn section_header(window: &Window<'_>, at: u64) -> Option<(u8, u64, u64)> {
    let bytes = window.upto(at, 6.min(window.len() - at))?;
    let (size, used) = leb(bytes.get(1..6.min(bytes.len()))?)?;
    Some((*bytes.first()?, size, at + 1 + used as u64))
}

fn custom_name<'a>(window: &'a Window<'_>, body: u64, size: u64) -> Option<(&'a [u8], u64)> {
    let bytes = window.upto(body, size.min(128))?;
    let bytes = bytes.get(..usize::try_from(size.min(128)).ok()?.min(bytes.len()))?;
    let (len, used) = leb(bytes)?;
    let end = used.checked_add(usize::try_from(len).ok()?)?;
    Some((bytes.get(used..end)?, end as u64))
}

fn rebuild(window: &Window<'_>, offset: u64, size: u64, image: &mut Image<'_>) {
    let rebuilt = Memory::rebuild(window, offset, size, None).or_else(|failed| match failed {
        // Linkers write segments in order of address. This file does not, so find the lowest address first.
        Failed::Unordered => {
            let first = DataSegments::new(window, offset, size).filter_map(|part| part.address);
            Memory::rebuild(window, offset, size, first.min())
        }
        other => Err(other),
    });
    let memory = match rebuilt {
        Ok(memory) => memory,
        Err(Failed::Malformed | Failed::Unordered) => {
            return image.fault(Fault::Malformed("wasm data section"));
        }
        Err(Failed::TooLarge) => {
            return image.fault(Fault::Malformed(
                "wasm data section: too large for --memory",
            ));
        }
    };
    image.segments.push(Segment {
        address: memory.first,
        size: memory.bytes.len() as u64,
        offset: 0,
        writable: true,
        executable: false,
        discardable: false,
    });
    image.memory = Some(memory.bytes);
}

/// The part of linear memory that the data section fills.
struct Memory {
    /// Address of the first byte.
    first: u64,
    bytes: Vec<u8>,
}

/// Why memory was not rebuilt.
enum Failed {
    Malformed,
    TooLarge,
    /// A segment starts before the first one.
    Unordered,
}

impl Memory {
    /// Rebuilds memory in one pass over the section. `first` is where memory starts, if not at the first segment.
    fn rebuild(
        window: &Window<'_>,
        offset: u64,
        size: u64,
        mut first: Option<u64>,
    ) -> Result<Self, Failed> {
        let most = size
            .saturating_mul(GROWTH_LIMIT)
            .saturating_add(1 << 20)
            .min(MEMORY_LIMIT);
        let mut bytes: Vec<u8> = Vec::new();
        let mut parts = DataSegments::new(window, offset, size);
        while let Some(part) = parts.next() {
            let Some(address) = part.address else {
                continue;
            };
            let start = address
                .checked_sub(*first.get_or_insert(address))
                .ok_or(Failed::Unordered)?;
            let end = start
                .checked_add(part.size)
                .filter(|end| *end <= most)
                .and_then(|end| usize::try_from(end).ok())
                .ok_or(Failed::Malformed)?;
            if end > bytes.capacity() {
                // The memory of Go programs is a quarter to a third larger than the section; unused capacity costs nothing.
                let likely = usize::try_from(size / 2 * 3).unwrap_or(usize::MAX);
                let wanted = bytes.capacity().saturating_mul(2).max(likely);
                let more = end.max(wanted.min(usize::try_from(most).unwrap_or(usize::MAX)))
                    - bytes.capacity();
                if !window.keep(more as u64) {
                    return Err(Failed::TooLarge);
                }
                bytes.reserve_exact(bytes.capacity() + more - bytes.len());
            }
            let mut at = usize::try_from(start).map_err(|_| Failed::Malformed)?;
            if at > bytes.len() {
                bytes.resize(at, 0);
            }
            parts.body(|piece| {
                // Only a segment that overlaps earlier ones replaces bytes.
                let over = piece.len().min(bytes.len().saturating_sub(at));
                let (over, new) = piece.split_at(over);
                if let Some(place) = bytes.get_mut(at..at + over.len()) {
                    place.copy_from_slice(over);
                }
                bytes.extend_from_slice(new);
                at += piece.len();
            });
        }
        Ok(Self {
            first: first.ok_or(Failed::Malformed)?,
            bytes,
        })
    }
}

/// The head of a segment of the data section; its body follows.
struct DataSegment {
    /// Where the body goes, when the segment is active and in memory 0.
    address: Option<u64>,
    size: u64,
}

/// The segments of a data section, read forward through one small buffer: the section is as large as the memory that it fills.
struct DataSegments<'w> {
    window: &'w Window<'w>,
    /// File offsets of the next byte to read and of the end of the section.
    next: u64,
    end: u64,
    buffer: Vec<u8>,
    /// Bytes of the buffer that were consumed.
    used: usize,
    /// Segments that are left to read.
    count: u64,
    /// Bytes of the current body that are left to read.
    body: u64,
}

impl<'w> DataSegments<'w> {
    /// Bytes to read at once.
    const PIECE: usize = 64 << 10;
    /// More than the head of a segment takes.
    const HEAD: usize = 48;

    fn new(window: &'w Window<'_>, offset: u64, size: u64) -> Self {
        let mut parts = Self {
            window,
            next: offset,
            end: offset.saturating_add(size),
            buffer: Vec::new(),
            used: 0,
            count: 0,
            body: 0,
        };
        if let Some((count, used)) = leb(parts.ahead()) {
            parts.count = count;
            parts.used += used;
        }
        parts
    }

    /// The next bytes: at least [`Self::HEAD`], unless the section ends.
    fn ahead(&mut self) -> &[u8] {
        if self.buffer.len() - self.used < Self::HEAD && self.next < self.end {
            self.buffer.drain(..self.used);
            self.used = 0;
            let kept = self.buffer.len();
            let want = Self::PIECE.min(usize::try_from(self.end - self.next).unwrap_or(usize::MAX));
            self.buffer.resize(kept + want, 0);
            let free = self.buffer.get_mut(kept..).unwrap_or_default();
            let read = self.window.read_uncached(free, self.next).unwrap_or(0);
            self.buffer.truncate(kept + read);
            self.next = if read == 0 {
                self.end
            } else {
                self.next + read as u64
            };
        }
        self.buffer.get(self.used..).unwrap_or_default()
    }

    /// The body of the last segment, piece by piece, up to the end of the section.
    fn body(&mut self, mut visit: impl FnMut(&[u8])) {
        while self.body > 0 {
            let want = usize::try_from(self.body).unwrap_or(usize::MAX);
            let ahead = self.ahead();
            let piece = ahead.get(..want.min(ahead.len())).unwrap_or_default();
            let size = piece.len();
            if size == 0 {
                self.count = 0;
                return;
            }
            visit(piece);
            self.used += size;
            self.body -= size as u64;
        }
    }
}

impl Iterator for DataSegments<'_> {
    type Item = DataSegment;

    /// Stops at the first thing that it does not understand.
    fn next(&mut self) -> Option<DataSegment> {
        self.body(|_| ());
        self.count = self.count.checked_sub(1)?;
        let (segment, used) = data_segment(self.ahead())?;
        self.used += used;
        self.body = segment.size;
        Some(segment)
    }
}

/// Reads the head of a segment, and says how many bytes it takes.
fn data_segment(bytes: &[u8]) -> Option<(DataSegment, usize)> {
    let mut at = 0;
    let number = |at: &mut usize| {
        let (value, used) = leb(bytes.get(*at..)?)?;
        *at += used;
        Some(value)
    };
    // 0: active, memory 0; 1: passive; 2: active with the memory named.
    let mode = number(&mut at)?;
    let memory = match mode {
        0 | 1 => 0,
        2 => number(&mut at)?,
        _ => return None,
    };
    let mut address = None;
    if mode != 1 {
        if *bytes.get(at)? != I32_CONST {
            return None;
        }
        // Signed LEB128; addresses above 2 GiB come out negative and are taken as unsigned 32 bits.
        let (value, used) = leb_signed(bytes.get(at + 1..)?)?;
        address = (memory == 0).then_some(u64::from(value as u32));
        at += 1 + used;
        if *bytes.get(at)? != END {
            return None;
        }
        at += 1;
    }
    let size = number(&mut at)?;
    Some((DataSegment { address, size }, at))
}

/// Reads an unsigned LEB128 number of up to 64 bits, and says how many bytes it takes.
#[inline]
pub(crate) fn leb(bytes: &[u8]) -> Option<(u64, usize)> {
    // Nearly all numbers take one byte.
    match bytes.first()? {
        &small @ ..0x80 => Some((u64::from(small), 1)),
        _ => long_leb(bytes),
    }
}

fn long_leb(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for (i, &b) in bytes.iter().take(10).enumerate() {
        value |= u64::from(b & 0x7f) << (7 * i);
        if b & 0x80 == 0 {
            return Some((value, i + 1));
        }
    }
    None
}

fn leb_signed(bytes: &[u8]) -> Option<(i64, usize)> {
    let (value, used) = leb(bytes)?;
    let bits = 7 * used as u32;
    let shift = 64u32.saturating_sub(bits);
    Some((((value as i64) << shift) >> shift, used))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module with one data section of these active segments.
    fn module(segments: &[(u8, &[u8])]) -> Vec<u8> {
        let mut data = vec![u8::try_from(segments.len()).unwrap()];
        for (address, body) in segments {
            data.extend([0, I32_CONST, *address, END]);
            let mut size = body.len();
            while size >= 0x80 {
                data.push(size as u8 | 0x80);
                size >>= 7;
            }
            data.push(size as u8);
            data.extend_from_slice(body);
        }
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        let size = data.len();
        module.extend([
            DATA,
            size as u8 | 0x80,
            (size >> 7) as u8 | 0x80,
            (size >> 14) as u8,
        ]);
        module.extend(data);
        module
    }

    fn memory(module: &[u8]) -> Option<(u64, Vec<u8>)> {
        let window = Window::new(&module, 1 << 30);
        let image = open(&window).unwrap_or_else(|error| panic!("{error}"));
        Some((image.segments.first()?.address, image.memory?))
    }

    #[test]
    fn segments_overlap_leave_gaps_and_come_in_any_order() {
        let long = vec![7; 150_000];
        for (segments, first, want) in [
            (
                vec![(4, &b"abc"[..]), (10, b"d")],
                4,
                b"abc\0\0\0d".to_vec(),
            ),
            (vec![(4, b"abcdef"), (6, b"X")], 4, b"abXdef".to_vec()),
            (vec![(4, b"abc"), (6, b"XYZ")], 4, b"abXYZ".to_vec()),
            (vec![(9, b"z"), (4, b"ab")], 4, b"ab\0\0\0z".to_vec()),
            (vec![(1, &long), (2, b"b")], 1, {
                let mut all = long.clone();
                all[1] = b'b';
                all
            }),
        ] {
            assert_eq!(memory(&module(&segments)), Some((first, want)));
        }
    }

    #[test]
    fn a_body_that_is_cut_off_is_read_as_far_as_it_goes() {
        let whole = module(&[(4, b"abc"), (10, b"defghi")]);
        let cut = whole[..whole.len() - 4].to_vec();
        let (_, memory) = memory(&cut).unwrap();
        assert_eq!(memory, b"abc\0\0\0de");
    }
}
