//! `gospect lint DIR`: which files of a checkout are read, which unreadable ones are named, and that the result does not depend on
//! threads.

use crate::support::cli::{Scratch, run_in};
use serde_json::Value;

const FATAL: &[u8] = b"FROM golang:1.27\nENV GODEBUG=asynctimerchan=1\nCMD [\"/app\"]\n";

/// Paths with findings, and paths that were not read.
fn lint(s: &Scratch, args: &[&str]) -> (Option<i32>, Vec<String>, Vec<String>, String) {
    let out = run_in(s.path(), &[&["lint", "--format=json"], args].concat());
    let report: Value =
        serde_json::from_str(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", out.stderr));
    let paths = |key: &str| {
        let all = report[key].as_array().unwrap();
        let mut paths: Vec<String> = all
            .iter()
            .map(|f| f["path"].as_str().unwrap().to_owned())
            .collect();
        paths.dedup();
        paths
    };
    (out.code, paths("findings"), paths("not_read"), out.stderr)
}

#[test]
fn hidden_files_are_read_and_ignored_ones_are_not() {
    let s = Scratch::new();
    for path in [
        "Dockerfile",
        ".devcontainer/Dockerfile",
        "out/Dockerfile",
        "sub/keep.Dockerfile",
        "sub/drop.Dockerfile",
        ".git/Dockerfile",
        "node_modules/x/Dockerfile",
        "vendor/x/Dockerfile",
        "extra/Dockerfile",
    ] {
        s.put(path, FATAL);
    }
    s.put(".gitignore", b"/out/\n*.Dockerfile\n");
    s.put("sub/.gitignore", b"!keep.Dockerfile\n");
    s.put(".ignore", b"extra\n");
    s.put("main.go", b"package main\n");
    let (code, found, ..) = lint(&s, &["."]);
    assert_eq!(code, Some(1));
    assert_eq!(
        found,
        [
            "./.devcontainer/Dockerfile",
            "./Dockerfile",
            "./sub/keep.Dockerfile"
        ]
    );
    let (_, found, ..) = lint(&s, &["--no-ignore", "--exclude=.devcontainer", "."]);
    assert_eq!(
        found,
        [
            "./Dockerfile",
            "./extra/Dockerfile",
            "./out/Dockerfile",
            "./sub/drop.Dockerfile",
            "./sub/keep.Dockerfile"
        ]
    );
    // Named files are read even if ignored; the rules of the repository apply below a named directory.
    let (_, found, ..) = lint(&s, &["out/Dockerfile", "sub"]);
    assert_eq!(found, ["out/Dockerfile", "sub/keep.Dockerfile"]);
}

#[test]
fn content_decides_where_names_do_not() {
    let s = Scratch::new();
    s.put(
        "entrypoint",
        b"#!/bin/sh\nexport GODEBUG=nosuchthing=1\nexec app\n",
    );
    s.put("build/image", FATAL);
    s.put(
        "letter",
        b"From me to you\nGODEBUG=asynctimerchan=1\nRUN away\n",
    );
    s.put("notes.txt", FATAL);
    s.put("VERSIONS", b"GOFLAGS=-v\nGODEBUG=asynctimerchan=1\n");
    let (_, found, not_read, _) = lint(&s, &["."]);
    assert_eq!(found, ["./build/image", "./entrypoint"]);
    assert!(not_read.is_empty());
}

#[cfg(unix)]
#[test]
fn unreadable_files_are_named_and_cost_nothing_else() {
    use std::os::unix::fs::symlink;
    let s = Scratch::new();
    s.put("Dockerfile", FATAL);
    s.put("binary.Dockerfile", b"FROM x\0");
    let huge = std::fs::File::create(s.path().join("huge.sh")).unwrap();
    huge.set_len(17 << 20).unwrap();
    s.put("broken.yaml", b"env:\n  GODEBUG: [\n  a: {\n");
    s.put("broken-but-nothing-to-us.yaml", b"a: [\n  b: {\n");
    std::fs::create_dir(s.path().join("deep")).unwrap();
    symlink("..", s.path().join("deep/up")).unwrap();
    symlink("b", s.path().join("a")).unwrap();
    symlink("a", s.path().join("b")).unwrap();
    symlink("Dockerfile", s.path().join("same.Dockerfile")).unwrap();
    symlink("nowhere", s.path().join("gone.service")).unwrap();
    let (code, found, not_read, stderr) = lint(&s, &["."]);
    assert_eq!(code, Some(1), "{stderr}");
    assert_eq!(found, ["./Dockerfile"]);
    assert_eq!(
        not_read,
        ["./binary.Dockerfile", "./broken.yaml", "./huge.sh"]
    );
    for part in [
        "binary.Dockerfile: not judged: is not a text file",
        "huge.sh: not judged: is larger than 16 MiB",
        "broken.yaml: not judged: line ",
        "link in a circle (2): ./a, ./b",
        "link to a directory that it is in (1): ./deep/up",
        "link to nothing (1): ./gone.service",
    ] {
        assert!(stderr.contains(part), "{part}\n{stderr}");
    }
    assert!(
        !stderr.contains("nothing-to-us") && !stderr.contains("same"),
        "{stderr}"
    );
    let (code, ..) = lint(&s, &["--strict", "."]);
    assert_eq!(code, Some(2));
}

#[test]
fn the_result_does_not_depend_on_threads() {
    let s = Scratch::new();
    for i in 0..40 {
        s.put(&format!("d{}/e{i}/Dockerfile", i % 7), FATAL);
        s.put(&format!("d{}/e{i}/main.go", i % 7), b"package main\n");
        s.put(&format!("d{}/e{i}/bad{i}.Dockerfile", i % 7), b"FROM x\0");
    }
    let run = |jobs: &str| {
        let out = run_in(s.path(), &["lint", jobs, "d1", ".", "d1"]);
        (out.stdout, out.stderr, out.code)
    };
    let one = run("--jobs=1");
    assert_eq!(one.0.matches("deployed-godebug-fatal").count(), 40);
    for jobs in ["-j2", "-j8"] {
        assert_eq!(run(jobs), one, "{jobs}");
    }
    assert_eq!(run("-j0").2, Some(2));
}
