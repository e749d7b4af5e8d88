//! Programs that do something else, in the places where honest builds differ too.

use super::{assert_different, compared, number, section};
use gospect_bytes::Window;
use gospect_exe::Image;
use gospect_record::rebuild::Outcome;
use std::ops::Range;
use test_support::fixtures::{fixture, rebuild_fixture};

fn with_image<T>(program: &[u8], read: impl FnOnce(&Image<'_>) -> T) -> T {
    let window = Window::new(&program, 64 << 20);
    read(&gospect_exe::open(&window).unwrap())
}

/// Address of a byte of the file.
fn address(program: &[u8], offset: usize) -> u64 {
    with_image(program, |image| {
        let mut segments = image.segments.iter();
        let offset = offset as u64;
        let holds = |s: &&gospect_exe::Segment| (s.offset..s.offset + s.size).contains(&offset);
        let segment = segments.find(holds).unwrap();
        segment.address + offset - segment.offset
    })
}

/// Addresses of a section.
fn addresses(program: &[u8], name: &str) -> Range<u64> {
    with_image(program, |image| {
        let section = image.section(name.as_bytes()).unwrap();
        section.address..section.address + section.size
    })
}

/// Offsets of the distances in instructions `LEAQ distance(IP)` that lead to some addresses, and where they lead.
fn references(program: &[u8], to: Range<u64>) -> Vec<(usize, u64)> {
    let text = section(program, ".text");
    let start = addresses(program, ".text").start;
    let is_lea = |at: &usize| {
        matches!(program[*at], 0x48 | 0x4c)
            && program[at + 1] == 0x8d
            && program[at + 2] & 0xc7 == 5
    };
    let all = (text.start..text.end - 7).filter(is_lea).map(|at| {
        let distance = number(program, at + 3, 4) as u32 as i32;
        let next = start + (at - text.start) as u64 + 7;
        (at + 3, next.wrapping_add_signed(i64::from(distance)))
    });
    all.filter(|(_, target)| to.contains(target)).collect()
}

/// Makes an instruction lead elsewhere.
fn redirect(program: &mut [u8], (distance, from): (usize, u64), to: u64) {
    let other = number(program, distance, 4) as u32;
    let moved = to.wrapping_sub(from) as u32;
    program[distance..distance + 4].copy_from_slice(&other.wrapping_add(moved).to_le_bytes());
}

fn position(program: &[u8], bytes: &[u8]) -> usize {
    memchr::memmem::find(program, bytes).unwrap()
}

fn verdict(old: &[u8], new: &[u8]) -> Outcome {
    compared(old, new).unwrap().verdict
}

/// The text of build info may differ, and so may not be used as anything else.
#[test]
fn code_that_uses_the_text_of_build_info_is_different() {
    let base = rebuild_fixture("amd64-base");
    let constants = addresses(&base, ".rodata");
    let modinfo = position(&base, b"\x30\x77\xaf\x0c\x92\x74\x08\x02");
    let mut harmless = base.to_vec();
    let key = modinfo + position(&base[modinfo..], b"-compiler=gc");
    harmless[key..key + 4].copy_from_slice(b"evil");
    assert_eq!(verdict(&base, &harmless), Outcome::SameCode);
    for reference in references(&base, constants).into_iter().take(2) {
        let mut edited = harmless.clone();
        redirect(&mut edited, reference, address(&base, key));
        for (old, new) in [(&*base, &edited), (&edited, &*base)] {
            let result = compared(old, new).unwrap();
            assert_eq!(result.verdict, Outcome::Different);
            assert_eq!(result.changed.len(), 1);
        }
    }
}

/// One instruction uses the variable of another, so that two are one.
#[test]
fn zero_filled_variables_are_not_exchanged() {
    let base = rebuild_fixture("amd64-base");
    for name in ["amd64-base", "amd64-record"] {
        let program = rebuild_fixture(name);
        for section in [".bss", ".noptrbss"] {
            let all = references(&program, addresses(&program, section));
            let first = all[0];
            let other = all.iter().find(|other| other.1 != first.1).unwrap();
            for to in [other.1, first.1 + 8] {
                let mut edited = program.to_vec();
                redirect(&mut edited, first, to);
                assert_eq!(verdict(&base, &edited), Outcome::Different, "{name}");
                assert_eq!(verdict(&edited, &base), Outcome::Different, "{name}");
            }
        }
    }
}

/// A value of `-X` that looks like a GOROOT or a version is a value.
#[test]
fn a_variable_that_looks_like_one_of_the_runtime_is_compared() {
    let base = rebuild_fixture("amd64-string");
    let value = position(&base, b"1.2.3\0");
    for (old, new) in [(b"/a/go", b"/b/go"), (b"go1.3", b"go1.4")] {
        let with = |text: &[u8; 5]| {
            let mut program = base.to_vec();
            program[value..value + 5].copy_from_slice(text);
            program
        };
        assert_eq!(verdict(&with(old), &with(new)), Outcome::Different);
    }
}

/// The runtime's own are told by the code that reads them, inlined or not.
#[test]
fn another_goroot_is_the_same_code() {
    for name in [
        "1.23-linux-riscv64-strip",
        "1.27-linux-386-w",
        "1.27-linux-arm64-pie-strip",
        "1.27-linux-amd64-pie-external",
        "1.27-linux-amd64-strip",
        "1.27-windows-amd64-strip",
        "1.27-darwin-amd64-strip",
    ] {
        let program = fixture(name);
        let front = b"/opt/gofix/go1.";
        let is_text = |at: &usize| {
            let rest = &program[at + front.len()..];
            let end = rest
                .iter()
                .position(|byte| !byte.is_ascii_digit() && *byte != b'.');
            rest[end.unwrap()] == 0
        };
        let at = memchr::memmem::find_iter(&program[..], front)
            .find(is_text)
            .unwrap();
        let mut edited = program.to_vec();
        edited[at + 5..at + 10].copy_from_slice(b"other");
        let result = compared(&program, &edited).unwrap();
        let what = format!("{name}: {:?}", result.differences);
        assert_eq!(result.verdict, Outcome::SameCode, "{what}");
        assert!(what.contains("GOROOT of the build host"), "{what}");
    }
}

/// The kernel maps whole pages: the end of the constants comes from where the next segment says.
#[test]
fn segments_that_share_a_page_are_different() {
    const PAGE: usize = 4096;
    let base = rebuild_fixture("amd64-base");
    let headers = (0..number(&base, 56, 2) as usize).map(|i| 64 + 56 * i);
    let loaded = headers.filter(|at| number(&base, *at, 4) == 1);
    let loaded: Vec<usize> = loaded.collect();
    let field = |header: usize, at: usize| number(&base, header + at, 8);
    let [.., constants, variables] = loaded[..] else {
        panic!();
    };
    let end = field(constants, 16) + field(constants, 32);
    let start = end.next_multiple_of(8);
    let moved = field(variables, 16) - start;
    assert!(moved > 0 && moved < PAGE as u64);
    let mut edited = base.to_vec();
    edited.resize(base.len().next_multiple_of(PAGE) + start as usize % PAGE, 0);
    let offset = edited.len() as u64;
    edited.extend(vec![0; moved as usize]);
    let data = field(variables, 8) as usize;
    edited.extend(&base[data..data + field(variables, 32) as usize]);
    let fields = [
        (8, offset),
        (16, start),
        (24, start),
        (32, field(variables, 32) + moved),
        (40, field(variables, 40) + moved),
    ];
    for (at, value) in fields {
        edited[variables + at..variables + at + 8].copy_from_slice(&value.to_le_bytes());
    }
    let result = compared(&base, &edited).unwrap();
    assert_eq!(result.verdict, Outcome::Different);
    let is_named = |what: &str| what.contains("share a page");
    assert!(result.differences.iter().any(|d| is_named(&d.what)));
}

/// The kernel of macOS leaves the rest of the last page of a segment as it is in the file.
#[test]
fn bytes_where_zero_filled_variables_begin_are_different() {
    let program = rebuild_fixture("darwin-base");
    let end = with_image(&program, |image| {
        let segment = image.segments.iter().find(|s| s.writable && !s.discardable);
        segment.map(|s| (s.offset + s.size) as usize).unwrap()
    });
    let what = assert_different(&program, end + 8, &[1]);
    assert!(what.contains("zero-filled"), "{what}");
}

/// The mark of build info, or of the FIPS record, in data.
#[test]
fn a_mark_in_data_hides_nothing() {
    let base = rebuild_fixture("amd64-base");
    let data = section(&base, ".rodata").start.next_multiple_of(16) + 0x8000;
    for mark in [
        &b"\xff Go buildinf:\x08\x02"[..],
        b"\xff Go fipsinfo \xff\0",
    ] {
        let mut marked = base.to_vec();
        marked[data..data + mark.len()].copy_from_slice(mark);
        for at in [17, 24, 31] {
            let at = data + at;
            assert_different(&marked, at, &[marked[at] ^ 1]);
        }
    }
}

/// On 32 bits nearly all offsets look like addresses.
#[test]
fn the_function_table_is_compared() {
    for name in [
        "1.27-linux-arm-strip",
        "1.27-linux-386-w",
        "1.27-linux-amd64-pie-strip",
    ] {
        let program = fixture(name);
        let table = section(&program, ".gopclntab");
        // The parts are the names, then files, values by address, and functions.
        let word = if name.contains("amd64") { 8 } else { 4 };
        let values = number(&program, table.start + 8 + 6 * word, word) as usize;
        let functions = number(&program, table.start + 8 + 7 * word, word) as usize;
        for at in [values + 99, functions - 999, functions + 4, functions + 400] {
            let at = table.start + at;
            let what = assert_different(&program, at, &[program[at] ^ 4]);
            assert!(!what.is_empty(), "{name}");
        }
    }
}

/// Where constants have moved, a pointer among them that has not moved leads elsewhere.
#[test]
fn a_pointer_that_stays_behind_is_different() {
    let (base, record) = (
        rebuild_fixture("amd64-base"),
        rebuild_fixture("amd64-record"),
    );
    let [old, new] = [&base, &record].map(|program| section(program, ".go.type"));
    let constants = addresses(&base, ".go.type");
    let words = (0..old.len().min(new.len()) - 8).step_by(8).filter(|at| {
        let value = number(&base, old.start + at, 8);
        constants.contains(&value) && number(&record, new.start + at, 8) != value
    });
    let words: Vec<usize> = words.collect();
    for at in words.iter().step_by(words.len() / 4) {
        let mut edited = record.to_vec();
        edited[new.start + at..new.start + at + 8]
            .copy_from_slice(&base[old.start + at..old.start + at + 8]);
        assert_eq!(verdict(&base, &edited), Outcome::Different, "{at:#x}");
    }
}

/// The same program with another build ID, of every layout of the tables.
#[test]
fn another_build_id_is_the_same_code_for_every_release() {
    for name in [
        "1.19-linux-amd64-hello-strip",
        "1.21-linux-amd64-hello-strip",
        "1.21-linux-mips-strip",
        "1.22-linux-mips64le-strip",
        "1.23-linux-riscv64-strip",
        "1.24-linux-amd64-pie-strip",
        "1.25-linux-loong64-strip",
        "1.26-linux-amd64-hello-strip",
        "1.27-linux-arm-strip",
    ] {
        let program = fixture(name);
        let id = section(&program, ".note.go.buildid");
        let mut edited = program.to_vec();
        edited[id.start + 20] ^= 1;
        let result = compared(&program, &edited).unwrap();
        let what = format!("{name}: {:?}", result.differences);
        assert_eq!(result.verdict, Outcome::SameCode, "{what}");
    }
}
