//! Exit codes, as the contract has them.

use crate::record::End;
use std::process::ExitCode;

/// How a command ended, worst last but for [`Exit::NothingFound`]: 2 beats 1 beats 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Nothing to complain about.
    Fine,
    /// Findings at or above the threshold.
    Findings,
    /// Usage, or something that was named could not be read.
    Failed,
    /// No Go binary where one was required.
    NothingFound,
}

impl Exit {
    /// How a command over a scan ended, with a word to the user when the result itself does not show why.
    pub fn of(end: &End, strict: bool, findings: bool, required: bool) -> Self {
        if end.failed {
            Self::Failed
        } else if strict && end.reach.unexamined > 0 {
            say!(
                "gospect: not examined: {}; this is an error because of --strict (`gospect scan` shows each with the reason)",
                end.reach.unexamined
            );
            Self::Failed
        } else if findings {
            Self::Findings
        } else if required && end.reach.go == 0 {
            say!(
                "gospect: no Go program found; `gospect scan` on the same targets shows what was looked at"
            );
            Self::NothingFound
        } else {
            Self::Fine
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine => 0,
            Exit::Findings => 1,
            Exit::Failed => 2,
            Exit::NothingFound => 3,
        })
    }
}
