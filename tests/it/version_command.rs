//! `gospect version` takes the flags and prints the messages of `go version`: each case is what Go 1.27.3 prints.

use crate::support::cli::{Scratch, command, finish, run_in};

const USAGE: &str =
    "usage: go version [-m] [-v] [-json] [file ...]\nRun 'go help version' for details.\n";

const ID: &str = "1.27-linux-amd64-strip";

/// A directory with a program, links to directories, and files that only look like programs.
fn scratch() -> Scratch {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let scratch = Scratch::new();
    scratch.put_fixture(ID);
    for name in [
        "empty.txt",
        "empty.exe",
        "UPPER.EXE",
        "empty.so",
        "empty.dll",
        "lib.so.1.2",
    ] {
        scratch.put(name, b"");
    }
    let script = scratch.put("script", b"#!/bin/sh\n");
    std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::create_dir(scratch.path().join("sub")).unwrap();
    let at = |name: &str| scratch.path().join(name);
    std::fs::copy(at(ID), at("sub/app")).unwrap();
    symlink("sub", at("link")).unwrap();
    symlink("loop", at("loop")).unwrap();
    symlink("../1.27-linux-amd64-strip", at("sub/file-link")).unwrap();
    scratch
}

#[test]
fn arguments_are_those_of_go() {
    let scratch = scratch();
    let no_flag =
        |flag: &str| format!("go: 'go version' only accepts {flag} flag with arguments\n");
    let stat = |path: &str| format!("stat {path}: no such file or directory\n");
    let unread = |path: &str| {
        format!("{path}: could not read Go build info from {path}: unrecognized file format\n")
    };
    let program = format!("{ID}: go1.27.3\n");
    let sub = "sub/app: go1.27.3\nsub/file-link: go1.27.3\n".to_owned();
    let link = "link/app: go1.27.3\nlink/file-link: go1.27.3\n".to_owned();
    let nothing = String::new;
    let first = "-C flag must be first flag on command line";
    #[rustfmt::skip]
    let rows: Vec<(&[&str], String, String, i32)> = vec![
        (&["-m"], nothing(), no_flag("-m"), 2),
        (&["-v"], nothing(), no_flag("-v"), 2),
        (&["-json"], nothing(), no_flag("-json"), 2),
        (&["-json", ID], nothing(), "go: 'go version' with -json flag requires -m flag\n".into(), 2),
        (&["missing.exe"], nothing(), stat("missing.exe"), 1),
        (&["missing", ID], program.clone(), stat("missing"), 1),
        (&["loop"], nothing(), "stat loop: too many levels of symbolic links\n".into(), 1),
        (&["empty.txt"], nothing(), nothing(), 0),
        (&["-m", "empty.txt"], nothing(), nothing(), 1),
        (&["empty.exe"], nothing(), unread("empty.exe"), 0),
        (&["UPPER.EXE"], nothing(), unread("UPPER.EXE"), 0),
        (&["empty.so"], nothing(), unread("empty.so"), 0),
        (&["empty.dll"], nothing(), unread("empty.dll"), 0),
        (&["lib.so.1.2"], nothing(), unread("lib.so.1.2"), 0),
        (&["script"], nothing(), unread("script"), 0),
        (&["sub"], sub.clone(), nothing(), 0),
        (&["./sub/../sub"], sub, nothing(), 0),
        // A link to a directory is not entered, unless a slash follows it.
        (&["link"], nothing(), nothing(), 0),
        (&["-v", "link"], nothing(), "link: symlink\n".into(), 0),
        (&["link/"], link, nothing(), 0),
        (&["-v=false", "--", ID], program.clone(), nothing(), 0),
        (&["-m=maybe", ID], nothing(), format!("invalid boolean value \"maybe\" for -m: parse error\n{USAGE}"), 2),
        (&["-x", ID], nothing(), format!("flag provided but not defined: -x\n{USAGE}"), 2),
        (&["---m", ID], nothing(), format!("bad flag syntax: ---m\n{USAGE}"), 2),
        (&["-h"], nothing(), USAGE.into(), 2),
        (&["-C", "sub", "app"], "app: go1.27.3\n".into(), nothing(), 0),
        (&["--C=sub", "app"], "app: go1.27.3\n".into(), nothing(), 0),
        (&["-C", "missing", ID], nothing(), "go: chdir missing: no such file or directory\n".into(), 1),
        (&["-m", "-C", "sub", ID], nothing(), format!("invalid value \"sub\" for flag -C: {first}\n{USAGE}"), 2),
        (&["-C"], nothing(), format!("flag needs an argument: -C\n{USAGE}"), 2),
    ];
    for (args, stdout, stderr, code) in rows {
        let all: Vec<&str> = ["version"].iter().chain(args).copied().collect();
        let out = run_in(scratch.path(), &all);
        assert_eq!(
            (out.stdout, out.stderr, out.code),
            (stdout, stderr, Some(code)),
            "{args:?}"
        );
    }
}

