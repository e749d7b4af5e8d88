//! Overrides: which of them, and which of their globs, match nothing of a run.

use super::waive::near_miss;
use super::{Auditor, file, row_of};
use crate::glob;
use crate::policy::{Effective, Override, Policy, SetRule};
use crate::rules::Check;
use crate::rules::policy::unused_override;
use crate::rules::registry::RULES;
use crate::rules::report::{Report, Sink, Subject};
use gospect_knowledge::nearest;
use gospect_record::Binary;
use std::collections::BTreeSet;

/// Most names of one kind that are kept to compare a wrong glob with.
const KEPT: usize = 1000;
/// Most globs that a message names.
const NAMED: usize = 3;

/// What the overrides of a policy matched so far.
#[derive(Debug, Default)]
pub(super) struct OverrideUses {
    /// A row for each override.
    rows: Vec<Row>,
    /// The paths, main packages and ports of the run, the first [`KEPT`] of each.
    names: [BTreeSet<String>; 3],
}

/// What one override matched.
#[derive(Debug, Default)]
struct Row {
    is_used: bool,
    /// The globs that matched nothing yet, for each [`Part`].
    unmatched: [Vec<String>; 3],
}

/// The lists of an override, in the order of [`OverrideUses::names`].
const PARTS: [&str; 3] = ["paths", "packages", "ports"];

/// What an override is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Programs,
    Files,
    /// Rules for both, or for neither.
    Either,
}

fn about(one: &Override) -> About {
    let (mut programs, mut files) = (!one.expect.is_empty(), false);
    for setting in &one.rules {
        match &setting.rule {
            SetRule::Custom(_) => programs = true,
            SetRule::BuiltIn(index) => match RULES.get(*index).map(|rule| rule.check) {
                Some(Check::Deployment(_)) => files = true,
                Some(Check::Engine) | None => {}
                Some(_) => programs = true,
            },
        }
    }
    match (programs, files) {
        (true, false) => About::Programs,
        (false, true) => About::Files,
        _ => About::Either,
    }
}

impl OverrideUses {
    pub(super) fn of(policy: &Policy) -> Self {
        let row = |one: &Override| Row {
            is_used: false,
            unmatched: [&one.paths, &one.packages, &one.ports].map(Vec::clone),
        };
        Self {
            rows: policy.overrides.iter().map(row).collect(),
            names: Default::default(),
        }
    }

    /// Adds a program, and the numbers of the overrides that match it.
    pub(super) fn program(&mut self, binary: &Binary, matching: &[usize]) {
        if self.rows.is_empty() {
            return;
        }
        let package = binary.main_package.as_deref().unwrap_or_default();
        let path = glob::without_dot(&binary.path);
        self.add([path, package, &binary.port_text()], matching);
    }

    /// Adds a deployment file.
    pub(super) fn file(&mut self, path: &str, matching: &[usize]) {
        self.add([glob::without_dot(path), "", ""], matching);
    }

    fn add(&mut self, names: [&str; 3], matching: &[usize]) {
        for (kept, name) in self.names.iter_mut().zip(names) {
            if kept.len() < KEPT && !name.is_empty() {
                kept.insert(name.to_owned());
            }
        }
        for row in &mut self.rows {
            for (globs, name) in row.unmatched.iter_mut().zip(names) {
                globs.retain(|pattern| !glob::matches(pattern, name));
            }
        }
        for number in matching {
            if let Some(row) = self.rows.get_mut(*number) {
                row.is_used = true;
            }
        }
    }

