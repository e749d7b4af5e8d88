//! What a walk asks and tells.

use crate::bytes::ReadAt;
use crate::record::Owner;
use crate::source::archive::place::Place;
use crate::source::archive::{ArchiveError, Feed, Scope};
use std::io;
use std::ops::Range;

/// What to do with a file, decided by its first bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// Nothing.
    Skip,
    /// Nothing, but it is told as not examined: it is of a format of this name, which is not read.
    Name(&'static str),
    /// All of it: kept in memory, or in a temporary file when large.
    Whole,
    /// Its first 8 KiB and these ranges: the rest is passed over without being kept, and where the container tells the
    /// size, what lies behind the last range is not even decompressed or checked. Reading elsewhere is an error of
    /// kind `Unsupported`.
    Windows(Vec<Range<u64>>),
}

/// Something that may be a program.
pub struct Candidate<'a> {
    /// Where it is.
    pub place: &'a Place,
    /// Its bytes, readable during the call.
    pub bytes: &'a dyn ReadAt,
}

/// Who is told what a walk meets. Calls come in the order of the container, on the thread that walks. They must not
/// wait for the memory budget: the walk may hold some of it.
pub trait Receiver: Sync {
    /// A regular file inside a container; the input itself is not one. Hard links are told by [`Receiver::alias`] alone.
    fn entry_seen(&self, place: &Place, size: u64);

    /// Whether a file of this size (as stored, compressed or not) cannot be of interest nor hold anything that is: then
    /// it is passed over unread.
    fn too_small(&self, _size: u64) -> bool {
        false
    }

    /// Whether a file that was taken out of a container, and turned out to have this size, is too small to be of interest: what a container
    /// states about it was not believed.
    fn below_floor(&self, _size: u64) -> bool {
        false
    }
    /// What to do with a file that is neither compressed nor a container. `head` are its first bytes, at least 112
    /// where it has them; `size` is unknown for what comes out of a decompressor.
    fn wants(&self, place: &Place, head: &[u8], size: Option<u64>) -> Want;

    /// The container at `place` is a package: told before what is in it.
    fn package(&self, _place: &Place, _owner: Owner) {}

    /// A file that was wanted.
    fn candidate(&self, candidate: &Candidate<'_>);

    /// Another name (a hard link) of a file at `of` that was handed over as candidate, or is a container.
    fn alias(&self, of: &Place, place: &Place);

    /// Whether the tar archive that comes next must be kept before its members are read: its names alone do not say what they are.
    fn keeps_whole(&self, _feed: &mut Feed<'_>) -> bool {
        false
    }

    /// Who takes members of the archive at `place` before the walk does; `depth` counts the containers around it.
    fn members<'s>(
        &'s self,
        _place: &Place,
        _depth: u32,
        _scope: &'s Scope,
    ) -> Option<Box<dyn Members + 's>> {
        None
    }

    /// A thing that was not, or not wholly, examined: an entry, or the container at `place` from some point on.
    fn unexamined(&self, place: &Place, problem: &ArchiveError);
}

/// What became of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Nothing: its reader goes on with it.
    No,
    /// It is here; its bytes were read.
    Yes,
}

/// Takes those members of one archive that belong together, such as the parts of an image.
pub trait Members {
    /// Looks through an uncompressed tar that can be read at any position, before its members come.
    fn look_ahead(&mut self, bytes: &dyn ReadAt);

    /// A regular file of the archive. Its body is read only when it is taken, or had to be looked at for that.
    ///
    /// # Errors
    /// Those of the source of `body`.
    fn take(&mut self, name: &[u8], size: u64, body: &mut Feed<'_>) -> io::Result<Taken>;

    /// A link of the archive; whoever reads the archive has it too.
    fn link(&mut self, name: &[u8], target: &[u8], symbolic: bool);

    /// The archive at `place` was read.
    fn finish(self: Box<Self>, place: &Place);
}
