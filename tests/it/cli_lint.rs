//! `gospect lint` in a pipeline: findings and their places, exit codes, formats, and invalid files.

use crate::support::cli::{Output, Scratch, command, finish, run_in};
use crate::support::rng::Rng;
use serde_json::Value;
use std::path::{Path, PathBuf};

const DAY: &str = "--today=2026-11-22";

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/lint")
}

fn lint(args: &[&str]) -> Output {
    run_in(&data(), &[&["lint", DAY], args].concat())
}

/// `line rule` of every finding, and their levels.
fn found(args: &[&str]) -> Vec<String> {
    let out = lint(&[&["--format=json", "-q"], args].concat());
    let report: Value =
        serde_json::from_str(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", out.stderr));
    report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| {
            let r = &f["region"];
            assert!(
                r["column"].as_u64() >= Some(1) && r["end_line"].as_u64() >= r["line"].as_u64(),
                "{f}"
            );
            assert!(!f["help"].as_str().unwrap().is_empty(), "{f}");
            format!(
                "{} {} {}",
                r["line"],
                f["level"].as_str().unwrap(),
                f["rule"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn a_dockerfile_that_follows_an_article() {
    assert_eq!(
        found(&["Dockerfile"]),
        [
            "6 warning goroot-final-ignored",
            "7 error refused-experiment",
            "8 error refused-go-env-write",
            "14 note build-without-trimpath",
            "15 warning inert-x-flag",
            "17 error refused-go-run-flag",
            "21 warning deployed-godebug-unknown",
            "21 note deployed-godebug-no-effect",
            "21 error deployed-godebug-fatal",
            "22 warning inert-variable",
            "22 warning goroot-variable",
        ]
    );
    assert_eq!(lint(&["Dockerfile"]).code, Some(1));
    assert_eq!(found(&["good.Dockerfile"]), Vec::<String>::new());
    let good = lint(&["--fail-on=note", "good.Dockerfile"]);
    assert_eq!(good.code, Some(0), "{}", good.stdout);
    assert_eq!(good.stderr, "", "the file tells its Go release");
    assert!(
        good.stdout.starts_with("no findings in 1 file"),
        "{}",
        good.stdout
    );
}

#[test]
fn every_other_kind_of_file() {
    assert_eq!(
        found(&["compose.yaml"]),
        [
            "2 warning deployed-godebug-diagnostic",
            "2 warning deployed-godebug-diagnostic",
            "8 warning inert-variable",
            "13 warning deployed-godebug-malformed",
            "19 error refused-experiment",
            "24 error refused-go-env-write",
            // web.env, which the file refers to.
            "1 warning deployed-godebug-fatal",
        ]
    );
    assert_eq!(
        found(&["kubernetes.yaml"]),
        [
            "13 warning inert-variable",
            "20 warning inert-variable",
            "24 warning deployed-godebug-unknown",
            "35 warning deployed-godebug-fatal",
            "48 warning deployed-godebug-fatal",
        ]
    );
    assert_eq!(
        found(&["app.service", "app.service.d/10-debug.conf"]),
        [
            "7 warning deployed-godebug-diagnostic",
            "7 warning deployed-godebug-diagnostic",
            "7 warning goroot-variable",
            "9 warning inert-variable",
            "2 warning deployed-godebug-fatal",
        ]
    );
    assert_eq!(
        found(&["build.sh"]),
        [
            "3 error refused-go-env-write",
            "4 warning goroot-final-read",
            "5 error refused-experiment",
            "5 note build-without-trimpath",
        ]
    );
    assert_eq!(
        found(&["Makefile"]),
        [
            "3 note needless-experiment",
            "3 error refused-experiment",
            "4 warning goroot-final-ignored",
            "5 warning inert-x-flag",
            "8 note build-without-trimpath",
            "13 error refused-go-env-write",
        ]
    );
    assert_eq!(
        found(&["ci.yaml"]),
        [
            "3 warning goroot-final-ignored",
            "13 note build-without-trimpath"
        ]
    );
}

#[test]
fn the_release_is_asked_for_or_read_from_the_program() {
    let fatal = |args: &[&str]| {
        let all = found(args);
        all.iter().any(|f| f.ends_with("deployed-godebug-fatal"))
    };
    let conf = "app.service.d/10-debug.conf";
    assert!(fatal(&[conf]));
    assert!(fatal(&["--go=1.27.3", conf]) && !fatal(&["--go", "go1.26", conf]));
    let s = Scratch::new();
    for (id, dies) in [
        ("1.27-linux-amd64-trimstrip", true),
        ("1.22-linux-amd64-strip", false),
    ] {
        let program = s.put_fixture(id);
        assert_eq!(
            fatal(&["--binary", program.to_str().unwrap(), conf]),
            dies,
            "{id}"
        );
    }
    let out = lint(&[conf]);
    assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
    assert!(
        out.stderr.contains("go1.27") && out.stderr.contains("--go 1.N"),
        "{}",
        out.stderr
    );
    assert_eq!(lint(&["-q", conf]).stderr, "");
    let no_row = lint(&["--go=1.20", conf]);
    assert!(
        no_row.stderr.contains("no row for go1.20"),
        "{}",
        no_row.stderr
    );
}

#[test]
fn exit_codes() {
    let no_program = data().join("build.sh");
    let no_program = no_program.to_str().unwrap();
    for (args, want) in [
        (&["good.Dockerfile"][..], 0),
        (&["Dockerfile"], 1),
        (&["ci.yaml"], 0),
        (&["--fail-on=warning", "ci.yaml"], 1),
        (&["-Dgoroot-final-ignored", "ci.yaml"], 1),
        (&["-Adeployment", "--fail-on=note", "Dockerfile"], 0),
        (&["-Aall", "--fail-on=note", "Dockerfile"], 0),
        (&["--profile=release", "--fail-on=warning", "ci.yaml"], 1),
        (&["nothing-here"], 2),
        // An unreadable file takes precedence over findings.
        (&["Dockerfile", "nothing-here"], 2),
        (&["--go=soon", "Dockerfile"], 2),
        (&["--go=1.27", "--binary=x", "Dockerfile"], 2),
        (&["--binary", no_program, "Dockerfile"], 2),
        (&["--kind=docker", "Dockerfile"], 2),
        (&["--format=jsn", "Dockerfile"], 2),
        (&["-Dno-such-rule", "Dockerfile"], 2),
        (&["--print-config"], 0),
        (&[], 2),
    ] {
        let out = lint(args);
        assert_eq!(out.code, Some(want), "{args:?}\n{}", out.stderr);
    }
}

#[test]
fn files_of_no_known_kind_say_how_to_name_it() {
    let s = Scratch::new();
    s.put("notes.txt", b"Dear all\n");
    s.put("values.yaml", b"replicas: 3\n");
    s.put("broken.yaml", b"apiVersion: v1\nkind: Pod\n  bad: [\n");
    s.put(
        "chart.yaml",
        b"apiVersion: v1\nkind: {{ .Values.kind }}\nx: [ {{- y }}\n",
    );
    s.put("binary", b"\x7fELF\0\0\0");
    let say = |args: &[&str]| {
        let out = run_in(s.path(), &[&["lint"], args].concat());
        (out.code, out.stderr)
    };
    for name in ["notes.txt", "values.yaml"] {
        let (code, text) = say(&[name]);
        assert!(
            code == Some(2) && text.contains("--kind dockerfile|compose"),
            "{text}"
        );
    }
    let (code, text) = say(&["broken.yaml"]);
    assert!(
        code == Some(2) && text.contains("broken.yaml: line 3"),
        "{text}"
    );
    let (code, text) = say(&["chart.yaml"]);
    assert!(code == Some(2) && text.contains("helm template"), "{text}");
    let (code, text) = say(&["binary"]);
    assert!(code == Some(2) && text.contains("gospect scan"), "{text}");
    let (code, text) = say(&["--kind=env", "notes.txt"]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn directories_and_standard_input() {
    let s = Scratch::new();
    let copy = |from: &str, to: &str| s.put(to, &std::fs::read(data().join(from)).unwrap());
    copy("Dockerfile", "Dockerfile");
    copy("kubernetes.yaml", "deploy/web.yaml");
    copy("ci.yaml", ".github/workflows/ci.yml");
    copy("Dockerfile", "node_modules/x/Dockerfile");
    s.put("deploy/values.yaml", b"replicas: 3\n");
    s.put("main.go", b"package main\n");
    let out = run_in(s.path(), &["lint", "--format=json", "."]);
    let report: Value = serde_json::from_str(&out.stdout).unwrap();
    assert_eq!(
        (out.code, &report["files"]),
        (Some(1), &Value::from(3)),
        "{}",
        out.stderr
    );
    let empty = s.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    assert_eq!(run_in(s.path(), &["lint", "empty"]).code, Some(2));
    let text = std::fs::File::open(data().join("Dockerfile")).unwrap();
    let out = finish(command().args(["lint", "-q", "-"]).stdin(text));
    assert_eq!(out.code, Some(1), "{}", out.stderr);
    assert!(out.stdout.contains("-:8:15"), "{}", out.stdout);
}

#[test]
fn text_shows_the_line_and_marks_the_part() {
    let out = lint(&["Dockerfile"]);
    let part = "      Dockerfile:21:37\n      21 | ENV GODEBUG mmap=1,gcstoptheworld=0,asynctimerchan=1\n         |                                     ^^^^^^^^^^^^^^^^\n";
    assert!(out.stdout.contains(part), "{}", out.stdout);
    assert!(
        out.stdout
            .contains("fix: take `asynctimerchan=1` out of ENV GODEBUG"),
        "{}",
        out.stdout
    );
    assert!(
        out.stdout.contains("FROM golang:1.27-alpine, line 3"),
        "{}",
        out.stdout
    );
    assert!(
        out.stdout
            .contains("in 1 file (profile default, 2026-11-22)"),
        "{}",
        out.stdout
    );
}

#[test]
fn every_format_has_file_and_line() {
    for format in [
        "text", "json", "sarif", "junit", "github", "gitlab", "markdown", "html",
    ] {
        let out = lint(&["--format", format, "Dockerfile"]);
        assert_eq!(out.code, Some(1), "{format}: {}", out.stderr);
        assert!(out.stdout.contains("refused-go-env-write"), "{format}");
    }
    let text = |format: &str| lint(&["-q", "--format", format, "Dockerfile"]).stdout;
    let sarif: Value = serde_json::from_str(&text("sarif")).unwrap();
    let result = &sarif["runs"][0]["results"][2];
    let physical = &result["locations"][0]["physicalLocation"];
    assert_eq!(result["ruleId"], "refused-go-env-write");
    assert_eq!(physical["artifactLocation"]["uri"], "Dockerfile");
    assert_eq!(
        physical["region"],
        serde_json::json!({"startLine": 8, "startColumn": 15, "endLine": 8, "endColumn": 41,
            "snippet": {"text": "RUN go env -w GOROOT_FINAL=/usr/local/go"}})
    );
    let gitlab: Value = serde_json::from_str(&text("gitlab")).unwrap();
    assert_eq!(
        gitlab[2]["location"],
        serde_json::json!({"path": "Dockerfile", "lines": {"begin": 8, "end": 8}})
    );
    assert!(text("github").contains("::error file=Dockerfile,line=8,endLine=8,col=15,endColumn=41,title=refused-go-env-write (GS413)::"));
    assert!(text("junit").contains("file=\"Dockerfile\" line=\"8\""));
    assert!(text("markdown").contains("Dockerfile:8"));
    assert!(text("html").contains("Dockerfile:8:15"));
}

#[test]
fn policies_waivers_and_baselines_work_on_files() {
    let s = Scratch::new();
    s.put(
        "Dockerfile",
        &std::fs::read(data().join("Dockerfile")).unwrap(),
    );
    let policy = "[rules]\ninert-x-flag = \"error\"\nbuild-without-trimpath = \"off\"\n[[waivers]]\nrule = \"refused-go-env-write\"\npath = \"Dockerfile\"\nreason = \"base image carries a patch\"\n[[waivers]]\nrule = \"race-detector\"\nreason = \"about programs: says nothing here\"\n[[waivers]]\nrule = \"GS412\"\nreason = \"covers nothing\"\n[[overrides]]\npaths = [\"Docker*\"]\nrules = { goroot-variable = \"error\" }\n";
    s.put("gospect.toml", policy.as_bytes());
    let run = |args: &[&str]| run_in(s.path(), &[&["lint", DAY, "-q"], args].concat());
    let out = run(&["--format=json", "Dockerfile"]);
    let report: Value = serde_json::from_str(&out.stdout).unwrap();
    let all = report["findings"].as_array().unwrap();
    let findings_of = |rule: &str| all.iter().filter(|f| f["rule"] == rule).collect::<Vec<_>>();
    assert_eq!(findings_of("inert-x-flag")[0]["level"], "error");
    assert_eq!(findings_of("inert-x-flag")[0]["policy"]["line"], 2);
    assert_eq!(findings_of("goroot-variable")[0]["level"], "error");
    assert!(findings_of("build-without-trimpath").is_empty());
    assert_eq!(
        findings_of("refused-go-env-write")[0]["waived"]["reason"],
        "base image carries a patch"
    );
    assert_eq!(
        findings_of("unused-waiver").len(),
        1,
        "{:#?}",
        findings_of("unused-waiver")
    );
    let written = run(&["--write-baseline=base.json", "Dockerfile"]);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    assert_eq!(
        run(&["--baseline=base.json", "--fail-on=note", "Dockerfile"]).code,
        Some(0)
    );
    let more =
        std::fs::read_to_string(s.path().join("Dockerfile")).unwrap() + "# moved\nENV GOFLAGS=-v\n";
    s.put("Dockerfile", more.as_bytes());
    assert_eq!(
        run(&["--baseline=base.json", "--fail-on=note", "Dockerfile"]).code,
        Some(1)
    );
}

#[test]
fn damaged_files_never_make_it_panic() {
    let s = Scratch::new();
    let mut rng = Rng::new(7);
    let names = [
        "Dockerfile",
        "compose.yaml",
        "kubernetes.yaml",
        "app.service",
        "build.sh",
        "ci.yaml",
    ];
    let mut all: Vec<String> = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let whole = std::fs::read(data().join(name)).unwrap();
        for round in 0..25 {
            let mut bytes = whole.clone();
            if round % 2 == 0 {
                bytes.truncate(rng.below(whole.len()));
            }
            for _ in 0..rng.below(6) {
                if bytes.is_empty() {
                    break;
                }
                let place = rng.below(bytes.len());
                bytes[place] = b"\"'\\$`{}[]()<>&|:=\n\t #*-\xff"[rng.below(24)];
            }
            let file = format!("{at}-{round}/{name}");
            s.put(&file, &bytes);
            all.push(file);
        }
    }
    s.put("bomb/compose.yaml", bomb().as_bytes());
    s.put(
        "deep/Dockerfile",
        format!("FROM x\nRUN {}\n", "$(".repeat(100_000)).as_bytes(),
    );
    s.put(
        "long/Dockerfile",
        format!("FROM x\nENV GODEBUG={}\nCMD x\n", "a=1,".repeat(200_000)).as_bytes(),
    );
    s.put(
        "wide/app.service",
        format!(
            "[Service]\nEnvironment={}\n",
            "GODEBUG=mmap=1 ".repeat(50_000)
        )
        .as_bytes(),
    );
    all.extend(
        [
            "bomb/compose.yaml",
            "deep/Dockerfile",
            "long/Dockerfile",
            "wide/app.service",
        ]
        .map(str::to_owned),
    );
    let mut args = vec!["lint", "-q", "--format=json"];
    args.extend(all.iter().map(String::as_str));
    let out = run_in(s.path(), &args);
    assert!(
        matches!(out.code, Some(1 | 2)),
        "{:?} {}",
        out.code,
        out.stderr
    );
    assert!(!out.stderr.contains("panicked"), "{}", out.stderr);
    serde_json::from_str::<Value>(&out.stdout).unwrap();
}

/// A small file whose aliases expand to 10 to the power of 12 values.
fn bomb() -> String {
    let mut text = String::from("services:\n  a: &a0 {environment: {GODEBUG: mmap=1}}\n");
    for i in 1..12 {
        let list = vec![format!("*a{}", i - 1); 10].join(", ");
        text += &format!("  b{i}: &a{i} [{list}]\n");
    }
    text
}
