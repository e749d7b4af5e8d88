//! Findings of one rule about several programs as one block of text.

use super::clean;
use gospect_audit::{Finding, Level};
use std::collections::{BTreeMap, BTreeSet};

/// How text lists findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listing {
    /// Each finding with its evidence, by program.
    #[default]
    All,
    /// What a rule finds in several programs as one block, then the other findings by program.
    Grouped,
    /// One line for each rule.
    Summary,
}

/// From this number of programs on, the findings of a rule are one block.
const SEVERAL: usize = 3;
/// Messages listed in a block, and programs listed for each.
const MESSAGES: usize = 3;
const PROGRAMS: usize = 3;

/// The findings of one rule at one level.
pub(super) struct Group<'a> {
    pub level: Level,
    pub rule: &'a str,
    pub findings: Vec<&'a Finding>,
}

impl<'a> Group<'a> {
    /// The paths of the programs, each once.
    pub fn programs(&self) -> BTreeSet<&'a str> {
        self.findings.iter().map(|f| f.path.as_str()).collect()
    }

    /// The messages and the programs of each, those of most programs first.
    fn messages(&self) -> Vec<(&'a str, BTreeSet<&'a str>)> {
        let mut by_message = BTreeMap::<&str, BTreeSet<&str>>::new();
        for finding in &self.findings {
            let programs = by_message.entry(&finding.message).or_default();
            programs.insert(&finding.path);
        }
        let mut messages: Vec<_> = by_message.into_iter().collect();
        messages.sort_by_key(|(_, programs)| std::cmp::Reverse(programs.len()));
        messages
    }

    /// The lines of the block: for each message its programs, and what is left out.
    pub fn lines(&self) -> Vec<(usize, String)> {
        let messages = self.messages();
        let mut lines = Vec::new();
        for (message, programs) in messages.iter().take(MESSAGES) {
            if messages.len() > 1 {
                lines.push((6, format!("{}: {}", programs.len(), clean(message))));
            }
            let shown: Vec<_> = programs.iter().take(PROGRAMS).map(|p| clean(p)).collect();
            let more = match programs.len().saturating_sub(PROGRAMS) {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            let indent = if messages.len() > 1 { 9 } else { 6 };
            lines.push((indent, format!("{}{more}", shown.join(", "))));
        }
        match messages.len().saturating_sub(MESSAGES) {
            0 => {}
            1 => lines.push((6, "and 1 other message".to_owned())),
            n => lines.push((6, format!("and {n} other messages"))),
        }
        lines
    }

    /// The text beside the rule: how many programs, and the message if there is only one.
    pub fn head(&self) -> String {
        let programs = super::count(self.programs().len() as u64, "program");
        match self.messages().as_slice() {
            [(message, _)] => format!("{programs}: {}", clean(message)),
            _ => programs,
        }
    }

    /// What to do: the advice, and for which program if others have another one.
    pub fn advice(&self) -> String {
        let Some(first) = self.findings.first() else {
            return String::new();
        };
        let is_common = self.findings.iter().all(|f| f.help == first.help);
        match (first.help.is_empty(), is_common) {
            (true, _) => String::new(),
            (false, true) => clean(&first.help).into_owned(),
            (false, false) => format!("for {}: {}", clean(&first.path), clean(&first.help)),
        }
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
