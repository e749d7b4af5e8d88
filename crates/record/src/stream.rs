//! The lines of a stream: the first, the last, and those about things that were not examined.

use super::{Binary, ImageRecord, Level, Location, Reason, Word};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the record format, the `schema` key of the first line.
pub const SCHEMA: &str = "gospect/1";

/// One line of the NDJSON stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Line {
    /// First line: the tool, its knowledge and the targets.
    Run(Run),
    /// An image, or one platform of it; comes before its programs.
    Image(Box<ImageRecord>),
    /// One Go program.
    Binary(Box<Binary>),
    /// Something that was not examined, with the reason.
    Unexamined(Unexamined),
    /// Last line: counts of what was looked at and found.
    End(End),
}

/// The first line of a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The program that wrote the stream.
    pub tool: Tool,
    /// The date of the built-in knowledge.
    pub knowledge: KnowledgeDate,
    /// Targets as given on the command line.
    pub targets: Vec<String>,
    /// How much was read of each program.
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

/// The date of the built-in tables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnowledgeDate {
    /// Newest Go release in the tables, such as `go1.27`.
    pub newest_go: String,
    /// The day on which the tables were made, ISO 8601.
    pub date: String,
}

/// Something that was seen but not examined.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unexamined {
    /// Its location as text for people.
    pub path: String,
    /// Its location as data.
    pub location: Location,
    /// Why it was not examined.
    pub reason: Word<Reason>,
    /// An explanation in one sentence.
    pub detail: String,
}

/// The last line of a stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// How much was looked at.
    pub reach: Reach,
    /// What was found.
    pub summary: Summary,
    /// Whether the stream is incomplete: a target could not be read, a digest was wrong or a layer was missing.
    #[serde(default)]
    pub failed: bool,
}

impl End {
    /// Whether a target could not be read and there is no Go program: nothing can be said, not even that there is nothing.
    pub fn read_nothing(&self) -> bool {
        self.failed && self.reach.go == 0
    }
}

/// Counts of what was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// Regular files and container entries.
    pub files: u64,
    /// Files that were too small to open.
    pub below_min_size: u64,
    /// Files that were opened and are not Go.
    pub not_go: u64,
    /// Go programs.
    pub go: u64,
    /// Files that hold at least one Go program, each once: a file may hold several programs, and a hard link in an archive or a layer
    /// that two images share gives a program, but no further file. `None` if the stream was written by a version that did not
    /// count them.
    ///
    /// Files are of one class each: Go, not Go, too small, or else a container that was looked into, or not examined.
    #[serde(default)]
    pub go_files: Option<u64>,
    /// Things that were not examined.
    pub unexamined: u64,
    /// Symbolic links to directories that were not followed.
    #[serde(default)]
    pub links: u64,
    /// Bytes read from files and streams.
    pub bytes: u64,
}

impl Reach {
    /// The files that are none of Go, not Go and too small: archives, images and compressed files that were looked into, and files
    /// that were not examined. `None` if it is not known.
    pub fn other_files(&self) -> Option<u64> {
        let classes = [self.go_files?, self.not_go, self.below_min_size];
        classes
            .into_iter()
            .try_fold(self.files, |files, class| files.checked_sub(class))
    }
}

/// A summary of what was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Programs by Go release.
    pub go_versions: BTreeMap<String, u64>,
    /// Programs by `os/arch`.
    pub ports: BTreeMap<String, u64>,
    /// Programs with at least one contradicted claim.
    pub contradicted: u64,
    /// Go programs without build info.
    pub without_build_info: u64,
    /// Programs whose modules are unknown: those without build info, and those whose build info names no module.
    #[serde(default)]
    pub modules_unknown: u64,
}
