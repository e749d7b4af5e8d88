//! The comparison of two builds of a program, and the document of `gospect rebuild`.

use serde::{Deserialize, Serialize};

/// Name and version of the document.
pub const SCHEMA: &str = "gospect-rebuild/1";

/// How a rebuilt program compares with the released one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every byte is equal.
    Identical,
    /// Functions and data are equal when addresses are normalised. Only what is not run differs: record, build ID, symbols, debug
    /// information, paths of the build host, or signature.
    SameCode,
    /// Code or data differ.
    Different,
    /// There is nothing to compare with.
    NotBuilt,
}

impl Outcome {
    /// The word of the JSON document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identical => "identical",
            Self::SameCode => "same-code",
            Self::Different => "different",
            Self::NotBuilt => "not-built",
        }
    }
}

/// What kind of content differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DifferentPart {
    /// Instructions.
    Code,
    /// Everything else that the running program can read.
    Data,
    /// Build info.
    Record,
    /// The Go build ID, and the IDs that linkers derive from it.
    BuildId,
    /// Paths of source files and of GOROOT, for stack traces.
    Paths,
    /// Symbol tables.
    Symbols,
    /// Debug information.
    Debug,
    /// Signatures.
    Signature,
    /// File headers and the tables of the loader: where things are.
    Layout,
}

impl DifferentPart {
    /// The word of the JSON document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Data => "data",
            Self::Record => "record",
            Self::BuildId => "build-id",
            Self::Paths => "paths",
            Self::Symbols => "symbols",
            Self::Debug => "debug",
            Self::Signature => "signature",
            Self::Layout => "layout",
        }
    }

    /// Whether the program runs the same when only this differs.
    pub fn is_harmless(self) -> bool {
        !matches!(self, Self::Code | Self::Data)
    }
}

/// A difference of two programs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Difference {
    /// What kind of content differs.
    pub part: DifferentPart,
    /// Number of bytes that differ, or of all bytes that one of the two does not have.
    pub bytes: u64,
    /// What differs, for people.
    pub what: String,
}

/// How a function differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FunctionChange {
    /// Its instructions differ.
    Changed,
    /// Only the new program has it.
    Added,
    /// Only the old program has it.
    Removed,
}

impl FunctionChange {
    /// The word of the JSON document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }
}

/// A function that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FunctionDifference {
    /// Its name as the function table spells it.
    pub function: String,
    /// How it differs.
    pub change: FunctionChange,
    /// Source file and line of the first instruction that differs, if known.
    pub place: Option<String>,
    /// What differs there, for people.
    pub what: String,
}

/// The comparison of two programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The result.
    pub verdict: Outcome,
    /// Number of functions that are equal in both.
    pub functions_equal: u64,
    /// Number of functions of both together, each name once.
    pub functions: u64,
    /// Differences by part.
    pub differences: Vec<Difference>,
    /// The functions that differ; the first [`FUNCTIONS_SHOWN`].
    pub changed: Vec<FunctionDifference>,
    /// Number of functions that differ and are not listed.
    pub more_changed: u64,
    /// What explains the differences, for people.
    pub explanations: Vec<String>,
    /// Variables whose strings differ: name where known, old and new value.
    #[serde(skip)]
    pub strings: Vec<StringChange>,
}

/// Most functions that a comparison lists.
pub const FUNCTIONS_SHOWN: usize = 100;

/// A linker string that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StringChange {
    /// The variable, if a symbol table names it.
    pub name: Option<String>,
    /// Its value in the old program; `None`: not set there.
    pub old: Option<String>,
    /// Its value in the new program.
    pub new: Option<String>,
    /// Address of the variable in the new program, if known.
    pub new_address: Option<u64>,
    /// A function that reads it, if known.
    pub reader: Option<String>,
}

/// SHA-256 of both programs, in hex.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// The program that was given.
    pub released: String,
    /// The program that was built; `None`: none was.
    pub rebuilt: Option<String>,
}

/// The document of `gospect rebuild`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rebuild {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The program, as it was named.
    pub program: String,
    /// The result.
    pub verdict: Outcome,
    /// Why nothing was built, and what to do; `None`: it was built.
    pub why: Option<String>,
    /// The commands.
    pub recipe: Vec<String>,
    /// Digests.
    pub sha256: Sums,
    /// Differences by part.
    pub differences: Vec<Difference>,
    /// Number of functions that are equal, and of all; `None`: not compared.
    pub functions: Option<Counts>,
    /// The functions that differ.
    pub changed: Vec<FunctionDifference>,
    /// What explains the differences.
    pub explanations: Vec<String>,
    /// What the program does not say and was inferred.
    pub assumed: Vec<String>,
}

/// Functions counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Those that are equal in both.
    pub equal: u64,
    /// Those of both together, each name once.
    pub all: u64,
}
