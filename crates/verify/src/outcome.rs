//! The outcome of verifying a program.

use serde::{Deserialize, Serialize};

/// The outcome of verifying a program. Ordered from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Nothing could be compared: the program records no checksum, or only those of private modules.
    NothingToCompare,
    /// Everything is equal, and nothing is unknown.
    Equal,
    /// Something could not be compared, such as a checksum that no source has.
    Incomplete,
    /// Something is different.
    Different,
}

impl Outcome {
    /// All of them, the best first.
    pub const ALL: [Self; 4] = [
        Self::NothingToCompare,
        Self::Equal,
        Self::Incomplete,
        Self::Different,
    ];

    /// Its name in reports and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::NothingToCompare => "nothing-to-compare",
            Self::Equal => "equal",
            Self::Incomplete => "incomplete",
            Self::Different => "different",
        }
    }
}
