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
    rated(audit, &[], out)
}

/// Writes the findings that count, with the severities that lists give to them: one for each finding, in their order.
pub(crate) fn rated(
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
    let mut seen: HashMap<&str, u64> = HashMap::new();
    let all = audit.findings.iter().enumerate();
    let counting = all.filter(|(_, f)| f.counts());
    counting.map(move |(number, f)| {
        let n = seen.entry(&f.fingerprint).or_default();
        *n += 1;
        let unique = if *n == 1 {
            f.fingerprint.clone()
        } else {
            fingerprint(&f.rule, &f.fingerprint, &[n.to_string()])
        };
        let rated = severities.get(number).copied().flatten();
        let severity = rated.and_then(word).unwrap_or(match f.level {
            Level::Error => "critical",
            Level::Warning => "major",
            Level::Note => "info",
        });
        let mut lines = json!({ "begin": f.line().unwrap_or(1) });
        if let (Some(region), Some(map)) = (&f.region, lines.as_object_mut()) {
            map.insert("end".into(), json!(region.end_line.max(region.line)));
        }
        json!({
            "description": format!("{}: {}", clean(&f.path), clean(&f.message)),
            "check_name": f.rule,
            "fingerprint": unique,
            "severity": severity,
            "content": { "body": clean(&f.help) },
            "categories": ["Security"],
            "location": { "path": clean(file(f).trim_start_matches("./")), "lines": lines }
        })
    })
}
