//! The result of an audit.

use crate::baseline::Baseline;
use crate::finding::{Finding, Level};
use gospect_record::ImageRecord;
use gospect_vuln::database::Damaged;
use gospect_vuln::vex::Unmatched;
use serde::Serialize;

/// A deployment file that was recognised or named, but not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotRead {
    /// Where it is.
    pub path: String,
    /// Why it was not read.
    pub why: String,
}

/// The result of an audit.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Audit {
    /// Sorted by path, worst first within a path.
    pub findings: Vec<Finding>,
    /// The number of findings by level.
    pub counts: Counts,
    /// Number of programs judged.
    pub binaries: u64,
    /// Number of deployment files judged.
    pub files: u64,
    /// Images that were judged; their records say what a container starts, and in which environment.
    #[serde(skip)]
    pub images: Vec<ImageRecord>,
    /// Deployment files that were not read.
    pub not_read: Vec<NotRead>,
    /// The profile in force.
    pub profile: String,
    /// The day by which support and waivers were judged.
    pub today: String,
    /// What `--write-baseline` writes.
    #[serde(skip)]
    pub baseline: Baseline,
    /// Whether some findings are not listed.
    #[serde(skip)]
    pub is_cut: bool,
    /// The vulnerability database turned out damaged: not every program was judged by it.
    #[serde(skip)]
    pub damaged: Option<Damaged>,
    /// Statements of VEX documents that were about no finding.
    #[serde(skip)]
    pub unmatched_statements: Vec<Unmatched>,
    /// The expectations that programs were compared with.
    #[serde(skip)]
    pub expected: Expected,
}

/// The expectations of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Number of expectations that applied to a program.
    pub expectations: u64,
    /// Number of programs with an expectation.
    pub programs: u64,
    /// Number of programs of images that a later layer hides: nothing is expected of what cannot start.
    pub hidden: u64,
    /// Number of programs of which not all is expected, because a setting such as GOAMD64 is one of other architectures.
    pub other_architectures: u64,
}

/// Numbers of findings by level; waived and accepted ones are counted separately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Errors.
    pub error: u64,
    /// Warnings.
    pub warning: u64,
    /// Notes.
    pub note: u64,
    /// Findings covered by a waiver.
    pub waived: u64,
    /// Findings accepted by the baseline.
    pub accepted: u64,
}

impl Counts {
    /// Counts them.
    pub fn of(findings: &[Finding]) -> Counts {
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
    /// Whether a finding that counts is at least this bad, which means exit code 1.
    pub fn fails(&self, threshold: Level) -> bool {
        self.findings
            .iter()
            .any(|f| f.counts() && f.level >= threshold)
    }

    /// Whether there was nothing to judge, which means exit code 3 where a program was required.
    pub fn is_empty(&self) -> bool {
        self.binaries == 0 && self.files == 0
    }
}
