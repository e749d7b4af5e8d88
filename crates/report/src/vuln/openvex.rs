//! OpenVEX 0.2.0 (github.com/openvex/spec): which findings other scanners may leave out, and which they must not.
//!
//! A consumer looks for a product by the purl of what it scanned, and for the module as part of it. So the products are the
//! main module, the image and the file, each with the module as subcomponent.

use super::Options;
use super::shared::{SharedNames, product_names, unjudged_entries};
use super::statement::{Statement, statement};
use super::unseen::Unseen;
use crate::sbom::date;
use gospect_vuln::vex::{Justification, module_purls};
use gospect_vuln::{Finding, Program, Report, Status, UnjudgedReason};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// Where the format is defined.
const CONTEXT: &str = "https://openvex.dev/ns/v0.2.0";

pub(super) fn render(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let statements = statements(report, options);
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
fn statements(report: &Report, options: &Options) -> Vec<Value> {
    let shared = SharedNames::of(report, options.unversioned);
    let unseen = Unseen::of(report);
    let mut by_text: BTreeMap<(String, String), (Value, Vec<Value>)> = BTreeMap::new();
    for program in &report.programs {
        let names = product_names(program);
        for finding in &program.findings {
            let own = statement(program, finding);
            // What a document of the user says is about the whole product.
            let is_proven = own.status == Status::NotAffected && finding.vex.is_none();
            let names = names
                .iter()
                .filter(|name| shared.may_state(name, program, finding));
            let (open, whole): (Vec<&String>, Vec<&String>) =
                names.partition(|name| is_proven && unseen.why(name).is_some());
            let mut add = |statement: Statement, names: Vec<&String>, or_digest: bool| {
                if names.is_empty() && !or_digest {
                    return;
                }
                let value = value_of(finding, statement);
                let key = (finding.id.clone(), value.to_string());
                let (_, products) = by_text.entry(key).or_insert_with(|| (value, Vec::new()));
                products.extend(products_of(program, names.into_iter(), Some(finding)));
            };
            for name in &open {
                let why = unseen.why(name).unwrap_or_default();
                add(Statement::not_known(why), vec![name], false);
            }
            add(own, whole, open.is_empty());
        }
        for (id, _, why) in unjudged_entries(program) {
            let statement = json!({
                "vulnerability": { "name": id },
                "status": Status::UnderInvestigation.name(),
                "status_notes": match why {
                    UnjudgedReason::FipsModule => "a frozen FIPS 140 module is linked, which may lack the fix",
                    _ => "the version of the module is not known",
                },
            });
            let key = (id.clone(), statement.to_string());
            let (_, products) = by_text
                .entry(key)
                .or_insert_with(|| (statement, Vec::new()));
            products.extend(products_of(program, names.iter(), None));
        }
    }
    let statements = by_text
        .into_values()
        .filter_map(|(mut statement, mut products)| {
            let mut seen = BTreeSet::new();
            products.retain(|product| seen.insert(product.to_string()));
            let keys = statement.as_object_mut()?;
            keys.insert("products".into(), Value::Array(products));
            // A statement without products would be about every product.
            seen.first()?;
            Some(statement)
        });
    statements.collect()
}

fn value_of(finding: &Finding, statement: Statement) -> Value {
    let mut keys = Map::new();
    let mut vulnerability = json!({ "name": finding.id, "aliases": finding.aliases });
    if let (Some(address), Some(keys)) =
        (super::address(&finding.id), vulnerability.as_object_mut())
    {
        keys.insert("@id".into(), json!(address));
    }
    if let (Some(summary), Some(keys)) = (&finding.summary, vulnerability.as_object_mut()) {
        keys.insert("description".into(), json!(summary));
    }
    keys.insert("vulnerability".into(), vulnerability);
    keys.insert("status".into(), json!(statement.status.name()));
    // The specification requires a justification or an impact statement for a product that is not affected, and an action for
    // one that is.
    let justification = statement.justification.and_then(Justification::openvex);
    if let Some(word) = justification {
        keys.insert("justification".into(), json!(word));
    }
    let detail = match statement.status {
        Status::NotAffected => "impact_statement",
        _ => "status_notes",
    };
    let text = statement.detail_beside(justification);
    keys.insert(detail.into(), json!(text));
    if let Some(action) = statement.action {
        keys.insert("action_statement".into(), json!(action));
    }
    Value::Object(keys)
}

/// The program and its image by these names, with the module as their part. A program without a name is known by its digest.
fn products_of<'n>(
    program: &Program,
    names: impl Iterator<Item = &'n String>,
    finding: Option<&Finding>,
) -> Vec<Value> {
    let parts: Vec<Value> = finding
        .map(module_purls)
        .unwrap_or_default()
        .iter()
        .map(|purl| json!({ "@id": purl, "identifiers": { "purl": purl } }))
        .collect();
    let mut products = Vec::new();
    let is_image = |name: &String| name.starts_with("pkg:oci/");
    for name in names {
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
    if products.is_empty()
        && let Some(sum) = &program.sha256
    {
        let mut product = json!({ "@id": format!("sha256:{sum}"), "hashes": { "sha-256": sum } });
        if let Some(keys) = product.as_object_mut().filter(|_| !parts.is_empty()) {
            keys.insert("subcomponents".into(), json!(parts));
        }
        products.push(product);
    }
    products
}
