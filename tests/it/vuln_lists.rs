//! Known vulnerabilities of programs whose lists of modules lack some, and what lists of the user add to findings in every command.

use crate::support::cli::{Output, Scratch, run};
use crate::support::fixture;
use serde_json::{Value, json};
use std::path::Path;

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A document about one module.
fn entry(module: &str, fixed: &str, package: &str, symbol: &str) -> Value {
    json!({
        "id": "GO-2026-9001", "aliases": ["CVE-2026-9001"],
        "affected": [{
            "package": { "name": module, "ecosystem": "Go" },
            "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }, { "fixed": fixed }] }],
            "ecosystem_specific": { "imports": [{ "path": package, "symbols": [symbol] }] },
        }],
        "database_specific": { "review_status": "REVIEWED" },
    })
}

fn parsed(out: &Output) -> Value {
    serde_json::from_str(&out.stdout)
        .unwrap_or_else(|e| panic!("{e}: {} {}", out.stdout, out.stderr))
}

/// The record of a program is not signed: a line may be taken out of both its copies, and only the function table still has the module.
#[test]
fn a_module_that_was_taken_out_of_the_record_is_judged_and_unknown() {
    let scratch = Scratch::new();
    let mut bytes = fixture("1.27-linux-amd64-called").to_vec();
    let start = b"dep\texample.com/lib\t";
    let places: Vec<usize> = memchr::memmem::find_iter(&bytes, start).collect();
    assert_eq!(places.len(), 2);
    let honest = text(&scratch.put("honest", &bytes));
    for at in places {
        let length = memchr::memchr(b'\n', &bytes[at..]).unwrap();
        let line = format!("build\tx={}", "x".repeat(length - "build\tx=".len()));
        bytes[at..at + length].copy_from_slice(line.as_bytes());
    }
    let altered = text(&scratch.put("altered", &bytes));
    let document = entry("example.com/lib", "1.0.1", "example.com/lib", "Name");
    scratch.put("db/GO-2026-9001.json", document.to_string().as_bytes());
    let database = text(&scratch.path().join("db"));
    let sums = text(&scratch.put("go.sum", b""));
    for (program, level, unjudged, verdicts, code) in [
        (&honest, "symbol", json!([]), 0, Some(1)),
        (
            &altered,
            "package",
            json!([{ "module": "example.com/lib", "why": "no-modules" }]),
            1,
            Some(2),
        ),
    ] {
        let out = run(&[
            "vuln", "--quiet", "--strict", "--cache", "off", "--db", &database, "--format", "json",
            program,
        ]);
        let value = parsed(&out);
        assert_eq!(value["programs"][0]["findings"][0]["level"], level);
        assert_eq!(value["programs"][0]["unjudged"], unjudged);
        assert_eq!(out.code, code, "{}", out.stderr);
        let out = run(&[
            "verify", "--quiet", "--strict", "--sumdb", "off", "--go-sum", &sums, "--format",
            "json", program,
        ]);
        let value = parsed(&out);
        let rows = value["programs"][0]["sums"].as_array().unwrap().iter();
        let unexplained = rows.filter(|row| row["kind"] == "not-recorded");
        let unexplained: Vec<&Value> = unexplained.collect();
        assert_eq!(unexplained.len(), verdicts);
        assert!(
            unexplained
                .iter()
                .all(|row| row["module"] == "example.com/lib" && row["verdict"] == "unknown")
        );
        assert_eq!(out.code, Some(2), "{}", out.stderr);
    }
}

/// The lists of `gospect vuln` are those of the other commands too.
#[test]
fn lists_count_in_comparisons_and_bills() {
    let scratch = Scratch::new();
    let old = text(&scratch.put("old/app", &fixture("1.27-linux-amd64-called")));
    let new = text(&scratch.put("new/app", &fixture("1.22-linux-amd64-strip")));
    let document = entry("stdlib", "1.25.0", "runtime", "schedinit");
    scratch.put("db/GO-2026-9001.json", document.to_string().as_bytes());
    let database = text(&scratch.path().join("db"));
    let scores = "cve,cvss,epss\nCVE-2026-9001,9.8,0.5\n";
    let scores = text(&scratch.put("scores.csv", scores.as_bytes()));
    let exploited = r#"{"vulnerabilities":[{"cveID":"CVE-2026-9001"}]}"#;
    let exploited = text(&scratch.put("kev.json", exploited.as_bytes()));
    let statements = json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "statements": [{
            "vulnerability": "CVE-2026-9001", "status": "not_affected", "products": ["pkg:golang/stdlib"],
            "justification": "vulnerable_code_not_in_execute_path",
        }],
    });
    let statements = text(&scratch.put("vex.json", statements.to_string().as_bytes()));
    let bad = text(&scratch.put("bad.json", b"{"));
    let ask = |command: &[&str], lists: &[&str]| {
        let mut args = command.to_vec();
        args.extend(["--quiet", "--cache", "off", "--db", &database]);
        args.extend(lists);
        run(&args)
    };
    let severities = ["--severity", &scores, "--severity", &exploited];

    let diff = ["diff", "--fail-on", "vulnerability", &old, &new];
    let out = ask(&[&diff[..], &["--format", "json"]].concat(), &severities);
    assert_eq!(out.code, Some(1), "{}", out.stderr);
    let changes = parsed(&out)["pairs"][0]["changes"].clone();
    let change = changes.as_array().unwrap().iter();
    let change = change.clone().find(|c| c["class"] == "vulnerability");
    let words = "exploited, CVSS 9.8, EPSS 50.0 %";
    assert_eq!(change.unwrap()["said"], json!([words]));
    for format in ["text", "markdown", "html"] {
        let out = ask(&[&diff[..], &["--format", format]].concat(), &severities);
        assert!(out.stdout.contains(words), "{format}: {}", out.stdout);
    }
    let out = ask(&diff, &["--vex", &statements]);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    assert!(!out.stdout.contains("GO-2026-9001"), "{}", out.stdout);

    let out = ask(&["sbom", &new], &severities);
    let row = parsed(&out)["vulnerabilities"][0].clone();
    assert_eq!(
        row["ratings"],
        json!([
            { "source": { "name": "CVSS" }, "score": 9.8, "severity": "critical" },
            { "source": { "name": "EPSS" }, "score": 0.5, "method": "other" },
        ])
    );
    let property = json!([{ "name": "gospect:exploited", "value": "true" }]);
    assert_eq!(row["properties"], property);
    let out = ask(&["sbom", &new], &["--vex", &statements]);
    let row = &parsed(&out)["vulnerabilities"][0];
    assert_eq!(row["analysis"]["state"], "not_affected");
    assert_eq!(
        ask(&["sbom", "--format", "spdx", &new], &severities).code,
        Some(2)
    );

    for command in [
        &["vuln", &*new][..],
        &["audit", &new],
        &["sbom", &new],
        &diff,
    ] {
        for option in ["--vex", "--severity", "--distribution-fixes"] {
            let out = ask(command, &[option, &bad]);
            assert_eq!(
                (out.code, out.stdout.as_str()),
                (Some(2), ""),
                "{command:?} {option}"
            );
            assert!(out.stderr.contains("bad.json"), "{}", out.stderr);
        }
    }
}
