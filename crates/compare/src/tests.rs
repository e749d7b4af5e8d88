//! Edits of stored programs outside of the functions of Go: code of C, stubs, tables of the loader, and bytes between them.

mod forged;

use crate::compare;
use gospect_bytes::{Limits, Window};
use gospect_record::rebuild::{Comparison, DifferentPart, Outcome};
use std::ops::Range;
use test_support::fixtures::{fixture, rebuild_fixture};

/// The result, or `None` for a program that is damaged so far that it cannot be read.
fn compared(old: &[u8], new: &[u8]) -> Option<Comparison> {
    compare(&old, &new, None, Limits::default()).ok()
}

/// Asserts that a program with other bytes at an offset is another program, and returns what differs.
fn assert_different(program: &[u8], offset: usize, bytes: &[u8]) -> String {
    let mut edited = program.to_vec();
    edited[offset..offset + bytes.len()].copy_from_slice(bytes);
    assert_ne!(edited, program, "{offset:#x}");
    let result = compared(program, &edited).unwrap();
    assert_eq!(result.verdict, Outcome::Different, "{offset:#x}");
    let lines: Vec<&str> = result.differences.iter().map(|d| d.what.as_str()).collect();
    lines.join("\n")
}

/// The bytes of a section in the file.
fn section(program: &[u8], name: &str) -> Range<usize> {
    let window = Window::new(&program, 64 << 20);
    let image = gospect_exe::open(&window).unwrap();
    let section = image.section(name.as_bytes()).unwrap();
    let offset = section.offset as usize;
    offset..offset + section.file_size as usize
}

/// Where loaded bytes of a program are in the file, and whether they are executable.
fn loaded(program: &[u8]) -> Vec<Range<usize>> {
    let window = Window::new(&program, 64 << 20);
    let image = gospect_exe::open(&window).unwrap();
    let segments = image.segments.iter().filter(|s| !s.discardable);
    let ranges = segments.map(|s| s.offset as usize..(s.offset + s.size) as usize);
    ranges.collect()
}

fn number(program: &[u8], offset: usize, size: usize) -> u64 {
    let bytes = &program[offset..offset + size];
    let bytes = bytes.iter().rev();
    bytes.fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// Programs with code of C, of the kinds that linkers write: dynamic, position-independent, with stubs only.
const WITH_STUBS: [&str; 3] = [
    "1.27-linux-amd64-cgo",
    "1.27-linux-amd64-pie-external",
    "1.27-linux-arm64-pie-strip",
];

/// Every loaded byte is compared, but for build IDs, build info, and what the headers say about places in the file.
#[test]
fn an_edited_byte_that_is_loaded_is_never_missed() {
    for name in WITH_STUBS {
        let program = fixture(name);
        let harmless = [
            ".note.go.buildid",
            ".note.gnu.build-id",
            ".go.buildinfo",
            ".gopclntab",
        ];
        const HEADERS: usize = 0x1000;
        let stored = harmless.iter().filter(|name| has_section(&program, name));
        let skipped: Vec<Range<usize>> = stored.map(|name| section(&program, name)).collect();
        let mut state = 3u64;
        let mut random = move |n: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize % n
        };
        for range in loaded(&program) {
            for _ in 0..4 {
                let at = range.start + random(range.len());
                if at < HEADERS || skipped.iter().any(|range| range.contains(&at)) {
                    continue;
                }
                let mut edited = program.to_vec();
                edited[at] ^= 1 << random(8);
                if let Some(result) = compared(&program, &edited) {
                    assert_eq!(result.verdict, Outcome::Different, "{name} at {at:#x}");
                }
            }
        }
    }
}

fn has_section(program: &[u8], name: &str) -> bool {
    let window = Window::new(&program, 64 << 20);
    let image = gospect_exe::open(&window).unwrap();
    image.section(name.as_bytes()).is_some()
}

