//! The build that several findings about one program advise: its command is written once, at the end of the program.

use super::clean;
use super::subject::Subject;
use gospect_audit::Finding;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// From this number of findings on, a command is not repeated.
const SEVERAL: usize = 2;

/// Most rules to name whose findings are left after a build.
const NAMED: usize = 4;

/// A command, and how many findings it mends.
type Command<'a> = (&'a str, usize);

/// The findings of one program, and the commands that several of them advise.
#[derive(Default)]
struct OfProgram<'a> {
    findings: Vec<&'a Finding>,
    commands: Vec<Command<'a>>,
}

/// The commands that several findings of one program advise.
#[derive(Default)]
pub(super) struct Builds<'a> {
    programs: BTreeMap<Subject<'a>, OfProgram<'a>>,
}

impl<'a> Builds<'a> {
    /// The builds of these findings.
    pub fn of(findings: &[&'a Finding]) -> Self {
        let mut programs: BTreeMap<Subject<'a>, OfProgram<'a>> = BTreeMap::new();
        for finding in findings {
            let OfProgram { findings, commands } =
                programs.entry(Subject::of(finding)).or_default();
            findings.push(finding);
            let Some(build) = &finding.build else {
                continue;
            };
            match commands
                .iter_mut()
                .find(|(other, _)| *other == build.command)
            {
                Some((_, count)) => *count += 1,
                None => commands.push((&build.command, 1)),
            }
        }
        for program in programs.values_mut() {
            program.commands.retain(|(_, count)| *count >= SEVERAL);
        }
        programs.retain(|_, program| !program.commands.is_empty());
        Self { programs }
    }

    /// The advice of a finding; a command that is written elsewhere is replaced by the part of it that the finding is about, and
    /// `place`, which says where the command is.
    pub fn help<'f>(&self, finding: &'f Finding, place: &str) -> Cow<'f, str> {
        let Some(build) = &finding.build else {
            return Cow::Borrowed(&finding.help);
        };
        let shared = self.programs.get(&Subject::of(finding));
        let is_shared = shared.is_some_and(|program| {
            let mut commands = program.commands.iter();
            commands.any(|(command, _)| *command == build.command)
        });
        if !is_shared {
            return Cow::Borrowed(&finding.help);
        }
        let command = format!("`{}`", build.command);
        let rest = finding.help.replace(&command, "");
        let stand_in = match build.part.as_str() {
            part if !says(&rest, part) => format!("{part} in {place}"),
            part if !part.is_empty() && finding.help.contains(&format!(": {command}")) => {
                format!("as in {place}")
            }
            _ => place.to_owned(),
        };
        Cow::Owned(finding.help.replace(&command, &stand_in))
    }

    /// What ends the findings of a program, and what is left after it: `one build mends 4 of 6 findings, all but dirty-tree and local-replace: ...`.
    pub fn lines(&self, subject: &Subject<'a>) -> Vec<String> {
        let Some(OfProgram { findings, commands }) = self.programs.get(subject) else {
            return Vec::new();
        };
        let number = findings.len();
        let line = |(command, count): &Command<'_>| match *count == number {
            true => format!(
                "one build mends all {number} findings: `{}`",
                clean(command)
            ),
            false => format!(
                "one build mends {count} of {number} findings, all but {}: `{}`",
                left(findings, command),
                clean(command)
            ),
        };
        commands.iter().map(line).collect()
    }

    /// The programs that have such a build.
    pub fn programs(&self) -> impl Iterator<Item = &Subject<'a>> {
        self.programs.keys()
    }
}

/// The rules whose findings a build does not mend, each once: `a, b and c`.
fn left(findings: &[&Finding], command: &str) -> String {
    let is_left = |finding: &&&Finding| finding.build.as_ref().is_none_or(|b| b.command != command);
    let rules: BTreeSet<&str> = findings
        .iter()
        .filter(is_left)
        .map(|f| f.rule.as_str())
        .collect();
    let more = rules.len().saturating_sub(NAMED);
    let mut names: Vec<String> = rules
        .iter()
        .take(NAMED)
        .map(|rule| clean(rule).into_owned())
        .collect();
    let last = match more {
        0 => names.pop().unwrap_or_default(),
        more => format!("{more} more"),
    };
    match names.is_empty() {
        true => last,
        false => format!("{} and {last}", names.join(", ")),
    }
}
/// Whether a text says what a part of a build changes.
fn says(text: &str, part: &str) -> bool {
    let mut names = part.split('`').skip(1).step_by(2);
    part.is_empty()
        || text.starts_with("drop ")
        || names.any(|name| name != "-ldflags" && text.contains(name))
}
