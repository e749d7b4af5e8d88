//! Builds of `gospect rebuild` and of the tests, with the `go` of this machine or a command that stands in for it.

use super::*;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use test_support::skip;

/// A source tree whose module is that of the fixtures.
fn source(scratch: &Scratch) -> PathBuf {
    scratch.put("app/go.mod", b"module example.com/app\n\ngo 1.18\n");
    scratch.put(
        "app/lib/lib.go",
        b"package lib\n\n// Add adds.\n//\n//go:noinline\nfunc Add(a, b int) int { return a + b }\n",
    );
    scratch.put(
        "app/main.go",
        b"package main\n\nimport \"example.com/app/lib\"\n\nvar version = \"dev\"\n\nfunc main() { println(version, lib.Add(1, 2)) }\n",
    );
    scratch.path().join("app")
}

/// A command that stands in for `go`.
fn stand_in(scratch: &Scratch, body: &str) -> PathBuf {
    let go = scratch.put("stand-in/go", format!("#!/bin/sh\n{body}\n").as_bytes());
    std::fs::set_permissions(&go, std::fs::Permissions::from_mode(0o755)).unwrap();
    go
}

/// Runs `rebuild` with a folder for temporary files that must be empty at the end.
fn rebuild(scratch: &Scratch, args: &[&str], program: &Path) -> crate::support::cli::Output {
    let temporary = scratch.path().join("temporary");
    std::fs::create_dir_all(&temporary).unwrap();
    let mut all = command();
    all.arg("rebuild")
        .args(args)
        .arg(program)
        .env("TMPDIR", &temporary);
    let result = finish(&mut all);
    let left = std::fs::read_dir(&temporary).unwrap().count();
    assert_eq!(left, 0, "something is left behind: {}", result.stderr);
    result
}

#[test]
fn each_failure_is_one_line_that_says_what_to_do() {
    let scratch = Scratch::new();
    let program = scratch.put("program", &rebuild_fixture("amd64-base"));
    let answer = "case $* in version) exit 0 ;; *GOVERSION) echo go1.27.3 ;; 'env '*) : ;;";
    for (body, want) in [
        ("exit 127", "there is no `go` command"),
        (
            "case $* in version) exit 0 ;; *GOVERSION) echo 'go: download go1.27.3 for linux/amd64: toolchain not available' >&2; exit 1 ;; esac",
            "go1.27.3 cannot be had",
        ),
        (
            "case $* in version) exit 0 ;; *GOVERSION) echo go1.20 ;; esac",
            "is older than Go 1.21",
        ),
        (
            &format!(
                "{answer} *) echo 'go: module: reading http://proxy/@v/v1.info: 404 Not Found' >&2; exit 1 ;; esac"
            ),
            "the source is not to be had",
        ),
        (
            &format!(
                "{answer} *) echo 'Get http://proxy: dial tcp 127.0.0.1:1: connect: connection refused' >&2; exit 1 ;; esac"
            ),
            "no module proxy answers",
        ),
        (
            &format!("{answer} *) echo 'write /x: no space left on device' >&2; exit 1 ;; esac"),
            "the disk is full",
        ),
        (
            &format!("{answer} *) echo 'verifying module: checksum mismatch' >&2; exit 1 ;; esac"),
            "a sum does not match",
        ),
        (
            &format!(
                "{answer} *) echo 'go: GOVCS disallows using git for private example.com/app' >&2; exit 1 ;; esac"
            ),
            "a module is private",
        ),
        (
            &format!(
                "{answer} 'mod '*) mkdir -p m; echo ' \"Dir\": \"'$PWD/m'\"' ;; *) echo '# example.com/app' >&2; echo './main.go:3:1: undefined: x' >&2; exit 1 ;; esac"
            ),
            "the build failed: ./main.go:3:1: undefined: x",
        ),
    ] {
        let go = stand_in(&scratch, body);
        let args = [
            "--quiet",
            "--go",
            text_of(&go),
            "--module",
            "example.com/app@v1.0.0",
        ];
        let result = rebuild(&scratch, &args, &program);
        assert_eq!(result.code, Some(2), "{body}: {}", result.stderr);
        assert!(result.stderr.contains(want), "{body}: {}", result.stderr);
        assert_eq!(result.stderr.lines().count(), 1, "{}", result.stderr);
        assert!(result.stdout.contains("not-built"), "{}", result.stdout);
    }
}

