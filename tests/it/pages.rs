//! The HTML reports of real programs, images and deployment files, in headless Chromium at five widths and in both themes: nothing lies over
//! something else, is cut off or breaks inside a word, and each part stands where `testdata/pages` says.

use crate::support::cli::{Scratch, command, finish};
use crate::support::pack::{Member, docker_archive, tar};
use crate::support::{fixture, has, skipped};
use gospect::source::image::Digest;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

const PROGRAMS: [&str; 8] = [
    "1.27-linux-amd64-deps",
    "1.27-linux-amd64-deps-strip",
    "1.27-linux-amd64-vcs-dirty",
    "1.27-linux-amd64-exp-two",
    "1.27-linux-amd64-x-secret",
    "1.27-linux-amd64-one-strip",
    "1.27-windows-amd64-gui",
    "1.21-linux-amd64-trimstrip",
];

/// The pages, each with the arguments that make it. The paths are below the folder that [`inputs`] makes.
const PAGES: [(&str, &[&str]); 9] = [
    ("scan", &["scan", "programs", "image.tar"]),
    (
        "audit",
        &[
            "audit",
            "--vulns",
            "--capabilities",
            "programs",
            "image.tar",
        ],
    ),
    ("lint", &["lint", "deployment"]),
    ("diff", &["diff", "--vulns", "--capabilities", "old", "new"]),
    (
        "code",
        &[
            "diff",
            "--code",
            "programs/1.27-linux-amd64-deps",
            "programs/1.27-linux-amd64-one-strip",
        ],
    ),
    ("vuln", &["vuln", "--level", "module", "programs"]),
    (
        "verify",
        &["verify", "--sumdb=off", "--go-sum=go.sum", "programs"],
    ),
    (
        "packages",
        &["packages", "new", "programs/1.27-linux-amd64-deps"],
    ),
    (
        "why",
        &[
            "why",
            "--chains=2",
            "new/linux/tool",
            "os",
            "syscall.Getenv",
            "net/htp",
        ],
    ),
];

/// Programs, two releases of a program, an image with two layers, and deployment files.
fn inputs(scratch: &Scratch) {
    let put = |name: &str, id: &str| scratch.put(name, &fixture(id));
    for id in PROGRAMS {
        put(&format!("programs/{id}"), id);
    }
    for (folder, port, id) in [
        ("old", "linux", "1.27-linux-amd64-capable-old"),
        ("new", "linux", "1.27-linux-amd64-capable-new"),
        ("new", "darwin", "1.27-darwin-arm64-capable-new"),
        ("old", "windows", "1.27-windows-amd64-strip"),
        ("new", "windows", "1.27-windows-amd64-w"),
    ] {
        put(&format!("{folder}/{port}/tool"), id);
    }
    let layer = |name, id: &str| tar(&[Member::File(name, &fixture(id))]);
    let image = docker_archive(
        "example.com/organisation/service:1.2.3",
        "linux/amd64",
        &json!({"Entrypoint": ["/usr/local/bin/service", "--listen=:8080"], "User": "nobody"}),
        &[
            layer("usr/local/bin/service", "1.21-linux-amd64-hello-strip"),
            layer("usr/local/bin/service", "1.27-linux-amd64-deps"),
        ],
    );
    scratch.put("image.tar", &image);
    let result = rebuild_result("same-code", "1.27-linux-amd64-deps-strip");
    scratch.put("built.json", result.to_string().as_bytes());
    let other_sum = "example.com/dep v1.2.3 h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    scratch.put("go.sum", other_sum.as_bytes());
    let root = test_support::root().join("testdata/lint");
    for name in [
        "Dockerfile",
        "compose.yaml",
        "kubernetes.yaml",
        "app.service",
    ] {
        let file = std::fs::read(root.join(name)).unwrap();
        scratch.put(&format!("deployment/{name}"), &file);
    }
}

/// What `gospect rebuild --format json` writes about a program.
fn rebuild_result(verdict: &str, id: &str) -> Value {
    json!({
        "schema": "gospect-rebuild/1", "program": format!("dist/{id}"), "verdict": verdict, "why": null, "recipe": [],
        "sha256": {"released": Digest::of(&fixture(id)).hex(), "rebuilt": "00"}, "differences": [],
        "functions": {"equal": 1500, "all": 1501}, "changed": [], "explanations": ["another build ID"], "assumed": [],
    })
}

