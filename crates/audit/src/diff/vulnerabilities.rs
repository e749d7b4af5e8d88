//! Known vulnerabilities that a new build gains or loses, and those of which more or less is linked now.

use super::changes::Changes;
use super::{Change, Class, Direction};
use gospect_record::Binary;
use gospect_vuln::database::{Damaged, Database};
use gospect_vuln::{Finding, Level, Program, judge};
use std::collections::BTreeMap;

/// The changes between two states of one program.
pub(super) fn compare(
    old: &Binary,
    new: &Binary,
    database: &Database,
) -> Result<Vec<Change>, Damaged> {
    let (before, now) = (judge(old, database)?, judge(new, database)?);
    // Where the functions of one side are not known, its levels say nothing about the other.
    let are_known = old.functions.is_some() && new.functions.is_some();
    let fixed = fixed(&now);
    let (before, now) = (levels(&before), levels(&now));
    let mut out = Changes::default();
    let mut keys: Vec<&String> = before.keys().chain(now.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let (old_level, new_level) = (before.get(key).copied(), now.get(key).copied());
        if old_level == new_level || (old_level.is_some() && new_level.is_some() && !are_known) {
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
            new_level > old_level,
        );
        if let (Some(_), Some(change)) = (new_level, out.0.last_mut()) {
            change.fixed = fixed.get(key).cloned();
        }
    }
    Ok(out.0)
}

/// The key of a vulnerability of a module: entry and module.
fn key_of(finding: &Finding) -> String {
    format!("{} {}", finding.id, finding.module)
}

/// How much is linked of each.
fn levels(program: &Program) -> BTreeMap<String, Level> {
    let rows = program.findings.iter();
    rows.map(|f| (key_of(f), f.level)).collect()
}

/// The version that fixes each, if there is one.
fn fixed(program: &Program) -> BTreeMap<String, String> {
    let rows = program.findings.iter();
    rows.filter_map(|f| Some((key_of(f), f.fixed.clone()?)))
        .collect()
}
