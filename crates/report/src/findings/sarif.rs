//! SARIF 2.1.0 (OASIS): one run, all rules with their help, one result per finding.
//!
//! Waived findings have a suppression, and accepted ones have `baselineState: unchanged`, so that viewers can hide them.

use super::super::each::Each;
use super::{Options, clean, file};
use gospect_audit::rules::registry::RULES;
use gospect_audit::{Audit, Finding, Level, explain};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Writes the log.
pub fn render(audit: &Audit, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    log(
        audit,
        RULES.iter().map(|r| builtin(r.meta.id)).collect(),
        out,
    )
}

/// Writes the log with these rules first, and those that findings name besides.
pub(crate) fn log(audit: &Audit, mut rules: Vec<Value>, out: &mut dyn Write) -> io::Result<()> {
    let id = |rule: &Value| rule.get("id").and_then(Value::as_str).map(str::to_owned);
    let named: Vec<Option<String>> = rules.iter().map(id).collect();
    let mut index: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, name) in named.iter().enumerate() {
        if let Some(name) = name {
            index.insert(name, number);
        }
    }
    for f in &audit.findings {
        if !index.contains_key(f.rule.as_str()) {
            index.insert(&f.rule, rules.len());
            rules.push(json!({ "id": f.rule, "name": pascal(&f.rule), "shortDescription": { "text": text(&f.message, &f.rule) }, "help": { "text": text(&f.help, &f.message) }, "properties": { "tags": ["custom"] } }));
        }
    }
    let baseline = audit.findings.iter().any(|f| f.accepted);
    let results = Each(|| {
        let of = |rule: &str| index.get(rule).copied().unwrap_or(0);
        let findings = audit.findings.iter();
        findings.map(move |f| result(f, of(&f.rule), baseline))
    });
    let driver = json!({
        "name": "gospect", "semanticVersion": env!("CARGO_PKG_VERSION"), "informationUri": env!("CARGO_PKG_REPOSITORY"), "rules": rules
    });
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        runs: [Run {
            column_kind: "unicodeCodePoints",
            results,
            tool: json!({ "driver": driver }),
        }],
        version: "2.1.0",
    };
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Log<F> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    runs: [Run<F>; 1],
    version: &'static str,
}

#[derive(Serialize)]
struct Run<F> {
    #[serde(rename = "columnKind")]
    column_kind: &'static str,
    results: F,
    tool: Value,
}

fn builtin(id: &str) -> Value {
    let Some(rule) = gospect_audit::rules::registry::find(id) else {
        return Value::Null;
    };
    let m = rule.meta;
    let level = m
        .levels
        .default
        .or(m.levels.release)
        .unwrap_or(Level::Warning);
    json!({
        "id": m.id,
        "name": pascal(m.id),
        "shortDescription": { "text": m.summary },
        "fullDescription": { "text": m.section("What") },
        "help": { "text": format!("{}\n\n{}\n\nFix: {}", m.section("What"), m.section("Why"), m.section("Fix")), "markdown": explain::explain(m.id).unwrap_or_default() },
        "defaultConfiguration": { "level": level.name() },
        "properties": { "tags": ["go", rule.family.name()], "code": m.code }
    })
}

fn result(f: &Finding, index: usize, baseline: bool) -> Value {
    let evidence: Vec<String> = f
        .evidence
        .iter()
        .map(|e| format!("{}: {}", clean(&e.source), clean(&e.value)))
        .collect();
    let mut message = clean(&f.message).into_owned();
    if !evidence.is_empty() {
        message += &format!("\n{}", evidence.join("\n"));
    }
    if !f.help.is_empty() {
        message += &format!("\nFix: {}", clean(&f.help));
    }
    let mut physical = Map::new();
    physical.insert("artifactLocation".into(), json!({ "uri": uri(file(f)) }));
    // GitHub code scanning requires a line, so findings about programs are on line 1.
    let region = match &f.region {
        Some(r) => json!({
            "startLine": r.line, "startColumn": r.column, "endLine": r.end_line.max(r.line),
            "endColumn": r.end_column.max(1), "snippet": { "text": clean(&r.text) },
        }),
        None => json!({ "startLine": f.line().unwrap_or(1) }),
    };
    physical.insert("region".into(), region);
    let mut out = json!({
        "ruleId": f.rule,
        "ruleIndex": index,
        "level": f.level.name(),
        "message": { "text": message },
        "locations": [{ "physicalLocation": physical, "logicalLocations": [{ "fullyQualifiedName": clean(&f.path), "kind": "resource" }] }],
        "partialFingerprints": { "gospectFingerprint/v1": f.fingerprint },
        "properties": { "code": f.code }
    });
    if let Some(map) = out.as_object_mut() {
        if let Some(w) = &f.waived {
            map.insert("suppressions".into(), json!([{ "kind": "external", "status": "accepted", "justification": text(&w.reason, "waived") }]));
        }
        if baseline {
            map.insert(
                "baselineState".into(),
                json!(if f.accepted { "unchanged" } else { "new" }),
            );
        }
    }
    out
}

fn text(first: &str, otherwise: &str) -> String {
    clean(if first.is_empty() { otherwise } else { first }).into_owned()
}

/// `dirty-tree` as `DirtyTree`: the readable name that SARIF requires.
fn pascal(id: &str) -> String {
    id.split('-')
        .flat_map(|w| {
            w.char_indices()
                .map(|(i, c)| if i == 0 { c.to_ascii_uppercase() } else { c })
        })
        .collect()
}

/// A path as a relative URI or file URI: everything except unreserved characters and `/` is percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    if path.starts_with('/') {
        out.push_str("file://");
    }
    for b in path.trim_start_matches("./").bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(b as char)
            }
            b'\\' => out.push('/'),
            _ => out.push_str(&format!("%{b:02X}")),
        }
    }
    if out.is_empty() { ".".into() } else { out }
}
