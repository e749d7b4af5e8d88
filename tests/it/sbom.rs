//! Bills of every stored program: each holds exactly the modules that `go version -m` lists, as they were built.

use crate::support::cli::{Scratch, command, finish};
use crate::support::fixtures::fixtures;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

type Parts = BTreeSet<(String, String)>;

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Go's own list: a replaced module is listed as its replacement; a directory has no version, so there the original path is
/// listed.
fn recorded(info: &Value) -> Parts {
    let deps = info["Deps"].as_array().map(Vec::as_slice);
    let one = |module: &Value| match module.get("Replace") {
        Some(by) if !["", "(devel)"].contains(&by["Version"].as_str().unwrap_or("")) => {
            (text(&by["Path"]), text(&by["Version"]))
        }
        Some(_) => (text(&module["Path"]), String::new()),
        None => (text(&module["Path"]), text(&module["Version"])),
    };
    deps.unwrap_or_default().iter().map(one).collect()
}

/// For each program of a CycloneDX bill, by file name, the parts that it depends on.
fn cyclonedx(bill: &Value) -> BTreeMap<String, Parts> {
    let parts = bill["components"].as_array().unwrap();
    let by_ref: BTreeMap<_, _> = parts.iter().map(|p| (text(&p["bom-ref"]), p)).collect();
    let edges = bill["dependencies"].as_array().unwrap().iter();
    let edges: BTreeMap<_, _> = edges.map(|e| (text(&e["ref"]), &e["dependsOn"])).collect();
    let programs = parts.iter().filter(|p| p["type"] == "application");
    programs
        .map(|program| {
            let path = text(&program["evidence"]["occurrences"][0]["location"]);
            let own = edges[&text(&program["bom-ref"])].as_array().unwrap();
            let own = own.iter().map(|part| by_ref[&text(part)]);
            (
                path,
                own.map(|p| (text(&p["name"]), text(&p["version"])))
                    .collect(),
            )
        })
        .collect()
}

fn spdx(bill: &Value) -> BTreeMap<String, Parts> {
    let packages = bill["packages"].as_array().unwrap().iter();
    let packages: BTreeMap<_, _> = packages.map(|p| (text(&p["SPDXID"]), p)).collect();
    let mut found = BTreeMap::<String, Parts>::new();
    for relation in bill["relationships"].as_array().unwrap() {
        if relation["relationshipType"] == "DEPENDS_ON" {
            let program = packages[&text(&relation["spdxElementId"])];
            let part = packages[&text(&relation["relatedSpdxElement"])];
            let part = (text(&part["name"]), text(&part["versionInfo"]));
            found
                .entry(text(&program["packageFileName"]))
                .or_default()
                .insert(part);
        }
    }
    found
}

#[test]
fn every_module_that_go_lists_is_there_and_none_else() {
    for (format, read) in [
        (
            "cyclonedx",
            cyclonedx as fn(&Value) -> BTreeMap<String, Parts>,
        ),
        ("spdx", spdx),
    ] {
        let out = finish(command().current_dir(env!("CARGO_MANIFEST_DIR")).args([
            "sbom",
            "--facts",
            "build-info",
            "--format",
            format,
            "testdata/fixtures",
        ]));
        assert_eq!(out.code, Some(0), "{}", out.stderr);
        let files = read(&serde_json::from_str(&out.stdout).unwrap());
        let mut compared = 0;
        for row in fixtures() {
            let Some(info) = &row.go_json else { continue };
            let path = format!("testdata/fixtures/{}.tar.xz!{}", row.group, row.id);
            let mut found = files
                .get(&path)
                .unwrap_or_else(|| panic!("{format}: nothing for {path}"))
                .clone();
            let toolchains: Vec<_> = found.iter().filter(|p| p.0 == "stdlib").cloned().collect();
            assert_eq!(toolchains.len(), 1, "{format}: {path}");
            assert!(
                text(&info["GoVersion"]).starts_with(&toolchains[0].1),
                "{format}: {path}"
            );
            found.remove(&toolchains[0]);
            assert_eq!(found, recorded(info), "{format}: {path}");
            compared += 1;
        }
        assert!(compared > 80, "only {compared} programs were compared");
    }
}

/// A bill of one stored program without findings.
fn bill(id: &str, format: &str) -> Value {
    let scratch = crate::support::cli::Scratch::new();
    scratch.put("app", &crate::support::fixture(id));
    let args = ["sbom", "--format", format, "app"];
    let out = finish(command().current_dir(scratch.path()).args(args));
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    serde_json::from_str(&out.stdout).unwrap()
}

