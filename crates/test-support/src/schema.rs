//! A reader of JSON Schema that knows the words our schemas use, and is stricter in one thing: a key that the schema does not name is an error.

use serde_json::{Map, Value};

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

/// Like `check`, and the schema must name every key of each object.
pub fn whole(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
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
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = wanted == kind
        || wanted
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one == kind));
    if fits {
        Ok(())
    } else {
        Err(format!("{kind}, not {wanted}"))
    }
}
