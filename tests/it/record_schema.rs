//! Checks outputs against `docs/record.schema.json`, with a reader of JSON Schema that knows the words of this schema. It is
//! stricter than the standard: a key that the schema does not name is an error.

use gospect::record::write;
use gospect::report::json;
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use test_support::records as sample;
use test_support::schema::whole;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn schema() -> Value {
    serde_json::from_str(&std::fs::read_to_string(root().join("docs/record.schema.json")).unwrap())
        .unwrap()
}

#[test]
fn every_line_is_as_the_schema_says() {
    let schema = schema();
    for line in sample::lines() {
        let mut out = Vec::new();
        write::write(&line, &mut out).unwrap();
        let value: Value = serde_json::from_slice(&out).unwrap();
        whole(&schema, &schema, &value).unwrap_or_else(|error| panic!("{error}: {value}"));
    }
}

/// Real programs of many ages and ports, through the scan and the NDJSON writer.
#[cfg(feature = "archives")]
#[test]
fn every_line_about_real_programs_is_as_the_schema_says() {
    use gospect::record::Line;
    use gospect::scan::{Event, Options, run};
    use gospect::source::target::Target;
    let schema = schema();
    let targets = ["arm64.tar.xz", "others.tar.xz", "wasm.tar.xz"].map(|name| {
        let place = root().join("testdata/fixtures").join(name);
        (name.to_owned(), Target::Path(place))
    });
    let mut seen = 0;
    run(&targets, &Options::default(), &mut |event| {
        let line = match event {
            Event::Program(program) => Line::Binary(program.into_record()),
            Event::Unexamined { thing, .. } => Line::Unexamined(thing),
            _ => return true,
        };
        let mut out = Vec::new();
        write::write(&line, &mut out).unwrap();
        let value: Value = serde_json::from_slice(&out).unwrap();
        whole(&schema, &schema, &value).unwrap_or_else(|error| panic!("{error}: {value}"));
        seen += 1;
        true
    })
    .unwrap();
    assert!(seen > 10, "{seen}");
}

#[test]
fn the_document_is_as_the_schema_says() {
    let schema = schema();
    let mut out = Vec::new();
    json::write(sample::document(), &mut out).unwrap();
    whole(
        &schema,
        &schema["$defs"]["Document"],
        &serde_json::from_slice(&out).unwrap(),
    )
    .unwrap();
}

#[test]
fn the_reader_finds_what_is_wrong() {
    let schema = schema();
    let good = serde_json::to_value(&sample::lines()[2]).unwrap();
    whole(&schema, &schema, &good).unwrap();
    for (pointer, bad) in [
        ("/size", Value::from(-1)),
        ("/path", Value::Null),
        ("/build_info_source", 1.into()),
        ("/corroboration/0/verdict", true.into()),
        ("/build_info/Deps/0/Sum", 7.into()),
        ("/type", "binaries".into()),
    ] {
        let mut value = good.clone();
        *value.pointer_mut(pointer).unwrap() = bad;
        assert!(whole(&schema, &schema, &value).is_err(), "{pointer}");
    }
    let mut value = good.clone();
    value["godebug"]["surprise"] = Value::Null;
    assert!(whole(&schema, &schema, &value).is_err());
    let mut value = good;
    value.as_object_mut().unwrap().remove("notes");
    assert!(whole(&schema, &schema, &value).is_err());
}

/// The schema is made from the types, including their comments.
#[test]
fn the_schema_is_up_to_date() {
    let script = root().join("scripts/record-schema.py");
    match Command::new("python3").arg(script).arg("--check").output() {
        Ok(output) => assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(_) => test_support::skip::skipped("python3", ""),
    }
}
