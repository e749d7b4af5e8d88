//! Contents of files with several names (hard links), kept until all names have been found, so that each file is read once.

use super::program::Content;
use crate::bytes::{Budget, Grant, Use};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Bytes of memory counted for a file that is kept, without its texts.
const FILE: u64 = 256;

/// Device and inode.
type Id = (u64, u64);

/// Files with names that have not been found yet.
pub(super) struct Links {
    files: Mutex<HashMap<Id, LinkedFile>>,
    /// Memory for them, without records, which the spool counts. A file with names outside of the scan, as in snapshots, is kept
    /// to the end.
    budget: Budget,
}

#[derive(Default)]
struct LinkedFile {
    content: Arc<OnceLock<Content>>,
    /// How many of its names have been found.
    names: u64,
    grant: Option<Grant>,
}

impl Links {
    /// No files, in a scan with `memory` bytes.
    pub(super) fn new(memory: u64) -> Self {
        Self {
            files: Mutex::default(),
            budget: Budget::of(memory, Use::LinkedFiles),
        }
    }

    /// Reads content once for all `names` of a file. A thread that finds a second name meanwhile waits. Content for which
    /// `may_be_kept` returns false, or for which there is no memory, is read again for the next name.
    pub(super) fn once(
        &self,
        id: Id,
        names: u64,
        read: impl FnOnce() -> Content,
        may_be_kept: impl FnOnce(&Content) -> bool,
    ) -> Content {
        let cell = {
            let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            let file = files.entry(id).or_default();
            file.names += 1;
            let cell = Arc::clone(&file.content);
            if file.names >= names {
                files.remove(&id);
            }
            cell
        };
        let content = cell.get_or_init(read).clone();
        // Reading a file that is not a program again costs no more than remembering it.
        let keeps = !matches!(content, Content::NotGo(_)) && may_be_kept(&content);
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = files.get_mut(&id)
            && file.grant.is_none()
        {
            file.grant = keeps
                .then(|| self.budget.try_take(size(&content)))
                .flatten();
            if file.grant.is_none() {
                files.remove(&id);
            }
        }
        content
    }
}

/// Bytes of memory that the file takes, without its records.
fn size(content: &Content) -> u64 {
    let texts = match content {
        Content::Go(_, rest) => rest.iter().map(|(_, detail)| detail.len()).sum(),
        Content::Unexamined(_, detail) => detail.len(),
        Content::NotGo(_) | Content::Container | Content::Packed => 0,
    };
    FILE + texts as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Reason;

    const MEMORY: u64 = 8 << 20;

    fn read(links: &Links, file: u64, content: &Content) -> bool {
        let mut was_read = false;
        let reading = || {
            was_read = true;
            content.clone()
        };
        links.once((1, file), 3, reading, |_| true);
        was_read
    }

    #[test]
    fn a_program_is_read_once_and_forgotten_with_its_last_name() {
        let links = Links::new(MEMORY);
        let broken = Content::Unexamined(Reason::Malformed, String::new());
        let reads: Vec<bool> = (0..4).map(|_| read(&links, 7, &broken)).collect();
        assert_eq!(reads, [true, false, false, true]);
    }

    #[test]
    fn content_that_is_not_kept_is_read_for_each_name() {
        let links = Links::new(MEMORY);
        let reads = std::cell::Cell::new(0);
        for _ in 0..3 {
            let read = || {
                reads.set(reads.get() + 1);
                Content::Go(Vec::new(), Vec::new())
            };
            links.once((1, 7), 3, read, |_| false);
        }
        assert_eq!((reads.get(), links.files.lock().unwrap().len()), (3, 0));
    }

    #[test]
    fn files_with_names_elsewhere_are_bounded() {
        let links = Links::new(MEMORY);
        let (text, broken) = (
            Content::NotGo(String::new()),
            Content::Unexamined(Reason::Malformed, String::new()),
        );
        let most = Use::LinkedFiles.share(MEMORY) / FILE;
        for file in 0..3 * most {
            assert!(read(&links, file, &text));
            assert!(read(&links, file, &broken));
        }
        assert_eq!(links.files.lock().unwrap().len() as u64, most);
        assert!(!read(&links, 1, &broken) && read(&links, 2 * most, &broken));
    }
}