#[test]
fn an_interrupted_build_leaves_nothing_behind() {
    let scratch = Scratch::new();
    let program = scratch.put("program", &rebuild_fixture("amd64-base"));
    let [building, built] = ["building", "built"].map(|name| scratch.path().join(name));
    let build = format!(
        "touch {}; sleep 60; touch {}",
        text_of(&building),
        text_of(&built)
    );
    let go = stand_in(
        &scratch,
        &format!(
            "case $* in version) exit 0 ;; *GOVERSION) echo go1.27.3 ;; 'env '*) : ;; *) {build} ;; esac"
        ),
    );
    let temporary = scratch.path().join("temporary");
    std::fs::create_dir_all(&temporary).unwrap();
    let mut all = command();
    all.args([
        "rebuild",
        "--go",
        text_of(&go),
        "--module",
        "example.com/app@v1.0.0",
    ]);
    all.arg(&program).env("TMPDIR", &temporary);
    all.stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = all.spawn().unwrap();
    while !building.exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert!(!built.exists(), "the build went on");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("interrupted; nothing is left behind"),
        "{stderr}"
    );
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
}

/// Builds in a folder with the `go` of this machine.
fn go_build(folder: &Path, args: &[&str], to: &Path) {
    let status = Command::new("go")
        .arg("build")
        .args(args)
        .arg("-o")
        .arg(to)
        .current_dir(folder)
        .env("GOFLAGS", "")
        .env("GOENV", "off")
        .env("CGO_ENABLED", "0")
        .env("GOTOOLCHAIN", "local")
        .status()
        .unwrap();
    assert!(status.success());
}

/// A longer record moves the stubs, the relocations and the zero-filled variables that relocations lead to.
#[test]
fn a_position_independent_program_that_has_moved_is_the_same_code() {
    if !skip::needs(&["go"]) {
        return;
    }
    let scratch = Scratch::new();
    let folder = source(&scratch);
    let [base, record] = ["base", "record"].map(|name| scratch.path().join(name));
    let flags = ["-trimpath", "-buildvcs=false", "-buildmode=pie"];
    go_build(&folder, &flags, &base);
    let tags = format!("-tags={}", "a_tag_that_makes_the_record_longer,".repeat(8));
    go_build(&folder, &[&flags[..], &[&tags]].concat(), &record);
    let [base, record] = [base, record].map(|file| std::fs::read(file).unwrap());
    let result = compared(&base, &record);
    assert_eq!(
        result.verdict,
        Outcome::SameCode,
        "{:?}",
        result.differences
    );

    use object::{Object, ObjectSection};
    let file = object::File::parse(&record[..]).unwrap();
    let Some(range) = file.section_by_name(".rela").and_then(|s| s.file_range()) else {
        return;
    };
    // The last relocation gets the address of another variable.
    let addend = (range.0 + range.1) as usize - 8;
    let mut edited = record.clone();
    edited[addend] ^= 8;
    assert_eq!(compared(&base, &edited).verdict, Outcome::Different);
}

/// The linker sorts texts by their length, so that a longer record stands behind others.
#[test]
fn a_longer_record_may_stand_behind_other_texts() {
    if !skip::needs(&["go"]) {
        return;
    }
    let scratch = Scratch::new();
    let folder = source(&scratch);
    let texts = (2..60).map(|i| format!("\t\"{}\",\n", format!("text {i} ").repeat(i)));
    let texts: String = texts.collect();
    let code = format!(
        "package main\n\nvar texts = []string{{\n{texts}}}\n\nfunc init() {{ println(len(texts[len(version)])) }}\n"
    );
    scratch.put("app/texts.go", code.as_bytes());
    let [base, record] = ["base", "record"].map(|name| scratch.path().join(name));
    let flags = ["-trimpath", "-buildvcs=false", "-ldflags=-s -w"];
    go_build(&folder, &flags, &base);
    let tags = format!("-tags={}", "a_tag_that_makes_the_record_longer,".repeat(8));
    go_build(&folder, &[&flags[..], &[&tags]].concat(), &record);
    let [base, record] = [base, record].map(|file| std::fs::read(file).unwrap());
    for (old, new) in [(&base, &record), (&record, &base)] {
        let result = compared(old, new);
        let what = format!("{:?}", result.differences);
        assert_eq!(result.verdict, Outcome::SameCode, "{what}");
    }
}

