//! Exit codes, as the contract has them.

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
