//! Policy: how much each rule matters.
//!
//! A policy starts with a built-in profile, then come the profiles of the file, `[rules]`, the overrides that match a program,
//! and the command line; later settings win. `read` parses `gospect.toml` and reports every mistake with its place; no other
//! code knows TOML.
//!
//! Must never read a file (the caller passes the text), or guess at a misspelt name.

pub(crate) mod condition;
mod diagnostic;
mod error;
mod expectation;
mod idle;
mod levels;
mod model;
mod needs;
mod print;
mod read;
pub mod schema;
mod snippet;

pub use diagnostic::Diagnostic;
pub use error::PolicyError;
pub use expectation::{Expectation, Wanted};
pub use idle::{IdleRule, Input, Judged, Lack};
pub use model::{Custom, Effective, Override, Policy, Profile, RuleSetting, SetRule, Waiver};

pub(crate) use snippet::allow_line;

/// The commented file that `gospect init` writes.
pub const TEMPLATE: &str = include_str!("template.toml");
/// The name of the policy file to look for.
pub const FILE_NAME: &str = "gospect.toml";
/// The built-in profiles.
pub const PROFILES: [&str; 4] = ["default", "release", "container", "fips"];

/// What a built-in profile is for; `None` for other names.
pub fn purpose(profile: &str) -> Option<&'static str> {
    Some(match profile {
        "default" => "looking at anything: errors are facts that are wrong for everybody",
        "release" => "files that you are about to publish",
        "container" => "images",
        "fips" => "programs that must use the FIPS 140 module",
        _ => return None,
    })
}

impl Policy {
    /// Parses a policy file; messages name `filename`. Reports all mistakes, not just the first; beyond a hundred they are only
    /// counted.
    pub fn load(text: &str, filename: &str) -> Result<Policy, Vec<Diagnostic>> {
        read::read(text, filename)
    }

    /// The policy in force as a policy file, for `--print-config`: every rule with its level, and every option with its value.
    pub fn print_config(&self) -> String {
        print::print(self)
    }
}

#[cfg(test)]
mod tests;