/// Small sections with code and tables that no function table lists: each of their bytes counts.
#[test]
fn stubs_start_code_and_unwind_tables_are_compared() {
    let program = fixture("1.27-linux-amd64-cgo");
    // The form of a table of versions, which the loader refuses if it is another one.
    let versions = section(&program, ".gnu.version_r");
    assert_different(&program, versions.start + 1, &[4]);
    for name in [
        ".init",
        ".fini",
        ".plt",
        ".eh_frame",
        ".eh_frame_hdr",
        ".interp",
    ] {
        let range = section(&program, name);
        let step = (range.len() / 3).max(1);
        for at in range.step_by(step) {
            let other = [program[at] ^ 0x10];
            assert_different(&program, at, &other);
        }
    }
}

/// The target of a branch in code of C, as an attacker would change it: one byte, to the other side of a comparison.
#[test]
fn a_branch_in_code_of_c_is_compared() {
    let program = fixture("1.27-linux-amd64-cgo");
    let text = section(&program, ".text");
    // `_start` is the first code: `call *__libc_start_main@GOT(%rip)` near its end, and conditional jumps of the start files behind it.
    let front = &program[text.start..text.start + 0x100];
    let branch = front.iter().position(|byte| *byte == 0x74).unwrap();
    let what = assert_different(&program, text.start + branch + 1, &[0]);
    assert!(
        what.contains("code outside of the function table, in .text"),
        "{what}"
    );
    let call = front.windows(2).position(|bytes| bytes == [0xff, 0x15]);
    assert_different(&program, text.start + call.unwrap() + 2, &[0x10]);
}

/// A stub that jumps by the slot of another import calls another function of the library.
#[test]
fn a_stub_that_leads_to_another_import_is_different() {
    for name in ["1.27-linux-amd64-cgo", "1.27-linux-amd64-race"] {
        let program = fixture(name);
        let stubs = section(&program, ".plt");
        // Entries of 16 bytes, the first for the loader: `jmp *slot(%rip)`.
        let [first, second] = [1, 2].map(|i| stubs.start + 16 * i);
        assert_eq!(program[first..first + 2], [0xff, 0x25], "{name}");
        let slot = number(&program, second + 2, 4) + 16;
        let what = assert_different(&program, first + 2, &(slot as u32).to_le_bytes());
        assert!(what.contains("in .plt"), "{name}: {what}");
        assert!(!what.contains("functions differ"), "{name}: {what}");
    }
}

/// Code in the unused bytes behind the headers, which the first segment loads.
#[test]
fn bytes_between_the_parts_are_compared() {
    let program = fixture("1.27-linux-amd64-pie-strip");
    let first = loaded(&program)[0].clone();
    // In front of the first note.
    let note = section(&program, ".note.go.buildid")
        .start
        .min(section(&program, ".interp").start);
    assert!(note < first.end && program[note - 32..note] == [0; 32]);
    let what = assert_different(&program, note - 24, &[0xeb, 0xfe]);
    assert!(what.contains("which are not taken apart"), "{what}");
}

/// Where a stub and the pointer it jumps by have moved, the stub must still use the pointer of its own import.
#[test]
fn a_stub_that_has_moved_is_taken_apart() {
    let (base, record) = (
        rebuild_fixture("darwin-base"),
        rebuild_fixture("darwin-record"),
    );
    let stubs = section(&base, "__symbol_stub1");
    // `adrp`, `ldr` and `br`, twelve bytes each; the pointers are in the same page.
    let (first, second) = (stubs.start, stubs.start + 12);
    assert_eq!(base[first..first + 4], base[second..second + 4]);
    let mut edited = base.to_vec();
    edited.copy_within(second..second + 12, first);
    assert_ne!(edited, *base);
    for (old, new) in [(&edited, &*record), (&*record, &edited), (&*base, &edited)] {
        let result = compared(old, new).unwrap();
        assert_eq!(result.verdict, Outcome::Different);
        let is_named = |what: &str| what.contains("in __symbol_stub1");
        assert!(result.differences.iter().any(|d| is_named(&d.what)));
    }
}