/// Name, version, purl and CPE of every part, for either format.
fn identifiers(bill: &Value) -> Vec<(String, String, String, String)> {
    if let Some(parts) = bill["components"].as_array() {
        let row = |p: &Value| {
            (
                text(&p["name"]),
                text(&p["version"]),
                text(&p["purl"]),
                text(&p["cpe"]),
            )
        };
        return parts.iter().map(row).collect();
    }
    let reference = |package: &Value, kind: &str| {
        let all = package["externalRefs"].as_array().map(Vec::as_slice);
        let found = all
            .unwrap_or_default()
            .iter()
            .find(|r| r["referenceType"] == kind);
        found
            .map(|r| text(&r["referenceLocator"]))
            .unwrap_or_default()
    };
    let packages = bill["packages"].as_array().unwrap().iter().skip(1);
    let row = |p: &Value| {
        (
            text(&p["name"]),
            text(&p["versionInfo"]),
            reference(p, "purl"),
            reference(p, "cpe23Type"),
        )
    };
    packages.map(row).collect()
}

#[test]
fn one_version_everywhere() {
    for (id, version, purl) in [
        ("both", "2.5.0", "@2.5.0"),
        ("both-trim", "2.5.0", "@2.5.0"),
        // Two strings without a name: it is unknown which one is the version.
        ("both-trimstrip", "(devel)", ""),
        ("one", "1.0.0", "@1.0.0"),
        ("one-strip", "1.0.0", "@1.0.0"),
    ] {
        let scratch = crate::support::cli::Scratch::new();
        scratch.put(
            "app",
            &crate::support::fixture(&format!("1.27-linux-amd64-{id}")),
        );
        let run = |args: &[&str]| {
            let out = finish(command().current_dir(scratch.path()).args(args));
            assert_eq!(out.code, Some(0), "{id} {args:?}: {}", out.stderr);
            out.stdout
        };
        let card = run(&["scan", "app"]);
        let line = card
            .lines()
            .find(|l| l.trim_start().starts_with("version "))
            .unwrap();
        assert!(line.contains(&format!("  {version} (")), "{id}: {line}");
        let table = run(&["scan", "--format=table", "app"]);
        assert!(
            table.contains(&format!("example.com/versions@{version} ")),
            "{id}: {table}"
        );
        let csv = run(&["scan", "--format=csv", "app"]);
        let rows: Vec<Vec<&str>> = csv.lines().map(|l| l.split(',').collect()).collect();
        let column = rows[0].iter().position(|c| *c == "main_version").unwrap();
        assert_eq!(rows[1][column], version, "{id}");
        assert!(run(&["scan", "--format=html", "app"]).contains(version));
        for format in ["cyclonedx", "spdx"] {
            let bill: Value =
                serde_json::from_str(&run(&["sbom", "--format", format, "app"])).unwrap();
            let found = identifiers(&bill);
            let program = found
                .iter()
                .find(|p| p.0 == "example.com/versions")
                .unwrap();
            assert_eq!(program.1, version, "{id} {format}");
            assert_eq!(
                program.2,
                format!("pkg:golang/example.com/versions{purl}"),
                "{id} {format}"
            );
            let why = bill
                .to_string()
                .contains("unknown: the main module is recorded as (devel)");
            assert_eq!(why, purl.is_empty(), "{id} {format}: says why");
        }
        let diff = run(&["diff", "--format=json", "app", "app"]);
        assert!(diff.contains("\"unchanged\": 1"), "{diff}");
        let expect = format!("version={version}");
        let out = finish(
            command()
                .current_dir(scratch.path())
                .args(["audit", "--expect", &expect, "app"]),
        );
        let unmet = out.stdout.contains("unmet-expectation");
        assert_eq!(unmet, purl.is_empty(), "{id}: {}", out.stdout);
    }
}

/// SPDX 3.0 of a real program, read by SPDX's own library where it is installed.
#[test]
fn spdx_3_is_valid() {
    let scratch = Scratch::new();
    scratch.put_fixture("1.27-linux-amd64-deps");
    let out = finish(command().current_dir(scratch.path()).args([
        "sbom",
        "--quiet",
        "--format=spdx",
        "--spec-version=3.0",
        "--output=bill.json",
        "1.27-linux-amd64-deps",
    ]));
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    let old = finish(command().current_dir(scratch.path()).args([
        "sbom",
        "--format=spdx",
        "--spec-version=1.7",
        "1.27-linux-amd64-deps",
    ]));
    assert!(old.stderr.contains("2.3, 3.0"), "{}", old.stderr);
    if !crate::support::has("python3") {
        return crate::support::skipped("python3", "");
    }
    let mut validate = std::process::Command::new("python3");
    validate.arg(test_support::root().join("scripts/validate-sbom.py"));
    let out = finish(validate.arg(scratch.path().join("bill.json")));
    if out.code == Some(3) {
        return crate::support::skipped("jsonschema", "");
    }
    assert_eq!(out.code, Some(0), "{}{}", out.stdout, out.stderr);
}

