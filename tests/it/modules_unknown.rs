//! Programs whose records list no modules: GOPATH mode of several releases and ports, a build without the go command, a removed
//! record. The packages of the function table replace the modules, and no check of a version passes.

use crate::support::cli::{Output, Scratch, run};
use crate::support::{fixture, fixtures};
use serde_json::Value;
use std::path::Path;

/// Packages outside the standard library in every program of the group `gopath`, with the module where it is certain.
const LINKED: [(&str, Option<&str>); 7] = [
    ("example.org/a/b", None),
    ("github.com/acme/app/own", Some("github.com/acme/app")),
    (
        "github.com/acme/kit/v3/part",
        Some("github.com/acme/kit/v3"),
    ),
    ("github.com/vend/lib", Some("github.com/vend/lib")),
    ("github.com/vend/lib/sub", Some("github.com/vend/lib")),
    ("golang.org/x/tiny/deep", Some("golang.org/x/tiny")),
    ("gopkg.in/odd.v2", Some("gopkg.in/odd.v2")),
];
/// Components for them in bills; if the main package is unknown, its own packages are listed too.
const COMPONENTS: [&str; 5] = [
    "example.org/a/b",
    "github.com/acme/kit/v3",
    "github.com/vend/lib",
    "golang.org/x/tiny",
    "gopkg.in/odd.v2",
];

fn json(output: &Output) -> Value {
    serde_json::from_str(&output.stdout).unwrap()
}

fn text(output: &Output) -> String {
    output.stdout.clone()
}

fn record(path: &Path) -> Value {
    let out = run(&["scan", "--format", "json", &path.to_string_lossy()]);
    json(&out)["binaries"][0].clone()
}

fn ids() -> Vec<&'static str> {
    let rows = fixtures().filter(|f| f.group == "gopath");
    rows.map(|f| f.id.as_str())
        .filter(|id| !id.ends_with("-files"))
        .collect()
}

#[test]
fn packages_of_the_function_table_are_in_the_record() {
    let scratch = Scratch::new();
    assert!(ids().len() >= 9);
    for id in ids() {
        let binary = record(&scratch.put_fixture(id));
        let list = if id.ends_with("no-modules") {
            "not-recorded"
        } else {
            "gopath"
        };
        assert_eq!(binary["module_list"], list, "{id}");
        let packages = binary["packages"].as_array().unwrap();
        let others: Vec<_> = packages
            .iter()
            .filter(|p| p["module"] != "std" && p["module"] != "main")
            .collect();
        let found: Vec<_> = others
            .iter()
            .map(|p| (p["path"].as_str().unwrap(), p["module"].as_str()))
            .collect();
        assert_eq!(found, LINKED, "{id}");
        for package in &others {
            assert!(
                package["functions"].as_u64().unwrap() > 0,
                "{id}: {package}"
            );
            let is_inlined = package["path"] == "golang.org/x/tiny/deep";
            assert_eq!(
                package["bytes"].as_u64().unwrap() > 0,
                !is_inlined,
                "{id}: {package}"
            );
        }
        // Together the sizes are at most the file's.
        let sum: u64 = packages.iter().map(|p| p["bytes"].as_u64().unwrap()).sum();
        assert!(sum < binary["size"].as_u64().unwrap(), "{id}");
        assert!(sum > 100_000, "{id}: {sum}");
    }
}

#[test]
fn a_program_from_files_has_no_modules_to_list() {
    let scratch = Scratch::new();
    for (id, list) in [
        ("1.27-linux-amd64-files", "empty"),
        ("1.27-linux-amd64-plain", "recorded"),
    ] {
        let path = scratch.put_fixture(id);
        let binary = record(&path);
        assert_eq!(binary["module_list"], list, "{id}");
        assert!(
            binary.get("packages").is_none(),
            "{id}: plain scans pay nothing"
        );
        let card = text(&run(&["scan", &path.to_string_lossy()]));
        assert!(!card.contains("\n  modules   "), "{card}");
    }
}

