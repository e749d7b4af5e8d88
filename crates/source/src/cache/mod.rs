//! A folder in which results are kept between runs, by name. Safe for many processes at once, on a shared file system too.
//!
//! ```text
//! DIR/gospect-cache                       one line: the form of the folder
//! DIR/0 … DIR/f                           entries, in the folder of the first digit of their name
//! DIR/0/012…ef                            one entry: SHA-256 of the rest (32 bytes), then a raw Deflate stream
//! ```
//!
//! An entry is written to a temporary file beside it and renamed, so that a reader sees all of it or nothing. An entry that is damaged,
//! cut or of another form counts as absent. The entries that were used longest ago are removed first. Must never: fail a scan, follow a link out of the folder, remove a file that is not an entry.

mod entry;
#[cfg(test)]
mod tests;

use gospect_bytes::error_text;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Size of the largest entry, in bytes before compression. Results of an ordinary layer take a few hundred kilobytes.
pub const MAX_RESULT: u64 = 32 << 20;

/// Bound on the size of a cache when none is given, in bytes.
pub const BOUND: u64 = 2 << 30;

/// Name and content of the file that marks a folder as a cache.
const MARKER: (&str, &str) = ("gospect-cache", "gospect cache, form 1\n");

/// Folders of entries.
const SHARDS: usize = 16;

/// Number of new entries in one folder of entries after which its size is checked before the run ends.
const CHECK_AFTER: u32 = 256;

/// Time after which an entry that is used again is marked as used. Marking costs a write.
const MARK_AFTER: Duration = Duration::from_secs(3600);

/// A temporary file of this age was abandoned by a process that ended early.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 3600);

/// Why a folder cannot be used as a cache.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It cannot be made or read.
    #[error("{}", error_text(.0))]
    Folder(#[from] io::Error),
    /// Something else is in the folder.
    #[error("it holds other files and no cache; name a new folder or an empty one")]
    Foreign,
    /// A newer gospect made it.
    #[error("another version of gospect made it in another form; name another folder")]
    OtherForm,
}

/// A folder of kept results.
#[derive(Debug)]
pub struct Cache {
    root: PathBuf,
    bound: u64,
    /// Whether entries are added; false when the folder cannot be written to.
    is_writable: bool,
    /// Number of new entries, by folder of entries.
    added: [AtomicU32; SHARDS],
    /// Number for the next temporary file.
    next_temporary: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
    /// The first reason why an entry could not be written.
    problem: Mutex<Option<String>>,
}

/// What is in a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Number of entries.
    pub entries: u64,
    /// Bytes that their files take.
    pub bytes: u64,
    /// When the entry that was used longest ago was used.
    pub oldest: Option<SystemTime>,
}

/// What a run did with the cache.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Results taken from it.
    pub hits: u64,
    /// Results that were not in it.
    pub misses: u64,
    /// Why results could not be written to it, if any could not.
    pub problem: Option<String>,
}

