//! gospect says the same of a stored program as Go's own reader, and has an answer where that reader has none.

use crate::support::derive;
use crate::support::fixtures::{Fixture, fixtures};
use gospect::bytes::ReadAt;
use gospect::go::{Inspection, Level, Options, inspect};
use serde_json::Value;

fn look(file: &dyn ReadAt, level: Level) -> Inspection {
    inspect(
        file,
        &Options {
            level,
            named: true,
            ..Options::default()
        },
    )
    .unwrap_or_default()
}

/// Go omits empty fields, so both sides are compared without them.
fn without_empty(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().map(|(k, v)| (k.clone(), without_empty(v)));
            Value::Object(
                kept.filter(|(_, v)| {
                    !matches!(v, Value::Null) && v != "" && v != &Value::Array(vec![])
                })
                .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(without_empty).collect()),
        other => other.clone(),
    }
}

/// Package archives contain compiled code but are not programs.
fn is_program(f: &Fixture) -> bool {
    f.toolchain.is_some() && f.goroot.is_some()
}

fn expected_version(f: &Fixture) -> String {
    match &f.go_json {
        Some(json) => json["GoVersion"].as_str().unwrap().to_owned(),
        None => f.toolchain.clone().unwrap(),
    }
}

#[test]
fn the_record_is_the_one_that_gos_reader_gives() {
    let mut compared = 0;
    for f in fixtures() {
        let Some(json) = &f.go_json else { continue };
        for level in [Level::BuildInfo, Level::Full] {
            let inspection = look(&*f.bytes(), level);
            assert_eq!(
                inspection.found.len(),
                1,
                "{}: {:?}",
                f.id,
                inspection.faults
            );
            let record = serde_json::to_value(&inspection.found[0].record.build_info).unwrap();
            assert_eq!(without_empty(&record), without_empty(json), "{}", f.id);
        }
        compared += 1;
    }
    assert!(compared > 100, "only {compared} compared");
}

#[test]
fn programs_that_gos_reader_cannot_read_are_answered() {
    let mut answered = 0;
    for f in fixtures().filter(|f| f.go_json.is_none() && is_program(f) && f.by_gc()) {
        let inspection = look(&*f.bytes(), Level::Full);
        assert_eq!(
            inspection.found.len(),
            1,
            "{}: {:?}",
            f.id,
            inspection.faults
        );
        let binary = &inspection.found[0].record;
        assert_eq!(binary.go_version_raw, Some(expected_version(f)), "{}", f.id);
        assert_eq!(
            binary.main_package.as_deref(),
            Some(&*f.main_package()),
            "{}",
            f.id
        );
        answered += 1;
    }
    assert!(answered >= 6, "only {answered} answered");
}

#[test]
fn files_that_are_no_go_program_are_not_called_one() {
    let others: Vec<_> = fixtures().filter(|f| !is_program(f)).collect();
    assert!(others.len() >= 2);
    for f in others {
        assert_eq!(look(&*f.bytes(), Level::Full).found.len(), 0, "{}", f.id);
    }
}

#[test]
fn the_port_is_that_of_the_build() {
    // Without settings, source files show the system, which needs full facts.
    for f in fixtures().filter(|f| is_program(f)) {
        let level = if f.is_bare() {
            Level::Full
        } else {
            Level::BuildInfo
        };
        let inspection = look(&*f.bytes(), level);
        let executable = &inspection.found[0].record.executable;
        assert_eq!(
            (executable.os.as_deref(), executable.arch.as_deref()),
            (Some(&*f.goos), Some(&*f.goarch)),
            "{}",
            f.id
        );
    }
}

/// The record's text does not depend on how the file is found to be Go.
#[test]
fn hiding_the_record_does_not_lose_it() {
    for id in [
        "1.27-linux-amd64-w",
        "1.27-linux-amd64-pie-strip",
        "1.27-linux-386-w",
        "1.27-linux-s390x-strip",
        "1.19-linux-amd64-strip",
    ] {
        let honest = crate::support::fixture(id);
        let want = look(&*honest, Level::Full)
            .found
            .remove(0)
            .record
            .build_info;
        let variants = [
            ("no section headers", derive::drop_section_headers(&honest)),
            (
                "renamed section",
                derive::rename_section(&honest, ".go.buildinfo", ".other"),
            ),
            ("magic erased", derive::erase_magic(&honest)),
            (
                "magic erased and no section headers",
                derive::drop_section_headers(&derive::erase_magic(&honest)),
            ),
            ("trailing junk", derive::trailing_junk(&honest)),
        ];
        for (how, file) in variants {
            let found = look(&file, Level::Full).found;
            assert_eq!(found.len(), 1, "{id}: {how}");
            assert_eq!(found[0].record.build_info, want, "{id}: {how}");
        }
    }
}

#[test]
fn the_pointer_format_of_old_releases_reads_the_same() {
    for id in [
        "1.27-linux-amd64-w",
        "1.27-linux-386-w",
        "1.19-linux-amd64-w",
    ] {
        let honest = crate::support::fixture(id);
        let want = look(&*honest, Level::Full)
            .found
            .remove(0)
            .record
            .build_info;
        let found = look(&derive::pointer_format(&honest), Level::Full).found;
        assert_eq!(found.len(), 1, "{id}");
        assert_eq!(found[0].record.build_info, want, "{id}");
    }
}

#[test]
fn every_slice_of_a_universal_file_is_a_program() {
    let (a, b) = (
        crate::support::fixture("1.27-darwin-amd64-w"),
        crate::support::fixture("1.27-darwin-arm64-trimstrip"),
    );
    for file in [derive::fat(&[&a, &b]), derive::fat64(&[&a, &b])] {
        let found = look(&file, Level::Full).found;
        let slices: Vec<_> = found.iter().map(|f| f.slice.as_deref()).collect();
        assert_eq!(slices, [Some("amd64"), Some("arm64")]);
        assert!(
            found
                .iter()
                .all(|f| f.record.go_version.as_deref() == Some("go1.27.3"))
        );
    }
}
