//! Universal Mach-O files: the slices that the header names, and where the header contradicts itself or the slices (Apple's
//! `mach-o/fat.h`; what Go refuses: `NewFatFile` in src/debug/macho/fat.go, Go 1.27).

use super::error::OpenError;
use super::macho;
use gospect_bytes::{ReadAt, Window};
use object::read::macho::{FatArch, MachOFatFile32, MachOFatFile64};
use std::fmt;

/// A file with more slices is refused.
const SLICES_LIMIT: usize = 64;

/// One architecture of a universal file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Go's name of the architecture, if it has one.
    pub arch: Option<&'static str>,
    /// CPU type and subtype as recorded.
    pub cpu: (u32, u32),
    /// Offset in the file.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
    /// Power of 2 that the offset is a multiple of, as the header says.
    pub align: u32,
}

/// Prints `arm64`, or the numbers of a CPU that Go has no name for.
impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.arch {
            Some(arch) => f.write_str(arch),
            None => write!(f, "cpu{}-{}", self.cpu.0, self.cpu.1),
        }
    }
}

/// A contradiction in a universal header; no tool writes such a header. The text is part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SliceFault {
    /// The slice has the CPU type and subtype of an earlier one. Go refuses the file, and the system decides which of the two
    /// runs.
    #[error("malformed universal file: a second slice for {0}, which Go and Apple's tools refuse")]
    Duplicate(Slice),
    /// The file type in its Mach-O header (the last number) differs from that of the first slice. Go refuses the file.
    #[error(
        "malformed universal file: the slice for {0} is of Mach-O type {2:#x}, the first of {1:#x}, which Go refuses"
    )]
    MixedTypes(Slice, u32, u32),
    /// Its own header has another CPU type than the universal header.
    #[error("malformed universal file: the slice for {0} holds code for CPU type {1:#x}")]
    OtherCpu(Slice, u32),
    /// Its offset is not a multiple of the alignment that the header states, so the system does not load it.
    #[error(
        "malformed universal file: the slice for {0} does not begin at a multiple of 2^{1}, as it states"
    )]
    Misaligned(Slice, u32),
    /// It has no bytes.
    #[error("malformed universal file: the slice for {0} is empty")]
    Empty(Slice),
    /// It is outside the file, or over the universal header.
    #[error("malformed universal file: the slice for {0} lies outside the file or in its header")]
    Outside(Slice),
    /// It overlaps another one.
    #[error("malformed universal file: the slice for {0} lies on top of another")]
    Overlap(Slice),
}

impl SliceFault {
    /// Whether Go's `debug/macho` refuses the whole file because of it.
    pub fn is_refused_by_go(&self) -> bool {
        matches!(self, Self::Duplicate(_) | Self::MixedTypes(..))
    }
}

/// The slices of a universal Mach-O file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Universal {
    /// All slices that the header names, in its order.
    pub named: Vec<Slice>,
    /// The named slices that can be read: inside the file and not on top of an earlier one.
    pub slices: Vec<Slice>,
    /// What is wrong with them.
    pub faults: Vec<SliceFault>,
}

/// The slices of a universal Mach-O file, in file order. Slices that are outside the file or overlap an earlier one are left
/// out; the second value is their number.
///
/// # Errors
/// When the header cannot be read, or names too many slices.
pub fn slices(window: &Window<'_>) -> Result<(Vec<Slice>, usize), OpenError> {
    let universal = universal(window)?;
    let dropped = universal.named.len() - universal.slices.len();
    Ok((universal.slices, dropped))
}

