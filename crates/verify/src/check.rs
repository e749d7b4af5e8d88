//! Single comparisons of a record with provenance or source.

use super::outcome::Outcome;
use serde::{Deserialize, Serialize};

/// The result of one comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Both say the same.
    Equal,
    /// One of them does not say it, or it cannot be compared.
    Unknown,
    /// They contradict each other.
    Different,
}

impl Verdict {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Unknown => "unknown",
            Self::Different => "different",
        }
    }

    /// What it means for the program.
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
pub enum What {
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
    /// Who built it.
    Builder,
    /// The modules of go.sum.
    GoSum,
}

impl What {
    /// The word for it.
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
    pub what: What,
    /// What the program says, or is; `None`: nothing.
    pub recorded: Option<String>,
    /// What the document or the checkout says; `None`: nothing.
    pub expected: Option<String>,
    /// The result.
    pub verdict: Verdict,
    /// More about it, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Check {
    /// Compares two texts; unknown when either is missing.
    pub fn of(what: What, recorded: Option<&str>, expected: Option<&str>) -> Self {
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

    /// The same with a verdict of its own.
    pub fn judged(self, verdict: Verdict) -> Self {
        Self { verdict, ..self }
    }

    /// The same with a sentence.
    pub fn because(self, why: impl Into<String>) -> Self {
        Self {
            why: Some(why.into()),
            ..self
        }
    }
}

/// How far the signature of a document was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureState {
    /// The document has none.
    Unsigned,
    /// It has one, and nothing was given to check it by.
    NotChecked,
    /// It holds.
    Valid,
    /// It does not.
    Invalid,
}

/// What is said of the signature of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// How far it was looked at.
    pub state: SignatureState,
    /// What was done, in words.
    pub done: String,
    /// Who signed, as far as that is certain: the identity of the certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// What one provenance document says of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The file, with the line when it has several documents.
    pub document: String,
    /// The type of its predicate, `https://slsa.dev/provenance/v1`.
    pub predicate: Option<String>,
    /// Its signature.
    pub signature: Signature,
    /// The worst of the comparisons that say something.
    pub verdict: Verdict,
    /// The comparisons.
    pub checks: Vec<Check>,
}

/// What a checkout says of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceMatch {
    /// The folder.
    pub folder: String,
    /// All of it in one sentence.
    pub sentence: String,
    /// The worst of the comparisons that say something.
    pub verdict: Verdict,
    /// The comparisons.
    pub checks: Vec<Check>,
}

/// The verdict over comparisons: different if one is, else equal if one is, else unknown.
pub fn verdict(checks: &[Check]) -> Verdict {
    let has = |verdict: Verdict| checks.iter().any(|check| check.verdict == verdict);
    match (has(Verdict::Different), has(Verdict::Equal)) {
        (true, _) => Verdict::Different,
        (false, true) => Verdict::Equal,
        (false, false) => Verdict::Unknown,
    }
}
