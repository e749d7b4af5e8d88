//! What is said of one program: the keys of `gospect verify --format json`.

use super::check::{Provenance, SourceMatch};
use super::outcome::Outcome;
use super::sums::{Sum, SumVerdict};
use gospect_record::{Binary, Location};
use serde::{Deserialize, Serialize};

/// The schema that the JSON document names.
pub const SCHEMA: &str = "gospect-verify/1";

/// Everything that is said of one program.
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
    /// What is said of the modules: the main module first, then in the order of the record.
    pub sums: Vec<Sum>,
    /// What each provenance document says that is about it.
    pub provenance: Vec<Provenance>,
    /// What a checkout says; `None`: none was given.
    pub source: Option<SourceMatch>,
}

impl Program {
    /// A program about which nothing is said yet.
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

    /// The worst of everything that is said.
    pub fn outcome(&self) -> Outcome {
        let sums = self.sums.iter().map(|sum| sum.verdict.outcome());
        let provenance = self.provenance.iter().map(|p| p.verdict.outcome());
        let source = self.source.iter().map(|s| s.verdict.outcome());
        let all = sums.chain(provenance).chain(source);
        all.max().unwrap_or(Outcome::NothingToCompare)
    }

    /// How many sums have this verdict.
    pub fn count(&self, verdict: SumVerdict) -> usize {
        let has = |sum: &&Sum| sum.verdict == verdict;
        self.sums.iter().filter(has).count()
    }
}
