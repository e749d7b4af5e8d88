//! The functions of a WebAssembly module (core specification, binary format, code section).

use super::image::Image;
use super::layout::Format;
use super::wasm::{CODE, leb, sections};

/// More functions than this are not listed: the largest programs have half a million.
const LIMIT: u64 = 1 << 22;

/// The size in bytes of the body of each function that the module defines, in their order; `None` when the file is no module, or when its code
/// section does not hold what it says.
pub fn function_bodies(image: &Image<'_>) -> Option<Vec<u32>> {
    if image.format != Format::Wasm {
        return None;
    }
    let window = image.window();
    let all = sections(window);
    let (_, start, size) = *all.iter().find(|section| section.0 == CODE)?;
    let end = start.checked_add(size).filter(|end| *end <= window.len())?;
    // A number, and where it ends.
    let number = |at: u64| -> Option<(u64, u64)> {
        let (value, used) = leb(window.upto(at, 5.min(end.checked_sub(at)?))?)?;
        Some((value, at.checked_add(used as u64)?))
    };
    let (count, mut at) = number(start)?;
    // A body takes at least two bytes.
    if count > LIMIT.min(size / 2) {
        return None;
    }
    let mut found = Vec::new();
    for _ in 0..count {
        let (body, from) = number(at)?;
        at = from.checked_add(body).filter(|at| *at <= end)?;
        found.push(u32::try_from(body).ok()?);
    }
    Some(found)
}
