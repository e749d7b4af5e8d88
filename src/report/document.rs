//! What the formats are given beside the record: findings and support of releases.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the caller knows about the support of a Go release; the report only repeats it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Support {
    /// The release still gets fixes; `None`: unknown.
    pub supported: Option<bool>,
    /// For a person, such as `supported until 2027-02` or `unsupported since 2024-08-13`.
    pub text: String,
}

/// Support by Go release as the record writes it (`go1.27.3`).
pub type SupportTable = BTreeMap<String, Support>;

/// A finding as reports show it; whoever judges fills it in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// Index into [`Document::binaries`](crate::record::Document::binaries); `None`: about the whole scan.
    pub binary: Option<usize>,
    /// Rule, kebab-case.
    pub rule: String,
    /// Stable code, `GS` and three digits.
    pub code: String,
    /// `error`, `warning`, `note`.
    pub level: String,
    /// What was found.
    pub message: String,
    /// What to do.
    pub help: String,
    /// What shows it.
    pub evidence: Vec<String>,
    /// Why it is waived; `None`: it is not.
    pub waived: Option<String>,
}

#[cfg(test)]
pub mod sample {
    use super::{Support, SupportTable};

    /// What a caller might know about releases.
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
