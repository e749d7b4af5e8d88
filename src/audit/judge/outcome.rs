//! What an audit comes to.

use crate::audit::baseline::Baseline;
use crate::audit::finding::{Finding, Level};
use serde::Serialize;

/// A deployment file that was recognised or named, and not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotRead {
    /// Where it is.
    pub path: String,
    /// Why it was not read.
    pub why: String,
}

/// What came out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Audit {
    /// By path, worst first within a path.
    pub findings: Vec<Finding>,
    /// How many count.
    pub counts: Counts,
    /// Binaries judged.
    pub binaries: u64,
    /// Deployment files judged.
    pub files: u64,
    /// Deployment files that were not read.
    pub not_read: Vec<NotRead>,
    /// Profile in force.
    pub profile: String,
    /// The day that was judged by.
    pub today: String,
    /// What `--write-baseline` writes.
    #[serde(skip)]
    pub baseline: Baseline,
    /// Not all findings are listed.
    #[serde(skip)]
    pub is_cut: bool,
}

/// Findings by level; waived and accepted ones apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Level error.
    pub error: u64,
    /// Level warning.
    pub warning: u64,
    /// Level note.
    pub note: u64,
    /// Covered by a waiver.
    pub waived: u64,
    /// Accepted by the baseline.
    pub accepted: u64,
}

impl Counts {
    pub(super) fn of(findings: &[Finding]) -> Counts {
        let mut counts = Counts::default();
        for f in findings {
            *match (f.waived.is_some(), f.accepted, f.level) {
                (true, _, _) => &mut counts.waived,
                (_, true, _) => &mut counts.accepted,
                (_, _, Level::Error) => &mut counts.error,
                (_, _, Level::Warning) => &mut counts.warning,
                (_, _, Level::Note) => &mut counts.note,
            } += 1;
        }
        counts
    }
}

impl Audit {
    /// True when a finding that counts is at least this bad: exit code 1.
    pub fn fails(&self, threshold: Level) -> bool {
        self.findings
            .iter()
            .any(|f| f.counts() && f.level >= threshold)
    }

    /// True when nothing was there to judge: exit code 3 where a program was required.
    pub fn is_empty(&self) -> bool {
        self.binaries == 0 && self.files == 0
    }
}