/// The record of a trimmed build has no linker flags: the rebuild finds out that it was stripped, and which variable was set.
#[test]
fn a_stripped_build_is_rebuilt_to_the_byte() {
    if !skip::needs(&["go"]) {
        return;
    }
    let scratch = Scratch::new();
    let folder = source(&scratch);
    let program = scratch.path().join("released");
    let flags = [
        "-trimpath",
        "-buildvcs=false",
        "-ldflags=-s -w -X main.version=1.2.3",
    ];
    go_build(&folder, &flags, &program);
    let statement = scratch.path().join("statement.json");
    let cache = scratch.path().join("cache");
    let common = [
        "--quiet",
        "--source",
        text_of(&folder),
        "--build-cache",
        text_of(&cache),
    ];
    let args = [
        &common[..],
        &["--format", "json", "--attestation", text_of(&statement)],
    ]
    .concat();
    let result = rebuild(&scratch, &args, &program);
    assert_eq!(result.code, Some(0), "{} {}", result.stdout, result.stderr);
    let json: Value = serde_json::from_str(&result.stdout).unwrap();
    assert_eq!(json["verdict"], "identical", "{}", result.stdout);
    assert_eq!(json["sha256"]["released"], json["sha256"]["rebuilt"]);
    let assumed = json["assumed"].to_string();
    assert!(assumed.contains("-X main.version=1.2.3"), "{assumed}");
    let statement: Value = serde_json::from_slice(&std::fs::read(&statement).unwrap()).unwrap();
    assert_eq!(statement["predicate"]["verdict"], "identical");
    assert_eq!(
        statement["subject"][0]["digest"]["sha256"],
        json["sha256"]["released"]
    );
    let schema =
        std::fs::read_to_string(test_support::root().join("docs/rebuild.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    test_support::schema::whole(&schema, &schema, &json).unwrap();

    scratch.put(
        "app/lib/lib.go",
        b"package lib\n\n// Add adds.\n//\n//go:noinline\nfunc Add(a, b int) int { return a - b }\n",
    );
    let args = [&common[..], &["--format", "json"]].concat();
    let result = rebuild(&scratch, &args, &program);
    assert_eq!(result.code, Some(1), "{}", result.stderr);
    let json: Value = serde_json::from_str(&result.stdout).unwrap();
    assert_eq!(json["verdict"], "different");
    assert_eq!(json["changed"][0]["function"], "example.com/app/lib.Add");
    test_support::schema::whole(&schema, &schema, &json).unwrap();
    let markdown = rebuild(
        &scratch,
        &[&common[..], &["--format", "markdown"]].concat(),
        &program,
    );
    assert!(
        markdown.stdout.starts_with("## gospect rebuild: different"),
        "{}",
        markdown.stdout
    );
}

/// The stamp comes from a repository, but the rebuild has only the source.
#[test]
fn the_stamp_of_a_repository_is_made_again_without_it() {
    if !skip::needs(&["go", "git"]) {
        return;
    }
    let scratch = Scratch::new();
    let folder = source(&scratch);
    let git = |args: &[&str]| {
        let status = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
            .args(args)
            .current_dir(&folder)
            .env("HOME", scratch.path())
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "one"]);
    git(&["tag", "v1.4.0"]);
    let tagged = scratch.path().join("tagged");
    go_build(
        &folder,
        &["-trimpath", "-buildvcs=true", "-tags=netgo"],
        &tagged,
    );
    scratch.put("app/note.txt", b"more");
    let dirty = scratch.path().join("dirty");
    go_build(&folder, &["-trimpath", "-buildvcs=true"], &dirty);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "two"]);
    let after = scratch.path().join("after");
    go_build(&folder, &["-trimpath", "-buildvcs=true"], &after);
    std::fs::remove_dir_all(folder.join(".git")).unwrap();
    let cache = scratch.path().join("cache");
    for program in [tagged, dirty, after] {
        let args = [
            "--quiet",
            "--source",
            text_of(&folder),
            "--build-cache",
            text_of(&cache),
        ];
        let result = rebuild(&scratch, &args, &program);
        assert_eq!(result.code, Some(0), "{}{}", result.stdout, result.stderr);
        assert!(result.stdout.contains("identical"), "{}", result.stdout);
    }
}
