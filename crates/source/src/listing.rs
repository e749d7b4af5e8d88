//! The entries of one directory.
//!
//! On Unix all names are in one allocation: one allocation for each name would take a tenth of a walk's own processor time.
//! No budget counts the names: a walk must have all names of a directory to sort them, and has one directory of each level in
//! memory. The file system bounds them (a million names take 30 MB), and no archive or image can make them up.

use std::cmp::Ordering;
use std::ffi::OsStr;

/// The kind of an entry, without following links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link.
    Link,
    /// A FIFO, socket or device: never opened.
    Special,
}

/// Initial room: number of entries, and bytes for each name. Most directories need no more.
const USUAL: (usize, usize) = (32, 24);

/// The entries of a directory; the kind is `None` when only a stat can tell it.
#[derive(Debug)]
pub struct Listing {
    names: NameBuffer,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The first eight bytes of the name: they nearly always decide the order.
    first: u64,
    name: NameRef,
    kind: Option<FileKind>,
}

impl Default for Listing {
    fn default() -> Self {
        Self {
            names: NameBuffer::with_capacity(USUAL.0, USUAL.1),
            entries: Vec::with_capacity(USUAL.0),
        }
    }
}

impl Listing {
    /// Adds an entry.
    pub fn push(&mut self, name: &OsStr, kind: Option<FileKind>) {
        let mut first = [0; 8];
        for (to, from) in first.iter_mut().zip(name.as_encoded_bytes()) {
            *to = *from;
        }
        self.entries.push(Entry {
            first: u64::from_be_bytes(first),
            name: self.names.push(name),
            kind,
        });
    }

    /// Sorts the entries by the bytes of their names.
    pub fn sort(&mut self) {
        let names = &self.names;
        self.entries.sort_unstable_by(|a, b| order(names, a, b));
    }

    /// Compares the names of two entries by their bytes.
    pub fn compare(&self, a: usize, b: usize) -> Ordering {
        match (self.entries.get(a), self.entries.get(b)) {
            (Some(a), Some(b)) => order(&self.names, a, b),
            _ => a.cmp(&b),
        }
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry at an index of the sorted listing.
    pub fn get(&self, at: usize) -> Option<(&OsStr, Option<FileKind>)> {
        let entry = self.entries.get(at)?;
        Some((self.names.get(entry.name), entry.kind))
    }

    /// All entries.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, Option<FileKind>)> {
        let entries = self.entries.iter();
        entries.map(|entry| (self.names.get(entry.name), entry.kind))
    }

    /// Removes all entries.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether an entry has this name.
    pub fn has(&self, name: &str) -> bool {
        self.iter().any(|entry| entry.0 == name)
    }
}

fn order(names: &NameBuffer, a: &Entry, b: &Entry) -> Ordering {
    let bytes = |e: &Entry| names.get(e.name).as_encoded_bytes();
    a.first.cmp(&b.first).then_with(|| bytes(a).cmp(bytes(b)))
}

#[cfg(unix)]
use unix::{NameBuffer, NameRef};

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    /// All names in one buffer.
    #[derive(Debug)]
    pub(super) struct NameBuffer(Vec<u8>);

    /// Offset and length of a name.
    pub(super) type NameRef = (usize, u32);

    impl NameBuffer {
        pub fn with_capacity(names: usize, bytes: usize) -> Self {
            Self(Vec::with_capacity(names * bytes))
        }

        pub fn push(&mut self, name: &OsStr) -> NameRef {
            let at = self.0.len();
            self.0.extend_from_slice(name.as_bytes());
            // No system allows names of gigabytes.
            (at, u32::try_from(name.len()).unwrap_or(u32::MAX))
        }

        pub fn get(&self, (at, length): NameRef) -> &OsStr {
            let name = self.0.get(at..at.saturating_add(length as usize));
            OsStr::from_bytes(name.unwrap_or_default())
        }
    }
}

#[cfg(not(unix))]
use portable::{NameBuffer, NameRef};

#[cfg(not(unix))]
mod portable {
    use std::ffi::{OsStr, OsString};

    /// One allocation for each name: without unsafe code an `OsStr` cannot be made from bytes here.
    #[derive(Debug)]
    pub(super) struct NameBuffer(Vec<OsString>);

    /// Index of a name.
    pub(super) type NameRef = usize;

    impl NameBuffer {
        pub fn with_capacity(names: usize, _: usize) -> Self {
            Self(Vec::with_capacity(names))
        }

        pub fn push(&mut self, name: &OsStr) -> NameRef {
            self.0.push(name.to_owned());
            self.0.len() - 1
        }

        pub fn get(&self, at: NameRef) -> &OsStr {
            self.0.get(at).map_or(OsStr::new(""), |name| name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_in_the_order_of_their_bytes() {
        let mut names = [
            "b",
            "a",
            "ab",
            "a.b",
            "abcdefgh",
            "abcdefghi",
            "abcdefg",
            "abcdefgha",
            "Z",
            "é",
            "",
            "abcdefgh\u{1}",
        ];
        let mut listing = Listing::default();
        for name in names {
            listing.push(OsStr::new(name), Some(FileKind::File));
        }
        listing.sort();
        names.sort_unstable();
        let sorted: Vec<&str> = (0..listing.len())
            .filter_map(|i| listing.get(i)?.0.to_str())
            .collect();
        assert_eq!(sorted, names);
        assert!(listing.has("abcdefg") && !listing.has("abc"));
    }
}
