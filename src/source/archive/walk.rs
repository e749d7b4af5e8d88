//! Goes through a container and everything nested in it, and hands over what may be a program.

use super::{ArchiveError, Feed, Scope};
use crate::bytes::ReadAt;
use std::ops::Range;

/// What to walk.
pub enum Input<'a> {
    /// Positioned bytes: a file, a part of one.
    Random(&'a dyn ReadAt),
    /// A stream that can only be read forward.
    Stream(&'a mut dyn std::io::Read),
}

/// Where an entry is, and what its container says about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Names inside containers, outermost first, as stored but without a leading `./`. Compression alone and the inner
    /// archives of a package (`data.tar.xz`) add no name; empty when the input itself is one (compressed) file.
    pub entries: Vec<Vec<u8>>,
    /// Permission and set-id bits.
    pub mode: Option<u32>,
    /// Owner.
    pub uid: Option<u64>,
    /// Group.
    pub gid: Option<u64>,
}

/// What to do with a file, decided by its first bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// Nothing.
    Skip,
    /// All of it: kept in memory, or in a temporary file when large.
    Whole,
    /// Its first bytes and these ranges: the rest is passed over, reading it is an error.
    Windows(Vec<Range<u64>>),
}

/// Something that may be a program.
pub struct Candidate<'a> {
    /// Where it is.
    pub place: &'a Place,
    /// Its bytes, readable during the call.
    pub bytes: &'a dyn ReadAt,
}

/// Who is told what a walk meets. Calls come in the order of the container.
pub trait Receiver: Sync {
    /// A regular file; `size` is unknown for a compressed file that is no container.
    fn entry_seen(&self, place: &Place, size: Option<u64>);

    /// What to do with a file that is neither compressed nor a container.
    fn wants(&self, place: &Place, head: &[u8], size: Option<u64>) -> Want;

    /// A file that was wanted.
    fn candidate(&self, candidate: &Candidate<'_>);

    /// Another name (a hard link) of a file that was handed over as candidate at `of`.
    fn alias(&self, of: &Place, place: &Place);

    /// A thing that was not, or not wholly, examined.
    fn unexamined(&self, place: &Place, problem: &ArchiveError);
}

/// A walk through one outermost container.
pub struct Walker<'r> {
    /// Told what is met.
    pub receiver: &'r dyn Receiver,
    /// Shared limits and counts.
    pub scope: &'r Scope,
}

impl Walker<'_> {
    /// Walks the input, whatever it is: a container, a compressed file, a plain file. Everything that is wrong is told
    /// to the receiver.
    pub fn walk(&self, input: Input<'_>, place: &Place) {
        let _ = (input, place);
    }

    /// One file of a container that the caller reads itself (an image layer): nested containers in it are walked,
    /// anything else is offered to the receiver. `depth` counts the containers around it. Returns whether it was
    /// handed over as candidate, so that the caller can tell of hard links to it.
    ///
    /// # Errors
    /// When the *caller's* stream fails (truncated, corrupt, limit): it cannot go on. Problems of the file alone are
    /// told to the receiver.
    pub fn file(
        &self,
        feed: &mut Feed<'_>,
        size: Option<u64>,
        place: &Place,
        depth: u32,
    ) -> Result<bool, ArchiveError> {
        let _ = (feed, size, place, depth);
        Ok(false)
    }
}
