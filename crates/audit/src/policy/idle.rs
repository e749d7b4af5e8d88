//! Rules that are switched on by name, and can report nothing because something that they need is not given: what they lack, in
//! words. `needs` finds them.

use crate::finding::{Level, PolicyRef};
use std::fmt;

/// What a command may be given for its rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A baseline.
    Baseline,
    /// A go.sum file.
    GoSum,
    /// `--expect`, or the table `[expect]`.
    Expectation,
}

/// What the rules of a command judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Programs: `gospect audit`.
    Programs,
    /// Deployment files: `gospect lint`.
    Files,
}

/// A rule that was asked for and can report nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdleRule {
    /// Its id.
    pub rule: &'static str,
    /// The line of the policy that switches it on; `None`: the command line does.
    pub at: Option<PolicyRef>,
    /// Its level.
    pub level: Level,
    /// What it lacks.
    pub lacks: Lack,
}

/// What a rule lacks to report anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// All of these options are unset.
    Options {
        /// Their names.
        names: &'static [&'static str],
        /// One of them with a value, as a policy spells it.
        example: String,
    },
    /// The command was not given this.
    Input(Input),
    /// The rule is of the other command.
    Judged(Judged),
}

impl fmt::Display for IdleRule {
    /// `below-toolchain-floor reports nothing without ...`, with what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = self.rule;
        match &self.lacks {
            Lack::Options { names, example } => {
                let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                let options = quoted.join(" or ");
                write!(
                    f,
                    "{rule} reports nothing without {options}; in a policy: `{rule} = {{ {example} }}`"
                )
            }
            Lack::Input(Input::Baseline) => {
                write!(
                    f,
                    "{rule} reports nothing without a baseline: give --baseline FILE"
                )
            }
            Lack::Input(Input::GoSum) => {
                write!(
                    f,
                    "{rule} reports nothing without a go.sum file: give --go-sum FILE"
                )
            }
            Lack::Input(Input::Expectation) => write!(
                f,
                "{rule} reports nothing without an expectation: give --expect KEY=VALUE, or `[expect]` in a policy"
            ),
            Lack::Judged(Judged::Programs) => {
                write!(f, "{rule} judges programs: it is a rule of `gospect audit`")
            }
            Lack::Judged(Judged::Files) => {
                write!(
                    f,
                    "{rule} judges deployment files: it is a rule of `gospect lint`"
                )
            }
        }
    }
}
