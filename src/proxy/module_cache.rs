//! The cache that the `go` command has of checksum databases (cmd/go/internal/modfetch/sumdb.go, `ReadCache` and `ReadConfig`). It is only read.

use super::environment::sumdb_folders;
use super::sumdb::Store;
use crate::source::dir::read_file;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Longest file of it.
const FILE_MAX: u64 = 1 << 20;

/// The module cache of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleCache {
    /// Look-ups and tiles.
    downloads: PathBuf,
    /// Tree heads.
    heads: PathBuf,
}

impl ModuleCache {
    /// The module cache of the user, by GOMODCACHE and GOPATH; `None`: neither is set and there is no home folder.
    pub fn of_user() -> Option<Self> {
        let (downloads, heads) = sumdb_folders()?;
        Some(Self { downloads, heads })
    }

    /// The folder of look-ups and tiles.
    pub fn folder(&self) -> &Path {
        &self.downloads
    }
}

impl Store for ModuleCache {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        let folder = match name.ends_with("/latest") {
            true => &self.heads,
            false => &self.downloads,
        };
        read_file(&folder.join(name), FILE_MAX).ok()
    }

    fn write(&self, _: &str, _: &[u8]) {}

    fn widths(&self, name: &str) -> Vec<u64> {
        let folder = fs::read_dir(self.downloads.join(format!("{name}.p")));
        let entries = folder.into_iter().flatten().flatten();
        let widths = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        widths.take(256).collect()
    }
}

/// A store without content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoStore;

impl Store for NoStore {
    fn read(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn write(&self, _: &str, _: &[u8]) {}
}

/// A store in memory, for one run.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<HashMap<String, Vec<u8>>>);

impl Store for MemoryStore {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.get(name).cloned()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(name.to_owned(), bytes.to_vec());
    }
}

/// Two stores: reads try `own` first, writes go to `own` only.
pub struct Layered<'s> {
    /// The store that is read first, and written.
    pub own: &'s dyn Store,
    /// The store that is read second.
    pub below: &'s dyn Store,
}

impl Store for Layered<'_> {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.own.read(name).or_else(|| self.below.read(name))
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        self.own.write(name, bytes);
    }

    fn widths(&self, name: &str) -> Vec<u64> {
        let mut widths = self.own.widths(name);
        widths.extend(self.below.widths(name));
        widths
    }
}
