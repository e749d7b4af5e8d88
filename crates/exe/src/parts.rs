//! The use of each byte of an executable file, in the coarse terms by which two builds are compared.
//!
//! Every byte belongs to exactly one part. The headers are those of System V gABI (ELF), Apple's `mach-o/loader.h`, Microsoft's
//! PE/COFF specification, AIX "XCOFF Object File Format", a.out(6) of Plan 9 and the WebAssembly core specification.

use super::image::Image;
use super::layout::{Format, Kind};
use super::wasm;
pub use gospect_record::Part;
use std::collections::BTreeMap;

/// A file as runs of bytes, each belonging to one part. A later mark replaces earlier ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Where each run starts, and its part; a run ends where the next one starts.
    starts: BTreeMap<u64, Part>,
    len: u64,
}

impl Parts {
    /// A file of `len` bytes that are not marked yet.
    pub fn new(len: u64) -> Self {
        Self {
            starts: BTreeMap::from([(0, Part::Other)]),
            len,
        }
    }

    /// Marks bytes of the file; bytes beyond its end are ignored.
    pub fn mark(&mut self, offset: u64, size: u64, part: Part) {
        let end = offset.saturating_add(size).min(self.len);
        if offset >= end {
            return;
        }
        let after = self.starts.range(..=end).next_back().map(|(_, p)| *p);
        let inside: Vec<u64> = self.starts.range(offset..=end).map(|(at, _)| *at).collect();
        for at in inside {
            self.starts.remove(&at);
        }
        self.starts.insert(offset, part);
        if let Some(after) = after.filter(|_| end < self.len) {
            self.starts.insert(end, after);
        }
    }

    /// Offset, size and part of each run, in file order, without gaps.
    pub fn runs(&self) -> impl Iterator<Item = (u64, u64, Part)> + '_ {
        let ends = self.starts.keys().skip(1).copied().chain([self.len]);
        let runs = self.starts.iter().zip(ends);
        runs.map(|((at, part), end)| (*at, end.saturating_sub(*at), *part))
            .filter(|run| run.1 > 0)
    }
}

/// The parts of a file by its headers. Build info is marked only where a section or note names it.
pub fn parts(image: &Image<'_>) -> Parts {
    let mut parts = Parts::new(image.window().len());
    if image.format == Format::Wasm {
        for (id, offset, size) in wasm::sections(image.window()) {
            match id {
                wasm::CODE => parts.mark(offset, size, Part::Code),
                wasm::DATA => parts.mark(offset, size, Part::Data),
                _ => {}
            }
        }
    }
    // The memory of a WebAssembly module is rebuilt, so its segments have no place in the file.
    let in_file = image.memory.is_none();
    for segment in image.segments.iter().filter(|_| in_file) {
        // `__LINKEDIT` holds what the loader needs; its symbols and the sections of `__DWARF` are marked below.
        let part = match (segment.executable, segment.discardable) {
            (true, _) => Part::Code,
            (false, true) if image.format != Format::MachO => Part::Debug,
            (false, _) => Part::Data,
        };
        parts.mark(segment.offset, segment.size, part);
    }
    headers(image, &mut parts);
    for section in &image.sections {
        if let Some(part) = part_of(image, &section.name, section.address) {
            parts.mark(section.offset, section.file_size, part);
        }
    }
    // ELF symbol tables have sections, and the only table known here may be the one for the loader.
    if let Some(table) = image.symbol_table.filter(|_| image.format != Format::Elf) {
        parts.mark(table.offset, table.size, Part::Debug);
        parts.mark(table.strings, table.strings_size, Part::Debug);
    }
    for (offset, size) in image.notes.iter().copied() {
        parts.mark(offset, size, Part::Record);
    }
    if let Some((offset, size)) = signature(image) {
        parts.mark(offset, size, Part::Signature);
    }
    parts
}

/// The first loaded segment of ELF and Mach-O files starts with the file headers.
fn headers(image: &Image<'_>, parts: &mut Parts) {
    if !matches!(image.format, Format::Elf | Format::MachO) {
        return;
    }
    let offsets = image.sections.iter().filter(|s| s.file_size > 0);
    let first = offsets.map(|s| s.offset).filter(|&o| o > 0).min();
    parts.mark(0, first.unwrap_or(64), Part::Other);
}

