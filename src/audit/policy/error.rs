//! Why a policy cannot be changed as the command line asks.

use crate::audit::glob::GlobError;

/// Why a profile, a level or an expectation was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// No profile has this name.
    #[error("there is no profile `{name}`{hint} (there are: {known})")]
    NoProfile {
        /// The name as given.
        name: String,
        /// A name that is near, or nothing.
        hint: String,
        /// All profiles.
        known: String,
    },
    /// No rule has this name, code or family, and no glob of it matches one.
    #[error("there is no rule `{name}`; {hint}")]
    NoRule {
        /// The name as given.
        name: String,
        /// What to write instead.
        hint: String,
    },
    /// An expectation without a key or a value.
    #[error("`{0}` is not KEY=VALUE")]
    NotAPair(String),
    /// An expectation of something that no record has.
    #[error("`{key}` is not a record key; {hint}")]
    NoKey {
        /// The key as given.
        key: String,
        /// What to write instead.
        hint: String,
    },
    /// An expected value that is no glob.
    #[error("the value `{value}` {source}")]
    Glob {
        /// The value as given.
        value: String,
        /// What is wrong with it.
        source: GlobError,
    },
}
