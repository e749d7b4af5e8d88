//! Checks outputs against `docs/record.schema.json`, with a reader of JSON Schema that knows the words of this schema. It is
//! stricter than the standard: a key that the schema does not name is an error.

use super::json;
use crate::record::sample;
use crate::record::write;
use serde_json::{Map, Value};
use std::path::Path;
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn schema() -> Value {
    serde_json::from_str(&std::fs::read_to_string(root().join("docs/record.schema.json")).unwrap())
        .unwrap()
}

/// Checks a value against a schema, and adds the keys that the schema names to `named`.
fn check(
    root: &Value,
    schema: &Value,
    value: &Value,
    named: &mut Vec<String>,
) -> Result<(), String> {
    let schema = schema.as_object().unwrap();
    for (word, argument) in schema {
        match word.as_str() {
            "$ref" => {
                let target = argument.as_str().unwrap().trim_start_matches('#');
                check(root, root.pointer(target).ok_or(target)?, value, named)?;
            }
            "allOf" => {
                for part in argument.as_array().unwrap() {
                    check(root, part, value, named)?;
                }
            }
            "oneOf" | "anyOf" => {
                let mut errors = Vec::new();
                let mut fits = 0;
                for part in argument.as_array().unwrap() {
                    let mut keys = Vec::new();
                    match check(root, part, value, &mut keys) {
                        Ok(()) => {
                            fits += 1;
                            named.extend(keys);
                        }
                        Err(error) => errors.push(error),
                    }
                }
                if fits == 0 || (word == "oneOf" && fits > 1) {
                    return Err(format!("{fits} of {word} fit: {errors:?}"));
                }
            }
            "const" if argument != value => return Err(format!("{value} is not {argument}")),
            "enum" if !argument.as_array().unwrap().contains(value) => {
                return Err(format!("{value} is none of {argument}"));
            }
            "type" => is_type(argument, value)?,
            "minimum" if value.is_number() && value.as_u64().is_none() => {
                return Err(format!("{value} is negative"));
            }
            "required" => {
                for key in argument.as_array().unwrap() {
                    value
                        .get(key.as_str().unwrap())
                        .ok_or(format!("{key} is not there"))?;
                }
            }
            "properties" => {
                for (key, part) in argument.as_object().unwrap() {
                    named.push(key.clone());
                    if let Some(member) = value.get(key) {
                        whole(root, part, member).map_err(|error| format!("{key}: {error}"))?;
                    }
                }
            }
            "additionalProperties" => {
                for (key, member) in value.as_object().into_iter().flatten() {
                    named.push(key.clone());
                    whole(root, argument, member)?;
                }
            }
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    whole(root, argument, item)?;
                }
            }
            "prefixItems" => {
                for (part, item) in argument
                    .as_array()
                    .unwrap()
                    .iter()
                    .zip(value.as_array().into_iter().flatten())
                {
                    whole(root, part, item)?;
                }
            }
            "minItems"
                if value
                    .as_array()
                    .is_some_and(|a| (a.len() as u64) < argument.as_u64().unwrap()) =>
            {
                return Err("too few".into());
            }
            "maxItems"
                if value
                    .as_array()
                    .is_some_and(|a| a.len() as u64 > argument.as_u64().unwrap()) =>
            {
                return Err("too many".into());
            }
            "const" | "enum" | "minimum" | "minItems" | "maxItems" | "description" | "title"
            | "$schema" | "$defs" => {}
            other => panic!("the schema uses {other}, which this reader does not know"),
        }
    }
    Ok(())
}

/// Like [`check`], and the schema must name every key of each object.
pub(super) fn whole(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let mut named = Vec::new();
    check(root, schema, value, &mut named)?;
    match value
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .find(|key| !named.contains(key))
    {
        Some(key) => Err(format!("{key} is not in the schema")),
        None => Ok(()),
    }
}

fn is_type(wanted: &Value, value: &Value) -> Result<(), String> {
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = wanted == is
        || wanted
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one == is));
    if fits {
        Ok(())
    } else {
        Err(format!("{is}, not {wanted}"))
    }
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
    use crate::record::Line;
    use crate::scan::{Event, Options, run};
    use crate::source::target::Target;
    let schema = schema();
    let targets = ["arm64.tar.xz", "others.tar.xz", "wasm.tar.xz"].map(|name| {
        let place = root().join("testdata/fixtures").join(name);
        (name.to_owned(), Target::Path(place))
    });
    let mut seen = 0;
    run(&targets, &Options::default(), &mut |event| {
        let line = match event {
            Event::Binary(binary) => Line::Binary(binary),
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
        Err(_) => crate::skip::skipped("python3", ""),
    }
}
