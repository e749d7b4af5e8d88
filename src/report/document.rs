//! All lines of a scan in one place, for the formats that need the whole before they can write the first byte.

use super::model::{Binary, End, ImageRecord, Line, Run, Unexamined};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;

/// A whole scan: the keys of `run`, then `images`, `binaries`, `unexamined`, and the keys of `end`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Who scanned what.
    #[serde(flatten)]
    pub run: Run,
    /// Images in scan order, one for each platform.
    pub images: Vec<ImageRecord>,
    /// Go binaries in scan order.
    pub binaries: Vec<Binary>,
    /// Things not examined.
    pub unexamined: Vec<Unexamined>,
    /// What was looked at and what came out.
    #[serde(flatten)]
    pub end: End,
}

impl Document {
    /// An empty document of a run.
    pub fn new(run: Run) -> Self {
        Self {
            run,
            images: Vec::new(),
            binaries: Vec::new(),
            unexamined: Vec::new(),
            end: End::default(),
        }
    }

    /// Takes in one line of the stream.
    pub fn push(&mut self, line: Line) {
        match line {
            Line::Run(run) => self.run = run,
            Line::Image(image) => self.images.push(*image),
            Line::Binary(binary) => self.binaries.push(*binary),
            Line::Unexamined(thing) => self.unexamined.push(thing),
            Line::End(end) => self.end = end,
        }
    }

    /// The lines that make this document.
    pub fn lines(self) -> impl Iterator<Item = Line> {
        let images = self.images.into_iter().map(|i| Line::Image(Box::new(i)));
        let binaries = self.binaries.into_iter().map(|b| Line::Binary(Box::new(b)));
        std::iter::once(Line::Run(self.run))
            .chain(images)
            .chain(binaries)
            .chain(self.unexamined.into_iter().map(Line::Unexamined))
            .chain(std::iter::once(Line::End(self.end)))
    }
}

/// The memory that records may take until what is made of them is written.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    what: &'static str,
    /// What is made of a record takes, with the record, so many times its weight.
    times: u64,
    all: u64,
    left: u64,
}

impl Room {
    /// Room of so many bytes for what is made of records, say, `a page`, which takes `times` their weight.
    pub fn new(what: &'static str, times: u64, bytes: u64) -> Self {
        Self {
            what,
            times,
            all: bytes,
            left: bytes,
        }
    }

    /// Takes room for a line and for what is made of it.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn take(&mut self, line: &Line) -> io::Result<()> {
        let left = self.left.checked_sub(self.times * line.weight());
        self.left = left.ok_or_else(|| too_large(self.what, self.all))?;
        Ok(())
    }
}

/// What cannot be written before all of it is there, and does not fit: of the kind `OutOfMemory`.
pub fn too_large(what: &str, memory: u64) -> io::Error {
    let text = format!(
        "{what} of all this takes more than --memory of {memory} bytes; raise it, or take parts one by one"
    );
    io::Error::new(io::ErrorKind::OutOfMemory, text)
}

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
    /// Index into [`Document::binaries`]; `None`: about the whole scan.
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
