//! The JSON Schema of the policy file, made from the registry, so that editors check the same as [`super::Policy::load`].

use crate::options::{OptionSpec, ValueKind};
use crate::policy::PROFILES;
use crate::policy::condition::Operator;
use crate::rules::registry::RULES;
use serde_json::{Map, Value, json};

/// The schema as text; `docs/gospect.schema.json` has a copy.
pub fn schema() -> String {
    serde_json::to_string_pretty(&value()).unwrap_or_default() + "\n"
}

fn value() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "gospect policy",
        "description": "gospect.toml: which rules matter how much",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "profile": { "type": "string", "description": format!("Profile in force: {}, or one of [profiles]", PROFILES.join(", ")) },
            "rules": { "$ref": "#/$defs/rules" },
            "profiles": {
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": false,
                    "properties": { "extends": { "type": "string" }, "rules": { "$ref": "#/$defs/rules" } }
                }
            },
            "overrides": { "type": "array", "items": of_some_programs() },
            "waivers": { "type": "array", "items": waiver() },
            "custom": { "type": "array", "items": custom() },
            "expect": expect("Record keys that every binary must have, with a value, a glob, or a bound such as `>=1.26`"),
            "fleet": { "type": "object", "additionalProperties": false, "properties": { "group-by": globs() } }
        },
        "$defs": definitions()
    })
}

fn globs() -> Value {
    json!({ "type": "array", "items": { "type": "string" } })
}

fn expect(description: &str) -> Value {
    json!({ "type": "object", "description": description, "additionalProperties": { "type": ["string", "boolean", "integer", "object"] } })
}

fn conditions() -> Value {
    json!({ "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/condition" } })
}

/// An item of `[[overrides]]`.
fn of_some_programs() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": { "paths": globs(), "packages": globs(), "ports": globs(), "rules": { "$ref": "#/$defs/rules" }, "expect": expect("Record keys that these binaries must have, in place of those of [expect] with the same keys") }
    })
}

fn waiver() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["rule", "reason"],
        "properties": {
            "rule": { "type": "string", "description": "Id, code or glob" },
            "path": { "type": "string", "description": "Glob over paths; default: all" },
            "vulnerability": { "type": "string", "description": "Only this vulnerability: its ID, or an alias such as its CVE" },
            "module": { "type": "string", "description": "Glob over modules: only vulnerabilities in these" },
            "reason": { "type": "string", "minLength": 1 },
            "expires": { "type": "string", "description": "Last day it holds, 2026-12-31" }
        }
    })
}

fn custom() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["id", "message"],
        "properties": {
            "id": { "type": "string", "pattern": "^[a-z0-9-]+$" },
            "level": { "$ref": "#/$defs/level" },
            "message": { "type": "string" },
            "help": { "type": "string" },
            "all": conditions(),
            "any": conditions(),
            "not": { "$ref": "#/$defs/condition" }
        },
        "oneOf": [{ "required": ["all"] }, { "required": ["any"] }, { "required": ["not"] }]
    })
}

/// The parts that others refer to.
fn definitions() -> Value {
    let operators: Vec<&str> = Operator::ALL.iter().map(|(s, _)| *s).collect();
    let scalar = json!({ "type": ["string", "boolean", "integer"] });
    let values = json!({ "type": "array", "minItems": 1, "items": { "type": "string" } });
    json!({
        "level": { "enum": ["error", "warning", "note", "off"] },
        "custom-rule": {
            "description": "A rule of [[custom]]",
            "oneOf": [{ "$ref": "#/$defs/level" }, { "type": "object", "additionalProperties": false, "properties": { "level": { "$ref": "#/$defs/level" } } }]
        },
        "rules": {
            "type": "object",
            "additionalProperties": { "$ref": "#/$defs/custom-rule" },
            "properties": rules(),
            "patternProperties": { "^GS[0-9]{3}$": { "oneOf": [{ "$ref": "#/$defs/level" }, { "type": "object" }] } }
        },
        "condition": {
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "key": { "type": "string" },
                "op": { "enum": operators },
                "value": { "oneOf": [scalar, values] },
                "all": conditions(),
                "any": conditions(),
                "not": { "$ref": "#/$defs/condition" }
            }
        }
    })
}

/// Every rule, with its options.
fn rules() -> Map<String, Value> {
    let mut rules = Map::new();
    for rule in RULES {
        let mut options = Map::new();
        options.insert("level".into(), json!({ "$ref": "#/$defs/level" }));
        for option_spec in rule.meta.options {
            options.insert(option_spec.name.into(), option(option_spec));
        }
        rules.insert(
            rule.meta.id.into(),
            json!({
                "description": format!("{}: {}", rule.meta.code, rule.meta.summary),
                "oneOf": [{ "$ref": "#/$defs/level" }, { "type": "object", "additionalProperties": false, "properties": options }]
            }),
        );
    }
    rules
}

fn option(spec: &OptionSpec) -> Value {
    let mut schema = match spec.kind {
        ValueKind::Flag => json!({ "type": "boolean" }),
        ValueKind::Choice(words) => json!({ "enum": words }),
        ValueKind::Choices(words) => json!({ "type": "array", "items": { "enum": words } }),
        ValueKind::Release => json!({ "type": "string", "pattern": "^go1\\." }),
        ValueKind::Number => json!({ "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)*$" }),
        ValueKind::Texts | ValueKind::Globs | ValueKind::Ports => {
            json!({ "type": "array", "items": { "type": "string" } })
        }
        ValueKind::Floors => {
            json!({ "type": "array", "items": { "type": "string", "pattern": "@v" } })
        }
        ValueKind::Pairs | ValueKind::Grants(_) => {
            json!({ "type": "array", "items": { "type": "string", "pattern": "=" } })
        }
    };
    if let Some(map) = schema.as_object_mut() {
        map.insert("description".into(), spec.doc.into());
    }
    schema
}
