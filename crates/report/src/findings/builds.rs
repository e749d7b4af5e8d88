//! The build that several findings about one program advise: its command is written once, at the end of the program.

use super::clean;
use super::subject::Subject;
use gospect_audit::Finding;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// From this number of findings on, a command is not repeated.
const SEVERAL: usize = 2;

/// A command, and how many findings it mends.
type Command<'a> = (&'a str, usize);

/// The commands that several findings of one program advise.
#[derive(Default)]
pub(super) struct Builds<'a> {
    /// Number of findings, and commands, by program.
    programs: BTreeMap<Subject<'a>, (usize, Vec<Command<'a>>)>,
}

impl<'a> Builds<'a> {
    /// The builds of these findings.
    pub fn of(findings: &[&'a Finding]) -> Self {
        let mut programs: BTreeMap<Subject<'a>, (usize, Vec<Command<'a>>)> = BTreeMap::new();
        for finding in findings {
            let (number, commands) = programs.entry(Subject::of(finding)).or_default();
            *number += 1;
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
        for (_, commands) in programs.values_mut() {
            commands.retain(|(_, count)| *count >= SEVERAL);
        }
        programs.retain(|_, (_, commands)| !commands.is_empty());
        Self { programs }
    }

    /// The advice of a finding; a command that is written elsewhere is replaced by the part of it that the finding is about, and
    /// `place`, which says where the command is.
    pub fn help<'f>(&self, finding: &'f Finding, place: &str) -> Cow<'f, str> {
        let Some(build) = &finding.build else {
            return Cow::Borrowed(&finding.help);
        };
        let shared = self.programs.get(&Subject::of(finding));
        let is_shared = shared.is_some_and(|(_, commands)| {
            commands
                .iter()
                .any(|(command, _)| *command == build.command)
        });
        if !is_shared {
            return Cow::Borrowed(&finding.help);
        }
        let stand_in = match build.part.as_str() {
            "" => place.to_owned(),
            part => format!("{part} in {place}"),
        };
        let command = format!("`{}`", build.command);
        Cow::Owned(finding.help.replace(&command, &stand_in))
    }

    /// What ends the findings of a program: `one build mends 4 of 6: ...`.
    pub fn lines(&self, subject: &Subject<'a>) -> Vec<String> {
        let of_program = self.programs.get(subject).into_iter();
        let lines = of_program.flat_map(|(number, commands)| {
            commands
                .iter()
                .map(move |(command, count)| match count == number {
                    true => format!("one build mends all {number}: `{}`", clean(command)),
                    false => format!("one build mends {count} of {number}: `{}`", clean(command)),
                })
        });
        lines.collect()
    }

    /// The programs that have such a build.
    pub fn programs(&self) -> impl Iterator<Item = &Subject<'a>> {
        self.programs.keys()
    }
}
