//! Findings of one rule about several programs as one block of text.

use super::builds::Builds;
use super::clean;
use super::subject::{Subject, list, subjects};
use gospect_audit::{Evidence, Finding, Level, PolicyRef};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// How text lists findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listing {
    /// Each finding with its evidence, by program.
    #[default]
    All,
    /// What a rule finds in several programs as one block, then the other findings by program.
    Grouped,
    /// One line for each rule, or for each upgrade that ends vulnerabilities.
    Summary,
}

/// From this number of programs on, the findings of a rule are one block.
const SEVERAL: usize = 3;
/// Messages listed in a block, those of errors, and programs listed for each.
const MESSAGES: usize = 3;
const ERRORS: usize = 30;
const PROGRAMS: usize = 3;
/// Fixes listed in a block, and programs listed for each.
const FIXES: usize = 4;
const FIX_PROGRAMS: usize = 1;

/// Where the command of a build is.
pub(super) const BELOW: &str = "the build below";

/// The findings of one rule at one level.
pub(super) struct Group<'a> {
    pub level: Level,
    pub rule: &'a str,
    pub findings: Vec<&'a Finding>,
}

/// A text, and the findings that have it.
type Shared<'a> = (&'a str, Vec<&'a Finding>);

impl<'a> Group<'a> {
    /// The programs, each once.
    pub fn programs(&self) -> BTreeSet<Subject<'a>> {
        subjects(&self.findings)
    }

    /// The messages and the findings with each, those of most programs first.
    fn messages(&self) -> Vec<Shared<'a>> {
        self.by(|finding| &finding.message)
    }

    /// The advice and the findings with each, those of most programs first.
    fn advice(&self, builds: &Builds<'_>) -> Vec<(Cow<'a, str>, Vec<&'a Finding>)> {
        let mut by_text = BTreeMap::<Cow<'a, str>, Vec<&Finding>>::new();
        for finding in &self.findings {
            let help = builds.help(finding, BELOW);
            by_text.entry(help).or_default().push(finding);
        }
        let mut texts: Vec<_> = by_text.into_iter().collect();
        texts.sort_by_key(|(_, findings)| std::cmp::Reverse(subjects(findings).len()));
        texts
    }

    fn by(&self, text: impl Fn(&'a Finding) -> &'a str) -> Vec<Shared<'a>> {
        let mut by_text = BTreeMap::<&str, Vec<&Finding>>::new();
        for finding in &self.findings {
            by_text.entry(text(finding)).or_default().push(finding);
        }
        let mut texts: Vec<_> = by_text.into_iter().collect();
        texts.sort_by_key(|(_, findings)| std::cmp::Reverse(subjects(findings).len()));
        texts
    }

    /// The lines of the block: for each message its programs, and what is left out.
    pub fn lines(&self) -> Vec<(usize, String)> {
        let messages = self.messages();
        let mut lines = Vec::new();
        let most = match self.level {
            Level::Error => ERRORS,
            Level::Warning | Level::Note => MESSAGES,
        };
        // A line that says `1 other message` takes as much space as the message itself.
        let shown = match messages.len() {
            n if n <= most + 1 => n,
            _ => most,
        };
        for (message, findings) in messages.iter().take(shown) {
            let programs = subjects(findings);
            if messages.len() > 1 {
                let number = super::count(programs.len() as u64, "program");
                lines.push((6, format!("{number}: {}", clean(message))));
            }
            let indent = if messages.len() > 1 { 9 } else { 6 };
            lines.push((indent, list(&programs, PROGRAMS)));
            let shared = match self.is_own() {
                true => shared_evidence(findings),
                false => &[],
            };
            for evidence in shared {
                let (source, value) = (clean(&evidence.source), clean(&evidence.value));
                lines.push((indent, format!("{source}: {value}")));
            }
        }
        match messages.len().saturating_sub(shown) {
            0 => {}
            n => lines.push((6, format!("and {n} other messages"))),
        }
        lines
    }

    /// Whether it is a rule of the user. Its message does not name the values that it found.
    fn is_own(&self) -> bool {
        gospect_audit::explain::explain(self.rule).is_none()
    }

    /// The line of the policy that asks for all findings; `None`: different ones, or none.
    pub fn policy(&self) -> Option<&'a PolicyRef> {
        let policy = self.findings.first()?.policy.as_ref()?;
        let mut findings = self.findings.iter();
        findings
            .all(|finding| finding.policy.as_ref() == Some(policy))
            .then_some(policy)
    }

    /// The text beside the rule: how many programs, how many findings if they are more, and the message if there is only one.
    pub fn head(&self) -> String {
        let programs = self.programs().len();
        let mut text = super::count(programs as u64, "program");
        if self.findings.len() > programs {
            text = format!("{} findings in {text}", self.findings.len());
        }
        match self.messages().as_slice() {
            [(message, _)] => format!("{text}: {}", clean(message)),
            _ => text,
        }
    }

    /// The number of programs, and that of findings if they are more: `2 (5 findings)`.
    pub fn number(&self) -> String {
        match (self.programs().len(), self.findings.len()) {
            (programs, findings) if findings > programs => {
                format!("{programs} ({findings} findings)")
            }
            (programs, _) => programs.to_string(),
        }
    }

    /// The message, if all findings have the same; or one of them and how many others there are.
    pub fn message(&self) -> String {
        let messages = self.messages();
        let first = messages.first().map_or("", |(message, _)| message);
        match messages.len() {
            0 | 1 => first.to_owned(),
            2 => format!("{first}, and 1 other message"),
            n => format!("{first}, and {} other messages", n - 1),
        }
    }

    /// What to do, a line each: the advice that serves most programs first, with their names if other programs have another one.
    pub fn fixes(&self, builds: &Builds<'_>) -> Vec<String> {
        let mut advice = self.advice(builds);
        advice.retain(|(help, _)| !help.is_empty());
        if let [(help, findings)] = advice.as_slice()
            && findings.len() == self.findings.len()
        {
            return vec![clean(help).into_owned()];
        }
        let mut fixes = Vec::new();
        // A line that says `1 more` takes as much space as the advice itself.
        let shown = match advice.len() {
            n if n <= FIXES + 1 => n,
            _ => FIXES,
        };
        for (help, findings) in advice.iter().take(shown) {
            let programs = list(&subjects(findings), FIX_PROGRAMS);
            fixes.push(format!("for {programs}: {}", clean(help)));
        }
        if let more @ 1.. = advice.len().saturating_sub(shown) {
            let others = advice.iter().skip(shown);
            let others: Vec<&Finding> =
                others.flat_map(|(_, findings)| findings).copied().collect();
            let programs = super::count(subjects(&others).len() as u64, "other program");
            fixes.push(format!("{more} more for {programs}"));
        }
        fixes
    }
}

