//! `gospect version -m` prints, byte for byte, what `go version -m` prints.

use std::path::Path;
use std::process::Command;

use crate::support::cli::{Scratch, run};
use crate::support::fixtures;
use crate::support::fixtures::Fixture;

/// The output in the form of the manifest, with FILE instead of the path.
fn answer(path: &Path, flags: &[&str]) -> (Option<i32>, String, String) {
    let path = path.to_str().unwrap();
    let args: Vec<&str> = ["version"]
        .iter()
        .chain(flags)
        .chain(&[path])
        .copied()
        .collect();
    let out = run(&args);
    (
        out.code,
        out.stdout.replace(path, "FILE"),
        out.stderr.replace(path, "FILE"),
    )
}

/// Go programs that Go's reader does not understand and gospect does.
fn is_answered_by_us_alone(f: &Fixture) -> bool {
    f.go_json.is_none() && f.toolchain.is_some() && f.goroot.is_some()
}

#[test]
fn the_text_the_messages_and_the_exit_code_are_those_of_go() {
    let scratch = Scratch::new();
    for f in fixtures().filter(|f| !is_answered_by_us_alone(f)) {
        let path = scratch.put_fixture(&f.id);
        let want = (Some(f.go_exit), f.go_text.clone(), f.go_stderr.clone());
        assert_eq!(answer(&path, &["-m"]), want, "{}", f.id);
        // Without -m, Go exits with 0 even without an answer.
        let (code, text, _) = answer(&path, &[]);
        let first: String = f.go_text.split_inclusive('\n').take(1).collect();
        assert_eq!((code, text), (Some(0), first), "{}", f.id);
    }
}

#[test]
fn programs_that_go_cannot_read_are_answered_in_the_same_form() {
    let scratch = Scratch::new();
    // The line has no place for the name of a member, so archives are left to `scan`; gccgo records no release.
    let programs = fixtures()
        .filter(|f| is_answered_by_us_alone(f) && f.by_gc())
        .filter(|f| !f.bytes().starts_with(b"!<arch>"));
    for f in programs {
        let path = scratch.put_fixture(&f.id);
        let (code, text, _) = answer(&path, &["-m"]);
        assert_eq!(code, Some(0), "{}", f.id);
        let head = format!(
            "{}\n\tpath\t{}\n",
            f.toolchain.as_ref().unwrap(),
            f.main_package()
        );
        let first = text
            .split_once(": ")
            .map(|(_, rest)| rest)
            .unwrap_or_default();
        assert!(first.starts_with(&head), "{}: {text}", f.id);
    }
}

#[test]
fn json_is_that_of_go() {
    let scratch = Scratch::new();
    for f in fixtures() {
        let Some(want) = &f.go_json else { continue };
        let path = scratch.put_fixture(&f.id);
        let (code, text, _) = answer(&path, &["-m", "-json"]);
        assert_eq!(code, Some(0), "{}", f.id);
        let got: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(&got, want, "{}", f.id);
    }
}

/// The go command to compare with: GOSPECT_GO, or `go` on PATH if it is 1.27 or newer.
fn real_go() -> Result<String, String> {
    let go = std::env::var("GOSPECT_GO").unwrap_or_else(|_| "go".to_owned());
    let out = Command::new(&go)
        .args(["env", "GOVERSION"])
        .env("GOTOOLCHAIN", "local")
        .output()
        .map_err(|e| format!("{go}: {e}"))?;
    let version = String::from_utf8_lossy(&out.stdout).trim().to_owned();
    let minor = version.strip_prefix("go1.").map(|rest| {
        rest.chars()
            .take_while(char::is_ascii_digit)
            .collect::<String>()
    });
    match minor.and_then(|m| m.parse::<u32>().ok()) {
        Some(27..) => Ok(go),
        _ => Err(format!("{go} is {version}, older than 1.27")),
    }
}

#[test]
fn a_real_go_says_the_same_of_a_directory() {
    let go = match real_go() {
        Ok(go) => go,
        Err(why) => return crate::support::skipped("go1.27", &why),
    };
    let scratch = Scratch::new();
    for f in fixtures().filter(|f| !is_answered_by_us_alone(f)) {
        scratch.put_fixture(&f.id);
    }
    let dir = scratch.path().to_str().unwrap();
    for flags in [&["-m"][..], &["-v"], &["-m", "-json"], &[]] {
        let args: Vec<&str> = ["version"]
            .iter()
            .chain(flags)
            .chain(&[dir])
            .copied()
            .collect();
        let want = Command::new(&go)
            .args(&args)
            .env("GOTOOLCHAIN", "local")
            .output()
            .unwrap();
        let got = run(&args);
        assert_eq!(
            got.stdout,
            String::from_utf8_lossy(&want.stdout),
            "{args:?}"
        );
        assert_eq!(
            got.stderr,
            String::from_utf8_lossy(&want.stderr),
            "{args:?}"
        );
        assert_eq!(got.code, want.status.code(), "{args:?}");
    }
}
