//! What is wrong with the header of a universal Mach-O file: where the slices that it names contradict each other or what lies there
//! (Apple's `mach-o/fat.h`; what Go refuses: `NewFatFile` in src/debug/macho/fat.go, Go 1.27).

use super::macho::Slice;
use crate::bytes::ReadAt;

/// One thing that no tool writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SliceFault {
    /// The slice has the CPU type and subtype of an earlier one: Go refuses the file, and which of the two runs is up to the system.
    Duplicate(Slice),
    /// The file type in its Mach-O header (`recorded`) is not that of the first slice: Go refuses the file.
    MixedTypes(Slice, u32, u32),
    /// Its own header is for another CPU type than the universal header says.
    OtherCpu(Slice, u32),
    /// Its offset is no multiple of the alignment that it states: the system does not load it.
    Misaligned(Slice, u32),
    /// It holds no bytes.
    Empty(Slice),
    /// It lies outside the file, or where the universal header is.
    Outside(Slice),
    /// It lies on top of another one.
    Overlap(Slice),
}

impl SliceFault {
    /// Whether Go's `debug/macho` reads no part of a file for it.
    pub fn is_refused_by_go(&self) -> bool {
        matches!(self, Self::Duplicate(_) | Self::MixedTypes(..))
    }

    /// For a person, as a part of a sentence.
    pub fn text(&self) -> String {
        match self {
            Self::Duplicate(s) => format!(
                "malformed universal file: a second slice for {}, which Go and Apple's tools refuse",
                name(s)
            ),
            Self::MixedTypes(s, first, here) => format!(
                "malformed universal file: the slice for {} is of Mach-O type {here:#x}, the first of {first:#x}, which Go refuses",
                name(s)
            ),
            Self::OtherCpu(s, here) => format!(
                "malformed universal file: the slice for {} holds code for CPU type {here:#x}",
                name(s)
            ),
            Self::Misaligned(s, align) => format!(
                "malformed universal file: the slice for {} does not begin at a multiple of 2^{align}, as it states",
                name(s)
            ),
            Self::Empty(s) => format!(
                "malformed universal file: the slice for {} is empty",
                name(s)
            ),
            Self::Outside(s) => format!(
                "malformed universal file: the slice for {} lies outside the file or in its header",
                name(s)
            ),
            Self::Overlap(s) => format!(
                "malformed universal file: the slice for {} lies on top of another",
                name(s)
            ),
        }
    }
}

/// `arm64`, or the numbers of a CPU that Go has no name for.
fn name(slice: &Slice) -> String {
    match slice.arch {
        Some(arch) => arch.to_owned(),
        None => format!("cpu{}-{}", slice.cpu.0, slice.cpu.1),
    }
}

/// CPU type and file type in the Mach-O header that a slice begins with.
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

/// Everything that is wrong with the slices that a universal header names, in their order. `length`: that of the file.
pub(super) fn faults(reader: &dyn ReadAt, slices: &[Slice], length: u64) -> Vec<SliceFault> {
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