/// The evidence that all these findings have.
fn shared_evidence<'a>(findings: &[&'a Finding]) -> &'a [Evidence] {
    let Some(first) = findings.first() else {
        return &[];
    };
    let mut others = findings.iter();
    match others.all(|finding| finding.evidence == first.evidence) {
        true => &first.evidence,
        false => &[],
    }
}

/// All findings by level and rule: the worst first, then what concerns most programs.
pub(super) fn by_rule<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<Group<'a>> {
    let mut groups = BTreeMap::<(std::cmp::Reverse<Level>, &str), Vec<&Finding>>::new();
    for finding in findings {
        let key = (std::cmp::Reverse(finding.level), finding.rule.as_str());
        groups.entry(key).or_default().push(finding);
    }
    let groups = groups.into_iter().map(|((level, rule), findings)| Group {
        level: level.0,
        rule,
        findings,
    });
    let mut groups: Vec<_> = groups.collect();
    groups.sort_by_key(|g| std::cmp::Reverse((g.level, g.programs().len())));
    groups
}

/// The groups of several programs, and the findings of no such group in their order.
pub(super) fn split<'a>(findings: &[&'a Finding]) -> (Vec<Group<'a>>, Vec<&'a Finding>) {
    let groups = by_rule(findings.iter().copied()).into_iter();
    let groups: Vec<_> = groups.filter(|g| g.programs().len() >= SEVERAL).collect();
    let is_grouped = |f: &Finding| {
        groups
            .iter()
            .any(|g| g.level == f.level && g.rule == f.rule)
    };
    let rest = findings.iter().copied().filter(|f| !is_grouped(f));
    let rest = rest.collect();
    (groups, rest)
}
