//! Contents of files with several names (hard links), kept until all names have been found, so that each file is read once.

use super::program::Content;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Most files that are kept. A file with names outside the scan, as in snapshots, stays to the end.
const MOST: usize = 16 << 10;

/// Device and inode.
type Id = (u64, u64);

/// Files with names that have not been found yet.
#[derive(Default)]
pub(super) struct Links(Mutex<HashMap<Id, Awaited>>);

/// The content, and how many names have been found.
type Awaited = (Arc<OnceLock<Content>>, u64);

impl Links {
    /// Reads content once for all `names` of a file. A thread that finds a second name meanwhile waits. Content for which
    /// `keeping` returns false is read again for the next name.
    pub(super) fn once(
        &self,
        id: Id,
        names: u64,
        read: impl FnOnce() -> Content,
        keeping: impl FnOnce(&Content) -> bool,
    ) -> Content {
        let cell = {
            let mut awaited = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let entry = awaited.entry(id).or_default();
            entry.1 += 1;
            let cell = Arc::clone(&entry.0);
            if entry.1 >= names {
                awaited.remove(&id);
            }
            cell
        };
        let content = cell.get_or_init(read).clone();
        // Reading a file that is no program again costs no more than remembering it.
        let keep = !matches!(content, Content::NotGo(_)) && keeping(&content);
        let mut awaited = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !keep || awaited.len() > MOST {
            awaited.remove(&id);
        }
        content
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Reason;

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
        let links = Links::default();
        let broken = Content::Unexamined(Reason::Malformed, String::new());
        let reads: Vec<bool> = (0..4).map(|_| read(&links, 7, &broken)).collect();
        assert_eq!(reads, [true, false, false, true]);
    }

    #[test]
    fn content_that_is_not_kept_is_read_for_each_name() {
        let links = Links::default();
        let reads = std::cell::Cell::new(0);
        for _ in 0..3 {
            let read = || {
                reads.set(reads.get() + 1);
                Content::Go(Vec::new(), Vec::new())
            };
            links.once((1, 7), 3, read, |_| false);
        }
        assert_eq!((reads.get(), links.0.lock().unwrap().len()), (3, 0));
    }

    #[test]
    fn files_with_names_elsewhere_are_bounded() {
        let links = Links::default();
        let (text, broken) = (
            Content::NotGo(String::new()),
            Content::Unexamined(Reason::Malformed, String::new()),
        );
        for file in 0..3 * MOST as u64 {
            assert!(read(&links, file, &text));
            assert!(read(&links, file, &broken));
        }
        assert!(links.0.lock().unwrap().len() <= MOST);
        assert!(!read(&links, 1, &broken) && read(&links, 2 * MOST as u64, &broken));
    }
}
