//! The lines of a stream: what a scan says first, last, and of things that it did not examine.

use super::{Binary, ImageRecord, Level, Location, Reason, Word};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the record format, the `schema` key of the first line.
pub const SCHEMA: &str = "gospect/1";

/// One line of the NDJSON stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Line {
    /// First line: who scanned what, with which knowledge.
    Run(Run),
    /// An image or one platform of it, before its binaries.
    Image(Box<ImageRecord>),
    /// One Go binary.
    Binary(Box<Binary>),
    /// A thing that was not examined, with the reason.
    Unexamined(Unexamined),
    /// Last line: what was looked at and what came out.
    End(End),
}

/// The first line of a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The program that wrote the stream.
    pub tool: Tool,
    /// How new the built-in knowledge is.
    pub knowledge: KnowledgeDate,
    /// Targets as given on the command line.
    pub targets: Vec<String>,
    /// How much was found out about each program.
    pub facts: Word<Level>,
}

/// Name and version of the tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// `gospect`.
    pub name: String,
    /// Version of the crate.
    pub version: String,
}

/// How new the built-in tables are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnowledgeDate {
    /// Newest Go release the tables know, such as `go1.27`.
    pub newest_go: String,
    /// The day the tables were taken, ISO 8601.
    pub date: String,
}

/// A thing that was seen but not examined.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unexamined {
    /// For a person.
    pub path: String,
    /// Where it is.
    pub location: Location,
    /// Why.
    pub reason: Word<Reason>,
    /// One sentence.
    pub detail: String,
}

/// The last line of a stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// How much was looked at.
    pub reach: Reach,
    /// What was found.
    pub summary: Summary,
    /// A target could not be read at all, a digest was wrong or a layer missing: the stream is not the whole truth.
    #[serde(default)]
    pub failed: bool,
}

/// Counts of what was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// Regular files and container entries seen.
    pub files: u64,
    /// Files below the size floor, not opened.
    pub below_min_size: u64,
    /// Opened and not Go.
    pub not_go: u64,
    /// Go binaries reported.
    pub go: u64,
    /// Things not examined.
    pub unexamined: u64,
    /// Symbolic links of directories that were not followed.
    #[serde(default)]
    pub links: u64,
    /// Bytes read from files and streams.
    pub bytes: u64,
}

/// What a scan found, in short.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Binaries by Go release.
    pub go_versions: BTreeMap<String, u64>,
    /// Binaries by `os/arch`.
    pub ports: BTreeMap<String, u64>,
    /// Binaries with at least one contradicted claim.
    pub contradicted: u64,
    /// Binaries that are Go but carry no module record.
    pub without_build_info: u64,
    /// Binaries whose modules are unknown: those without a record, and those whose record names no module.
    #[serde(default)]
    pub modules_unknown: u64,
}
