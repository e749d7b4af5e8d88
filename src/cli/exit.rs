//! Exit codes.

use crate::record::End;

/// How a command ended. Code 2 takes precedence over 1, and 1 over 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Success.
    Fine,
    /// Findings at or above the threshold.
    Findings,
    /// Wrong arguments, or a named file could not be read.
    Failed,
    /// No Go binary was found where one was required.
    NothingFound,
}

impl Exit {
    /// The exit code of a command that scans; tells the user the reason if the result does not show it.
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

impl From<Exit> for u8 {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Fine => 0,
            Exit::Findings => 1,
            Exit::Failed => 2,
            Exit::NothingFound => 3,
        }
    }
}
