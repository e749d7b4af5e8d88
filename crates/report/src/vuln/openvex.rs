//! OpenVEX 0.2.0 (github.com/openvex/spec): which findings other scanners may leave out, and which they must not.
//!
//! A consumer looks for a product by the purl of what it scanned, and for the module as part of it. So the products are the
//! main module, the image and the file, each with the module as subcomponent.

use super::Options;
use super::statement::statement;
use crate::sbom::date;
use gospect_vuln::vex::{module_purls, written_products};
use gospect_vuln::{Finding, Program, Report, Status};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Where the format is defined.
const CONTEXT: &str = "https://openvex.dev/ns/v0.2.0";

pub(super) fn render(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let statements = statements(report);
    let digest = Sha256::digest(serde_json::to_vec(&statements)?);
    let digest: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    let document = json!({
        "@context": CONTEXT,
        "@id": format!("https://openvex.dev/docs/public/vex-{digest}"),
        "author": concat!("gospect ", env!("CARGO_PKG_VERSION")),
        "timestamp": date(options.time),
        "tooling": concat!("gospect ", env!("CARGO_PKG_VERSION")),
        "version": 1,
        "statements": statements,
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

/// One statement for each entry and status; programs with the same statement share it.
fn statements(report: &Report) -> Vec<Value> {
    let mut by_text: BTreeMap<(String, String), (Value, Vec<Value>)> = BTreeMap::new();
    for program in &report.programs {
        for finding in &program.findings {
            let statement = statement_of(finding);
            let key = (finding.id.clone(), statement.to_string());
            let (_, products) = by_text
                .entry(key)
                .or_insert_with(|| (statement, Vec::new()));
            products.extend(products_of(program, Some(finding)));
        }
        for id in program.unjudged.iter().flat_map(|row| &row.entries) {
            let statement = json!({
                "vulnerability": { "name": id },
                "status": Status::UnderInvestigation.name(),
                "status_notes": "the version of the module is not known",
            });
            let key = (id.clone(), statement.to_string());
            let (_, products) = by_text
                .entry(key)
                .or_insert_with(|| (statement, Vec::new()));
            products.extend(products_of(program, None));
        }
    }
    let statements = by_text.into_values().map(|(mut statement, mut products)| {
        let mut seen = std::collections::BTreeSet::new();
        products.retain(|product| seen.insert(product.to_string()));
        if let Some(keys) = statement.as_object_mut() {
            keys.insert("products".into(), Value::Array(products));
        }
        statement
    });
    statements.collect()
}

fn statement_of(finding: &Finding) -> Value {
    let statement = statement(finding);
    let mut keys = Map::new();
    let mut vulnerability = json!({ "name": finding.id, "aliases": finding.aliases });
    if let (Some(address), Some(keys)) =
        (super::address(&finding.id), vulnerability.as_object_mut())
    {
        keys.insert("@id".into(), json!(address));
    }
    keys.insert("vulnerability".into(), vulnerability);
    keys.insert("status".into(), json!(statement.status.name()));
    // The specification requires a justification or an impact statement for a product that is not affected, and an action for
    // one that is.
    if let Some(justification) = statement.justification {
        keys.insert("justification".into(), json!(justification));
    }
    let detail = match statement.status {
        Status::NotAffected => "impact_statement",
        _ => "status_notes",
    };
    keys.insert(detail.into(), json!(statement.detail));
    if let Some(action) = statement.action {
        keys.insert("action_statement".into(), json!(action));
    }
    Value::Object(keys)
}

/// The program and its image, with the module as their part.
fn products_of(program: &Program, finding: Option<&Finding>) -> Vec<Value> {
    let parts: Vec<Value> = finding
        .map(module_purls)
        .unwrap_or_default()
        .iter()
        .map(|purl| json!({ "@id": purl, "identifiers": { "purl": purl } }))
        .collect();
    let mut products = Vec::new();
    let mut names = written_products(program);
    if names.is_empty() {
        // A file without a digest is identified by its path.
        names.extend(program.sha256.is_none().then(|| program.path.clone()));
    }
    let is_image = |name: &String| name.starts_with("pkg:oci/");
    for name in &names {
        let mut product = json!({ "@id": name });
        if let Some(keys) = product.as_object_mut() {
            if name.starts_with("pkg:") {
                keys.insert("identifiers".into(), json!({ "purl": name }));
            }
            if let Some(sum) = program.sha256.as_ref().filter(|_| !is_image(name)) {
                keys.insert("hashes".into(), json!({ "sha-256": sum }));
            }
            if !parts.is_empty() {
                keys.insert("subcomponents".into(), json!(parts));
            }
        }
        products.push(product);
    }
    if names.is_empty()
        && let Some(sum) = &program.sha256
    {
        products.push(json!({ "@id": format!("sha256:{sum}"), "hashes": { "sha-256": sum }, "subcomponents": parts }));
    }
    products
}
