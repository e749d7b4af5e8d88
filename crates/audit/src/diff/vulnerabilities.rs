//! Known vulnerabilities that a new build gains or loses, and those of which more or less is linked now.

use super::changes::Changes;
use super::{Change, Class, Direction};
use gospect_record::Binary;
use gospect_vuln::database::Damaged;
use gospect_vuln::{Finding, Level, Program};
use std::collections::BTreeMap;

/// The changes between two states of one program of which one is of this level or above, and the number of the others.
pub(super) fn compare(
    old: &Binary,
    new: &Binary,
    level: Level,
    judge: &mut dyn FnMut(&Binary) -> Result<Program, Damaged>,
) -> Result<(Vec<Change>, u64), Damaged> {
    let (before, now) = (judge(old)?, judge(new)?);
    // Where the functions of one side are not known, its levels say nothing about the other.
    let are_known = old.functions.is_some() && new.functions.is_some();
    let new_findings = by_key(&now);
    let (before, now) = (levels(&before), levels(&now));
    let (mut out, mut below) = (Changes::default(), 0);
    let mut keys: Vec<&String> = before.keys().chain(now.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let (old_level, new_level) = (before.get(key).copied(), now.get(key).copied());
        if old_level == new_level || (old_level.is_some() && new_level.is_some() && !are_known) {
            continue;
        }
        if old_level.max(new_level) < Some(level) {
            below += 1;
            continue;
        }
        let direction = match (old_level, new_level) {
            (None, _) => Direction::Added,
            (_, None) => Direction::Removed,
            _ => Direction::Changed,
        };
        let [old, new] = [old_level, new_level].map(|level| level.map(Level::name));
        out.push(
            Class::Vulnerability,
            key,
            direction,
            old,
            new,
            new_level > old_level && new_level >= Some(level),
        );
        if let (Some(finding), Some(change)) = (new_findings.get(key), out.0.last_mut()) {
            change.fixed = finding.fixed.clone();
            change.said = said(finding);
        }
    }
    Ok((out.0, below))
}

/// The key of a vulnerability of a module: entry and module.
fn key_of(finding: &Finding) -> String {
    format!("{} {}", finding.id, finding.module)
}

/// The findings that no VEX document dismisses.
fn by_key(program: &Program) -> BTreeMap<String, &Finding> {
    let findings = program.counting(Level::Module);
    findings.map(|finding| (key_of(finding), finding)).collect()
}

/// How much is linked of each.
fn levels(program: &Program) -> BTreeMap<String, Level> {
    let findings = by_key(program).into_iter();
    findings
        .map(|(key, finding)| (key, finding.level))
        .collect()
}

/// What lists say of a finding.
fn said(finding: &Finding) -> Vec<String> {
    let severity = finding.severity.map(|severity| severity.to_string());
    let severity = severity.filter(|text| !text.is_empty());
    let of_distribution = finding.said_by_distribution();
    severity.into_iter().chain(of_distribution).collect()
}
