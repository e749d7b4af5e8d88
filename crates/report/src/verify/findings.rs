//! Differences as findings, for the formats that list findings.

use super::text::{check_line, provenance_line, source_line, sum_line};
use gospect_audit::rules::registry;
use gospect_audit::{self as audit, Evidence, Finding, Level};
use gospect_verify::Program;
use gospect_verify::check::{Check, Verdict};
use gospect_verify::sums::{Sum, SumVerdict};
use serde_json::{Value, json};

/// A rule of this command: `id`, `code` and what it says.
struct Rule {
    id: &'static str,
    code: &'static str,
    summary: &'static str,
}

const SUM_MISMATCH: Rule = Rule {
    id: "module-sum-mismatch",
    code: "GS143",
    summary: "a recorded checksum is not the one of the module",
};
const SUM_UNKNOWN: Rule = Rule {
    id: "module-sum-unknown",
    code: "GS144",
    summary: "nobody who was asked knows the checksum of a module",
};
const PROVENANCE: Rule = Rule {
    id: "provenance-mismatch",
    code: "GS800",
    summary: "a provenance document contradicts the program, or its signature does not hold",
};
const SOURCE: Rule = Rule {
    id: "source-mismatch",
    code: "GS801",
    summary: "a checkout contradicts the program",
};

/// The rules for the head of a log.
pub(super) fn rules() -> Vec<Value> {
    let rules = [SUM_MISMATCH, SUM_UNKNOWN, PROVENANCE, SOURCE];
    rules
        .iter()
        .map(|rule| {
            let page = registry::find(rule.id).map_or(rule.summary, |r| r.meta.page);
            json!({
                "id": rule.id,
                "name": rule.code,
                "shortDescription": { "text": rule.summary },
                "help": { "text": rule.summary, "markdown": page },
                "properties": { "tags": ["security", "provenance"] }
            })
        })
        .collect()
}

/// The findings about a program.
pub(super) fn of(program: &Program) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for sum in &program.sums {
        let row = match sum.verdict {
            SumVerdict::Different => (&SUM_MISMATCH, Level::Error, SUM_HELP),
            SumVerdict::Unknown => (&SUM_UNKNOWN, Level::Warning, UNKNOWN_HELP),
            _ => continue,
        };
        findings.push(finding(
            program,
            row,
            sum_line(sum),
            sum_evidence(sum),
            &sum.module,
        ));
    }
    for provenance in &program.provenance {
        if provenance.verdict == Verdict::Different {
            let row = (&PROVENANCE, Level::Error, PROVENANCE_HELP);
            let evidence = check_evidence(&provenance.checks);
            let message = provenance_line(provenance);
            findings.push(finding(
                program,
                row,
                message,
                evidence,
                &provenance.document,
            ));
        }
    }
    if let Some(source) = &program.source
        && source.verdict == Verdict::Different
    {
        let row = (&SOURCE, Level::Error, SOURCE_HELP);
        let evidence = check_evidence(&source.checks);
        findings.push(finding(
            program,
            row,
            source_line(source),
            evidence,
            &source.folder,
        ));
    }
    findings
}

const SUM_HELP: &str = "do not ship it: build it again on a clean machine after `go clean -modcache && go mod verify`, and compare";
const UNKNOWN_HELP: &str = "without `--sumdb offline` the checksum database is asked; name a private module in GOPRIVATE, or give its go.sum with --go-sum";
const PROVENANCE_HELP: &str =
    "use the provenance of this very file; if it is, do not trust the file";
const SOURCE_HELP: &str = "check out the revision that the program records";

fn finding(
    program: &Program,
    (rule, level, help): (&Rule, Level, &str),
    message: String,
    evidence: Vec<Evidence>,
    salient: &str,
) -> Finding {
    Finding {
        rule: rule.id.to_owned(),
        code: rule.code.to_owned(),
        level,
        message,
        path: program.path.clone(),
        location: program.location.clone(),
        region: None,
        evidence,
        help: help.to_owned(),
        build: None,
        policy: None,
        waived: None,
        accepted: false,
        unanswered: rule.id == SUM_UNKNOWN.id,
        fingerprint: audit::fingerprint(
            rule.id,
            &audit::identity(&program.path, &program.location),
            &[salient.to_owned()],
        ),
    }
}

fn sum_evidence(sum: &Sum) -> Vec<Evidence> {
    let recorded = sum.recorded.iter().map(|value| ("recorded", value));
    let source = sum.source.as_deref().unwrap_or("expected");
    let expected = sum.expected.iter().map(|value| (source, value));
    recorded
        .chain(expected)
        .map(|(source, value)| Evidence {
            source: source.to_owned(),
            value: value.clone(),
        })
        .collect()
}

fn check_evidence(checks: &[Check]) -> Vec<Evidence> {
    let different = checks.iter().filter(|c| c.verdict == Verdict::Different);
    different
        .map(|check| Evidence {
            source: check.what.name().to_owned(),
            value: check_line(check),
        })
        .collect()
}
