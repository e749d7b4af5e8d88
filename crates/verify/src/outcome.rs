//! What comes of verifying a program.

use serde::{Deserialize, Serialize};

/// What came of verifying a program. Ordered: the worst is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// There is nothing in the program that anybody could know of: no sum is recorded, or only sums of private modules.
    NothingToCompare,
    /// Everything that could be compared is equal, and nothing is unknown.
    Equal,
    /// Something could not be compared, such as a sum that nobody knows.
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

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NothingToCompare => "nothing-to-compare",
            Self::Equal => "equal",
            Self::Incomplete => "incomplete",
            Self::Different => "different",
        }
    }
}