/// The part of a section, if it differs from that of its segment.
fn part_of(image: &Image<'_>, name: &[u8], address: u64) -> Option<Part> {
    const RECORD: [&[u8]; 6] = [
        b".go.buildinfo",
        b"__go_buildinfo",
        b".note.go.buildid",
        b".note.gnu.build-id",
        b"go:buildid",
        b"go.buildid",
    ];
    const DEBUG: [&[u8]; 10] = [
        b".debug_",
        b".zdebug_",
        b"__debug_",
        b"__zdebug_",
        b"__apple_",
        b".symtab",
        b".strtab",
        b".stab",
        b".gnu_debug",
        b".dw",
    ];
    const MACH_CODE: [&[u8]; 4] = [b"__text", b"__stubs", b"__symbol_stub1", b"__stub_helper"];
    if RECORD.contains(&name) {
        return Some(Part::Record);
    }
    if DEBUG.iter().any(|start| name.starts_with(start)) {
        return Some(Part::Debug);
    }
    match image.format {
        // The other custom sections are for tools: names, producers, debug information.
        Format::Wasm => Some(Part::Debug),
        // Constants share the executable segment with the code.
        Format::MachO if image.kind != Kind::Object => {
            let inside = image.segment_at(address).is_some_and(|s| s.executable);
            (inside && !MACH_CODE.contains(&name)).then_some(Part::Data)
        }
        Format::Elf if address == 0 && image.kind != Kind::Object && name != b".shstrtab" => {
            Some(Part::Debug)
        }
        // The loader section is in no segment.
        Format::Xcoff if name == b".loader" => Some(Part::Data),
        Format::Pe if name == b".reloc" => Some(Part::Data),
        _ => None,
    }
}

/// Where the signature is: the data of `LC_CODE_SIGNATURE`, or the certificate table of a PE file.
fn signature(image: &Image<'_>) -> Option<(u64, u64)> {
    const CODE_SIGNATURE: u64 = 0x1d;
    const COMMANDS: u64 = 1 << 12;
    /// The certificate table is the fifth data directory, and the only one with a file offset.
    const CERTIFICATES: u64 = 4;
    let window = image.window();
    let number = |at: u64, size: u64| window.get(at, size).map(|b| image.number(b));
    match image.format {
        Format::MachO => {
            let mut at = if image.bits == 64 { 32 } else { 28 };
            for _ in 0..number(16, 4)?.min(COMMANDS) {
                let (command, size) = (number(at, 4)?, number(at + 4, 4)?);
                if command == CODE_SIGNATURE {
                    return Some((number(at + 8, 4)?, number(at + 12, 4)?));
                }
                at = at.checked_add(size.max(8))?;
            }
            None
        }
        Format::Pe if image.kind != Kind::Object => {
            let optional = number(0x3c, 4)?.checked_add(24)?;
            let directories = optional + if image.bits == 64 { 112 } else { 96 };
            let count = number(directories.checked_sub(4)?, 4)?;
            let entry = directories + 8 * CERTIFICATES;
            (count > CERTIFICATES).then_some((number(entry, 4)?, number(entry + 4, 4)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cover_the_file_once_whatever_is_marked() {
        let mut parts = Parts::new(100);
        parts.mark(10, 50, Part::Code);
        parts.mark(40, 1000, Part::Data);
        parts.mark(20, 5, Part::Record);
        parts.mark(100, 5, Part::Debug);
        parts.mark(u64::MAX, u64::MAX, Part::Debug);
        parts.mark(30, 0, Part::Debug);
        let runs: Vec<_> = parts.runs().collect();
        assert_eq!(
            runs,
            [
                (0, 10, Part::Other),
                (10, 10, Part::Code),
                (20, 5, Part::Record),
                (25, 15, Part::Code),
                (40, 60, Part::Data),
            ]
        );
        parts.mark(0, 100, Part::Signature);
        assert_eq!(
            parts.runs().collect::<Vec<_>>(),
            [(0, 100, Part::Signature)]
        );
        assert_eq!(Parts::new(0).runs().count(), 0);
    }

    #[test]
    fn marks_in_any_order_leave_no_gap_and_no_overlap() {
        let mut state = 7u64;
        let mut random = move |n: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % n
        };
        for _ in 0..200 {
            let mut parts = Parts::new(64);
            let mut bytes = [Part::Other; 64];
            for _ in 0..12 {
                let (offset, size) = (random(70), random(70));
                let part = Part::ALL[random(6) as usize];
                parts.mark(offset, size, part);
                for byte in bytes.iter_mut().skip(offset as usize).take(size as usize) {
                    *byte = part;
                }
            }
            let mut at = 0;
            for (offset, size, part) in parts.runs() {
                assert_eq!(offset, at);
                assert!(
                    bytes[offset as usize..(offset + size) as usize]
                        .iter()
                        .all(|b| *b == part)
                );
                at += size;
            }
            assert_eq!(at, 64);
        }
    }
}
