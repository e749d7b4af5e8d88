//! `gospect audit` in a pipeline: exit codes, formats, policy files, baselines.

use crate::support::cli::{Output, Scratch, command, finish, run_in};
use serde_json::Value;
use std::process::Stdio;

const DAY: &str = "--today=2026-11-22";

/// A directory with a current program, one of an old Go release, and a program of another language.
fn place() -> Scratch {
    let scratch = Scratch::new();
    for id in [
        "1.27-linux-amd64-trimstrip",
        "1.21-linux-amd64-strip",
        "c-linux-amd64",
    ] {
        scratch.put_fixture(id);
    }
    scratch
}

fn audit(scratch: &Scratch, args: &[&str]) -> Output {
    run_in(scratch.path(), &[&["audit", DAY], args].concat())
}

fn code(scratch: &Scratch, args: &[&str]) -> i32 {
    audit(scratch, args).code.unwrap()
}

#[test]
fn exit_codes_2_beats_1_beats_3() {
    let s = place();
    let (go, other, missing) = ("1.21-linux-amd64-strip", "c-linux-amd64", "nothing-here");
    let deny = "-Dunsupported-toolchain";
    std::fs::create_dir(s.path().join("empty")).unwrap();
    for (args, want) in [
        (&[go][..], 0),
        (&[deny, go], 1),
        (&[other], 3),
        (&["empty"], 3),
        (&[missing], 2),
        // Findings, and a target that cannot be read.
        (&[deny, go, missing], 2),
        (&[missing, deny, go], 2),
        // Findings, and a target without Go: a program was found.
        (&[deny, go, "empty"], 1),
        (&[deny, other], 3),
        (&["empty", missing], 2),
        (&["--fail-on=warning", go], 1),
        (&["--fail-on=error", go], 0),
        (&["-Aall", "--fail-on=note", go], 0),
        (&["--facts=build-info", go], 2),
        (&["--fail-on=nothing", go], 2),
        (&["--today=soon", go], 2),
        (&["--expect=vcs.revision", go], 2),
        (&["--expect=no.such.key=1", go], 2),
        (&["--profile=nothing", go], 2),
        (&["-Dno-such-rule", go], 2),
        (&["--no-such-flag", go], 2),
        (&[], 2),
    ] {
        let out = audit(&s, args);
        assert_eq!(out.code, Some(want), "{args:?}\n{}", out.stderr);
        assert_eq!(
            want >= 2,
            !out.stderr.is_empty(),
            "{args:?}: {}",
            out.stderr
        );
    }
}

#[test]
fn strict_is_2_when_something_was_not_examined() {
    let s = place();
    s.put(
        "d/broken.tar.gz",
        &[&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[7; 40_000]].concat(),
    );
    std::fs::rename(
        s.path().join("1.21-linux-amd64-strip"),
        s.path().join("d/app"),
    )
    .unwrap();
    let scan = run_in(s.path(), &["scan", "--format=json", "d"]);
    let scan: Value = serde_json::from_str(&scan.stdout).unwrap();
    assert_eq!(scan["reach"]["unexamined"], 1, "{scan:#}");
    assert_eq!(code(&s, &["d"]), 0);
    let strict = audit(&s, &["--strict", "-Dunsupported-toolchain", "d"]);
    assert_eq!(strict.code, Some(2));
    assert!(strict.stderr.contains("--strict"), "{}", strict.stderr);
}

#[test]
fn the_last_of_deny_warn_and_allow_wins() {
    let s = place();
    let go = "1.21-linux-amd64-strip";
    let rule = "unsupported-toolchain";
    for (args, want) in [
        (["-D", rule, "-A", "all", go], 0),
        (["-A", "all", "-D", rule, go], 1),
        (["-D", "GS001", "-W", rule, go], 0),
        (["--warn", rule, "--deny", "toolchain", go], 1),
        (["-D", "unsupported-*", "-A", "goroot", go], 1),
    ] {
        assert_eq!(code(&s, &args), want, "{args:?}");
    }
}

