//! What formats get in addition to the record: findings and support of releases.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the caller knows about the support of a Go release; reports only repeat it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Support {
    /// Whether the release still gets fixes; `None`: unknown.
    pub supported: Option<bool>,
    /// A text for people, such as `supported until 2027-02` or `unsupported since 2024-08-13`.
    pub text: String,
}

/// Support of each Go release, with the release written as in records (`go1.27.3`).
pub type SupportTable = BTreeMap<String, Support>;

/// A finding as reports show it; the caller fills it in from its findings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// Index into [`Document::binaries`](gospect_record::Document::binaries); `None`: the finding is about the whole scan.
    pub binary: Option<usize>,
    /// Id of the rule in kebab-case.
    pub rule: String,
    /// Stable code, `GS` and three digits.
    pub code: String,
    /// `error`, `warning`, `note`.
    pub level: String,
    /// What was found.
    pub message: String,
    /// What to do.
    pub help: String,
    /// The evidence.
    pub evidence: Vec<String>,
    /// The reason of its waiver; `None`: not waived.
    pub waived: Option<String>,
    /// Path, line and column in a deployment file; empty for a program.
    pub place: String,
}

#[cfg(test)]
pub mod sample {
    use super::{Support, SupportTable};

    /// Support of some releases, for tests.
    pub fn support() -> SupportTable {
        let row = |version: &str, supported, text: &str| {
            (
                version.to_owned(),
                Support {
                    supported: Some(supported),
                    text: text.to_owned(),
                },
            )
        };
        [
            row("go1.27.3", true, "supported until 2027-08"),
            row("go1.21.13", false, "unsupported since 2024-08-13"),
            row("go1.9.7", false, "unsupported since 2018-08-24"),
        ]
        .into()
    }
}
