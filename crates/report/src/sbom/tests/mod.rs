mod components;
mod found_licences;
mod subject;
mod versions;

use super::*;
use gospect_bytes::{Budget, Use};
use gospect_record::Document;
use serde_json::Value;
use std::collections::BTreeSet;
use test_support::records as sample;

fn remarks() -> Vec<Remark> {
    vec![
        Remark {
            binary: Some(0),
            rule: "stale-toolchain".into(),
            code: "GS001".into(),
            level: "warning".into(),
            message: sample::HOSTILE.into(),
            ..Remark::default()
        },
        Remark {
            rule: "mixed-releases".into(),
            level: "note".into(),
            message: "3 releases".into(),
            ..Remark::default()
        },
    ]
}

type Write = fn(&Input, &mut dyn std::io::Write) -> std::io::Result<()>;

fn bytes(write: Write, document: &Document, time: u64) -> Vec<u8> {
    bytes_of(write, document, time, spec::CycloneDx::default())
}

fn bytes_of(write: Write, document: &Document, time: u64, spec: spec::CycloneDx) -> Vec<u8> {
    let remarks = remarks();
    let mut inventory = Inventory::new(document.run.clone(), 64 << 20);
    for line in document.clone().lines() {
        inventory.push(&line).unwrap();
    }
    let mut out = Vec::new();
    write(
        &Input {
            spec,
            spdx: spec::Spdx::default(),
            licences: None,
            inventory: &inventory,
            remarks: &remarks,
            vulnerabilities: &[],
            subject: Subject::default(),
            time,
        },
        &mut out,
    )
    .unwrap();
    out
}

fn value(write: Write, document: &Document) -> Value {
    serde_json::from_slice(&bytes(write, document, 1_790_000_000)).unwrap()
}

/// A bill in a format and a version of SPDX, about what the user names.
fn bill_about(write: Write, spdx: spec::Spdx, subject: Subject, document: &Document) -> Value {
    let mut inventory = Inventory::new(document.run.clone(), 64 << 20);
    for line in document.clone().lines() {
        inventory.push(&line).unwrap();
    }
    let mut out = Vec::new();
    let input = Input {
        spec: spec::CycloneDx::default(),
        spdx,
        licences: None,
        inventory: &inventory,
        remarks: &[],
        vulnerabilities: &[],
        subject,
        time: 1_790_000_000,
    };
    write(&input, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

/// Names and versions of the libraries in either format.
fn libraries(bill: &Value) -> BTreeSet<(String, String)> {
    let rows = bill
        .get("packages")
        .or_else(|| bill.get("components"))
        .unwrap()
        .as_array()
        .unwrap();
    let is = |row: &Value| row["type"] == "library" || row["primaryPackagePurpose"] == "LIBRARY";
    let version = |row: &Value| {
        row.get("version")
            .or_else(|| row.get("versionInfo"))
            .cloned()
            .unwrap_or_default()
    };
    rows.iter()
        .filter(|row| is(row))
        .map(|row| {
            (
                row["name"].as_str().unwrap().to_owned(),
                version(row).as_str().unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

#[test]
fn settings_verdicts_and_findings_are_kept() {
    let document = sample::document();
    let bill = value(cyclonedx::write, &document);
    let text = bill.to_string();
    for name in [
        "gospect:setting:-ldflags",
        "gospect:claim:go-version",
        "gospect:finding:stale-toolchain",
        "gospect:unexamined",
    ] {
        assert!(text.contains(name), "{name}");
        assert!(
            value(spdx::write, &document).to_string().contains(name),
            "{name}"
        );
    }
    let properties = bill["metadata"]["properties"].to_string();
    assert!(
        properties.contains("mixed-releases"),
        "findings about the whole scan stand at the top"
    );
}

#[test]
fn only_the_time_differs_between_two_runs() {
    let document = sample::document();
    for &Format {
        name: format,
        write,
        ..
    } in FORMATS
    {
        assert_eq!(
            bytes(write, &document, 7),
            bytes(write, &document, 7),
            "{format}"
        );
        let at = |time| String::from_utf8(bytes(write, &document, time)).unwrap();
        let (early, late) = (at(0), at(1_790_000_000));
        assert_ne!(early, late);
        assert_eq!(
            early.replace(&date(0), &date(1_790_000_000)),
            late,
            "{format}"
        );
        let mut other = document.clone();
        other.binaries[0].size += 1;
        let name = |v: Value| {
            v.get("serialNumber")
                .or_else(|| v.get("documentNamespace"))
                .unwrap()
                .clone()
        };
        assert_ne!(
            name(value(write, &document)),
            name(value(write, &other)),
            "{format}"
        );
    }
}

#[test]
fn dates() {
    for (seconds, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_399, "2000-02-28T23:59:59Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (1_795_395_661, "2026-11-23T01:01:01Z"),
        (u64::MAX, "9999-12-31T23:59:59Z"),
    ] {
        assert_eq!(date(seconds), text);
    }
}

/// Runs `scripts/validate-sbom.py` with the official schemas.
#[test]
fn both_formats_validate() {
    let script = test_support::root().join("scripts/validate-sbom.py");
    let dir = tempfile::tempdir().unwrap();
    let mut empty = sample::document();
    empty.binaries.clear();
    empty.images.clear();
    let mut command = std::process::Command::new("python3");
    command.arg(script);
    for &Format {
        name: format,
        write,
        ..
    } in FORMATS
    {
        for (kind, document) in [("full", &sample::document()), ("empty", &empty)] {
            let path = dir.path().join(format!("{format}-{kind}.json"));
            std::fs::write(&path, bytes(write, document, 1_790_000_000)).unwrap();
            command.arg(path);
        }
    }
    let Ok(output) = command.output() else {
        return test_support::skip::skipped("python3", "");
    };
    let text = String::from_utf8_lossy(&output.stdout);
    if output.status.code() == Some(3) {
        return test_support::skip::skipped("jsonschema", "");
    }
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn every_name_left_out_is_a_column() {
    for name in ELSEWHERE {
        assert!(
            csv::COLUMNS.iter().any(|column| column.name == *name),
            "{name}"
        );
    }
}

#[test]
fn a_bill_beyond_the_memory_is_refused() {
    let document = sample::document();
    let push = |memory: u64| {
        let mut inventory = Inventory::new(document.run.clone(), memory);
        let mut lines = document.clone().lines();
        lines.try_for_each(|line| inventory.push(&line))
    };
    assert_eq!(push(1 << 20), Ok(()));
    assert_eq!(push(8 << 10), Err(Budget::of(8 << 10, Use::Bill).full()));
}