#[test]
fn verdicts_of_rebuilds_stand_at_the_programs_with_the_same_digest() {
    let scratch = Scratch::new();
    let known = "1.27-linux-amd64-deps-strip";
    scratch.put_fixture(known);
    for (name, verdict, id) in [
        ("known.json", "same-code", known),
        ("other.json", "different", "1.27-linux-amd64-deps"),
    ] {
        scratch.put(name, rebuild_result(verdict, id).to_string().as_bytes());
    }
    let audit = |arguments: &[&str]| {
        let mut command = command();
        command
            .current_dir(scratch.path())
            .args(["audit", "--quiet", known]);
        finish(command.args(arguments))
    };
    let out = audit(&[
        "--format=html",
        "--rebuilt=known.json",
        "--rebuilt=other.json",
    ]);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    let (_, data) = out.stdout.split_once("application/json\">").unwrap();
    let data: Value = serde_json::from_str(data.split("</script>").next().unwrap()).unwrap();
    let table = &data["tables"][0];
    assert_eq!(table["title"], "Built again");
    assert_eq!(
        table["rows"],
        json!([
            {"tone": "good", "binary": 0, "cells": ["same-code", known, "1,500 of 1,501", "another build ID"]},
            {
                "tone": "bad", "binary": null,
                "cells": ["different", "dist/1.27-linux-amd64-deps", "1,500 of 1,501", "another build ID; not among the programs of this page"]
            },
        ])
    );
    let mut other = rebuild_result("same-code", known);
    other["schema"] = "gospect-rebuild/2".into();
    scratch.put("later.json", other.to_string().as_bytes());
    scratch.put("none.json", b"[]");
    for (arguments, says) in [
        (
            ["--format=text", "--rebuilt=known.json"],
            "--rebuilt needs --format html",
        ),
        (["--format=html", "--rebuilt=later.json"], "later.json"),
        (["--format=html", "--rebuilt=none.json"], "none.json"),
        (["--format=html", "--rebuilt=absent.json"], "absent.json"),
    ] {
        let out = audit(&arguments);
        assert_eq!(
            (out.code, out.stdout.as_str()),
            (Some(2), ""),
            "{arguments:?}"
        );
        assert!(out.stderr.contains(says), "{}", out.stderr);
    }
}

/// Writes the pages and returns their paths.
fn pages(scratch: &Scratch) -> Vec<PathBuf> {
    inputs(scratch);
    let page = |(name, args): &(&str, &[&str])| {
        let file = scratch.path().join(format!("{name}.html"));
        let mut command = command();
        command.current_dir(scratch.path()).args(*args);
        command
            .args(["--quiet", "--format", "html", "--output"])
            .arg(&file);
        if ["audit", "lint"].contains(name) {
            command.args(["--today", "2026-11-22"]);
        }
        let out = finish(&mut command);
        assert!(
            matches!(out.code, Some(0 | 1)) && out.stderr.is_empty(),
            "{name}: {:?} {}",
            out.code,
            out.stderr
        );
        file
    };
    PAGES.iter().map(page).collect()
}

/// The checks of axe-core: `AXE`, or where `.ci/run` puts it.
fn axe() -> Option<PathBuf> {
    let named = std::env::var_os("AXE").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let kept = home.map(|home| home.join(".cache/gospect-ci/axe/node_modules/axe-core/axe.min.js"));
    named.into_iter().chain(kept).find(|path| path.is_file())
}

#[test]
fn pages_can_be_read_at_every_width_and_are_laid_out_as_before() {
    if !has("python3") {
        return skipped("python3", "");
    }
    let axe = axe();
    if axe.is_none() {
        skipped("axe", "accessibility");
    }
    let scratch = Scratch::new();
    let mut checks = Command::new("python3");
    checks.arg(test_support::root().join("scripts/page_checks.py"));
    checks.args(pages(&scratch));
    checks
        .arg("--facts")
        .arg(test_support::root().join("testdata/pages"));
    if std::env::var_os("GOSPECT_WRITE").is_some() {
        checks.arg("--write");
    }
    if let Some(axe) = &axe {
        checks.arg("--axe").arg(axe);
    }
    let out = finish(&mut checks);
    if out.code == Some(3) {
        return skipped("chromium", "");
    }
    assert_eq!(
        out.code,
        Some(0),
        "{}{}\nif the new layout is meant: GOSPECT_WRITE=1 cargo test --test it pages",
        out.stdout,
        out.stderr
    );
}

/// The measurements find what is wrong: a page that was spoilt on purpose does not pass.
#[test]
fn a_damaged_page_does_not_pass() {
    if !has("python3") {
        return skipped("python3", "");
    }
    let scratch = Scratch::new();
    inputs(&scratch);
    let out =
        finish(
            command()
                .current_dir(scratch.path())
                .args(["scan", "--format=html", "programs"]),
        );
    // Without the policy the browser takes a style that is not ours.
    let (head, rest) = out.stdout.split_once("<meta http-equiv").unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    for (style, kind) in [
        (".tile span { margin-top: -1.6rem; }", "text over text"),
        (
            ".tile { height: 1.2rem; overflow: hidden; }",
            "content cut off",
        ),
        (".tile { height: 1.2rem; }", "text beyond its box"),
        (
            ".tile { width: 3.5rem; word-break: break-all; }",
            "words broken inside",
        ),
        (
            "main { width: 3000px; max-width: none; }",
            "sideways scrolling",
        ),
    ] {
        let page = format!("{head}{rest}");
        let page = page.replacen("</head>", &format!("<style>{style}</style></head>"), 1);
        let path = scratch.put("spoilt.html", page.as_bytes());
        let out = measure(&path);
        if out.code == Some(3) {
            return skipped("chromium", "");
        }
        assert_eq!(out.code, Some(1), "{style}: {}", out.stdout);
        assert!(out.stdout.contains(kind), "{style}: {}", out.stdout);
    }
}

fn measure(page: &Path) -> crate::support::cli::Output {
    let script = test_support::root().join("scripts/page_checks.py");
    finish(Command::new("python3").arg(script).arg(page))
}
