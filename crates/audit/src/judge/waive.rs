//! Waivers: which findings they cover, and which waivers have expired or cover nothing.

use super::{Auditor, file, row_of};
use crate::finding::{Finding, PolicyRef, Waived};
use crate::glob;
use crate::policy::{Effective, Waiver};
use crate::rules::meta::{Family, Meta};
use crate::rules::policy::{expired_waiver, unused_waiver};
use crate::rules::registry::RULES;
use crate::rules::report::{Report, Sink, Subject};
use crate::rules::{Check, Rule};
use gospect_bytes::number;
use std::collections::{BTreeMap, BTreeSet};

/// Most paths that the advice about a waiver names.
const NAMED: usize = 3;

/// What to do about a waiver that covers nothing; `elsewhere` are paths where its rule has findings.
fn correction(waiver: &Waiver, elsewhere: &BTreeSet<String>) -> String {
    let general = "delete it, or correct its `rule`, `path`, `vulnerability` or `module`";
    let named: Vec<&str> = elsewhere.iter().take(NAMED).map(String::as_str).collect();
    let more = match elsewhere.len() > NAMED {
        true => " and others",
        false => "",
    };
    match named.is_empty() {
        true => general.to_owned(),
        false => {
            let all = named.join(", ");
            match near_miss(&waiver.path, elsewhere) {
                Some(path) => {
                    let matches = match path.starts_with("**/") {
                        true => "which matches wherever the run starts",
                        false => "which matches everything in the directory",
                    };
                    format!(
                        "write `path = \"{path}\"`, {matches}: its rule has findings at {all}{more}; or delete it"
                    )
                }
                None => format!(
                    "{general}; its rule has findings at {all}{more}: `path` is compared with these names, and `**/` in front matches any directory"
                ),
            }
        }
    }
}

/// A glob that matches one of the paths: everything below a waiver's path that names a directory, or the end of the path after `**/`, because CI may
/// name the same directory otherwise. As many directories as possible are kept.
pub(super) fn near_miss(path: &str, elsewhere: &BTreeSet<String>) -> Option<String> {
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !matches!(*part, "" | "." | ".." | "**"))
        .collect();
    let mut ends = (0..parts.len()).filter_map(|start| parts.get(start..));
    let is_near =
        |wider: &str| wider != path && elsewhere.iter().any(|other| glob::matches(wider, other));
    let below = format!("{}/**", parts.join("/"));
    if !parts.is_empty() && is_near(&below) {
        return Some(below);
    }
    ends.find_map(|end| {
        // An end such as `*` would match everything.
        let has_name = end.iter().any(|part| part.contains(char::is_alphanumeric));
        let wider = format!("**/{}", end.join("/"));
        (has_name && is_near(&wider)).then_some(wider)
    })
}

impl Auditor<'_> {
    /// Whether a rule that a waiver names was run. Custom rules run on programs.
    fn judged(&self, waiver: &Waiver) -> bool {
        let mut named = RULES
            .iter()
            .filter(|r| waiver.names(r.meta.id, r.meta.code));
        let of_vulnerabilities = |r: &Rule| r.family == Family::Vulnerabilities;
        if self.database.is_none()
            && named.clone().next().is_some()
            && named.all(of_vulnerabilities)
        {
            return false;
        }
        let of = |deployment: bool| {
            RULES.iter().any(|r| {
                matches!(r.check, Check::Deployment(_)) == deployment
                    && waiver.names(r.meta.id, r.meta.code)
            })
        };
        match (of(true), of(false)) {
            (true, false) => self.files > 0,
            (false, true) => self.binaries > 0 || self.files == 0,
            _ => true,
        }
    }

    /// Marks the findings that waivers cover, and reports waivers that have expired or cover nothing.
    pub(super) fn waive(&mut self, rows: &[Effective]) {
        let mut open = by_rule_and_path(&self.findings.list);
        let mut reports: Vec<(&'static Meta, &PolicyRef, Report)> = Vec::new();
        for waiver in &self.policy.waivers {
            let is_expired = waiver.expires.is_some_and(|day| day < self.today);
            let covered = cover(waiver, is_expired, &mut open, &mut self.findings.list);
            // One policy may serve programs and deployment files, so a run over one kind says nothing about waivers for the
            // other. A waiver is also not unused when findings that it may cover were left out.
            let may_cover = self
                .findings
                .has_left_out(|rule, code| waiver.names(rule, code));
            let report = match covered.count {
                0 if may_cover || !self.judged(waiver) => continue,
                0 => (&unused_waiver::META, unused(waiver, &covered.elsewhere)),
                count if is_expired => (&expired_waiver::META, expired(waiver, count)),
                _ => continue,
            };
            reports.push((report.0, &waiver.at, report.1));
        }
        for (meta, at, report) in reports {
            let Some(level) = row_of(meta, rows).and_then(|r| r.level) else {
                continue;
            };
            let location = file(&at.file);
            let subject = Subject::new(&at.file, &location);
            Sink::new(meta, level, Some(at), &subject, &mut self.findings).report(report);
        }
    }
}