#[test]
fn every_format_says_what_was_found() {
    let s = place();
    let results = Scratch::new();
    let path = results.path().join("out").to_string_lossy().into_owned();
    for format in [
        "text", "json", "sarif", "junit", "github", "gitlab", "markdown", "html",
    ] {
        let out = audit(&s, &["-Dunsupported-toolchain", "--format", format, "."]);
        assert_eq!(out.code, Some(1), "{format}: {}", out.stderr);
        assert!(out.stdout.contains("unsupported-toolchain"), "{format}");
        assert!(out.stdout.contains("1.21-linux-amd64-strip"), "{format}");
        if ["json", "sarif", "gitlab"].contains(&format) {
            serde_json::from_str::<Value>(&out.stdout).unwrap();
        }
        // The same into a file, with nothing else on standard output.
        let file = audit(
            &s,
            &[
                "-Dunsupported-toolchain",
                "--format",
                format,
                "-o",
                &path,
                ".",
            ],
        );
        assert_eq!((file.code, file.stdout.as_str()), (Some(1), ""), "{format}");
        assert_eq!(std::fs::read(&path).unwrap(), out.raw, "{format}");
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn an_expectation_that_does_not_hold_is_a_finding() {
    let s = place();
    let go = "1.21-linux-amd64-strip";
    let holds = audit(
        &s,
        &[
            "--expect=go_version=go1.21.13",
            "--expect=executable.os=linux",
            go,
        ],
    );
    assert_eq!(holds.code, Some(0));
    assert!(
        holds.stderr.contains("2 expectations hold for 1 program"),
        "{}",
        holds.stderr
    );
    // A leading hyphen of a key and a release without `go` are understood.
    let flag = audit(
        &s,
        &[
            "--expect",
            "-compiler=gc",
            "--expect",
            "go_version=1.21.13",
            go,
        ],
    );
    assert_eq!(flag.code, Some(0), "{}", flag.stderr);
    // Turning rules off does not make it hold.
    for allowed in ["all", "unmet-expectation"] {
        let out = audit(&s, &["-A", allowed, "--expect=version=v9.9.9", go]);
        assert_eq!(out.code, Some(1), "{allowed}");
        assert!(!out.stderr.contains("holds"), "{}", out.stderr);
    }
    let out = audit(&s, &["--expect=go_version=go1.27.3", go]);
    assert_eq!(out.code, Some(1));
    assert!(
        out.stdout.contains("go1.27.3") && out.stdout.contains("go1.21.13"),
        "{}",
        out.stdout
    );
}

/// Mistakes of different kinds: the place, and a word of the message.
const MISTAKES: [(&str, &str); 15] = [
    ("1:11", "did you mean `release`?"),
    ("2:1", "unknown key `colour`"),
    ("4:1", "did you mean `dirty-tree`?"),
    ("5:17", "`fatal` is not a level"),
    ("6:27", "did you mean `minimum`?"),
    ("7:29", "not a dotted number"),
    ("8:15", "this is an integer"),
    ("9:27", "has a `[` without `]`"),
    ("10:1", "`reason` is missing"),
    ("12:11", "`expires` is not a day"),
    ("14:6", "is a built-in rule"),
    ("16:17", "did you mean `go_version`?"),
    ("16:84", "`~~` is not an operator"),
    ("18:1", "`go_versio` is not a record key"),
    ("20:11", "there is no profile `theirs`"),
];

#[test]
fn a_policy_with_many_mistakes_reports_every_one_with_its_place() {
    let s = place();
    let policy = r#"profile = "realease"
colour = true
[rules]
dirty-tre = "error"
race-detector = "fatal"
below-toolchain-floor = { minimun = "go1.26" }
glibc-too-new = { maximum = "new" }
cgo-enabled = 3
denied-module = { deny = ["a[b"] }
[[waivers]]
rule = "dirty-tree"
expires = 2027-02-30
[[custom]]
id = "dirty-tree"
message = "m"
all = [ { key = "go_versoin", op = "=", value = "go1.27.3" }, { key = "size", op = "~~", value = "1" } ]
[expect]
go_versio = "go1.27.3"
[profiles.ours]
extends = "theirs"
"#;
    s.put("bad.toml", policy.as_bytes());
    let out = audit(&s, &["--policy=bad.toml", "."]);
    assert_eq!((out.code, out.stdout.as_str()), (Some(2), ""));
    let mistakes: Vec<&str> = out.stderr.split("\nerror: ").collect();
    assert_eq!(mistakes.len(), MISTAKES.len(), "{}", out.stderr);
    for (text, (place, word)) in mistakes.iter().zip(MISTAKES) {
        assert!(
            text.contains(&format!("--> bad.toml:{place}\n")),
            "{place}: {text}"
        );
        assert!(text.contains(word) && text.contains('^'), "{word}: {text}");
    }
    assert!(
        out.stderr
            .ends_with("15 mistakes in the policy; nothing was audited\n")
    );
}

#[test]
fn the_policy_of_the_directory_is_used_and_named() {
    let s = place();
    let go = "1.21-linux-amd64-strip";
    s.put(
        "gospect.toml",
        b"[rules]\nunsupported-toolchain = \"error\"\n",
    );
    let out = audit(&s, &[go]);
    assert_eq!(out.code, Some(1));
    assert!(out.stderr.contains("gospect.toml"), "{}", out.stderr);
    assert!(out.stdout.contains("gospect.toml:2"), "{}", out.stdout);
    let quiet = audit(&s, &["--quiet", go]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (Some(1), ""));
    // A named policy is used instead.
    s.put("other.toml", b"");
    assert_eq!(code(&s, &["--policy=other.toml", go]), 0);
    let missing = audit(&s, &["--policy=missing.toml", go]);
    assert_eq!(missing.code, Some(2));
    assert!(
        missing.stderr.contains("gospect init"),
        "{}",
        missing.stderr
    );
}

#[test]
fn print_config_needs_no_target_and_is_a_policy() {
    let s = place();
    let out = audit(&s, &["--print-config", "--profile=release"]);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    assert!(
        out.stdout
            .contains("unsupported-toolchain = { level = \"error\"")
    );
    s.put("all.toml", &out.raw);
    assert_eq!(
        code(&s, &["--policy=all.toml", "1.21-linux-amd64-strip"]),
        1
    );
}

#[test]
fn a_baseline_accepts_what_is_there_and_nothing_new() {
    let s = place();
    let results = Scratch::new();
    let base = results.path().join("base.json");
    let strict = ["--fail-on=note", "."];
    assert_eq!(code(&s, &strict), 1);
    let written = audit(
        &s,
        &[
            "--fail-on=note",
            &format!("--write-baseline={}", base.display()),
            ".",
        ],
    );
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    s.put("base.json", &std::fs::read(&base).unwrap());
    assert_eq!(
        code(&s, &["--baseline=base.json", "--fail-on=note", "."]),
        0
    );
    s.put_fixture("1.22-linux-amd64-strip");
    assert_eq!(
        code(&s, &["--baseline=base.json", "--fail-on=note", "."]),
        1
    );
    assert_eq!(code(&s, &["--baseline=missing.json", "."]), 2);
    s.put("wrong.json", b"{}");
    assert_eq!(code(&s, &["--baseline=wrong.json", "."]), 2);
}

#[test]
fn a_closed_pipe_is_quiet() {
    let s = place();
    for args in [
        &["audit", DAY, "."][..],
        &["explain"],
        &["man", "audit"],
        &["completions", "bash"],
        &["scan", "--format=ndjson", "."],
    ] {
        let mut child = command()
            .current_dir(s.path())
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let out = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&out.stderr), "", "{args:?}");
        assert!(
            matches!(out.status.code(), Some(0 | 1)),
            "{args:?}: {}",
            out.status
        );
    }
}

