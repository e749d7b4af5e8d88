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

/// Writes the log. Its rules are these, followed by any other rules that findings name.
pub(crate) fn log(audit: &Audit, mut rules: Vec<Value>, out: &mut dyn Write) -> io::Result<()> {
    let id = |rule: &Value| rule.get("id").and_then(Value::as_str).map(str::to_owned);
    let ids: Vec<Option<String>> = rules.iter().map(id).collect();
    let mut index_by_id: BTreeMap<&str, usize> = BTreeMap::new();
    for (position, id) in ids.iter().enumerate() {
        if let Some(id) = id {
            index_by_id.insert(id, position);
        }
    }
    for finding in &audit.findings {
        if !index_by_id.contains_key(finding.rule.as_str()) {
            index_by_id.insert(&finding.rule, rules.len());
            rules.push(json!({ "id": finding.rule, "name": pascal(&finding.rule), "shortDescription": { "text": text(&finding.message, &finding.rule) }, "help": { "text": text(&finding.help, &finding.message) }, "properties": { "tags": ["custom"] } }));
        }
    }
    let baseline = audit.findings.iter().any(|finding| finding.accepted);
    let results = Each(|| {
        let index_of = |rule: &str| index_by_id.get(rule).copied().unwrap_or(0);
        let findings = audit.findings.iter();
        findings.map(move |finding| result(finding, index_of(&finding.rule), baseline))
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

/// A rule of the catalogue; null: there is none of this ID.
pub(crate) fn builtin(id: &str) -> Value {
    let Some(rule) = gospect_audit::rules::registry::find(id) else {
        return Value::Null;
    };
    let meta = rule.meta;
    let level = meta
        .levels
        .default
        .or(meta.levels.release)
        .unwrap_or(Level::Warning);
    json!({
        "id": meta.id,
        "name": pascal(meta.id),
        "shortDescription": { "text": meta.summary },
        "fullDescription": { "text": meta.section("What") },
        "help": { "text": format!("{}\n\n{}\n\nFix: {}", meta.section("What"), meta.section("Why"), meta.section("Fix")), "markdown": explain::explain(meta.id).unwrap_or_default() },
        "defaultConfiguration": { "level": level.name() },
        "properties": { "tags": ["go", rule.family.name()], "code": meta.code }
    })
}

fn result(finding: &Finding, index: usize, has_baseline: bool) -> Value {
    let evidence: Vec<String> = finding
        .evidence
        .iter()
        .map(|e| format!("{}: {}", clean(&e.source), clean(&e.value)))
        .collect();
    let mut message = clean(&finding.message).into_owned();
    if !evidence.is_empty() {
        message += &format!("\n{}", evidence.join("\n"));
    }
    if !finding.help.is_empty() {
        message += &format!("\nFix: {}", clean(&finding.help));
    }
    let mut place = Map::new();
    place.insert(
        "artifactLocation".into(),
        json!({ "uri": uri(file(finding)) }),
    );
    // GitHub code scanning requires a line, so findings about programs are on line 1.
    let region = match &finding.region {
        Some(region) => json!({
            "startLine": region.line, "startColumn": region.column, "endLine": region.end_line.max(region.line),
            "endColumn": region.end_column.max(1), "snippet": { "text": clean(&region.text) },
        }),
        None => json!({ "startLine": finding.line().unwrap_or(1) }),
    };
    place.insert("region".into(), region);
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.level.name(),
        "message": { "text": message },
        "locations": [{ "physicalLocation": place, "logicalLocations": [{ "fullyQualifiedName": clean(&finding.path), "kind": "resource" }] }],
        "partialFingerprints": { "gospectFingerprint/v1": finding.fingerprint },
        "properties": { "code": finding.code }
    });
    if let Some(map) = result.as_object_mut() {
        if let Some(waiver) = &finding.waived {
            map.insert("suppressions".into(), json!([{ "kind": "external", "status": "accepted", "justification": text(&waiver.reason, "waived") }]));
        }
        if has_baseline {
            map.insert(
                "baselineState".into(),
                json!(if finding.accepted { "unchanged" } else { "new" }),
            );
        }
    }
    result
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
