//! The results for one program, with the keys of `gospect verify --format json`.

use super::check::{Provenance, SourceMatch};
use super::outcome::Outcome;
use super::sums::{Sum, SumVerdict};
use gospect_record::{Binary, Location};
use serde::{Deserialize, Serialize};

/// The value of `schema` in the JSON document.
pub const SCHEMA: &str = "gospect-verify/1";

/// All results for one program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// Location for a person.
    pub path: String,
    /// Location for a program.
    pub location: Location,
    /// As in the record.
    pub go_version: Option<String>,
    /// As in the record.
    pub main_package: Option<String>,
    /// As in the record.
    pub sha256: Option<String>,
    /// The results for its modules: the main module first, then in the order of the record.
    pub sums: Vec<Sum>,
    /// The comparison with each provenance document about it.
    pub provenance: Vec<Provenance>,
    /// The comparison with a checkout; `None`: none was given.
    pub source: Option<SourceMatch>,
}

impl Program {
    /// A program without results.
    pub fn of(binary: &Binary) -> Self {
        Self {
            path: binary.path.clone(),
            location: binary.location.clone(),
            go_version: binary.go_version.clone(),
            main_package: binary.main_package.clone(),
            sha256: binary.sha256.clone(),
            ..Self::default()
        }
    }

    /// The worst outcome of all results.
    pub fn outcome(&self) -> Outcome {
        let sums = self.sums.iter().map(|sum| sum.verdict.outcome());
        let provenance = self.provenance.iter().map(|p| p.verdict.outcome());
        let source = self.source.iter().map(|s| s.verdict.outcome());
        let all = sums.chain(provenance).chain(source);
        all.max().unwrap_or(Outcome::NothingToCompare)
    }

    /// Number of checksums with this verdict.
    pub fn count(&self, verdict: SumVerdict) -> usize {
        let has = |sum: &&Sum| sum.verdict == verdict;
        self.sums.iter().filter(has).count()
    }
}
