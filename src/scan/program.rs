//! A Go program that was found, from the reader of its file to its line.

#[cfg(not(feature = "archives"))]
use super::place;
use super::place::{Inside, Outer};
#[cfg(feature = "archives")]
pub(crate) use super::shelf::Shelved;
use crate::record::Reason;
#[cfg(not(feature = "archives"))]
use crate::{record::Binary, source::packages::Ownership};

/// A program: its place inside its file, and its record.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Architecture of the slice, for universal Mach-O files.
    pub slice: Option<String>,
    /// Name of the member, for archives of object files.
    pub member: Option<String>,
    /// The record; its place is filled in where that is known.
    pub record: Shelved,
}

impl Program {
    /// The record at its place.
    pub(crate) fn at(self, outer: &Outer, inside: &Inside<'_>) -> Shelved {
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

/// Without archives every record is at hand.
#[cfg(not(feature = "archives"))]
#[derive(Clone, Debug)]
pub(crate) struct Shelved {
    pub path: String,
    pub path_bytes: Option<String>,
    pub location: crate::record::Location,
    pub owned: Ownership,
    record: std::sync::Arc<Binary>,
}

#[cfg(not(feature = "archives"))]
impl Shelved {
    pub(crate) fn weight(&self) -> u64 {
        self.record.weight()
    }

    #[allow(clippy::unnecessary_wraps)] // A record in a temporary file may be lost.
    pub(crate) fn into_binary(self) -> std::io::Result<Binary> {
        let mut binary = std::sync::Arc::unwrap_or_clone(self.record);
        (binary.path, binary.path_bytes) = (self.path, self.path_bytes);
        binary.location = self.location;
        place::apply(&self.owned, &mut binary);
        Ok(binary)
    }
}

#[cfg(not(feature = "archives"))]
impl From<Binary> for Shelved {
    fn from(binary: Binary) -> Self {
        Self {
            path: String::new(),
            path_bytes: None,
            location: crate::record::Location::default(),
            owned: Ownership::default(),
            record: std::sync::Arc::new(binary),
        }
    }
}
