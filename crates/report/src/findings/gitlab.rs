//! GitLab code quality report: a JSON array with unique fingerprints, as GitLab requires.

use super::super::each::Each;
use super::{Options, clean, file};
use gospect_audit::{Audit, Level, fingerprint};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{self, Write};

/// Writes the findings that count.
pub fn render(audit: &Audit, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Each(|| rows(audit)))?;
    writeln!(out)
}

fn rows(audit: &Audit) -> impl Iterator<Item = Value> {
    let mut seen: HashMap<&str, u64> = HashMap::new();
    let counting = audit.findings.iter().filter(|f| f.counts());
    counting.map(move |f| {
        let n = seen.entry(&f.fingerprint).or_default();
        *n += 1;
        let unique = if *n == 1 {
            f.fingerprint.clone()
        } else {
            fingerprint(&f.rule, &f.fingerprint, &[n.to_string()])
        };
        let severity = match f.level {
            Level::Error => "critical",
            Level::Warning => "major",
            Level::Note => "info",
        };
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