impl Cache {
    /// Opens a cache, and makes its folder if there is none. A folder that cannot be written to is used as it is.
    ///
    /// # Errors
    /// When the folder cannot be made or read, or is not a cache.
    pub fn open(root: &Path, bound: u64) -> Result<Self, CacheError> {
        fs::create_dir_all(root)?;
        let marker = root.join(MARKER.0);
        let mut text = String::new();
        let opened =
            entry::open_plain(&marker).and_then(|file| file.take(100).read_to_string(&mut text));
        let mut problem = None;
        match opened {
            Ok(_) if text == MARKER.1 => {}
            Ok(_) => return Err(CacheError::OtherForm),
            Err(e) if e.kind() == io::ErrorKind::InvalidInput => return Err(CacheError::Foreign),
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e.into()),
            Err(_) => {
                // Another process that opens the same new folder at this moment may have made some of its files.
                let is_ours = |name: &std::ffi::OsStr| {
                    let name = name.to_string_lossy();
                    name.len() == 1 || name.starts_with(entry::TEMPORARY) || name == MARKER.0
                };
                for other in fs::read_dir(root)? {
                    if !is_ours(&other?.file_name()) {
                        return Err(CacheError::Foreign);
                    }
                }
                let made = entry::write_whole(root, MARKER.0, 0, &mut |out| {
                    out.write_all(MARKER.1.as_bytes())
                });
                problem = made.err().map(|e| error_text(&e));
            }
        }
        Ok(Self {
            root: root.to_owned(),
            bound,
            is_writable: problem.is_none(),
            added: Default::default(),
            next_temporary: AtomicU64::new(1),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            problem: Mutex::new(problem),
        })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The result with this name, if it is there and whole.
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        let (shard, file_name) = shard_and_file(name);
        let path = self.shard(shard).join(file_name);
        let content = entry::read(&path, MAX_RESULT);
        match content {
            Some(_) => {
                self.hits.fetch_add(1, Ordering::Relaxed);
                entry::mark_used(&path, MARK_AFTER);
            }
            None => {
                self.misses.fetch_add(1, Ordering::Relaxed);
            }
        }
        content
    }

    /// Counts the last hit as a miss: the entry could not be used.
    pub fn reject_hit(&self) {
        self.hits.fetch_sub(1, Ordering::Relaxed);
        self.misses.fetch_add(1, Ordering::Relaxed);
    }

    /// Keeps a result. One that is too long, or cannot be written, is not kept.
    pub fn put(&self, name: &str, content: &[u8]) {
        if !self.is_writable || content.len() as u64 > MAX_RESULT {
            return;
        }
        let (shard, file_name) = shard_and_file(name);
        let number = self.next_temporary.fetch_add(1, Ordering::Relaxed);
        let folder = self.shard(shard);
        let written = fs::create_dir_all(&folder)
            .and_then(|()| entry::write(&folder, &file_name, number, content));
        if let Err(error) = written {
            let mut problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
            problem.get_or_insert_with(|| error_text(&error));
            return;
        }
        let Some(added) = self.added.get(shard) else {
            return;
        };
        if added.fetch_add(1, Ordering::Relaxed) % CHECK_AFTER == CHECK_AFTER - 1 {
            let _ = self.keep_bound(shard);
        }
    }

    /// Ends a run: removes entries beyond the bound, and returns what the run did with the cache.
    pub fn finish(&self) -> Usage {
        for (shard, added) in self.added.iter().enumerate() {
            if added.load(Ordering::Relaxed) > 0 {
                let _ = self.keep_bound(shard);
            }
        }
        let problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        Usage {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            problem: problem.clone(),
        }
    }

    /// What is in it.
    ///
    /// # Errors
    /// When a folder of it cannot be read.
    pub fn contents(&self) -> io::Result<Contents> {
        let mut contents = Contents::default();
        for shard in 0..SHARDS {
            for file in entry::list(&self.shard(shard))? {
                contents.entries += 1;
                contents.bytes += file.bytes;
                let oldest = contents.oldest.unwrap_or(file.last_used);
                contents.oldest = Some(oldest.min(file.last_used));
            }
        }
        Ok(contents)
    }

    /// Removes entries that were not used since `since`, and then those used longest ago until at most `bound` bytes are left. Returns
    /// what was removed.
    ///
    /// # Errors
    /// When a folder of it cannot be read, or an entry cannot be removed.
    pub fn prune(&self, bound: u64, since: SystemTime) -> io::Result<Contents> {
        let mut entries = Vec::new();
        for shard in 0..SHARDS {
            entry::remove_abandoned(&self.shard(shard), ABANDONED_AFTER)?;
            let files = entry::list(&self.shard(shard))?;
            entries.extend(files.into_iter().map(|file| (shard, file)));
        }
        entries.sort_by(|(_, one), (_, other)| {
            (one.last_used, &one.name).cmp(&(other.last_used, &other.name))
        });
        let mut left: u64 = entries.iter().map(|(_, entry)| entry.bytes).sum();
        let mut removed = Contents::default();
        for (shard, old) in entries {
            if left <= bound && old.last_used >= since {
                break;
            }
            match fs::remove_file(self.shard(shard).join(&old.name)) {
                Ok(()) => {
                    removed.entries += 1;
                    removed.bytes += old.bytes;
                }
                // Another process removed it.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
            left -= old.bytes;
        }
        Ok(removed)
    }

    fn shard(&self, number: usize) -> PathBuf {
        self.root.join(format!("{number:x}"))
    }

    /// Removes entries beyond the bound if one folder of entries has more than its share. Names are spread evenly over the folders, so listing
    /// one of them is enough.
    fn keep_bound(&self, shard: usize) -> io::Result<()> {
        let entries = entry::list(&self.shard(shard))?;
        let bytes: u64 = entries.iter().map(|entry| entry.bytes).sum();
        if bytes > self.bound / SHARDS as u64 {
            self.prune(self.bound, SystemTime::UNIX_EPOCH)?;
        }
        Ok(())
    }
}

/// Folder and file of the result with this name.
fn shard_and_file(name: &str) -> (usize, String) {
    let digest: [u8; 32] = Sha256::digest(name.as_bytes()).into();
    let file = digest.iter().fold(String::with_capacity(64), |text, byte| {
        text + &format!("{byte:02x}")
    });
    (usize::from(digest[0] >> 4), file)
}
