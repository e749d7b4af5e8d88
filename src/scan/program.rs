//! A Go program, from the reader of its file to its record's place.

use super::place::{Inside, Opened};
use super::spool::Spooled;
use crate::record::Reason;

/// A program: its place inside its file, and its record.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Architecture of the slice, for a universal Mach-O file.
    pub slice: Option<String>,
    /// Name of the member, for an archive of object files.
    pub member: Option<String>,
    /// The record; its place is set when it is known.
    pub record: Spooled,
}

impl Program {
    /// The record with its place set.
    pub(crate) fn at(self, outer: &Opened, inside: &Inside<'_>) -> Spooled {
        let mut record = self.record;
        (record.path, record.path_bytes, record.location) =
            outer.locate(inside, self.slice, self.member);
        record
    }
}

#[cfg(feature = "archives")]
impl crate::source::image::Payload for Program {
    fn names(&self) -> u64 {
        self.record.names()
    }
}

/// The result of reading a file's content, independent of its name: shared by hard links.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// Go programs, and parts of the file that were not examined.
    Go(Vec<Program>, Vec<(Reason, String)>),
    /// Not Go, and why.
    NotGo(String),
    /// Not examined: reason and detail.
    Unexamined(Reason, String),
    /// An archive, an image or a compressed file.
    Container,
    /// A packed program found in a walk: unpacking it is a task of its own.
    Packed,
}
