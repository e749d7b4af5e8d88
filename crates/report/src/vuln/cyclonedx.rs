//! CycloneDX with `vulnerabilities` and their analysis (cyclonedx.org, schema 1.6, "vulnerability").

use super::Options;
use super::statement::{Statement, statement};
use super::unseen::Unseen;
use crate::sbom::{Inventory, date};
use gospect_record::purl;
use gospect_vuln::severity::Severity;
use gospect_vuln::vex::{Bill, Justification, module_purls, products};
use gospect_vuln::{Finding, Program, Report, Status};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Name of the database in bills.
const DATABASE: &str = "Go Vulnerability Database";

pub(super) fn render(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    if let Some(bill) = &options.bill {
        return about_bill(report, bill, options.time, out);
    }
    let mut components: BTreeMap<String, Value> = BTreeMap::new();
    let mut dependencies: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut findings = Vec::new();
    for program in &report.programs {
        let (id, component) = component(program);
        components.insert(id.clone(), component);
        let parts = dependencies.entry(id).or_default();
        for finding in &program.findings {
            let Some(purl) = module_purls(finding).into_iter().next() else {
                continue;
            };
            // The document has a module once for each program, because the statements about it differ.
            let reference = format!("file:{}#{purl}", program.path);
            let part = json!({
                "type": "library", "bom-ref": reference, "name": finding.module,
                "version": finding.version.as_deref().unwrap_or_default(), "purl": purl,
            });
            components.insert(reference.clone(), part);
            if !parts.contains(&reference) {
                parts.push(reference.clone());
            }
            findings.push(Judged::of(program, finding, reference));
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
        "metadata": metadata(options.time),
        "components": components.into_values().collect::<Vec<_>>(),
        "dependencies": dependencies,
        "vulnerabilities": vulnerabilities(findings),
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

/// A finding, what is stated about it, and the component that it is about.
struct Judged<'r> {
    finding: &'r Finding,
    statement: Statement,
    /// Reference or BOM-Link of the component.
    component: String,
}

impl<'r> Judged<'r> {
    fn of(program: &Program, finding: &'r Finding, component: String) -> Self {
        Self {
            finding,
            statement: statement(program, finding),
            component,
        }
    }

    /// The same in a bill of an image or archive: what of it was not examined may use the component too.
    fn in_bill(
        program: &Program,
        finding: &'r Finding,
        component: String,
        not_examined: Option<&str>,
    ) -> Self {
        let mut judged = Self::of(program, finding, component);
        // What a document of the user says is about the whole product.
        let is_proven = judged.statement.status == Status::NotAffected && finding.vex.is_none();
        if let Some(why) = not_examined.filter(|_| is_proven) {
            judged.statement = Statement::not_known(why);
        }
        judged
    }
}

fn metadata(time: u64) -> Value {
    json!({
        "timestamp": date(time),
        "tools": { "components": [{ "type": "application", "name": "gospect", "version": env!("CARGO_PKG_VERSION") }] },
    })
}

/// Statements on the components of a bill, which they name by BOM-Links. Trivy reads nothing else in CycloneDX: it looks for its own ID, which is
/// the CVE if there is one, and of several entries with one ID it takes the last (aquasecurity/trivy, pkg/vex/cyclonedx.go).
fn about_bill(report: &Report, bill: &Bill, time: u64, out: &mut dyn Write) -> io::Result<()> {
    let used_by_others = bill.used_by_others(&report.programs);
    let unseen = Unseen::of(report);
    let mut linked = Vec::new();
    for program in &report.programs {
        let not_examined = unseen.around(program);
        for finding in &program.findings {
            for link in bill.links(&module_purls(finding)) {
                let other = used_by_others.get(&link);
                let mut judged = Judged::in_bill(program, finding, link, not_examined.as_deref());
                if let (Some(other), false) = (other, judged.statement.asks_for_something()) {
                    judged.statement = Statement::not_judged(other);
                }
                linked.push(judged);
            }
        }
    }
    let mut rows = vulnerabilities(worst(linked.into_iter()));
    for row in &mut rows {
        by_common_id(row);
    }
    rows.sort_by_key(|row| {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let state = text(row.get("analysis").and_then(|a| a.get("state")));
        (
            text(row.get("id")),
            state.as_deref() == Some("not_affected"),
        )
    });
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": metadata(time),
        "vulnerabilities": rows,
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

/// Makes the CVE, or else the first other alias, the ID of a vulnerability, and the ID one of its references.
fn by_common_id(row: &mut Value) {
    let Some(keys) = row.as_object_mut() else {
        return;
    };
    let references = keys.get("references").and_then(Value::as_array);
    let mut references = references.cloned().unwrap_or_default();
    let is_cve = |reference: &Value| {
        let id = reference.get("id").and_then(Value::as_str);
        id.is_some_and(|id| id.starts_with("CVE-"))
    };
    if references.is_empty() {
        return;
    }
    let common = references.remove(references.iter().position(is_cve).unwrap_or(0));
    let mut own = Map::new();
    for key in ["id", "source"] {
        own.extend(keys.get(key).cloned().map(|value| (key.to_owned(), value)));
        if let Some(value) = common.get(key) {
            keys.insert(key.into(), value.clone());
        }
    }
    references.insert(0, Value::Object(own));
    keys.insert("references".into(), Value::Array(references));
}

/// The worst finding of each entry for each component, where programs that share it differ.
fn worst<'r>(findings: impl Iterator<Item = Judged<'r>>) -> Vec<Judged<'r>> {
    let mut worst: BTreeMap<(&str, String), Judged> = BTreeMap::new();
    for judged in findings {
        let key = (judged.finding.id.as_str(), judged.component.clone());
        let gravity = judged.statement.status.gravity();
        match worst.get_mut(&key) {
            Some(so_far) if so_far.statement.status.gravity() >= gravity => {}
            Some(so_far) => *so_far = judged,
            None => {
                worst.insert(key, judged);
            }
        }
    }
    worst.into_values().collect()
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
fn vulnerabilities(findings: Vec<Judged<'_>>) -> Vec<Value> {
    let mut rows: BTreeMap<(&str, String), (Value, Vec<String>)> = BTreeMap::new();
    for judged in findings {
        let value = vulnerability(judged.finding, judged.statement);
        let key = (judged.finding.id.as_str(), value.to_string());
        let (_, references) = rows.entry(key).or_insert_with(|| (value, Vec::new()));
        if !references.contains(&judged.component) {
            references.push(judged.component);
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

/// The `vulnerabilities` of a bill of the same programs, in the same order. A bill has each module once: if findings of programs differ, the worst
/// one counts. Nothing is said to be not affected in an image or archive of which something was not examined.
pub fn of_bill(inventory: &Inventory, report: &Report) -> Vec<Value> {
    let ids = inventory.ids_by_purl();
    let unseen = Unseen::of(report);
    let mut findings = Vec::new();
    for (index, program) in report.programs.iter().enumerate() {
        let not_examined = unseen.around(program);
        for finding in &program.findings {
            let mut purls = module_purls(finding);
            purls.extend(purl::of_module(&finding.module, ""));
            let component_id = purls.iter().find_map(|purl| ids.get(purl)).cloned();
            let component_id = component_id.unwrap_or_else(|| inventory.id_of(index));
            let not_examined = not_examined.as_deref();
            findings.push(Judged::in_bill(
                program,
                finding,
                component_id,
                not_examined,
            ));
        }
    }
    vulnerabilities(worst(findings.into_iter()))
}

/// Adds the severity of lists: scores as `ratings`, exploitation as a property.
fn add_severity(keys: &mut Map<String, Value>, severity: Severity) {
    let cvss = severity.cvss.map(|score| {
        let (score, rating) = (score.number(), score.rating());
        json!({ "source": { "name": "CVSS" }, "score": score, "severity": rating })
    });
    let epss = severity.epss.map(|probability| {
        let score = probability.number();
        json!({ "source": { "name": "EPSS" }, "score": score, "method": "other" })
    });
    let ratings: Vec<Value> = cvss.into_iter().chain(epss).collect();
    if !ratings.is_empty() {
        keys.insert("ratings".into(), json!(ratings));
    }
    if severity.exploited {
        let exploited = json!([{ "name": "gospect:exploited", "value": "true" }]);
        keys.insert("properties".into(), exploited);
    }
}

fn vulnerability(finding: &Finding, statement: Statement) -> Value {
    let state = match statement.status {
        Status::NotAffected => "not_affected",
        Status::Affected => "exploitable",
        Status::Fixed => "resolved",
        Status::UnderInvestigation => "in_triage",
    };
    let justification = statement.justification.and_then(Justification::cyclonedx);
    let detail = statement.detail_beside(justification);
    let mut analysis = json!({ "state": state, "detail": detail });
    if let Some(keys) = analysis.as_object_mut() {
        if let Some(word) = justification {
            keys.insert("justification".into(), json!(word));
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
    if let Some(severity) = finding.severity {
        add_severity(&mut keys, severity);
    }
    Value::Object(keys)
}
