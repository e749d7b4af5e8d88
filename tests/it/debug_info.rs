//! Facts from debug information: paths of C sources, and the compiler's version.

use crate::support::{derive, fixture};
use gospect::go::{Options, inspect};
use gospect::record::{Binary, EvidenceSource, PathKind, PathLeak, Verdict};
use memchr::memmem;

fn program(bytes: &[u8]) -> Binary {
    let mut found = inspect(&bytes, &Options::default()).unwrap().found;
    assert_eq!(found.len(), 1);
    *found.remove(0).record
}

fn group<'b>(binary: &'b Binary, prefix: &str) -> Option<&'b PathLeak> {
    let paths = binary.paths.as_ref().unwrap();
    paths.iter().find(|p| p.prefix == prefix)
}

/// DWARF 5 has the directory of a header in its file table, DWARF 4 has the compilation directory elsewhere; the linker compressed
/// both.
#[test]
fn headers_of_c_are_paths_of_the_build_host() {
    for id in ["1.27-linux-amd64-c-dwarf5", "1.27-linux-amd64-c-dwarf4"] {
        let binary = program(&fixture(id));
        let headers = group(&binary, "/usr").unwrap_or_else(|| panic!("{id}: {:?}", binary.paths));
        assert_eq!(headers.found_in, "dwarf", "{id}");
        assert_eq!(headers.count, 30, "{id}");
        assert!(headers.example.ends_with(".h"), "{id}: {}", headers.example);
        // Go's own files count once, even if several tables name them.
        let main = group(&binary, "/build/src").unwrap();
        assert_eq!(
            (main.count, main.found_in.as_str()),
            (1, "pclntab,dwarf"),
            "{id}"
        );
        // The go command makes the compiler write these instead of real directories.
        let stand_in =
            |p: &&PathLeak| p.example.starts_with("/_/") || p.example.starts_with("/tmp/go-build");
        assert_eq!(
            binary.paths.as_ref().unwrap().iter().find(stand_in),
            None,
            "{id}"
        );
    }
}

#[test]
fn a_program_without_its_function_table_still_shows_its_goroot() {
    let mut file = fixture("1.27-linux-amd64-plain").to_vec();
    let table = memmem::find(&file, b"\xf1\xff\xff\xff\0\0\x01\x08").expect("the function table");
    file[table..table + 8].fill(0);
    let binary = program(&file);
    let goroot = binary.goroot.as_ref().unwrap();
    assert_eq!(goroot.value.as_deref(), Some("/opt/gofix/go1.27.3"));
    assert_eq!(goroot.trimmed, Some(false));
    assert!(
        goroot
            .evidence
            .iter()
            .any(|e| e.source == EvidenceSource::Dwarf),
        "{:?}",
        goroot.evidence
    );
    assert!(
        group(&binary, "/opt/gofix/go1.27.3")
            .is_some_and(|p| p.kind == PathKind::Goroot && p.found_in == "dwarf")
    );
}

/// Replaces every copy of the version in plain text: in the record and in linker strings, as `-X runtime.buildVersion` does.
fn with_version(file: &[u8], from: &str, to: &str, end: usize) -> Vec<u8> {
    let mut forged = file.to_vec();
    let places: Vec<usize> = memmem::find_iter(&file[..end], from).collect();
    assert!(!places.is_empty());
    for at in places {
        forged[at..at + from.len()].copy_from_slice(to.as_bytes());
    }
    forged
}

fn by_compiler(binary: &Binary) -> Vec<(Verdict, Option<&str>)> {
    let rows = binary.corroboration.iter().flatten();
    rows.filter(|r| r.how.contains("compiler"))
        .map(|r| (r.verdict.known().unwrap(), r.observed.as_deref()))
        .collect()
}

#[test]
fn the_compilers_own_version_outlives_an_edit_of_both_copies() {
    let wasm = fixture("1.27-js-wasm-hello");
    let producers = memmem::find(&wasm, b"producers").unwrap();
    for (honest, end) in [
        (fixture("1.27-linux-amd64-plain"), usize::MAX),
        (wasm, producers),
    ] {
        let honest_row = [(Verdict::Confirmed, Some("go1.27.3"))];
        assert_eq!(by_compiler(&program(&honest)), honest_row);
        let forged = program(&with_version(
            &honest,
            "go1.27.3",
            "go1.27.9",
            end.min(honest.len()),
        ));
        assert_eq!(forged.go_version.as_deref(), Some("go1.27.9"));
        assert_eq!(
            by_compiler(&forged),
            [(Verdict::Contradicted, Some("go1.27.3"))]
        );
    }
}

#[test]
fn a_version_that_the_recorded_flags_set_is_no_contradiction() {
    let binary = program(&fixture("1.27-linux-amd64-x-buildversion"));
    assert_eq!(binary.go_version_raw.as_deref(), Some("go9.99-custom"));
    let rows = binary.corroboration.iter().flatten();
    assert!(
        rows.clone().all(|r| r.verdict != Verdict::Contradicted),
        "{:?}",
        binary.corroboration
    );
}

/// Sections of debug information that are truncated, or claim an absurd length, are ignored and cost nothing.
#[test]
fn damaged_debug_information_is_passed_over() {
    let id = "1.27-linux-amd64-c-dwarf5";
    let honest = fixture(id);
    let header = b"\x01\0\0\0\0\0\0\0";
    let sections: Vec<usize> = memmem::find_iter(&honest, header)
        .filter(|&at| honest.get(at + 24) == Some(&0x78))
        .collect();
    assert!(sections.len() > 4, "{} compressed sections", sections.len());
    for at in sections {
        let mut file = honest.to_vec();
        file[at + 8..at + 16].fill(0xff);
        file[at + 40..at + 80].fill(0x55);
        let binary = program(&file);
        assert_eq!(binary.go_version.as_deref(), Some("go1.27.3"));
        assert!(binary.paths.as_ref().is_some_and(|p| !p.is_empty()));
    }
    for seed in 0..8 {
        let file = derive::flip_bits(&honest, 1_000_000..honest.len(), seed, 64);
        assert!(inspect(&&*file, &Options::default()).is_ok());
    }
}
