//! Mach-O chained fixups (`mach-o/fixup-chains.h`): the pointers of an externally linked file are links of a chain until dyld walks it.
//!
//! Internally linked files use `LC_DYLD_INFO` and hold plain addresses, so they need nothing here.

use super::image::{Image, push_fixup};

/// No more links than this are followed, binds included: pages may all name the same chain.
const LINKS_LIMIT: usize = 4 << 20;
/// A page without fixups.
const NO_FIXUPS: u64 = 0xffff;

/// How a pointer word of one format holds its target and the way to the next one.
struct Layout {
    format: u64,
    stride: u64,
    /// Bits of the distance to the next pointer: shift and mask.
    next: (u32, u64),
    /// The bit that marks a bind.
    bind: u32,
    /// Mask of the target.
    target: u64,
    /// Whether the target counts from the start of the image rather than from address 0.
    relative: bool,
    /// Whether a set top bit marks an authenticated pointer, whose target has 32 bits.
    authenticated: bool,
}

const LAYOUTS: &[Layout] = &[
    Layout {
        format: 1,
        stride: 8,
        next: (51, 0x7ff),
        bind: 62,
        target: (1 << 43) - 1,
        relative: false,
        authenticated: true,
    },
    Layout {
        format: 2,
        stride: 4,
        next: (51, 0xfff),
        bind: 63,
        target: (1 << 36) - 1,
        relative: false,
        authenticated: false,
    },
    Layout {
        format: 6,
        stride: 4,
        next: (51, 0xfff),
        bind: 63,
        target: (1 << 36) - 1,
        relative: true,
        authenticated: false,
    },
    Layout {
        format: 9,
        stride: 8,
        next: (51, 0x7ff),
        bind: 62,
        target: (1 << 43) - 1,
        relative: true,
        authenticated: true,
    },
    Layout {
        format: 12,
        stride: 8,
        next: (51, 0x7ff),
        bind: 62,
        target: (1 << 34) - 1,
        relative: true,
        authenticated: true,
    },
];

pub(super) fn read(image: &Image<'_>) -> Vec<(u64, u64)> {
    read_chains(image).unwrap_or_default()
}

fn read_chains(image: &Image<'_>) -> Option<Vec<(u64, u64)>> {
    let (offset, size) = image.chained_fixups?;
    let bytes = image.window().get(offset, size.min(64 << 20))?;
    let number = |at: u64, len: u64| -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        Some(image.number(bytes.get(at..at.checked_add(len as usize)?)?))
    };
    // The image starts where its first segment with content does.
    let base = image
        .segments
        .iter()
        .find(|s| s.offset == 0 && s.size > 0)?
        .address;
    let mut fixups = Vec::new();
    let mut links = 0;
    let starts = number(4, 4)?;
    let segments = number(starts, 4)?.min(image.segments.len() as u64);
    for i in 0..segments {
        let info = number(starts.checked_add(4 + 4 * i)?, 4)?;
        if info == 0 {
            continue;
        }
        let info = starts.checked_add(info)?;
        let (page_size, format) = (number(info + 4, 2)?, number(info + 6, 2)?);
        let segment = base.checked_add(number(info + 8, 8)?)?;
        let pages = number(info + 20, 2)?;
        let Some(layout) = LAYOUTS.iter().find(|l| l.format == format) else {
            continue;
        };
        for page in 0..pages {
            if links >= LINKS_LIMIT {
                return Some(fixups);
            }
            let first = number(info + 22 + 2 * page, 2)?;
            if first == NO_FIXUPS {
                continue;
            }
            let mut at = segment
                .checked_add(page.checked_mul(page_size)?)?
                .checked_add(first)?;
            while links < LINKS_LIMIT {
                links += 1;
                let Some(raw) = image.word(at) else { break };
                if let Some(target) = target(layout, raw, base)
                    && !push_fixup(image.window(), &mut fixups, (at, target))
                {
                    return Some(fixups);
                }
                let next = (raw >> layout.next.0 & layout.next.1) * layout.stride;
                if next == 0 {
                    break;
                }
                at = at.checked_add(next)?;
            }
        }
    }
    Some(fixups)
}

/// The address a pointer word means; `None` for a bind to another library.
fn target(layout: &Layout, raw: u64, base: u64) -> Option<u64> {
    if raw >> layout.bind & 1 == 1 {
        return None;
    }
    if layout.authenticated && raw >> 63 == 1 {
        return base.checked_add(raw & 0xffff_ffff);
    }
    let target = raw & layout.target;
    if layout.relative {
        base.checked_add(target)
    } else {
        Some(target)
    }
}
