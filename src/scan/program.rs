//! A Go program that was found, from the reader of its file to its line.

use super::place::{Inside, Outer};
use super::spool::Spooled;
use crate::record::Reason;

/// A program: its place inside its file, and its record.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Architecture of the slice, for universal Mach-O files.
    pub slice: Option<String>,
    /// Name of the member, for archives of object files.
    pub member: Option<String>,
    /// The record; its place is filled in where that is known.
    pub record: Spooled,
}

impl Program {
    /// The record at its place.
    pub(crate) fn at(self, outer: &Outer, inside: &Inside<'_>) -> Spooled {
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

/// What came of a file's content, apart from where the file is: shared by its hard links.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// Go programs, and what of the file is not examined.
    Go(Vec<Program>, Vec<(Reason, String)>),
    /// Nothing of ours, and why.
    NotGo(String),
    /// Not examined: reason and detail.
    Unexamined(Reason, String),
    /// An archive, an image or a compressed file.
    Container,
    /// A packed program met in a walk: unpacking is work for a task of its own.
    Packed,
}