/// The slices of a universal Mach-O file, and what is wrong with its header.
///
/// # Errors
/// When the header cannot be read, or names too many slices.
pub fn universal(window: &Window<'_>) -> Result<Universal, OpenError> {
    let wide = window.upto(0, 4).is_some_and(|b| b.get(3) == Some(&0xbf));
    let raw = if wide {
        read_slices(
            MachOFatFile64::parse(window)
                .map_err(|_| OpenError::Truncated("Mach-O fat header"))?
                .arches(),
        )
    } else {
        read_slices(
            MachOFatFile32::parse(window)
                .map_err(|_| OpenError::Truncated("Mach-O fat header"))?
                .arches(),
        )
    };
    if raw.len() > SLICES_LIMIT {
        return Err(OpenError::Malformed("Mach-O fat header"));
    }
    let mut good: Vec<Slice> = Vec::with_capacity(raw.len());
    for slice in &raw {
        let inside = slice
            .offset
            .checked_add(slice.size)
            .is_some_and(|end| end <= window.len());
        // A slice at offset 0 would hold this header again, without end.
        if inside
            && slice.offset >= 8
            && slice.size > 0
            && !good
                .iter()
                .any(|g| slice.offset < g.offset + g.size && g.offset < slice.offset + slice.size)
        {
            good.push(*slice);
        }
    }
    Ok(Universal {
        faults: faults(window.reader(), &raw, window.len()),
        named: raw,
        slices: good,
    })
}

fn read_slices<F: FatArch>(arches: &[F]) -> Vec<Slice> {
    arches
        .iter()
        .take(SLICES_LIMIT + 1)
        .map(|a| {
            let (offset, size) = a.file_range();
            let cpu = a.cputype();
            Slice {
                arch: macho::ARCHES.iter().find(|k| k.0 == cpu).map(|k| k.1),
                cpu: (cpu.0, a.cpusubtype().0),
                offset,
                size,
                align: a.align(),
            }
        })
        .collect()
}

/// CPU type and file type in the Mach-O header of a slice.
fn header(reader: &dyn ReadAt, slice: &Slice) -> Option<(u32, u32)> {
    let mut head = [0; 16];
    let got = reader.read_at(&mut head, slice.offset).ok()?;
    if got < head.len() || slice.size < head.len() as u64 {
        return None;
    }
    let word = |at: usize| -> Option<[u8; 4]> { head.get(at..at + 4)?.try_into().ok() };
    let number = match word(0)? {
        [0xfe, 0xed, 0xfa, 0xce | 0xcf] => u32::from_be_bytes,
        [0xce | 0xcf, 0xfa, 0xed, 0xfe] => u32::from_le_bytes,
        _ => return None,
    };
    Some((number(word(4)?), number(word(12)?)))
}

/// All contradictions of the slices that a universal header names, in their order. `length` is that of the file.
fn faults(reader: &dyn ReadAt, slices: &[Slice], length: u64) -> Vec<SliceFault> {
    let mut out = Vec::new();
    let mut first_type = None;
    for (i, slice) in slices.iter().enumerate() {
        let before = slices.get(..i).unwrap_or_default();
        if before.iter().any(|b| b.cpu == slice.cpu) {
            out.push(SliceFault::Duplicate(*slice));
        }
        let end = slice.offset.checked_add(slice.size);
        if slice.size == 0 {
            out.push(SliceFault::Empty(*slice));
            continue;
        }
        let Some(end) = end.filter(|end| *end <= length && slice.offset >= 8) else {
            out.push(SliceFault::Outside(*slice));
            continue;
        };
        let meets = |b: &&Slice| slice.offset < b.offset.saturating_add(b.size) && b.offset < end;
        if before.iter().any(|b| meets(&b)) {
            out.push(SliceFault::Overlap(*slice));
        }
        let step = 1u64.checked_shl(slice.align).unwrap_or(u64::MAX);
        if !slice.offset.is_multiple_of(step) {
            out.push(SliceFault::Misaligned(*slice, slice.align));
        }
        let Some((cpu, kind)) = header(reader, slice) else {
            continue;
        };
        if cpu != slice.cpu.0 {
            out.push(SliceFault::OtherCpu(*slice, cpu));
        }
        match first_type {
            None => first_type = Some(kind),
            Some(first) if first != kind => {
                out.push(SliceFault::MixedTypes(*slice, first, kind));
            }
            Some(_) => {}
        }
    }
    out
}