#[test]
fn a_program_without_its_build_info_still_shows_its_packages() {
    let scratch = Scratch::new();
    let bytes = fixture("1.27-linux-amd64-gopath");
    let mut bytes = bytes.to_vec();
    for magic in [
        &b"\xff Go buildinf:"[..],
        b"\x30\x77\xaf\x0c\x92\x74\x08\x02",
    ] {
        while let Some(at) = memchr::memmem::find(&bytes, magic) {
            bytes[at..at + magic.len()].fill(b'-');
        }
    }
    let path = scratch.put("without-build-info", &bytes);
    let binary = record(&path);
    assert_eq!(binary["module_list"], "no-record");
    let bill = json(&run(&["sbom", &path.to_string_lossy()]));
    let names: Vec<_> = bill["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    assert!(
        COMPONENTS.iter().all(|name| names.contains(name)),
        "{names:?}"
    );
}

#[test]
fn card_table_totals_and_bills_say_that_the_modules_are_unknown() {
    let scratch = Scratch::new();
    let path = scratch.put_fixture("1.27-linux-amd64-gopath");
    let name = path.to_string_lossy().into_owned();
    let card = text(&run(&["scan", &name]));
    assert!(
        card.contains("\n  modules      unknown (built in GOPATH mode), 5 dependencies in the function table\n"),
        "{card}"
    );
    assert!(
        card.contains("    github.com/vend/lib (2 packages)\n"),
        "{card}"
    );
    assert!(
        card.contains("as of Go 1.20, as always in GOPATH mode") && !card.contains("go.mod"),
        "{card}"
    );
    // The language version is the toolchain's, whatever the GODEBUG defaults are.
    assert!(!card.contains("per loop"), "{card}");
    for facts in ["full", "build-info"] {
        let table = text(&run(&[
            "scan", "--facts", facts, "--format", "table", &name,
        ]));
        assert!(
            table.contains("no-modules") && table.contains("1 without a list of modules"),
            "{table}"
        );
        let end = json(&run(&["scan", "--facts", facts, "--format", "json", &name]));
        assert_eq!(end["summary"]["modules_unknown"], 1, "{facts}");
    }
    let bill = json(&run(&["sbom", &name]));
    assert_eq!(bill["compositions"].as_array().unwrap().len(), 1);
    assert_eq!(bill["compositions"][0]["aggregate"], "unknown");
    let parts = bill["components"].as_array().unwrap();
    let libraries: Vec<_> = parts
        .iter()
        .filter(|p| p["type"] == "library" && p["name"] != "stdlib")
        .collect();
    let names: Vec<_> = libraries
        .iter()
        .map(|p| p["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, COMPONENTS);
    for part in libraries {
        assert_eq!(
            part["evidence"]["identity"][0]["methods"][0]["value"],
            "function table"
        );
        assert!(
            part.get("version").is_none() && !part["purl"].to_string().contains('@'),
            "{part}"
        );
    }
    let spdx = text(&run(&["sbom", "--format", "spdx", &name]));
    assert_eq!(
        spdx.matches("gospect:evidence: function table").count(),
        COMPONENTS.len()
    );
    assert!(spdx.contains("gospect:modules: unknown (built in GOPATH mode)"));
}

#[test]
fn a_policy_fails_closed() {
    let scratch = Scratch::new();
    let path = scratch.put_fixture("1.27-linux-amd64-gopath");
    let bare = scratch.put_fixture("1.27-linux-amd64-no-modules");
    // Rules, exit code, and findings of level error.
    for (rules, code, found) in [
        (
            "denied-module = { deny = [\"github.com/vend/*\"] }",
            1,
            "denied-module",
        ),
        (
            "denied-module = { deny = [\"example.org/a\"] }",
            1,
            "denied-module",
        ),
        (
            "denied-module = { deny = [\"github.com/acme/unused\"] }",
            0,
            "",
        ),
        (
            "denied-module = { deny = [\"github.com/acme/kit\"] }",
            1,
            "modules-unknown",
        ),
        (
            "denied-module = { deny = [\"github.com/vend/lib/v3\"] }",
            1,
            "modules-unknown",
        ),
        ("denied-module = { deny = [\"gopkg.in/odd.v3\"] }", 0, ""),
        (
            "denied-module = { deny = [\"github.com/vend/lib@v1.0.0\"] }",
            1,
            "modules-unknown",
        ),
        (
            "denied-module = { allow = [\"github.com/**\", \"golang.org/**\"] }",
            1,
            "denied-module",
        ),
        (
            "denied-module = { allow = [\"github.com/**\", \"golang.org/**\", \"gopkg.in/*\", \"example.org/a\"] }",
            1,
            "modules-unknown",
        ),
        (
            "denied-module = { allow = [\"github.com/**\", \"golang.org/**\", \"gopkg.in/*\", \"example.org/**\"] }",
            0,
            "",
        ),
        (
            "module-below-floor = { minimum = [\"golang.org/x/tiny@v0.1.0\"] }",
            1,
            "modules-unknown",
        ),
        ("missing-sum = \"error\"", 1, "modules-unknown"),
        ("replaced-module = \"error\"", 1, "modules-unknown"),
    ] {
        let policy = scratch.put("policy.toml", format!("[rules]\n{rules}\n").as_bytes());
        for program in [&path, &bare] {
            let out = run(&[
                "audit",
                "--policy",
                &policy.to_string_lossy(),
                "--format",
                "json",
                &program.to_string_lossy(),
            ]);
            assert_eq!(out.code, Some(code), "{rules}: {}", text(&out));
            let report = json(&out);
            let findings = report["findings"].as_array().unwrap();
            let errors: Vec<_> = findings
                .iter()
                .filter(|f| f["level"] == "error")
                .map(|f| f["rule"].as_str().unwrap())
                .collect();
            assert!(
                errors.iter().all(|rule| *rule == found),
                "{rules}: {errors:?}"
            );
            assert!(
                findings.iter().any(|f| f["rule"] == "modules-unknown"),
                "{rules}"
            );
            assert!(
                findings.iter().any(|f| f["rule"] == "missing-build-info"),
                "{rules}"
            );
        }
    }
}

#[test]
fn a_difference_says_unknown_and_not_none() {
    let scratch = Scratch::new();
    let old = scratch.put_fixture("1.27-linux-amd64-plain");
    let new = scratch.put_fixture("1.27-linux-amd64-gopath");
    let out = run(&[
        "diff",
        "--format",
        "json",
        &old.to_string_lossy(),
        &new.to_string_lossy(),
    ]);
    let report = text(&out);
    assert!(
        report.contains("unknown (built in GOPATH mode)"),
        "{report}"
    );
}

#[test]
fn lying_tables_are_bounded() {
    let scratch = Scratch::new();
    let good = fixture("1.27-linux-386-gopath");
    let header = memchr::memmem::find(&good, b"\xf1\xff\xff\xff\x00\x00").unwrap();
    let mut random = crate::support::rng::Rng::new(7);
    for round in 0..24 {
        let mut bytes = good.to_vec();
        // Rows of the function table, and the near and far places that they point at.
        for _ in 0..1 << (round % 12) {
            let at = header + 64 + random.below(500_000);
            if let Some(byte) = bytes.get_mut(at) {
                *byte = random.below(256) as u8;
            }
        }
        let path = scratch.put("lying", &bytes);
        let binary = record(&path);
        let sum: u64 = binary["packages"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|p| p["bytes"].as_u64().unwrap())
            .sum();
        assert!(sum <= bytes.len() as u64, "{round}: {sum}");
    }
}

#[test]
fn a_list_ends_at_an_unknown_line() {
    let scratch = Scratch::new();
    let bytes = crate::support::derive::edit_lines(&fixture("1.27-linux-amd64-deps"), |lines| {
        let dep = lines.iter_mut().find(|line| line.starts_with("dep\t"));
        let dep = dep.unwrap();
        *dep = dep.replacen("dep\t", "dfp\t", 1);
    });
    let path = scratch.put("app", &bytes);
    let binary = record(&path);
    assert_eq!(binary["module_list"], "cut");
    assert!(binary["notes"].to_string().contains("line of unknown kind"));
    let bill = json(&run(&["sbom", &path.to_string_lossy()]));
    assert_eq!(bill["compositions"][0]["aggregate"], "incomplete");
}
