//! Waivers: which findings they cover, and which waivers have expired or cover nothing.

use super::{Auditor, file, row_of};
use crate::finding::{PolicyRef, Waived};
use crate::glob;
use crate::policy::{Effective, Waiver};
use crate::rules::meta::{Family, Meta};
use crate::rules::policy::{expired_waiver, unused_waiver};
use crate::rules::registry::RULES;
use crate::rules::report::{Report, Sink, Subject};
use crate::rules::{Check, Rule};
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
                Some(path) => format!(
                    "write `path = \"{path}\"`, which matches wherever the run starts: its rule has findings at {all}{more}; or delete it"
                ),
                None => format!(
                    "{general}; its rule has findings at {all}{more}: `path` is compared with these names, and `**/` in front matches any directory"
                ),
            }
        }
    }
}

/// The end of a waiver's path, after `**/`, that matches one of the paths: CI may name the same directory otherwise. As many
/// directories as possible are kept.
fn near_miss(path: &str, elsewhere: &BTreeSet<String>) -> Option<String> {
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !matches!(*part, "" | "." | ".." | "**"))
        .collect();
    let mut ends = (0..parts.len()).filter_map(|start| parts.get(start..));
    ends.find_map(|end| {
        // An end such as `*` would match everything.
        let has_name = end.iter().any(|part| part.contains(char::is_alphanumeric));
        let wider = format!("**/{}", end.join("/"));
        let is_near =
            has_name && wider != path && elsewhere.iter().any(|other| glob::matches(&wider, other));
        is_near.then_some(wider)
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
        let mut reports: Vec<(&'static Meta, &PolicyRef, Report)> = Vec::new();
        // Findings by rule and code, then by path, so that a waiver is compared with each path once instead of with each
        // finding.
        let mut places: BTreeMap<(String, String), BTreeMap<String, Vec<usize>>> = BTreeMap::new();
        for (i, f) in self.findings.list.iter().enumerate() {
            if f.waived.is_none() {
                let of_rule = places.entry((f.rule.clone(), f.code.clone())).or_default();
                let path = glob::without_dot(&f.path).to_owned();
                of_rule.entry(path).or_default().push(i);
            }
        }
        for w in &self.policy.waivers {
            let expired = w.expires.is_some_and(|day| day < self.today);
            let mut covered = 0_u64;
            let mut elsewhere: BTreeSet<String> = BTreeSet::new();
            let named = places
                .iter_mut()
                .filter(|((rule, code), _)| w.names(rule, code));
            for (_, paths) in named {
                let mut take = |all: &mut Vec<usize>| {
                    all.retain(|i| {
                        let finding = self.findings.list.get_mut(*i);
                        let Some(f) = finding.filter(|f| w.is_about(&f.evidence)) else {
                            return true;
                        };
                        covered += 1;
                        if !expired {
                            f.waived = Some(Waived {
                                reason: w.reason.clone(),
                                expires: w.expires.map(|d| d.to_string()),
                            });
                        }
                        expired
                    });
                    all.is_empty()
                };
                // Most waivers name one path.
                if paths.get_mut(&w.path).is_some_and(&mut take) {
                    paths.remove(&w.path);
                }
                if !w.is_for_one_path() {
                    paths.retain(|path, all| {
                        let is_covered = *path != w.path && glob::matches(&w.path, path);
                        !(is_covered && take(all))
                    });
                }
                if covered == 0 {
                    let others = paths.keys().filter(|path| !w.is_at(path));
                    elsewhere.extend(others.take(NAMED + 1).cloned());
                }
            }
            let about = |message: String, help: &str| {
                Report::new(message)
                    .see("rule", w.rule.clone())
                    .see("path", w.path.clone())
                    .see("reason", w.reason.clone())
                    .salient(w.rule.clone())
                    .salient(w.path.clone())
                    .help(help)
            };
            // One policy may serve programs and deployment files, so a run over one kind says nothing about waivers for the
            // other. A waiver is also not unused when findings that it may cover were left out.
            let may_cover = self.findings.has_left_out(|rule, code| w.names(rule, code));
            if covered == 0 && (may_cover || !self.judged(w)) {
                continue;
            }
            if covered == 0 {
                let message = format!("the waiver for {}{} covers nothing", w.rule, w.place());
                reports.push((
                    &unused_waiver::META,
                    &w.at,
                    about(message, &correction(w, &elsewhere)),
                ));
            } else if expired {
                let day = w.expires.map(|d| d.to_string()).unwrap_or_default();
                let message = format!(
                    "the waiver for {}{} ran out on {day} and would cover {covered} finding{}",
                    w.rule,
                    w.place(),
                    if covered == 1 { "" } else { "s" }
                );
                reports.push((
                    &expired_waiver::META,
                    &w.at,
                    about(
                        message,
                        "fix what it covered and delete it, or set a new `expires`",
                    ),
                ));
            }
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
