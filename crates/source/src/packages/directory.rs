//! A root that is a directory: an unpacked image, a mounted disk, or the running system.

use super::RootFiles;
use gospect_bytes::{FileBytes, ReadAt};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

/// Links that one look-up follows before it counts as a loop, as in Linux (`MAXSYMLINKS`).
const HOPS: u32 = 40;
/// Most names of one directory of a database.
const NAMES: usize = 1 << 20;

/// A directory as root: absolute links in it are relative to it.
#[derive(Clone, Debug)]
pub struct DirectoryRoot(PathBuf);

impl DirectoryRoot {
    /// The root at `path`.
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The path outside for a path in the root without links.
    fn place(&self, path: &[u8]) -> PathBuf {
        let path = path.strip_prefix(b"/").unwrap_or(path);
        self.0.join(OsStr::from_bytes(path))
    }
}

impl RootFiles for DirectoryRoot {
    fn open(&self, path: &[u8]) -> io::Result<Option<Box<dyn ReadAt + '_>>> {
        let Some(path) = self.resolve(path) else {
            return Ok(None);
        };
        let place = self.place(&path);
        // Reading a FIFO may never end, and a device is not a database.
        if !std::fs::symlink_metadata(&place)?.is_file() {
            return Ok(None);
        }
        let file = crate::dir::open_named(&place)?;
        Ok(Some(Box::new(FileBytes::open(file)?)))
    }

    fn list(&self, directory: &[u8]) -> Vec<Vec<u8>> {
        let Some(path) = self.resolve(directory) else {
            return Vec::new();
        };
        let Ok(entries) = std::fs::read_dir(self.place(&path)) else {
            return Vec::new();
        };
        let names = entries
            .take(NAMES)
            .filter_map(|entry| Some(entry.ok()?.file_name().into_vec()));
        let mut names: Vec<Vec<u8>> = names.collect();
        names.sort_unstable();
        names
    }

    fn resolve(&self, path: &[u8]) -> Option<Vec<u8>> {
        let mut hops = HOPS;
        let mut done: Vec<Vec<u8>> = Vec::new();
        let parts = |path: &[u8]| -> Vec<Vec<u8>> {
            let parts = path.split(|b| *b == b'/').map(<[u8]>::to_vec);
            parts.rev().collect()
        };
        let mut rest = parts(path);
        while let Some(part) = rest.pop() {
            match part.as_slice() {
                b"" | b"." => continue,
                b".." => {
                    done.pop();
                    continue;
                }
                _ => {}
            }
            done.push(part);
            let here = [b"/", &*done.join(&b'/')].concat();
            let place = self.place(&here);
            if std::fs::symlink_metadata(&place).ok()?.is_symlink() {
                hops = hops.checked_sub(1)?;
                let target = std::fs::read_link(&place).ok()?;
                let target = target.as_os_str().as_bytes();
                if target.starts_with(b"/") {
                    done.clear();
                } else {
                    done.pop();
                }
                rest.extend(parts(target));
            }
        }
        Some([b"/", &*done.join(&b'/')].concat())
    }
}
