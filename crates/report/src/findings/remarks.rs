//! Findings in the form that pages and bills show beside their program.

use crate::document::Remark;
use crate::place::Place;
use gospect_audit::explain::explain;
use gospect_audit::{Audit, Finding};
use gospect_record::Location;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};

/// The texts of the rules with findings, by id. Rules of the user have none.
pub fn rules(audit: &Audit) -> BTreeMap<String, String> {
    let rules = audit.findings.iter().map(|f| f.rule.as_str());
    let texts = rules.filter_map(|id| Some((id.to_owned(), explain(id)?)));
    texts.collect()
}

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
    let binary_of = |f: &Finding| by_place.get(&place(&f.path, &f.location)).copied();
    let findings = audit.findings.iter();
    findings.map(|f| remark(f, binary_of(f))).collect()
}

/// A remark for each finding about a deployment file that is neither waived nor accepted.
pub fn of_files(audit: &Audit) -> Vec<Remark> {
    let counting = audit.findings.iter().filter(|f| f.counts());
    counting.map(|f| remark(f, None)).collect()
}

/// A remark for each finding about a program that is not on the page itself.
#[cfg(feature = "verify")]
pub(crate) fn of_programs(audit: &Audit) -> Vec<Remark> {
    let findings = audit.findings.iter();
    findings.map(|f| remark(f, None)).collect()
}

fn remark(finding: &Finding, binary: Option<usize>) -> Remark {
    let line = finding.region.iter().map(|r| r.text.trim().to_owned());
    let evidence = finding
        .evidence
        .iter()
        .map(|e| format!("{}: {}", e.source, e.value));
    Remark {
        binary,
        rule: finding.rule.clone(),
        code: finding.code.clone(),
        level: finding.level.name().to_owned(),
        message: finding.message.clone(),
        help: finding.help.clone(),
        evidence: line.filter(|l| !l.is_empty()).chain(evidence).collect(),
        waived: match &finding.waived {
            Some(waived) => Some(waived.reason.clone()),
            None => finding
                .accepted
                .then(|| "accepted by the baseline".to_owned()),
        },
        place: match (&finding.region, binary) {
            (Some(region), _) => format!("{}:{}:{}", finding.path, region.line, region.column),
            // The row of the program says where it is.
            (None, Some(_)) => String::new(),
            (None, None) => format!(
                "{}{}",
                finding.path,
                Place::of(&finding.path, &finding.location).text()
            ),
        },
    }
}
