//! Small deployment files with the right findings (`testdata/lint/cases`), and facts from files around them.

use crate::support::cli::{Scratch, run_in};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// `line level rule` of every finding, by path.
fn found(folder: &Path, args: &[&str]) -> BTreeMap<String, Vec<String>> {
    let out = run_in(
        folder,
        &[&["lint", "--today=2026-11-22", "-q", "--format=json"], args].concat(),
    );
    let report: Value =
        serde_json::from_str(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", out.stderr));
    assert_eq!(out.stderr, "", "every file is read");
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for f in report["findings"].as_array().unwrap() {
        let text = format!(
            "{} {} {}",
            f["region"]["line"],
            f["level"].as_str().unwrap(),
            f["rule"].as_str().unwrap()
        );
        let path = f["path"].as_str().unwrap().to_owned();
        all.entry(path).or_default().push(text);
    }
    all.values_mut().for_each(|found| found.sort());
    all
}

#[test]
fn every_case_says_what_is_right_and_nothing_else() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/lint/cases");
    let text = std::fs::read_to_string(folder.join("expected.tsv")).unwrap();
    let rows = text.lines().filter(|l| !l.starts_with('#'));
    let rows: Vec<(&str, &str)> = rows.map(|l| l.split_once('\t').unwrap()).collect();
    let names: Vec<&str> = rows.iter().map(|r| r.0).collect();
    // One call for all files saves a start for each; findings of one file do not depend on others.
    let all = found(&folder, &names);
    let mut wrong = Vec::new();
    for (name, want) in rows {
        let mut sorted: Vec<&str> = want.split("; ").collect();
        sorted.sort_unstable();
        let want = sorted.join("; ");
        let got = all
            .get(name)
            .map_or("none".to_owned(), |found| found.join("; "));
        if got != want {
            wrong.push(format!("{name}\n  want {want}\n  got  {got}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_release_comes_from_the_files_around() {
    let s = Scratch::new();
    let unit = b"[Service]\nEnvironment=GODEBUG=asynctimerchan=1\nExecStart=/app\n";
    let cases: [(&str, &str, &str, &str); 8] = [
        ("a", "go.mod", "module a\ngo 1.27\n", "error"),
        (
            "b",
            "go.mod",
            "module b\ngo 1.24\ntoolchain go1.27.1\n",
            "error",
        ),
        ("c", ".go-version", "1.27.3\n", "error"),
        ("d", ".tool-versions", "golang 1.27.0\n", "error"),
        ("e", "mise.toml", "[tools]\ngo = \"1.27\"\n", "error"),
        ("f", "go.mod", "module f\ngo 1.25\n", ""),
        ("g", ".go-version", "1.26.1\n", ""),
        ("h", "other.txt", "1.27\n", "warning"),
    ];
    for (folder, name, text, _) in cases {
        s.put(&format!("{folder}/{name}"), text.as_bytes());
        s.put(&format!("{folder}/deploy/app.service"), unit);
        std::fs::create_dir_all(s.path().join(folder).join(".git")).unwrap();
    }
    for (folder, name, _, level) in cases {
        let path = format!("{folder}/deploy/app.service");
        let all = found(s.path(), &[&path]);
        let got = all.get(&path).map_or("", |f| f[0].as_str());
        let want = match level {
            "" => String::new(),
            level => format!("2 {level} deployed-godebug-fatal"),
        };
        assert_eq!(got, want, "{folder}: {name}");
    }
    let out = run_in(s.path(), &["lint", "a/deploy/app.service"]);
    assert!(
        out.stdout.contains("a/go.mod, line 2"),
        "says which: {}",
        out.stdout
    );
    let out = run_in(s.path(), &["lint", "h/deploy/app.service"]);
    assert!(
        out.stdout
            .contains("would stop the program if built with Go 1.27 or newer"),
        "{}",
        out.stdout
    );
    // The file's own statement and the arguments take precedence.
    s.put(
        "a/Dockerfile",
        b"FROM golang:1.26\nENV GODEBUG=asynctimerchan=1\nCMD [\"/app\"]\n",
    );
    assert!(!found(s.path(), &["a/Dockerfile"]).contains_key("a/Dockerfile"));
    assert_eq!(
        found(s.path(), &["--go=1.27", "g/deploy/app.service"])["g/deploy/app.service"],
        ["2 error deployed-godebug-fatal"]
    );
}

#[test]
fn files_in_test_folders_build_no_releases() {
    let s = Scratch::new();
    for path in ["Dockerfile", "tests/apps/a/Dockerfile", "hack/Dockerfile"] {
        s.put(path, b"FROM golang:1.27\nRUN go build -o /app .\n");
    }
    let all = found(s.path(), &["."]);
    let paths: Vec<&String> = all.keys().collect();
    assert_eq!(paths.len(), 1, "{paths:?}");
    assert!(
        all.values()
            .flatten()
            .all(|f| f == "2 note build-without-trimpath")
    );
    assert_eq!(
        found(s.path(), &["hack/Dockerfile"]).len(),
        1,
        "it was asked for"
    );
}

#[test]
fn variables_that_double_stay_small() {
    let s = Scratch::new();
    let doubling = "A=$A$A\n".repeat(40);
    s.put(
        "a.sh",
        format!("#!/bin/sh\nA=xxxxxxxx\n{doubling}export GOFLAGS=$A\nmake\n").as_bytes(),
    );
    s.put("a.env", format!("A=x\n{doubling}").as_bytes());
    let env: String = (0..40).map(|_| "ENV GOA=$GOA$GOA\n").collect();
    s.put(
        "Dockerfile",
        format!("FROM x\nENV GOA=xxxxxxxx\n{env}RUN go build $GOA\n").as_bytes(),
    );
    let make: String = (0..40)
        .map(|i| format!("A{} = $(A{i})$(A{i})\n", i + 1))
        .collect();
    s.put(
        "Makefile",
        format!("A0 = xxxxxxxx\n{make}all:\n\tgo build $(A40)\n").as_bytes(),
    );
    let many: String = (0..20_000)
        .map(|i| format!("export GO_{i}=$GO_0$GO_0\n"))
        .collect();
    s.put("many.sh", format!("#!/bin/sh\n{many}go build\n").as_bytes());
    let units: String = (0..20_000)
        .map(|i| format!("Environment=GOX{i}=1\nUnsetEnvironment=GOX{i}\n"))
        .collect();
    s.put(
        "many.service",
        format!("[Service]\n{units}ExecStart=/a\n").as_bytes(),
    );
    let names = [
        "a.sh",
        "a.env",
        "Dockerfile",
        "Makefile",
        "many.sh",
        "many.service",
    ];
    assert!(found(s.path(), &names).len() <= names.len());
}