    /// The report about an override, if something of it matched nothing.
    fn report(&self, one: &Override, row: &Row) -> Option<Report> {
        let unmatched = || {
            let parts = PARTS.iter().zip(&row.unmatched).zip(&self.names);
            parts.flat_map(|((part, globs), names)| globs.iter().map(move |g| (*part, g, names)))
        };
        let quoted: Vec<String> = unmatched()
            .map(|(_, pattern, _)| format!("`{pattern}`"))
            .collect();
        let named = |all: &[String]| match all.len().saturating_sub(NAMED) {
            0 => all.join(", "),
            more => {
                let first = all.get(..NAMED).unwrap_or_default();
                format!("{} and {more} more", first.join(", "))
            }
        };
        let message = match (row.is_used, quoted.is_empty()) {
            (true, true) => return None,
            (true, false) => format!(
                "in the override for {}, {} matches nothing",
                named(&all_globs(one)),
                named(&quoted)
            ),
            (false, false) => format!(
                "the override for {} applies to nothing: {} matches nothing",
                named(&all_globs(one)),
                named(&quoted)
            ),
            (false, true) => format!(
                "the override for {} applies to nothing: each of its lists matches something, but no program meets all of them",
                named(&all_globs(one))
            ),
        };
        let corrections: Vec<String> = unmatched()
            .filter_map(|(_, pattern, names)| correction(pattern, names))
            .collect();
        let help = match (corrections.is_empty(), quoted.is_empty()) {
            (false, _) => format!("{}; or delete it", named(&corrections)),
            (true, true) => "split it into one override for each list, or delete it".to_owned(),
            (true, false) => {
                let example = self.example(&row.unmatched);
                format!("correct it, or delete it{example}")
            }
        };
        let mut report = Report::new(message).help(help);
        for (part, pattern, _) in unmatched() {
            report = report.see(part, pattern.clone()).salient(pattern.clone());
        }
        if quoted.is_empty() {
            report = all_globs(one).into_iter().fold(report, Report::salient);
        }
        Some(report)
    }

    /// Names of the run for the first list that has a glob that matches nothing.
    fn example(&self, unmatched: &[Vec<String>; 3]) -> String {
        let mut parts = PARTS.iter().zip(unmatched).zip(&self.names);
        let first = parts.find(|((_, globs), names)| !globs.is_empty() && !names.is_empty());
        let Some(((part, _), names)) = first else {
            return String::new();
        };
        let shown: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
        let more = match names.len() > NAMED {
            true => " and others",
            false => "",
        };
        let hint = match *part {
            "paths" => ", and `**/` in front matches any directory",
            _ => "",
        };
        format!("; {part} of this run are {}{more}{hint}", shown.join(", "))
    }
}

/// `` `dist/age` ``, `` `example.com/**` ``: all globs of an override, or `all programs`.
fn all_globs(one: &Override) -> Vec<String> {
    let globs = one.paths.iter().chain(&one.packages).chain(&one.ports);
    let globs: Vec<String> = globs.map(|pattern| format!("`{pattern}`")).collect();
    match globs.is_empty() {
        true => vec!["all programs".to_owned()],
        false => globs,
    }
}

/// What to write instead of a glob that matches none of the names: a name that is spelled alike, or the end of the path behind `**/`.
fn correction(pattern: &str, names: &BTreeSet<String>) -> Option<String> {
    let spelled = || {
        let names = names.iter().map(String::as_str);
        nearest(pattern, names).filter(|_| glob::is_literal(pattern))
    };
    let wider = near_miss(pattern, names);
    let instead = wider.or_else(|| spelled().map(glob::literal))?;
    Some(format!("write `{instead}` for `{pattern}`"))
}

