//! CycloneDX with `vulnerabilities` and their analysis (cyclonedx.org, schema 1.6, "vulnerability").

use super::Options;
use super::statement::statement;
use crate::sbom::{Inventory, date};
use gospect_record::purl;
use gospect_vuln::vex::{module_purls, products};
use gospect_vuln::{Finding, Program, Report, Status};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Name of the database in bills.
const DATABASE: &str = "Go Vulnerability Database";

pub(super) fn render(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut components: BTreeMap<String, Value> = BTreeMap::new();
    let mut dependencies: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut found = Vec::new();
    for program in &report.programs {
        let (id, component) = component(program);
        components.insert(id.clone(), component);
        let parts = dependencies.entry(id).or_default();
        for finding in &program.findings {
            let Some(purl) = module_purls(finding).into_iter().next() else {
                continue;
            };
            let part = json!({
                "type": "library", "bom-ref": purl, "name": finding.module,
                "version": finding.version.as_deref().unwrap_or_default(), "purl": purl,
            });
            components.insert(purl.clone(), part);
            if !parts.contains(&purl) {
                parts.push(purl.clone());
            }
            found.push((finding, purl));
        }
    }
    let dependencies: Vec<Value> = dependencies
        .into_iter()
        .map(|(id, parts)| json!({ "ref": id, "dependsOn": parts }))
        .collect();
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": date(options.time),
            "tools": { "components": [{ "type": "application", "name": "gospect", "version": env!("CARGO_PKG_VERSION") }] },
        },
        "components": components.into_values().collect::<Vec<_>>(),
        "dependencies": dependencies,
        "vulnerabilities": vulnerabilities(found.into_iter()),
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn component(program: &Program) -> (String, Value) {
    let purl = products(program)
        .into_iter()
        .find(|p| p.starts_with("pkg:golang/"));
    let id = format!("file:{}", program.path);
    let mut keys = Map::new();
    keys.insert("type".into(), json!("application"));
    keys.insert("bom-ref".into(), json!(id));
    keys.insert(
        "name".into(),
        json!(program.main_package.as_deref().unwrap_or(&program.path)),
    );
    if let Some(version) = &program.version {
        keys.insert("version".into(), json!(version));
    }
    if let Some(purl) = purl {
        keys.insert("purl".into(), json!(purl));
    }
    if let Some(sum) = &program.sha256 {
        keys.insert(
            "hashes".into(),
            json!([{ "alg": "SHA-256", "content": sum }]),
        );
    }
    (id, Value::Object(keys))
}

/// The `vulnerabilities` of a bill: one for each entry and statement, with the components (`bom-ref`) that it affects.
pub fn vulnerabilities<'r>(found: impl Iterator<Item = (&'r Finding, String)>) -> Vec<Value> {
    let mut rows: BTreeMap<(&str, String), (Value, Vec<String>)> = BTreeMap::new();
    for (finding, reference) in found {
        let value = vulnerability(finding);
        let key = (finding.id.as_str(), value.to_string());
        let (_, references) = rows.entry(key).or_insert_with(|| (value, Vec::new()));
        if !references.contains(&reference) {
            references.push(reference);
        }
    }
    let rows = rows.into_iter().enumerate();
    rows.map(|(number, ((id, _), (mut value, references)))| {
        let affects: Vec<Value> = references.iter().map(|r| json!({ "ref": r })).collect();
        if let Some(keys) = value.as_object_mut() {
            keys.insert(
                "bom-ref".into(),
                json!(format!("vulnerability-{number}-{id}")),
            );
            keys.insert("affects".into(), json!(affects));
        }
        value
    })
    .collect()
}

/// The `vulnerabilities` of a bill of the same programs, in the same order. A module stands once in a bill: where programs differ, the worst of what is said of them
/// is said of it.
pub fn of_bill(inventory: &Inventory, programs: &[Program]) -> Vec<Value> {
    let ids = inventory.ids_by_purl();
    let rank = |finding: &Finding| match statement(finding).status {
        Status::Affected => 3,
        Status::UnderInvestigation => 2,
        Status::Fixed => 1,
        Status::NotAffected => 0,
    };
    let mut worst: BTreeMap<(&str, String), &Finding> = BTreeMap::new();
    for (number, program) in programs.iter().enumerate() {
        for finding in &program.findings {
            let mut purls = module_purls(finding);
            purls.extend(purl::of_module(&finding.module, ""));
            let known = purls.iter().find_map(|purl| ids.get(purl)).cloned();
            let id = known.unwrap_or_else(|| inventory.id_of(number));
            let said = worst.entry((&finding.id, id)).or_insert(finding);
            if rank(finding) > rank(said) {
                *said = finding;
            }
        }
    }
    let found = worst.into_iter();
    vulnerabilities(found.map(|((_, id), finding)| (finding, id)))
}

fn vulnerability(finding: &Finding) -> Value {
    let statement = statement(finding);
    let state = match statement.status {
        Status::NotAffected => "not_affected",
        Status::Affected => "exploitable",
        Status::Fixed => "resolved",
        Status::UnderInvestigation => "in_triage",
    };
    let mut analysis = json!({ "state": state, "detail": statement.detail });
    if let Some(keys) = analysis.as_object_mut() {
        if statement.justification.is_some() {
            keys.insert("justification".into(), json!("code_not_present"));
        }
        if statement.action.is_some() && finding.fixed.is_some() {
            keys.insert("response".into(), json!(["update"]));
        }
    }
    let source = |name: &str, address: Option<String>| {
        let mut source = Map::new();
        source.insert("name".into(), json!(name));
        if let Some(address) = address {
            source.insert("url".into(), json!(address));
        }
        Value::Object(source)
    };
    let references: Vec<Value> = finding
        .aliases
        .iter()
        .map(|alias| {
            let name = match alias.split('-').next() {
                Some("CVE") => "NVD",
                Some("GHSA") => "GitHub Advisories",
                _ => DATABASE,
            };
            json!({ "id": alias, "source": source(name, super::address(alias)) })
        })
        .collect();
    let mut keys = Map::new();
    keys.insert("id".into(), json!(finding.id));
    keys.insert(
        "source".into(),
        source(DATABASE, super::address(&finding.id)),
    );
    keys.insert("analysis".into(), analysis);
    if !references.is_empty() {
        keys.insert("references".into(), json!(references));
    }
    if let Some(summary) = &finding.summary {
        keys.insert("description".into(), json!(summary));
    }
    if let Some(action) = statement.action {
        keys.insert("recommendation".into(), json!(action));
    }
    Value::Object(keys)
}
