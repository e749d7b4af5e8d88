//! What a walk tells whoever is interested in its files.

use super::join;
use crate::source::dir::{Dir, Stat};
use crate::source::listing::Listing;
use crate::source::queue::Output;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// A file that the walk met.
pub struct Met<'w> {
    pub(super) dir: &'w Dir,
    pub(super) parent: &'w Path,
    pub(super) name: &'w OsStr,
    pub(super) follow: bool,
    /// Its stat.
    pub stat: Stat,
}

impl Met<'_> {
    /// Opens it.
    ///
    /// # Errors
    /// Those of the system.
    pub fn open(&self) -> io::Result<File> {
        self.dir.open_file(self.name, self.follow)
    }

    /// Its name.
    pub fn name(&self) -> &OsStr {
        self.name
    }

    /// Whether it has the name of a shared library.
    pub fn is_library(&self) -> bool {
        let name = self.name.as_encoded_bytes();
        name.windows(3).any(|part| part == b".so")
    }

    /// Its path as `find` prints it.
    pub fn path(&self) -> PathBuf {
        join(self.parent, self.name)
    }
}

/// Who is told what the walk meets.
pub trait Visit<'env, T>: Sync {
    /// A regular file that is worth opening.
    fn file(&'env self, met: &Met<'_>, out: &mut Output<'env, T>);

    /// A directory; true when it was dealt with and is not to be entered.
    fn directory(&'env self, path: &Path, names: &Listing, out: &mut Output<'env, T>) -> bool;

    /// Something that was not examined.
    fn passed_over(&'env self, path: &Path, why: Why, out: &mut Output<'env, T>);

    /// A symbolic link that is not followed. `leads` looks whether it leads to a directory, or to a file that would be opened.
    fn met_link(&'env self, _leads: &dyn Fn() -> bool) {}

    /// A symbolic link that is not followed; only with [`Rules::links`](super::Rules::links).
    fn link(&'env self, _path: &Path, _out: &mut Output<'env, T>) {}
}

/// Why something was not examined.
#[derive(Debug)]
pub enum Why {
    /// The system refused.
    Error(io::Error),
    /// On a file system that describes the kernel.
    Pseudo(&'static str),
}
