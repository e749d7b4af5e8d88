//! `gospect lint` on every other kind of file than Dockerfiles, Compose files and the like: a folder of cases for each in
//! `testdata/lint/kinds`, with the right findings in `expected`.

use crate::support::cli::{Scratch, run_in};
use crate::support::rng::Rng;
use gospect::deploy::Kind;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/lint/kinds")
}

fn report(folder: &Path, args: &[&str]) -> (Value, String, Option<i32>) {
    let all = [&["lint", "--go=1.27", "--format=json"], args].concat();
    let out = run_in(folder, &all);
    let report = serde_json::from_str(&out.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}\n{}", out.stdout, out.stderr));
    (report, out.stderr, out.code)
}

/// `file:line rule` of every finding.
fn found(report: &Value) -> Vec<String> {
    let mut all: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| {
            let path = f["path"].as_str().unwrap().trim_start_matches("./");
            let (line, rule) = (&f["region"]["line"], f["rule"].as_str().unwrap());
            format!("{path}:{line} {rule}")
        })
        .collect();
    all.sort_by_key(|f| {
        let (place, rule) = f.split_once(' ').unwrap();
        let (path, line) = place.rsplit_once(':').unwrap();
        (
            path.to_owned(),
            line.parse::<u32>().unwrap(),
            rule.to_owned(),
        )
    });
    all
}

#[test]
fn each_folder_gives_what_it_expects() {
    let mut folders: Vec<PathBuf> = fs::read_dir(cases())
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    folders.sort();
    let mut wrong = String::new();
    for folder in &folders {
        let want = fs::read_to_string(folder.join("expected")).unwrap();
        let (report, stderr, _) = report(folder, &["."]);
        let got = found(&report);
        let want: Vec<&str> = want.lines().collect();
        if got != want {
            wrong += &format!(
                "{}:\n got {got:#?}\nwant {want:#?}\n{stderr}",
                folder.display()
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_directory_gives_the_findings_of_its_files() {
    let mut folders: Vec<PathBuf> = fs::read_dir(cases())
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    folders.sort();
    // If nothing was read, there is no report on named files.
    folders.retain(|f| !f.ends_with("unread"));
    for folder in &folders {
        let mut files = Vec::new();
        collect(folder, &mut files);
        let names: Vec<String> = files
            .iter()
            .map(|f| f.strip_prefix(folder).unwrap().display().to_string())
            .collect();
        let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
        names.sort_unstable();
        let (named, ..) = report(folder, &names);
        let (met, ..) = report(folder, &["."]);
        assert_eq!(found(&met), found(&named), "{}", folder.display());
    }
}

#[test]
fn every_kind_has_cases() {
    // These are beside `kinds` and have their own tests.
    let older = [
        "dockerfile",
        "compose",
        "kubernetes",
        "systemd",
        "make",
        "ci",
        "env",
    ];
    for (_, name, _) in Kind::ALL {
        assert!(
            older.contains(&name) || cases().join(name).is_dir(),
            "{name}"
        );
    }
}

#[test]
fn files_that_are_not_read_are_named_once_and_never_called_fine() {
    let folder = cases().join("unread");
    let (report, stderr, code) = report(&folder, &["."]);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(report["not_read"].as_array().unwrap().len(), 7, "{report}");
    for what in [
        "APKBUILD (1): ./APKBUILD",
        "OpenRC service (1): ./orders.init",
        "RPM spec (1): ./orders.spec",
        "Terraform in JSON (1)",
        "bake file in JSON (1)",
        "development container (1)",
        "template that is not YAML before it is rendered (1): ./broken/templates/web.yaml",
    ] {
        assert_eq!(stderr.matches(what).count(), 1, "{what}\n{stderr}");
    }
    let text = run_in(&folder, &["lint", "APKBUILD"]);
    assert!(!text.stdout.contains("no findings"), "{}", text.stdout);
    assert_eq!(text.code, Some(0), "{}", text.stderr);
    let strict = run_in(&folder, &["lint", "--strict", "APKBUILD"]);
    assert_eq!(strict.code, Some(2));
}

#[test]
fn places_are_those_of_the_file_as_it_stands() {
    let (report, ..) = report(&cases().join("helm"), &["chart"]);
    let fatal = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["rule"] == "deployed-godebug-fatal")
        .unwrap();
    let region = &fatal["region"];
    assert_eq!(
        region["text"].as_str().unwrap().trim(),
        "value: {{ .Values.runtime.godebug | quote }}"
    );
    assert_eq!(
        (&region["line"], &region["column"]),
        (&21.into(), &22.into())
    );
}

#[test]
fn damaged_files_of_every_kind_are_survived() {
    let s = Scratch::new();
    let mut rng = Rng::new(18);
    let mut names = Vec::new();
    collect(&cases(), &mut names);
    for (at, path) in names.iter().enumerate() {
        let whole = fs::read(path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        for round in 0..8 {
            let mut bytes = whole.clone();
            if round % 2 == 0 {
                bytes.truncate(rng.below(whole.len().max(1)));
            }
            for _ in 0..rng.below(6) {
                if bytes.is_empty() {
                    break;
                }
                let place = rng.below(bytes.len());
                bytes[place] = b"\"'\\$`{}[]()<>&|:=\n\t #*-@\xff"[rng.below(25)];
            }
            s.put(&format!("{at}-{round}/{name}"), &bytes);
        }
    }
    for (name, text) in [
        ("deep/main.tf", "a = ".to_owned() + &"[".repeat(50_000)),
        ("unary/main.tf", "a = ".to_owned() + &"!".repeat(50_000)),
        ("deep/Taskfile.yml", "{{".repeat(50_000)),
        ("deep/justfile", "x:\n  ".to_owned() + &"{{".repeat(50_000)),
        (
            "deep/build.ps1",
            "go build ".to_owned() + &"$(".repeat(50_000),
        ),
        (
            "deep/Jenkinsfile",
            "sh '".to_owned() + &"\\'".repeat(50_000),
        ),
        ("wide/Jenkinsfile", "sh 'go build'\n".repeat(20_000)),
        (
            "wide/Earthfile",
            "a:\n  FROM +a\n  ENV GOFLAGS=$GOFLAGS$GOFLAGS\n".repeat(3_000),
        ),
        (
            "wide/templates/x.yaml",
            "{{ if .a }}\nGODEBUG: {{ .b }}\n".repeat(20_000),
        ),
    ] {
        s.put(name, text.as_bytes());
    }
    let out = run_in(s.path(), &["lint", "-q", "--format=json", "."]);
    assert!(
        matches!(out.code, Some(0 | 1)),
        "{:?} {}",
        out.code,
        out.stderr
    );
    assert!(!out.stderr.contains("panicked"), "{}", out.stderr);
    let report: Value = serde_json::from_str(&out.stdout).unwrap();
    let read = report["files"].as_u64().unwrap() as usize;
    let left = report["not_read"].as_array().unwrap().len();
    assert!(
        read > names.len() && read + left > names.len() * 3,
        "{read} {left}"
    );
}

fn collect(folder: &Path, out: &mut Vec<PathBuf>) {
    let mut all: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    all.sort();
    for path in all {
        if path.is_dir() {
            collect(&path, out);
        } else if path.file_name().is_none_or(|n| n != "expected") {
            out.push(path);
        }
    }
}
