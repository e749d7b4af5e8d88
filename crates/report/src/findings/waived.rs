//! Findings that a waiver or a statement takes back: what, where, why, and until when.

use super::subject::{list, subjects};
use super::{clean, count};
use gospect_audit::{Audit, Finding, Waived};
use std::collections::BTreeMap;

/// Findings of one rule that are taken back for one reason.
pub(super) struct WaivedGroup<'a> {
    /// The rule.
    pub rule: &'a str,
    /// Why, and until when.
    pub waived: &'a Waived,
    findings: Vec<&'a Finding>,
}

impl WaivedGroup<'_> {
    /// The programs or files, up to a number.
    pub fn places(&self, most: usize) -> String {
        list(&subjects(&self.findings), most)
    }

    /// `until 2027-03-31`, or `without an end`.
    pub fn until(&self) -> String {
        match &self.waived.expires {
            Some(day) => format!("until {}", clean(day)),
            None => "without an end".to_owned(),
        }
    }

    /// One line for text: `2 findings of dirty-tree at a, b until 2027-03-31: the reason`.
    pub fn line(&self, most: usize) -> String {
        format!(
            "{} of {} at {} {}: {}",
            count(self.findings.len() as u64, "finding"),
            clean(self.rule),
            self.places(most),
            self.until(),
            clean(&self.waived.reason)
        )
    }
}

/// All that is taken back, by rule, last day and reason.
pub(super) fn groups(audit: &Audit) -> Vec<WaivedGroup<'_>> {
    let mut by_key: BTreeMap<_, WaivedGroup<'_>> = BTreeMap::new();
    for finding in &audit.findings {
        let Some(waived) = &finding.waived else {
            continue;
        };
        let key = (&finding.rule, &waived.expires, &waived.reason);
        let group = by_key.entry(key).or_insert_with(|| WaivedGroup {
            rule: &finding.rule,
            waived,
            findings: Vec::new(),
        });
        group.findings.push(finding);
    }
    by_key.into_values().collect()
}