/// Indexes of findings that no waiver covers yet, by rule and code, then by path: a waiver is compared with each path once instead
/// of with each finding.
type Open = BTreeMap<(String, String), BTreeMap<String, Vec<usize>>>;

fn by_rule_and_path(findings: &[Finding]) -> Open {
    let mut open = Open::new();
    for (index, finding) in findings.iter().enumerate() {
        if finding.waived.is_none() {
            let rule = (finding.rule.clone(), finding.code.clone());
            let path = glob::without_dot(&finding.path).to_owned();
            let paths = open.entry(rule).or_default();
            paths.entry(path).or_default().push(index);
        }
    }
    open
}

/// The findings of one waiver.
#[derive(Default)]
struct Covered {
    count: u64,
    /// If there are none: paths where its rule has findings, at most one more than are named.
    elsewhere: BTreeSet<String>,
}

/// Marks the findings that a waiver covers, unless it has expired, and takes them out of the open ones.
fn cover(waiver: &Waiver, is_expired: bool, open: &mut Open, findings: &mut [Finding]) -> Covered {
    let mut covered = Covered::default();
    let named = open
        .iter_mut()
        .filter(|((rule, code), _)| waiver.names(rule, code));
    for (_, paths) in named {
        // Whether no finding of the path is open any more.
        let mut take = |indexes: &mut Vec<usize>| {
            indexes.retain(|index| {
                let finding = findings.get_mut(*index);
                let Some(finding) = finding.filter(|f| waiver.is_about(&f.evidence)) else {
                    return true;
                };
                covered.count += 1;
                if !is_expired {
                    finding.waived = Some(Waived {
                        reason: waiver.reason.clone(),
                        expires: waiver.expires.map(|d| d.to_string()),
                    });
                }
                is_expired
            });
            indexes.is_empty()
        };
        // Most waivers name one path.
        if paths.get_mut(&waiver.path).is_some_and(&mut take) {
            paths.remove(&waiver.path);
        }
        if !waiver.is_for_one_path() {
            paths.retain(|path, indexes| {
                let is_covered = *path != waiver.path && glob::matches(&waiver.path, path);
                !(is_covered && take(indexes))
            });
        }
        if covered.count == 0 {
            let others = paths.keys().filter(|path| !waiver.is_at(path));
            covered.elsewhere.extend(others.take(NAMED + 1).cloned());
        }
    }
    covered
}

/// The report of a waiver that covers nothing.
fn unused(waiver: &Waiver, elsewhere: &BTreeSet<String>) -> Report {
    let message = format!(
        "the waiver for {}{} covers nothing",
        waiver.rule,
        waiver.place()
    );
    report(waiver, message).help(correction(waiver, elsewhere))
}

/// The report of a waiver that would cover findings if it had not expired.
fn expired(waiver: &Waiver, count: u64) -> Report {
    let day = waiver.expires.map(|d| d.to_string()).unwrap_or_default();
    let message = format!(
        "the waiver for {}{} ran out on {day} and would cover {}",
        waiver.rule,
        waiver.place(),
        number::count(count, "finding", "findings")
    );
    report(waiver, message).help("fix what it covered and delete it, or set a new `expires`")
}

fn report(waiver: &Waiver, message: String) -> Report {
    Report::new(message)
        .see("rule", waiver.rule.clone())
        .see("path", waiver.path.clone())
        .see("reason", waiver.reason.clone())
        .salient(waiver.rule.clone())
        .salient(waiver.path.clone())
}
