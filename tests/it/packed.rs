//! Packed programs: one of another language is recognised by its headers, and a program of Go is found whatever they say.

use crate::support::derive::{Layout, drop_section_headers, rename_section};
use crate::support::{fixture, upx};
use gospect::go::{Inspection, Level, Options, inspect};
use memchr::memmem;

/// The options of the reader for a file of a walk and for a file that the user names, at a level.
fn seen(file: &[u8], level: Level) -> Inspection {
    let options = Options {
        level,
        named: true,
        ..Options::default()
    };
    inspect(&file, &options).unwrap()
}

/// The same program under section names that no Go tool gives, and without the note of its build ID.
fn disguised(file: &[u8]) -> Vec<u8> {
    const NAMES: [&str; 9] = [
        ".gopclntab",
        ".go.buildinfo",
        ".go.fipsinfo",
        ".go.module",
        ".go.func",
        ".note.go.buildid",
        ".gosymtab",
        ".typelink",
        ".itablink",
    ];
    let mut out = file.to_vec();
    for name in NAMES {
        if memmem::find(&out, &[b"\0", name.as_bytes(), b"\0"].concat()).is_some() {
            out = rename_section(&out, name, ".rodata");
        }
    }
    let note = [4, 0, 0, 0, b'G', b'o', 0, 0];
    if let Some(at) = memmem::find(&out, &note) {
        out[at + 4] = b'N';
    }
    out
}

/// The program headers' claim of how much unwind information there is, set to that of a program without Go.
fn unwound(file: &[u8]) -> Vec<u8> {
    let l = Layout::of_elf(file);
    let mut out = file.to_vec();
    for at in (0..l.get(file, 56, 2) as usize).map(|i| 64 + 56 * i) {
        if l.get(file, at, 4) == 0x6474_e550 {
            l.put(&mut out, at + 32, 8, file.len() as u64);
        }
    }
    out
}

#[test]
fn a_packed_go_program_is_found_whatever_its_headers_say() {
    let ids = [
        "1.27-linux-amd64-strip",
        "1.27-linux-amd64-cgo",
        "1.27-linux-amd64-cgo-strip",
        "1.27-linux-amd64-pie-external",
        "1.27-linux-amd64-c-shared",
    ];
    for id in ids {
        let plain = fixture(id);
        let forms = [
            ("as it is", plain.to_vec()),
            ("other names", disguised(&plain)),
            ("without section table", drop_section_headers(&plain)),
            ("unwind information claimed", unwound(&plain)),
        ];
        for (form, file) in forms {
            for level in [Level::BuildInfo, Level::Full] {
                let want = seen(&file, level).found;
                let packed = seen(&upx::pack(&file), level);
                assert_eq!(
                    (want.len(), packed.found.len()),
                    (1, 1),
                    "{id}, {form}, {level:?}"
                );
                let (want, got) = (&want[0].record, &packed.found[0].record);
                assert_eq!(want.go_version, got.go_version, "{id}, {form}");
                assert_eq!(want.build_info, got.build_info, "{id}, {form}");
                assert_eq!(got.executable.packed.as_deref(), Some("UPX"));
            }
        }
    }
}

/// With all facts, a damaged file is not called a program of another language: the packer's checksum is compared first.
#[test]
fn a_damaged_packed_program_is_said_to_be_damaged() {
    let file = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/packed/upx-5.21-lzma-arm"
    ))
    .unwrap();
    let whole = seen(&file, Level::Full);
    assert!(whole.found.is_empty() && whole.packed.is_none());
    let mut spoiled = file.clone();
    spoiled[200_000] ^= 1;
    let why = seen(&spoiled, Level::Full).packed.unwrap();
    assert!(why.starts_with("packed with UPX"), "{why}");
    let cut = seen(&file[..file.len() - 100_000], Level::Full);
    assert!(cut.packed.is_some() || cut.damage.is_some());
}