impl Auditor<'_> {
    /// Reports overrides of which something matched nothing. One policy may serve programs and deployment files, so a run over one kind says nothing about overrides
    /// for the other, nor for both.
    pub(super) fn report_unused_overrides(&mut self, rows: &[Effective]) {
        let Some(level) = row_of(&unused_override::META, rows).and_then(|row| row.level) else {
            return;
        };
        let overrides = self.policy.overrides.iter().zip(&self.override_uses.rows);
        for (one, row) in overrides {
            let is_judged = match about(one) {
                About::Programs => self.binaries > 0,
                About::Files => self.files > 0,
                About::Either => self.binaries > 0 && self.files > 0,
            };
            let Some(report) = self.override_uses.report(one, row).filter(|_| is_judged) else {
                continue;
            };
            let location = file(&one.at.file);
            let subject = Subject::new(&one.at.file, &location);
            let meta = &unused_override::META;
            let out = &mut self.findings;
            Sink::new(meta, level, Some(&one.at), &subject, out).report(report);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Finding;
    use crate::testing::{Setup, binary};

    /// What is said of the overrides of a policy, for the programs dist/age and dist/age-keygen.
    fn unused(overrides: &str) -> Vec<Finding> {
        let named = |path: &str| {
            binary(|b| {
                b.path = path.to_owned();
                b.main_package = Some(format!("example.com/{path}"));
            })
        };
        let setup = Setup {
            policy: overrides,
            rule: "unused-override",
            ..Setup::default()
        };
        let audit = setup.audit(&[], &[named("./dist/age"), named("dist/age-keygen")]);
        let mut found = audit.findings;
        found.retain(|finding| finding.rule == "unused-override");
        found
    }

    const RULES: &str = "[overrides.rules]\nrace-detector = \"error\"\n";

    #[test]
    fn an_override_that_applies_to_nothing_is_reported_with_what_would_match() {
        for (lists, message, help) in [
            (
                "paths = [\"dist/agee\"]",
                "the override for `dist/agee` applies to nothing: `dist/agee` matches nothing",
                "write `dist/age` for `dist/agee`; or delete it",
            ),
            (
                "paths = [\"build/dist/*-keygen\"]",
                "the override for `build/dist/*-keygen` applies to nothing: `build/dist/*-keygen` matches nothing",
                "write `**/dist/*-keygen` for `build/dist/*-keygen`; or delete it",
            ),
            (
                "paths = [\"dist/age\", \"dist/gone-for-long\"]",
                "in the override for `dist/age`, `dist/gone-for-long`, `dist/gone-for-long` matches nothing",
                "correct it, or delete it; paths of this run are dist/age, dist/age-keygen, and `**/` in front matches any directory",
            ),
            (
                "ports = [\"windows/*\"]",
                "the override for `windows/*` applies to nothing: `windows/*` matches nothing",
                "correct it, or delete it; ports of this run are linux/amd64",
            ),
            (
                "paths = [\"dist/age\"]\npackages = [\"example.com/dist/age-keygen\"]",
                "the override for `dist/age`, `example.com/dist/age-keygen` applies to nothing: each of its lists matches something, but no program meets all of them",
                "split it into one override for each list, or delete it",
            ),
        ] {
            let found = unused(&format!("[[overrides]]\n{lists}\n{RULES}"));
            let [finding] = found.as_slice() else {
                panic!("{lists}: {found:#?}")
            };
            assert_eq!(
                (finding.message.as_str(), finding.help.as_str()),
                (message, help)
            );
            assert_eq!(finding.policy.as_ref().map(|at| at.line), Some(1));
        }
        for lists in [
            "paths = [\"./dist/age\"]",
            "paths = [\"dist/*\"]\nports = [\"linux/*\"]",
            "packages = [\"example.com/**\"]",
            "",
        ] {
            let found = unused(&format!("[[overrides]]\n{lists}\n{RULES}"));
            assert!(found.is_empty(), "{lists}: {found:#?}");
        }
    }

    #[test]
    fn overrides_for_deployment_files_say_nothing_about_programs() {
        let paths = "[[overrides]]\npaths = [\"deploy/**\"]\n[overrides.rules]\n";
        let of_files = format!("{paths}deployed-godebug-fatal = \"error\"\n");
        assert!(unused(&of_files).is_empty());
        let of_both = format!("{of_files}race-detector = \"error\"\n");
        assert!(unused(&of_both).is_empty());
        let expecting =
            "[[overrides]]\npaths = [\"deploy/**\"]\n[overrides.expect]\nversion = \"v1\"\n";
        assert_eq!(unused(expecting).len(), 1);
    }
}