#[test]
fn flags_of_the_environment_count_only_with_files() {
    let scratch = scratch();
    let run = |args: &[&str]| {
        let mut command = command();
        command
            .current_dir(scratch.path())
            .env("GOFLAGS", "-m -v -json -mod=mod");
        finish(command.arg("version").args(args))
    };
    let own = run(&[]);
    assert!(own.stdout.starts_with("gospect version "), "{own:?}");
    assert_eq!((own.stderr.as_str(), own.code), ("", Some(0)));
    assert!(
        run(&[ID])
            .stdout
            .starts_with("{\n\t\"GoVersion\": \"go1.27.3\",")
    );
    let text = run(&["-json=false", ID]).stdout;
    assert!(
        text.starts_with(&format!("{ID}: go1.27.3\n\tpath\t")),
        "{text}"
    );
}

/// Go's reader takes a Mach-O object for an executable and reads no other object; for a named file gospect answers itself.
#[test]
fn objects_in_a_directory_are_passed_over_in_the_words_of_go() {
    let scratch = Scratch::new();
    let ids = [
        "1.27-darwin-arm64-object",
        "1.27-linux-386-object",
        "1.27-windows-amd64-object",
    ];
    for id in ids {
        scratch.put_fixture(id);
    }
    let out = run_in(scratch.path(), &["version", "-v", "."]);
    let refused =
        |id: &str, why: &str| format!("{id}: could not read Go build info from {id}: {why}\n");
    let want = refused(ids[0], "not a Go executable")
        + &refused(ids[1], "unrecognized file format")
        + &refused(ids[2], "unrecognized file format");
    assert_eq!(
        (out.stdout.as_str(), out.stderr, out.code),
        ("", want, Some(0))
    );
    for id in ids {
        let out = run_in(scratch.path(), &["version", id]);
        assert_eq!(out.stdout, format!("{id}: go1.27.3\n"));
    }
}

/// Universal files that no tool writes: Go reads none whose slices contradict each other.
#[test]
fn universal_files_that_go_refuses_are_refused() {
    use crate::support::derive;
    use crate::support::fixture;
    let (a, b) = (
        fixture("1.27-darwin-amd64-strip"),
        fixture("1.27-darwin-arm64-w"),
    );
    let honest = derive::fat(&[&a, &b]);
    let twice = derive::fat(&[&a, &b, &a]);
    // A dylib beside a program.
    let mut other = b.to_vec();
    other[12..16].copy_from_slice(&6u32.to_le_bytes());
    let mixed = derive::fat(&[&a, &other]);
    let mut second_cut = honest.clone();
    // The second slice begins after the end of the file.
    second_cut[36..40].copy_from_slice(&0x7fff_0000u32.to_be_bytes());
    let mut empty = honest.clone();
    empty[40..44].copy_from_slice(&0u32.to_be_bytes());
    let scratch = Scratch::new();
    // Name; whether Go reads it; words of the note, if a user should know.
    let rows: [(&str, &[u8], bool, &str); 5] = [
        ("honest", &honest, true, ""),
        ("twice", &twice, false, "a second slice for amd64"),
        ("mixed", &mixed, false, "is of Mach-O type 0x6"),
        ("behind.so", &second_cut, false, "lies outside the file"),
        ("empty.so", &empty, false, "is empty"),
    ];
    for (name, bytes, reads, words) in rows {
        let path = scratch.put(&format!("{name}.d/{name}"), bytes);
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        // In a directory, exactly like Go.
        let dir = format!("{name}.d");
        let out = run_in(scratch.path(), &["version", "-v", &dir]);
        let (stdout, stderr) = match reads {
            true => (format!("{dir}/{name}: go1.27.3\n"), String::new()),
            false => (
                String::new(),
                format!(
                    "{dir}/{name}: could not read Go build info from {dir}/{name}: unrecognized file format\n"
                ),
            ),
        };
        assert_eq!(
            (&*out.stdout, &*out.stderr, out.code),
            (&*stdout, &*stderr, Some(0)),
            "{name}"
        );
        let file = format!("{dir}/{name}");
        if !reads {
            // Named directly too: the header itself is wrong.
            let out = run_in(scratch.path(), &["version", "-m", &file]);
            assert_eq!(
                (&*out.stdout, &*out.stderr, out.code),
                ("", &*stderr, Some(1)),
                "{name}"
            );
        }
        let out = run_in(scratch.path(), &["scan", "--format=json", &file]);
        let document: serde_json::Value = serde_json::from_str(&out.stdout).unwrap();
        let binaries = document["binaries"].as_array().unwrap();
        assert!(!binaries.is_empty(), "{name}");
        for binary in binaries {
            let says = |text: &str| binary["notes"].to_string().contains(text);
            assert_eq!(
                says("malformed universal file"),
                !words.is_empty(),
                "{name}"
            );
            assert!(
                says(words) || words.is_empty(),
                "{name}: {}",
                binary["notes"]
            );
            let rows = binary["corroboration"].as_array().unwrap();
            let wrong = rows
                .iter()
                .any(|r| r["claim"] == "slices" && r["verdict"] == "contradicted");
            assert_eq!(wrong, !words.is_empty(), "{name}");
        }
    }
}
