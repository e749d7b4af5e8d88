//! Single comparisons of a record with provenance or source.

use super::outcome::Outcome;
use serde::{Deserialize, Serialize};

/// The result of one comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Both values are the same.
    Equal,
    /// One of the values is missing, or they cannot be compared.
    Unknown,
    /// The values contradict each other.
    Different,
}

impl Verdict {
    /// Its name in reports and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Unknown => "unknown",
            Self::Different => "different",
        }
    }

    /// The outcome for the program if this is its worst result.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Equal => Outcome::Equal,
            Self::Unknown => Outcome::Incomplete,
            Self::Different => Outcome::Different,
        }
    }
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    /// The digest of the file, or of the archive or image that holds it.
    Subject,
    /// The signature of the document.
    Signature,
    /// The commit.
    Revision,
    /// Whether the work tree had changes.
    Modified,
    /// The repository.
    Repository,
    /// The tag, or the version that it makes.
    Version,
    /// The path of the main module.
    Module,
    /// The release of Go.
    GoVersion,
    /// The `go` line of go.mod.
    GoLine,
    /// The `toolchain` line of go.mod.
    Toolchain,
    /// The builder.
    Builder,
    /// The modules of go.sum.
    GoSum,
}

impl Aspect {
    /// Its name in reports and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Signature => "signature",
            Self::Revision => "revision",
            Self::Modified => "modified",
            Self::Repository => "repository",
            Self::Version => "version",
            Self::Module => "module",
            Self::GoVersion => "go-version",
            Self::GoLine => "go-line",
            Self::Toolchain => "toolchain",
            Self::Builder => "builder",
            Self::GoSum => "go-sum",
        }
    }
}

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What is compared.
    pub what: Aspect,
    /// The value of the program; `None`: it has none.
    pub recorded: Option<String>,
    /// The value of the document or checkout; `None`: it has none.
    pub expected: Option<String>,
    /// The result.
    pub verdict: Verdict,
    /// An explanation in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Check {
    /// Compares two texts; unknown when either is missing.
    pub fn of(what: Aspect, recorded: Option<&str>, expected: Option<&str>) -> Self {
        let verdict = match (recorded, expected) {
            (Some(recorded), Some(expected)) if recorded == expected => Verdict::Equal,
            (Some(_), Some(_)) => Verdict::Different,
            _ => Verdict::Unknown,
        };
        Self {
            what,
            recorded: recorded.map(str::to_owned),
            expected: expected.map(str::to_owned),
            verdict,
            why: None,
        }
    }

    /// Replaces the verdict.
    pub fn judged(self, verdict: Verdict) -> Self {
        Self { verdict, ..self }
    }

    /// Adds an explanation.
    pub fn because(self, why: impl Into<String>) -> Self {
        Self {
            why: Some(why.into()),
            ..self
        }
    }
}

/// The result of checking the signature of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureState {
    /// The document is not signed.
    Unsigned,
    /// The document is signed, but the user gave no key or trusted root to check it with.
    NotChecked,
    /// It holds.
    Valid,
    /// It does not.
    Invalid,
    /// The signature is right, and by somebody who is not one of those that were named.
    OtherSigner,
}

/// The signature of a document, and how it was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The result.
    pub state: SignatureState,
    /// What was checked, in words.
    pub done: String,
    /// The signer, when that is certain: the identity in the certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// The comparison of a program with one provenance document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The file, with the line when it has several documents.
    pub document: String,
    /// The type of its predicate, `https://slsa.dev/provenance/v1`.
    pub predicate: Option<String>,
    /// Its signature.
    pub signature: Signature,
    /// The worst verdict of the comparisons, unknown ones apart.
    pub verdict: Verdict,
    /// The comparisons.
    pub checks: Vec<Check>,
}

/// The comparison of a program with a checkout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceMatch {
    /// The folder.
    pub folder: String,
    /// The result in one sentence.
    pub sentence: String,
    /// The worst verdict of the comparisons, unknown ones apart.
    pub verdict: Verdict,
    /// The comparisons.
    pub checks: Vec<Check>,
}

/// The verdict of several comparisons: different if one is different, else equal if one is equal, else unknown.
pub fn verdict(checks: &[Check]) -> Verdict {
    let has = |verdict: Verdict| checks.iter().any(|check| check.verdict == verdict);
    match (has(Verdict::Different), has(Verdict::Equal)) {
        (true, _) => Verdict::Different,
        (false, true) => Verdict::Equal,
        (false, false) => Verdict::Unknown,
    }
}
