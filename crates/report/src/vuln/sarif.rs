//! SARIF 2.1.0: a rule for each entry, a result for each program that has it, and notes about what could not be judged or examined.

use super::Options;
use super::audit::with_unjudged;
use crate::findings::{clean, sarif};
use gospect_vuln::{Finding, Level, Report};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

pub(super) fn render(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut entries: BTreeMap<&str, &Finding> = BTreeMap::new();
    for finding in report.programs.iter().flat_map(|p| &p.findings) {
        entries.entry(&finding.id).or_insert(finding);
    }
    let (audit, _) = with_unjudged(report, Level::Module, options);
    let mut rules: Vec<Value> = entries.values().map(|finding| rule(finding)).collect();
    let open = audit.findings.iter().filter(|finding| finding.unanswered);
    let open: BTreeSet<&str> = open.map(|finding| finding.rule.as_str()).collect();
    rules.extend(open.into_iter().map(sarif::builtin));
    sarif::log(&audit, rules, out)
}

fn rule(finding: &Finding) -> Value {
    let id = clean(&finding.id);
    let title = match (&finding.summary, finding.cve()) {
        (Some(summary), _) => clean(summary).into_owned(),
        (None, Some(cve)) => format!("{} in {}", clean(cve), clean(&finding.module)),
        (None, None) => format!("{id} in {}", clean(&finding.module)),
    };
    let mut rule = json!({
        "id": id,
        "name": id,
        "shortDescription": { "text": title },
        "help": { "text": format!("{id}: {}", finding.aliases.iter().map(|a| clean(a)).collect::<Vec<_>>().join(", ")) },
        "properties": { "tags": ["security", "vulnerability"], "aliases": finding.aliases, "reviewed": finding.reviewed }
    });
    if let Some(address) = super::address(&finding.id)
        && let Some(keys) = rule.as_object_mut()
    {
        keys.insert("helpUri".into(), json!(address));
    }
    if let Some(severity) = finding.severity
        && let Some(properties) = rule.get_mut("properties").and_then(Value::as_object_mut)
    {
        // GitHub sorts by this property, a text with a number between 0.0 and 10.0.
        if let Some(cvss) = severity.cvss {
            let score = format!("{:.1}", cvss.number());
            properties.insert("security-severity".into(), json!(score));
        }
        properties.insert("severity".into(), json!(severity));
    }
    rule
}
