//! Where a program says it was built, and what `runtime.GOROOT()` returns in it.

use crate::support::fixtures::{Fixture, fixtures};
use crate::support::{derive, fixture};
use gospect::go::{Options, inspect};
use gospect::record::{EvidenceSource, Goroot};
use memchr::memmem;

fn goroot(bytes: &[u8], what: &str) -> Goroot {
    let options = Options {
        named: true,
        ..Options::default()
    };
    let found = inspect(&bytes, &options).unwrap().found;
    assert_eq!(found.len(), 1, "{what}");
    found
        .into_iter()
        .find_map(|f| f.record.goroot)
        .expect("GOROOT facts")
}

/// Programs linked by Go's own linker; a plugin has neither the variable nor package runtime.
fn is_program(f: &Fixture) -> bool {
    let other = ["-buildmode=plugin", "-compiler=gccgo"];
    f.toolchain.is_some() && f.goroot.is_some() && !f.flags.iter().any(|f| other.contains(&&**f))
}

#[test]
fn every_program_is_said_to_have_its_run_time_goroot() {
    let mut checked = 0;
    for f in fixtures().filter(|f| is_program(f)) {
        let honest = f.bytes();
        let mut variants = vec![("as built", honest.to_vec())];
        // An object file has only sections.
        if honest.starts_with(b"\x7fELF") && !f.id.ends_with("-object") {
            variants.push(("no sections", derive::drop_section_headers(&honest)));
        }
        let trimmed = f.flags.iter().any(|flag| flag == "-trimpath");
        let set_by_hand = f
            .flags
            .iter()
            .any(|f| f.contains("runtime.defaultGOROOT=") || f.starts_with("-toolexec="));
        for (what, file) in variants {
            let what = format!("{}, {what}", f.id);
            let got = goroot(&file, &what);
            assert_eq!(got.trimmed, Some(trimmed), "{what}");
            if let Some(linked) = f.goroot_linked {
                assert_eq!(got.linked, Some(linked), "{what}");
                let answer = f.goroot.clone().filter(|_| linked);
                assert_eq!(got.runtime, answer, "{what}");
            }
            if let Some(ran) = &f.ran {
                let runtime = got.runtime.unwrap_or_default();
                assert_eq!(runtime, ran.goroot, "{what}: what it printed");
            }
            if trimmed {
                assert_eq!(got.value, None, "{what}");
            } else if !set_by_hand {
                assert_eq!(got.value, f.goroot, "{what}");
            }
            checked += 1;
        }
    }
    assert!(checked >= 170, "only {checked} checked");
}

/// A stored program with a GOROOT set by `-X` and source files renamed as by `-trimpath`: only its code shows which string is the
/// GOROOT.
#[test]
fn a_goroot_set_by_hand_in_a_trimmed_program_is_found_by_its_code() {
    let id = "1.27-linux-amd64-x-goroot";
    let mut file = fixture(id).to_vec();
    let prefix = b"/opt/gofix/go1.27.3/src/";
    let places: Vec<usize> = memmem::find_iter(&file, prefix).collect();
    assert!(places.len() > 50, "{} files", places.len());
    for at in places {
        let end = at + memchr::memchr(0, &file[at..]).unwrap();
        file.copy_within(at + prefix.len()..end, at);
        file[end - prefix.len()..end].fill(0);
    }
    // The record does not show it either.
    let flag = b"-X runtime.defaultGOROOT=";
    let places: Vec<usize> = memmem::find_iter(&file, flag).collect();
    assert_eq!(places.len(), 2);
    for at in places {
        file[at..at + flag.len()].copy_from_slice(b"-X another.defaultGOROOT=");
    }
    let got = goroot(&file, id);
    assert_eq!(got.trimmed, Some(true));
    assert_eq!(got.runtime.as_deref(), Some("/opt/set/by/ldflags"));
    assert!(
        got.evidence
            .iter()
            .any(|e| e.source == EvidenceSource::Code)
    );
}

/// A path of the user at the same place is not a GOROOT.
#[test]
fn another_path_beside_the_version_is_not_taken_for_the_goroot() {
    let id = "1.27-linux-amd64-x-version-trimstrip";
    let mut file = fixture(id).to_vec();
    let places: Vec<usize> = memmem::find_iter(&file, b"\x001.2.3\0").collect();
    assert_eq!(places.len(), 1, "the value of main.version");
    file[places[0] + 1..places[0] + 6].copy_from_slice(b"/a/bc");
    let got = goroot(&file, id);
    assert_eq!((got.trimmed, got.linked), (Some(true), Some(true)));
    assert_eq!(got.runtime.as_deref(), Some(""));
    assert_eq!(got.value, None);
}
