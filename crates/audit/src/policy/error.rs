//! Why the command line cannot change a policy.

use crate::glob::GlobError;

/// Why a profile, level or expectation was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// No profile has this name.
    #[error("there is no profile `{name}`{hint} (there are: {known})")]
    NoProfile {
        /// The name as given.
        name: String,
        /// A similar name, if there is one.
        hint: String,
        /// All profiles.
        known: String,
    },
    /// No rule has this name, code or family, and the glob matches none.
    #[error("there is no rule `{name}`; {hint}")]
    NoRule {
        /// The name as given.
        name: String,
        /// What to write instead.
        hint: String,
    },
    /// The expectation lacks a key or a value.
    #[error(
        "`{0}` is not KEY=VALUE, KEY>=VALUE, KEY<=VALUE, KEY>VALUE or KEY<VALUE; a shell takes `>` and `<` for itself: write 'KEY>=VALUE' in quotes"
    )]
    NotAPair(String),
    /// Records have no such key.
    #[error("`{key}` is not a record key; {hint}")]
    NoKey {
        /// The key as given.
        key: String,
        /// What to write instead.
        hint: String,
    },
    /// The limit of an expectation has no order.
    #[error("`{0}` is neither a version nor a number, so nothing is above or below it")]
    NoLimit(String),
    /// No record can have this value.
    #[error("no record has `{key}` `{value}`: {why}")]
    NeverRecorded {
        /// The key as given.
        key: String,
        /// The value as given.
        value: String,
        /// What its values are.
        why: String,
    },
    /// The expected value is not a glob.
    #[error("the value `{value}` {source}")]
    Glob {
        /// The value as given.
        value: String,
        /// What is wrong with it.
        source: GlobError,
    },
}
