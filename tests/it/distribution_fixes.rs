//! `--distribution-fixes`: what the lists of distributions say about the package that owns a program.

use crate::support::cli::{Scratch, run};
use crate::support::fixture;
use serde_json::{Value, json};
use std::path::Path;

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A database with one entry about a function that every program has.
fn database(scratch: &Scratch) -> String {
    let entry = json!({
        "schema_version": "1.3.1", "id": "GO-2026-9001", "modified": "2026-01-02T03:04:05Z", "aliases": ["CVE-2026-9001"],
        "affected": [{
            "package": { "name": "stdlib", "ecosystem": "Go" }, "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }, { "fixed": "1.99.0" }] }],
            "ecosystem_specific": { "imports": [{ "path": "runtime", "symbols": ["schedinit"] }] },
        }],
        "database_specific": { "review_status": "REVIEWED" },
    });
    scratch.put("db/GO-2026-9001.json", entry.to_string().as_bytes());
    text(&scratch.path().join("db"))
}

/// A root of Debian 12 whose program belongs to `acme-tools`, built from the source package `acme` 1.0-2.
fn debian(scratch: &Scratch) -> String {
    let program = fixture("1.27-linux-amd64-strip");
    let status = "Package: acme-tools\nStatus: install ok installed\nSource: acme (1.0-2)\nVersion: 1.0-2+b1\nArchitecture: amd64\n";
    let files: [(&str, &[u8]); 4] = [
        ("etc/os-release", b"ID=debian\nVERSION_ID=12\n"),
        ("usr/bin/acme", &program),
        ("var/lib/dpkg/info/acme-tools.list", b"/usr/bin/acme\n"),
        ("var/lib/dpkg/status", status.as_bytes()),
    ];
    for (name, body) in files {
        scratch.put(&format!("root/{name}"), body);
    }
    text(&scratch.path().join("root"))
}

fn tracker(scratch: &Scratch, fixed: &str) -> String {
    let list = json!({ "acme": { "CVE-2026-9001": { "scope": "remote", "releases": {
        "bookworm": { "status": "resolved", "repositories": { "bookworm": "1.0-2" }, "fixed_version": fixed, "urgency": "not yet assigned" },
    } } } });
    text(&scratch.put("tracker.json", list.to_string().as_bytes()))
}

#[test]
fn the_list_of_the_distribution_is_shown_and_takes_nothing_back() {
    let scratch = Scratch::new();
    let (database, root) = (database(&scratch), debian(&scratch));
    let list = tracker(&scratch, "1.0-2+deb12u1");
    let common = [
        "--cache",
        "off",
        "--db",
        &database,
        "--distribution-fixes",
        &list,
    ];
    let with = |first: &[&str], last: &[&str]| run(&[first, &common, last].concat());

    let out = with(&["vuln", "--quiet", "--format", "json"], &[&root]);
    let document: Value = serde_json::from_str(&out.stdout).unwrap();
    let finding = &document["programs"][0]["findings"][0];
    assert_eq!(
        finding["distribution_fix"],
        json!({
            "status": "update-available", "package": "acme", "distribution": "debian 12", "installed": "1.0-2", "fixed": "1.0-2+deb12u1", "source": list,
        })
    );
    assert_eq!(
        (out.code, finding["level"].as_str()),
        (Some(1), Some("symbol"))
    );

    // The same with records, and in the other formats.
    let records = text(&scratch.path().join("all.ndjson"));
    run(&[
        "scan",
        "--symbols",
        "--format",
        "ndjson",
        "-o",
        &records,
        &root,
    ]);
    let from_records = with(
        &["vuln", "--quiet", "--format", "json"],
        &[&format!("records:{records}")],
    );
    let read: Value = serde_json::from_str(&from_records.stdout).unwrap();
    assert_eq!(
        read["programs"][0]["findings"],
        document["programs"][0]["findings"]
    );
    let sentence =
        "debian 12 fixes it in acme 1.0-2+deb12u1, but 1.0-2 is installed: update the package";
    for format in [
        "text",
        "markdown",
        "html",
        "sarif",
        "junit",
        "github",
        "gitlab",
        "openvex",
        "cyclonedx-vex",
    ] {
        let out = with(&["vuln", "--quiet", "--format", format], &[&root]);
        let words = out
            .stdout
            .replace('\\', "")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert!(words.contains(sentence), "{format}: {words}");
        assert!(!words.contains("ask them"), "{format}");
        assert_eq!(out.code, Some(1), "{format}");
    }
    let out = with(&["audit", "--quiet", "--format", "json"], &[&root]);
    let document: Value = serde_json::from_str(&out.stdout).unwrap();
    let findings = document["findings"].as_array().unwrap();
    let finding = findings
        .iter()
        .find(|f| f["rule"] == "vulnerable-symbol")
        .unwrap();
    let evidence = finding["evidence"].as_array().unwrap();
    let shown = evidence
        .iter()
        .find(|one| one["source"] == "distribution")
        .unwrap();
    assert!(
        shown["value"].as_str().unwrap().starts_with(sentence),
        "{shown}"
    );

    // A version that has the fix is a finding still.
    tracker(&scratch, "1.0-2~");
    let out = with(&["vuln", "--quiet", "--format", "json"], &[&root]);
    let document: Value = serde_json::from_str(&out.stdout).unwrap();
    let finding = &document["programs"][0]["findings"][0];
    assert_eq!(finding["distribution_fix"]["status"], "fixed");
    assert_eq!(out.code, Some(1));
}

#[test]
fn a_list_that_cannot_be_read_is_an_error() {
    let scratch = Scratch::new();
    let (database, root) = (database(&scratch), debian(&scratch));
    let missing = text(&scratch.path().join("missing.json"));
    let lists = [
        (missing, "No such file"),
        (
            text(&scratch.put("cut.json", br#"{"acme":{"CVE-2026-9001":{"rel"#)),
            "EOF while parsing",
        ),
        (
            text(&scratch.put("other.json", br#"{"vulnerabilities":[]}"#)),
            "is not a list of fixes",
        ),
    ];
    for (list, why) in &lists {
        for command in ["vuln", "audit"] {
            let args = [
                command,
                "--quiet",
                "--cache",
                "off",
                "--db",
                &database,
                "--distribution-fixes",
                list,
                &root,
            ];
            let out = run(&args);
            assert_eq!(out.code, Some(2), "{command} {list}");
            assert!(out.stdout.is_empty(), "{command} {list}");
            let line = out.stderr.trim_end();
            assert!(
                line.contains(list) && line.contains(why) && !line.contains('\n'),
                "{line}"
            );
        }
    }
}