/// The relocations of a static program are applied by its own start code. No tag of a dynamic section leads to them.
#[test]
fn relocations_of_a_static_program_are_compared() {
    let mut program = fixture("1.27-linux-amd64-cgo").to_vec();
    const DYNAMIC: u64 = 2;
    let headers = (0..number(&program, 56, 2) as usize).map(|i| 64 + 56 * i);
    let dynamic = headers
        .into_iter()
        .find(|at| number(&program, *at, 4) == DYNAMIC);
    let at = dynamic.unwrap();
    program[at..at + 4].fill(0);
    let relocations = section(&program, ".rela.plt");
    // `IRELATIVE` of amd64, without a symbol.
    for table in [section(&program, ".rela.dyn"), relocations.clone()] {
        for info in table.skip(8).step_by(24) {
            program[info..info + 8].copy_from_slice(&37u64.to_le_bytes());
        }
    }
    for field in [0, 8, 16] {
        let at = relocations.start + field;
        let what = assert_different(&program, at, &[program[at] ^ 0x20]);
        assert!(what.contains("the loader is told otherwise"), "{what}");
    }
}

/// What AIX binds is in a section that no segment loads.
#[test]
fn the_loader_section_of_aix_is_compared() {
    let program = fixture("1.27-aix-ppc64-strip");
    let loader = section(&program, ".loader");
    for at in loader.clone().step_by(loader.len() / 3) {
        let what = assert_different(&program, at, &[program[at] ^ 1]);
        assert!(what.contains("the loader is told otherwise"), "{what}");
    }
}

/// By `moduledata.findfunctab` the runtime finds the function of an address.
#[test]
fn an_index_of_functions_outside_of_the_file_is_different() {
    let program = rebuild_fixture("amd64-base");
    let at = section(&program, ".go.module").start + 19 * 8;
    for value in [0u64, 0x7fff_0000_0000] {
        assert_different(&program, at, &value.to_le_bytes());
    }
}

#[test]
fn the_memory_of_webassembly_is_compared() {
    let program = rebuild_fixture("js-base");
    // Sections follow one another: one byte of type, then the size.
    let mut at = 8;
    while program[at] != 5 {
        let (mut size, mut shift) = (0usize, 0);
        loop {
            at += 1;
            size |= usize::from(program[at] & 0x7f) << shift;
            shift += 7;
            if program[at] < 0x80 {
                break;
            }
        }
        at += 1 + size;
    }
    // After the size, which has five bytes or one: number of memories, flags, pages.
    let memory = (at + 1..).find(|at| program[*at] < 0x80).unwrap() + 1;
    assert_eq!(program[memory..memory + 2], [1, 0]);
    for (offset, byte) in [(2, program[memory + 2] ^ 4), (1, 2), (1, 3)] {
        let what = assert_different(&program, memory + offset, &[byte]);
        assert!(what.contains("size of the memory"), "{what}");
    }
}

/// Resources may hold a manifest that names libraries to load, or rights to ask for.
#[test]
fn resources_of_windows_are_compared() {
    let program = rebuild_fixture("windows-base");
    let header = number(&program, 0x3c, 4) as usize;
    let directories = header + 24 + 112;
    // A table without entries: zeros that are loaded.
    let data = section(&program, ".data");
    let zeros = data.clone().find(|at| program[*at..*at + 16] == [0; 16]);
    let address = number(&program, section_header(&program, header, b".data") + 12, 4);
    let place = address + (zeros.unwrap() - data.start) as u64;
    let entry = [(place as u32).to_le_bytes(), 16u32.to_le_bytes()].concat();
    assert_different(&program, directories + 16, &entry);
}

/// Offset of a section header of a PE file.
fn section_header(program: &[u8], header: usize, name: &[u8]) -> usize {
    let first = header + 24 + number(program, header + 20, 2) as usize;
    let mut all = (first..).step_by(40);
    all.find(|at| program[*at..].starts_with(name)).unwrap()
}

/// The two builds have code outside of the function table, which is compared when nothing is edited, too.
#[test]
fn equal_code_outside_of_the_function_table_is_the_same_code() {
    let program = fixture("1.27-linux-amd64-cgo");
    let id = section(&program, ".note.gnu.build-id");
    let mut edited = program.to_vec();
    edited[id.end - 1] ^= 1;
    let result = compared(&program, &edited).unwrap();
    assert_eq!(
        result.verdict,
        Outcome::SameCode,
        "{:?}",
        result.differences
    );
    let parts: Vec<DifferentPart> = result.differences.iter().map(|d| d.part).collect();
    assert_eq!(parts, [DifferentPart::BuildId]);
}