#[test]
fn names_are_those_that_databases_have() {
    for format in ["cyclonedx", "spdx"] {
        let found = identifiers(&bill("1.27-linux-amd64-cased", format));
        let tool = found
            .iter()
            .find(|p| p.0 == "github.com/ExampleCorp/Tool")
            .unwrap();
        assert_eq!(
            tool.2,
            "pkg:golang/github.com/ExampleCorp/Tool@v2.0.0%2Bincompatible"
        );
        let found = identifiers(&bill("1.27rc1-linux-amd64-candidate", format));
        let stdlib = found.iter().find(|p| p.0 == "stdlib").unwrap();
        let want = (
            "stdlib".to_owned(),
            "go1.27rc1".to_owned(),
            "pkg:golang/stdlib@1.27.0-rc.1".to_owned(),
            "cpe:2.3:a:golang:go:1.27:rc1:*:*:*:*:*:*".to_owned(),
        );
        assert_eq!(*stdlib, want, "{format}");
    }
}

#[test]
fn a_release_candidate_never_counts_as_a_supported_release() {
    let scratch = crate::support::cli::Scratch::new();
    scratch.put(
        "app",
        &crate::support::fixture("1.27rc1-linux-amd64-candidate"),
    );
    let run = |args: &[&str]| finish(command().current_dir(scratch.path()).args(args)).stdout;
    let card = run(&["scan", "app"]);
    assert!(
        card.contains("go1.27rc1, a candidate, not supported"),
        "{card}"
    );
    assert!(!card.contains("supported until"), "{card}");
    let findings = run(&["audit", "app"]);
    assert!(findings.contains("prerelease-toolchain"), "{findings}");
    let bill = run(&["sbom", "app"]);
    assert!(
        bill.contains("a candidate of Go 1.27, no release"),
        "{bill}"
    );
}

/// CPE and purl of the toolchain of every stored program, compared with what this test derives from the recorded text.
#[test]
fn every_recorded_toolchain_has_the_names_that_follow_from_its_text() {
    let out = finish(command().current_dir(env!("CARGO_MANIFEST_DIR")).args([
        "sbom",
        "--facts=build-info",
        "testdata/fixtures",
    ]));
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    let bill: Value = serde_json::from_str(&out.stdout).unwrap();
    let parts = bill["components"].as_array().unwrap();
    let stdlib: BTreeMap<_, _> = parts
        .iter()
        .filter(|p| p["name"] == "stdlib")
        .map(|p| (text(&p["bom-ref"]), p))
        .collect();
    let edges: BTreeMap<_, _> = bill["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (text(&e["ref"]), &e["dependsOn"]))
        .collect();
    let mut spellings = BTreeSet::new();
    for program in parts.iter().filter(|p| p["type"] == "application") {
        let raw = program["properties"]
            .as_array()
            .unwrap()
            .iter()
            .find(|p| p["name"] == "gospect:go_version_raw");
        let raw = raw.map(|p| text(&p["value"])).unwrap_or_default();
        let own = edges[&text(&program["bom-ref"])].as_array().unwrap();
        let Some(part) = own.iter().find_map(|id| stdlib.get(&text(id))) else {
            continue;
        };
        let (purl, cpe) = (text(&part["purl"]), text(&part["cpe"]));
        let plain: String = raw
            .trim_start_matches("go")
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == '.')
            .collect();
        let rest = raw.trim_start_matches("go").strip_prefix(&plain).unwrap();
        let (want_purl, want_cpe) = if raw.starts_with("devel") || rest.starts_with("-devel") {
            (String::new(), String::new())
        } else if let Some(number) = rest.strip_prefix("rc") {
            (
                format!("@{plain}.0-rc.{number}"),
                format!("{plain}:rc{number}"),
            )
        } else {
            (format!("@{plain}"), format!("{plain}:-"))
        };
        assert_eq!(purl, format!("pkg:golang/stdlib{want_purl}"), "{raw}");
        let want_cpe = if want_cpe.is_empty() {
            String::new()
        } else {
            format!("cpe:2.3:a:golang:go:{want_cpe}:*:*:*:*:*:*")
        };
        assert_eq!(cpe, want_cpe, "{raw}");
        spellings.insert(raw);
    }
    // Releases, a candidate, a development tree, a vendor, experiments in both spellings, and a future release.
    assert!(spellings.len() >= 15, "{spellings:?}");
}
