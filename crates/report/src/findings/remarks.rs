//! Findings in the form that pages and bills show beside their program.

use crate::document::Remark;
use gospect_audit::Audit;
use gospect_record::Location;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// A remark for each finding, in order. `binaries` are the path and location of each program.
pub fn remarks<'a>(
    audit: &Audit,
    binaries: impl Iterator<Item = (&'a str, &'a Location)>,
) -> Vec<Remark> {
    // Digests, because names in containers may be long and many.
    let place = |path: &str, location: &Location| {
        Sha256::digest(format!("{path}\n{}", serde_json::json!(location)))
    };
    let by_place: HashMap<_, usize> = binaries
        .enumerate()
        .map(|(index, (path, location))| (place(path, location), index))
        .collect();
    let remark = |f: &gospect_audit::Finding| Remark {
        binary: by_place.get(&place(&f.path, &f.location)).copied(),
        rule: f.rule.clone(),
        code: f.code.clone(),
        level: f.level.name().to_owned(),
        message: f.message.clone(),
        help: f.help.clone(),
        evidence: f
            .evidence
            .iter()
            .map(|e| format!("{}: {}", e.source, e.value))
            .collect(),
        waived: match &f.waived {
            Some(waived) => Some(waived.reason.clone()),
            None => f.accepted.then(|| "accepted by the baseline".to_owned()),
        },
    };
    audit.findings.iter().map(remark).collect()
}
