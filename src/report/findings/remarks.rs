//! Findings as pages and bills show them: beside the binary that they are about.

use crate::audit::Audit;
use crate::report::document::{Document, Remark};
use std::collections::HashMap;

/// One remark for each finding, in their order.
pub fn remarks(audit: &Audit, document: &Document) -> Vec<Remark> {
    let place = |path: &str, location: &crate::report::model::Location| {
        format!("{path}\n{}", serde_json::json!(location))
    };
    let by_place: HashMap<String, usize> = document
        .binaries
        .iter()
        .enumerate()
        .map(|(index, b)| (place(&b.path, &b.location), index))
        .collect();
    let remark = |f: &crate::audit::Finding| Remark {
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
