//! Programs on their way from the reader of their file, and everything else that reading a file may give.

use super::spool::WaitingRecord;
use crate::record::{FoundProgram, Reason};

/// A program whose record may wait.
pub(crate) type Program = FoundProgram<WaitingRecord>;

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
    #[cfg_attr(not(feature = "archives"), allow(dead_code))]
    Container,
    /// A packed program found in a walk: unpacking it is a task of its own.
    Packed,
}
