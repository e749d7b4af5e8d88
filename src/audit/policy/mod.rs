//! Policy: which rules matter how much, here.
//!
//! A policy is the built-in profile it extends, then the profiles of its file, then `[rules]`, then the overrides that
//! match a binary, then the command line; later settings win. `read` turns the text of `gospect.toml` into it and
//! reports every mistake with its place; nothing else looks at TOML.
//!
//! Must never: read a file (the caller hands the text), guess at a misspelt name.

pub(crate) mod condition;
mod diagnostic;
mod error;
mod levels;
mod model;
mod print;
mod read;
pub mod schema;

pub use diagnostic::Diagnostic;
pub use error::PolicyError;
pub use model::{Custom, Effective, Expectation, Override, Policy, Profile, Setting, Waiver};

/// The commented file that `gospect init` writes.
pub const TEMPLATE: &str = include_str!("template.toml");
/// Name of the policy file that is looked for.
pub const FILE_NAME: &str = "gospect.toml";
/// The built-in profiles.
pub const PROFILES: [&str; 4] = ["default", "release", "container", "fips"];

impl Policy {
    /// Reads a policy file; `filename` is for messages only. All mistakes are reported, not just the first; beyond a hundred they are counted.
    pub fn load(text: &str, filename: &str) -> Result<Policy, Vec<Diagnostic>> {
        read::read(text, filename)
    }

    /// The policy in force as a policy file, for `--print-config`: every rule with its level and every option with its value.
    pub fn print_config(&self) -> String {
        print::print(self)
    }
}

#[cfg(test)]
mod tests;