#[test]
fn an_output_that_cannot_be_written_is_2() {
    let s = place();
    let out = audit(&s, &["-o", "no/such/dir/out", "."]);
    assert_eq!(out.code, Some(2));
    assert!(out.stderr.contains("no/such/dir/out"), "{}", out.stderr);
}

#[test]
fn colours_come_only_when_asked_for() {
    let s = place();
    let out = |args: &[&str]| {
        finish(
            command()
                .current_dir(s.path())
                .args(["audit", DAY, "."])
                .args(args),
        )
        .stdout
    };
    assert!(!out(&[]).contains('\x1b'));
    assert!(out(&["--color=always"]).contains('\x1b'));
}

#[test]
fn a_rule_named_on_the_command_line_that_can_report_nothing_is_refused() {
    let s = place();
    let go = "1.27-linux-amd64-trimstrip";
    for (args, said) in [
        (
            &["-Aall", "-Dbelow-toolchain-floor", go][..],
            "`below-toolchain-floor = { minimum = \"go1.26\" }`",
        ),
        (
            &["-WGS260", "--fail-on=warning", go],
            "missing-port reports nothing without `ports`",
        ),
        (&["-Dmodule-sum-mismatch", go], "give --go-sum FILE"),
        (&["-Dunmet-expectation", go], "give --expect KEY=VALUE"),
        (&["-Dgoroot-variable", go], "a rule of `gospect lint`"),
    ] {
        let out = audit(&s, args);
        assert_eq!((out.code, out.stdout.as_str()), (Some(2), ""), "{args:?}");
        assert!(out.stderr.contains(said), "{args:?}: {}", out.stderr);
    }
    let lint = run_in(s.path(), &["lint", "-Drace-detector", "."]);
    assert_eq!(lint.code, Some(2));
    assert!(
        lint.stderr.contains("a rule of `gospect audit`"),
        "{}",
        lint.stderr
    );
    // Warnings do not fail here, so it is only said.
    let warned = audit(&s, &["-WGS260", go]);
    assert_eq!(warned.code, Some(0));
    let said = "missing-port reports nothing without `ports`";
    assert!(warned.stderr.contains(said), "{}", warned.stderr);
    s.put("p.toml", b"[rules]\nbelow-toolchain-floor = \"error\"\n");
    let out = audit(&s, &["--policy=p.toml", go]);
    assert_eq!(out.code, Some(0));
    let said = "p.toml:2: below-toolchain-floor reports nothing without `minimum`";
    assert!(out.stderr.contains(said), "{}", out.stderr);
    assert_eq!(
        code(
            &s,
            &["-Dunmet-expectation", "--expect=go_version>=1.27", go]
        ),
        0
    );
    assert_eq!(code(&s, &["--expect=go_version>=1.28", go]), 1);
}
