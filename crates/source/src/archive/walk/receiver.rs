//! The interface between a walk and its receiver.

use crate::archive::place::Place;
use crate::archive::{ArchiveError, Feed, Scope};
use gospect_bytes::ReadAt;
use gospect_record::Owner;
use std::io;
use std::ops::Range;

/// What to do with a file, decided from its first bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// Nothing.
    Skip,
    /// Nothing, but report it as not examined: it has this format, which is not read.
    Name(&'static str),
    /// Keep all of it: in memory, or in a temporary file if large.
    Whole,
    /// Keep its first 8 KiB and these ranges. The rest is skipped, and if the container states the size, bytes after the last
    /// range are neither decompressed nor checked. Reading outside the ranges is an error of kind `Unsupported`.
    KeptRanges(Vec<Range<u64>>),
}

/// A file that may be a program.
pub struct Candidate<'a> {
    /// Where it is.
    pub place: &'a Place,
    /// Its bytes, which can be read during the call.
    pub bytes: &'a dyn ReadAt,
}

/// Receives what a walk finds. Calls come in the order of the container, on the thread of the walk. They must not wait for the
/// memory budget, because the walk may hold some of it.
pub trait Receiver: Sync {
    /// A regular file inside a container, never the input itself. Hard links are reported only by [`Receiver::alias`].
    fn entry_seen(&self, place: &Place, size: u64);

    /// Whether a file with this stored size, compressed or not, is too small to be or hold a program: then it is skipped unread.
    fn too_small(&self, _size: u64) -> bool {
        false
    }

    /// Whether a file taken out of a container is too small to be a program. `size` is its real size, not the one that the
    /// container states.
    fn below_floor(&self, _size: u64) -> bool {
        false
    }
    /// What to do with a file that is neither compressed nor a container. `head` holds its first bytes, at least 112 unless it is
    /// shorter; `size` is not known for the output of a decompressor.
    fn wants(&self, place: &Place, head: &[u8], size: Option<u64>) -> Want;

    /// The container at `place` is a package; called before its contents.
    fn package(&self, _place: &Place, _owner: Owner) {}

    /// A file that was wanted.
    fn candidate(&self, candidate: &Candidate<'_>);

    /// Another name (a hard link) for the file at `of`, which is a candidate or a container.
    fn alias(&self, of: &Place, place: &Place);

    /// Whether to keep the tar archive that comes next before reading its members, because its names alone do not show what they
    /// are.
    fn keeps_whole(&self, _feed: &mut Feed<'_>) -> bool {
        false
    }

    /// An object that takes members of the archive at `place` before the walk sees them; `depth` counts the containers around it.
    fn members<'s>(
        &'s self,
        _place: &Place,
        _depth: u32,
        _scope: &'s Scope,
    ) -> Option<Box<dyn Members + 's>> {
        None
    }

    /// An entry, or the container at `place` from some point on, was not or not completely examined.
    fn unexamined(&self, place: &Place, problem: &ArchiveError);
}

/// Whether a member was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// No: the walk continues with it.
    No,
    /// Yes: its bytes have been read.
    Yes,
}

/// Takes the members of one archive that belong together, such as the parts of an image.
pub trait Members {
    /// Reads ahead in an uncompressed tar with random access, before its members come.
    fn look_ahead(&mut self, bytes: &dyn ReadAt);

    /// A regular file of the archive. Its body is read only if it is taken, or to decide that.
    ///
    /// # Errors
    /// Errors of the source of `body`.
    fn take(&mut self, name: &[u8], size: u64, body: &mut Feed<'_>) -> io::Result<Taken>;

    /// A link of the archive, which the walk sees too.
    fn link(&mut self, name: &[u8], target: &[u8], symbolic: bool);

    /// The archive at `place` has been read.
    fn finish(self: Box<Self>, place: &Place);
}
