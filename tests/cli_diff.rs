//! `gospect diff`: what it says in every format, and when it fails.
#![cfg(all(feature = "cli", feature = "archives"))]

mod support;

use serde_json::Value;
use support::cli::{Output, Scratch, run_in};

/// The same program by two releases of Go, each in a directory of its own.
fn place() -> Scratch {
    let scratch = Scratch::new();
    for (dir, id) in [
        ("old", "1.26-linux-amd64-strip"),
        ("new", "1.27-linux-amd64-strip"),
    ] {
        scratch.put(&format!("{dir}/app"), &support::fixture(id));
    }
    scratch
}

fn diff(s: &Scratch, args: &[&str]) -> Output {
    run_in(s.path(), &[&["diff"], args].concat())
}

#[test]
fn exit_codes() {
    let s = place();
    std::fs::create_dir(s.path().join("empty")).unwrap();
    for (args, want) in [
        (&["old", "new"][..], 0),
        (&["--fail-on=toolchain", "old", "new"], 1),
        (&["--fail-on=any", "old", "new"], 1),
        (&["--fail-on=any", "old", "old"], 0),
        (&["--fail-on=removed,added", "old", "new"], 0),
        (&["--fail-on=removed", "old", "empty"], 1),
        (&["--fail-on=added", "--fail-on=removed", "empty", "new"], 1),
        (&["old", "empty"], 0),
        (&["--fail-on=any", "old", "missing"], 2),
        (&["--fail-on=everything", "old", "new"], 2),
        (&["--facts=build-info", "old", "new"], 2),
        (&["old"], 2),
        (&["old", "new", "new"], 2),
        (&["records:-", "-"], 2),
    ] {
        let out = diff(&s, args);
        assert_eq!(out.code, Some(want), "{args:?}: {}", out.stderr);
    }
    let typo = diff(&s, &["--fail-on=toolchian", "old", "new"]);
    assert!(typo.stderr.contains("`toolchain`"), "{}", typo.stderr);
}

#[test]
fn every_format_names_the_program_and_both_releases() {
    let s = place();
    for format in ["text", "json", "markdown", "html"] {
        let out = diff(&s, &["--format", format, "old", "new"]);
        assert_eq!(out.code, Some(0), "{}", out.stderr);
        for word in ["app", "go1.26.6", "go1.27.3"] {
            assert!(out.stdout.contains(word), "{format}: {word}");
        }
        if format == "json" {
            serde_json::from_str::<Value>(&out.stdout).unwrap();
        }
        let file = diff(&s, &["--format", format, "-o", "out", "old", "new"]);
        assert_eq!(file.stdout, "", "{format}");
        assert_eq!(
            std::fs::read(s.path().join("out")).unwrap(),
            out.raw,
            "{format}"
        );
    }
}
