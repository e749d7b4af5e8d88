//! The interface between a walk and its visitor.

use super::join;
use crate::dir::{Dir, Stat};
use crate::listing::Listing;
use crate::queue::Output;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// A file found by the walk.
pub struct WalkedFile<'w> {
    pub(super) dir: &'w Dir,
    pub(super) parent: &'w Path,
    pub(super) name: &'w OsStr,
    pub(super) follow: bool,
    /// Stat of the file.
    pub stat: Stat,
}

impl WalkedFile<'_> {
    /// Opens the file.
    ///
    /// # Errors
    /// Errors of the system.
    pub fn open(&self) -> io::Result<File> {
        self.dir.open_file(self.name, self.follow)
    }

    /// Name of the file.
    pub fn name(&self) -> &OsStr {
        self.name
    }

    /// Whether the file has the name of a shared library.
    pub fn is_library(&self) -> bool {
        let name = self.name.as_encoded_bytes();
        name.windows(3).any(|part| part == b".so")
    }

    /// Path of the file as `find` prints it.
    pub fn path(&self) -> PathBuf {
        join(self.parent, self.name)
    }
}

/// Receives what the walk finds.
pub trait Visit<'env, T>: Sync {
    /// A regular file to open.
    fn file(&'env self, found: &WalkedFile<'_>, out: &mut Output<'env, T>);

    /// A directory. Returns true if the visitor has handled it and the walk must not enter it.
    fn directory(&'env self, path: &Path, names: &Listing, out: &mut Output<'env, T>) -> bool;

    /// A file or directory that was not examined.
    fn passed_over(&'env self, path: &Path, why: NotExamined, out: &mut Output<'env, T>);

    /// A symbolic link that is not followed. `link_target` tells whether it leads to a directory, or to a file that would be opened.
    fn unfollowed_link(&'env self, _leads: &dyn Fn() -> bool) {}

    /// A symbolic link that is not followed; called only with [`Rules::links`](super::Rules::links).
    fn link(&'env self, _path: &Path, _out: &mut Output<'env, T>) {}
}

/// Why a file or directory was not examined.
#[derive(Debug)]
pub enum NotExamined {
    /// The system refused.
    Error(io::Error),
    /// It is on a file system that describes the kernel; its name.
    Pseudo(&'static str),
}
