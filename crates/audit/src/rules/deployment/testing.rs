//! Findings of one rule over one file.

use crate::{Assumed, Auditor, Date, Finding, Policy};
use gospect_deploy as deploy;

pub fn lint(rule: &str, path: &str, text: &str) -> Vec<Finding> {
    lint_by("", rule, path, text)
}

pub fn lint_by(policy: &str, rule: &str, path: &str, text: &str) -> Vec<Finding> {
    let policy = Policy::load(policy, "gospect.toml").unwrap();
    let mut auditor = Auditor::new(&policy, Date::parse("2026-11-22").unwrap());
    let file = deploy::read(path, text, None).unwrap();
    auditor.deployment(&file, &Assumed::default());
    let mut findings = auditor.finish().findings;
    findings.retain(|f| f.rule == rule);
    findings
}

/// `line:column-end` of each.
pub fn places(findings: &[Finding]) -> Vec<String> {
    let place = |f: &Finding| {
        let r = f.region.as_ref().unwrap();
        format!("{}:{}-{}", r.line, r.column, r.end_column)
    };
    findings.iter().map(place).collect()
}
