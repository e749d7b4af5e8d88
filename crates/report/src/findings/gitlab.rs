//! GitLab code quality report: a JSON array with unique fingerprints, as GitLab requires.

use super::super::each::Each;
use super::{Options, clean, file};
use gospect_audit::{Audit, Level, fingerprint};
use gospect_vuln::severity::{Score, Severity};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{self, Write};

/// Writes the findings that count.
pub fn render(audit: &Audit, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    write_rated(audit, &[], out)
}

/// Writes the findings that count. `severities` has an item for each finding, in the same order: what vulnerability lists say of it.
pub(crate) fn write_rated(
    audit: &Audit,
    severities: &[Option<Severity>],
    out: &mut dyn Write,
) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Each(|| rows(audit, severities)))?;
    writeln!(out)
}

/// GitLab's word for a severity: that of the ratings of CVSS (first.org/cvss, "Qualitative Severity Rating Scale"), and `blocker` for what is
/// exploited.
fn word(severity: Severity) -> Option<&'static str> {
    let score = severity.cvss.map(Score::number);
    match score {
        _ if severity.exploited => Some("blocker"),
        Some(score) if score >= 9.0 => Some("critical"),
        Some(score) if score >= 7.0 => Some("major"),
        Some(score) if score >= 4.0 => Some("minor"),
        Some(_) => Some("info"),
        None => None,
    }
}

fn rows<'a>(
    audit: &'a Audit,
    severities: &'a [Option<Severity>],
) -> impl Iterator<Item = Value> + 'a {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    let all = audit.findings.iter().enumerate();
    let counting = all.filter(|(_, finding)| finding.counts());
    counting.map(move |(index, finding)| {
        let count = counts.entry(&finding.fingerprint).or_default();
        *count += 1;
        let fingerprint = if *count == 1 {
            finding.fingerprint.clone()
        } else {
            fingerprint(&finding.rule, &finding.fingerprint, &[count.to_string()])
        };
        let listed = severities.get(index).copied().flatten();
        let severity = listed.and_then(word).unwrap_or(match finding.level {
            Level::Error => "critical",
            Level::Warning => "major",
            Level::Note => "info",
        });
        let mut lines = json!({ "begin": finding.line().unwrap_or(1) });
        if let (Some(region), Some(map)) = (&finding.region, lines.as_object_mut()) {
            map.insert("end".into(), json!(region.end_line.max(region.line)));
        }
        json!({
            "description": format!("{}: {}", clean(&finding.path), clean(&finding.message)),
            "check_name": finding.rule,
            "fingerprint": fingerprint,
            "severity": severity,
            "content": { "body": clean(&finding.help) },
            "categories": ["Security"],
            "location": { "path": clean(file(finding).trim_start_matches("./")), "lines": lines }
        })
    })
}
