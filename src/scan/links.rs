//! Content of files with several names (hard links), kept until all of the names were met, so that each file is read once.

use super::program::Content;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Files that are remembered at once. A file with names outside of what is scanned, as snapshots have them, stays to the end.
const MOST: usize = 16 << 10;

/// Device and inode.
type Id = (u64, u64);

/// Files that have names which were not met yet.
#[derive(Default)]
pub(super) struct Links(Mutex<HashMap<Id, Awaited>>);

/// The content, and how many names were met.
type Awaited = (Arc<OnceLock<Content>>, u64);

impl Links {
    /// Reads content once for all of the `names` that a file has. Another thread that meets a second name meanwhile waits.
    pub(super) fn once(&self, id: Id, names: u64, read: impl FnOnce() -> Content) -> Content {
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
        let cheap = matches!(content, Content::NotGo(_));
        let mut awaited = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // To read again what is no program costs no more than to remember it.
        if cheap || awaited.len() > MOST {
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
        links.once((1, file), 3, || {
            was_read = true;
            content.clone()
        });
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
    fn names_elsewhere_do_not_add_up() {
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
