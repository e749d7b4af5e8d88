//! WebAssembly modules (core specification, binary format): the linear memory is rebuilt from the active data segments.
//!
//! Go's linker drops runs of zeros longer than eight bytes, so one program has tens of thousands of segments
//! (src/cmd/link/internal/wasm/asm.go, Go 1.27). Addresses are offsets in linear memory; pointers are eight bytes wide.

use super::image::{Fault, Format, Image, Miss, Section, Segment};
use crate::bytes::Window;
use std::borrow::Cow;

/// Memory is rebuilt up to this many bytes for each byte of the data section, and never beyond [`MEMORY_LIMIT`].
const GROWTH_LIMIT: u64 = 16;
const MEMORY_LIMIT: u64 = 128 << 20;
/// Sections of one module.
const SECTIONS_LIMIT: usize = 4096;

const CUSTOM: u8 = 0;
const DATA: u8 = 11;
const I32_CONST: u8 = 0x41;
const END: u8 = 0x0b;

pub(super) fn open<'a>(window: &'a Window<'_>) -> Result<Image<'a>, Miss> {
    let mut image = Image::new(window, Format::Wasm, 64, false);
    image.arch = Some("wasm");
    let mut at = 8;
    let mut data = None;
    // Every section counts, not only those that are kept: an empty one takes two bytes.
    for _ in 0..SECTIONS_LIMIT {
        if at >= window.len() {
            break;
        }
        let Some((id, size, body)) = section_header(window, at) else {
            image.fault(Fault::Truncated("wasm section header"));
            break;
        };
        let Some(end) = body.checked_add(size).filter(|&end| end <= window.len()) else {
            image.fault(Fault::Truncated("wasm section"));
            // What is there of the data section is still worth reading.
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
    let Some(bytes) = window.get(offset, size) else {
        return image.fault(Fault::Truncated("wasm data section"));
    };
    // Two passes, since a list of the parts may take more memory than the parts do.
    let (first, last) = parts(bytes).fold((u64::MAX, 0), |(first, last), (address, part)| {
        let end = address.saturating_add(part.len() as u64);
        (address.min(first), end.max(last))
    });
    let span = last.saturating_sub(first);
    if first == u64::MAX
        || span > MEMORY_LIMIT
        || span > size.saturating_mul(GROWTH_LIMIT).saturating_add(1 << 20)
    {
        return image.fault(Fault::Malformed("wasm data section"));
    }
    if !window.keep(span) {
        return image.fault(Fault::Malformed(
            "wasm data section: too large for --memory",
        ));
    }
    let Ok(length) = usize::try_from(span) else {
        return;
    };
    let mut memory = vec![0; length];
    for (address, part) in parts(bytes) {
        let Ok(start) = usize::try_from(address - first) else {
            continue;
        };
        if let Some(to) = memory.get_mut(start..start + part.len()) {
            to.copy_from_slice(part);
        }
    }
    image.segments.push(Segment {
        address: first,
        size: span,
        offset: 0,
        writable: true,
        executable: false,
    });
    image.memory = Some(memory);
}

/// Address and bytes of every active segment of memory 0; reading stops at the first thing it does not understand.
fn parts(bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let (count, mut at) = leb(bytes).unwrap_or_default();
    let all = (0..count).map_while(move |_| {
        let (part, next) = part(bytes, at)?;
        at = next;
        Some(part)
    });
    all.flatten()
}

#[allow(clippy::type_complexity)]
fn part(bytes: &[u8], mut at: usize) -> Option<(Option<(u64, &[u8])>, usize)> {
    let number = |at: &mut usize| {
        let (value, used) = leb(bytes.get(*at..)?)?;
        *at += used;
        Some(value)
    };
    // 0: active, memory 0; 1: passive; 2: active with the memory named.
    let mode = number(&mut at)?;
    if mode == 2 {
        number(&mut at)?;
    }
    let mut address = None;
    if mode != 1 {
        if *bytes.get(at)? != I32_CONST {
            return None;
        }
        // Signed LEB; addresses above 2 GiB come out negative and are taken as unsigned 32 bits.
        let (value, used) = leb_signed(bytes.get(at + 1..)?)?;
        address = Some(u64::from(value as u32));
        at += 1 + used;
        if *bytes.get(at)? != END {
            return None;
        }
        at += 1;
    }
    let len = usize::try_from(number(&mut at)?).ok()?;
    let end = at.checked_add(len)?;
    let body = bytes.get(at..end)?;
    Some((address.map(|a| (a, body)), end))
}

/// An unsigned LEB128 number of up to 64 bits and how many bytes it took.
pub(crate) fn leb(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for (i, &b) in bytes.iter().take(10).enumerate() {
        value |= u64::from(b & 0x7f).checked_shl(7 * i as u32)?;
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
