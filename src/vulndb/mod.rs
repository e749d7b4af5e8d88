//! Loads vulnerability databases from folders, zip files, the cache of the user, and on demand from the network.
//!
//! Must never: judge, print, or use a part of a database that cannot be read whole.

mod cache;
mod error;
mod fetch;
mod layout;
mod newest;
mod read;

pub use cache::Cache;
pub use error::LoadError;
pub use fetch::{fetch, from_goproxy};
pub use newest::{NewestGoMods, Place};
pub use read::read_file;

use crate::vuln::database::Database;
use std::path::Path;

/// Age in days from which a database counts as old.
pub const OLD: i64 = 7;

/// The default database: the newer one of that in the cache, where `gospect db update` stores it, and the built-in one.
///
/// # Errors
/// When the one in the cache is damaged.
pub fn usual(cache: Option<&Cache>) -> Result<Database, LoadError> {
    let builtin = || Database::builtin().map_err(|why| LoadError::damaged("the program", why));
    match cache.map(Cache::read).transpose()?.flatten() {
        None => builtin(),
        Some(cached) => {
            let builtin = builtin()?;
            let newer = cached.about().date >= builtin.about().date;
            Ok(if newer { cached } else { builtin })
        }
    }
}

/// The database at a path: the compact form, a zip, or a folder.
///
/// # Errors
/// [`LoadError`] when any part of it cannot be read.
pub fn open(path: &Path) -> Result<Database, LoadError> {
    read_file(path, &path.to_string_lossy(), true)
}
