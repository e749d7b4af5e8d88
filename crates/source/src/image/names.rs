//! The names of one layer in the order of its tar, prefix-compressed: all that the overlay needs. A name takes about 20 bytes, so
//! a layer with half a million files takes ten megabytes.

/// The kind of file that a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind<'a> {
    /// A directory.
    Dir,
    /// A regular file.
    File {
        /// Index of the result for this file, chosen by the caller.
        found: Option<u32>,
        /// Whether the file is empty.
        empty: bool,
    },
    /// Another name of the file at this path, relative to the root.
    HardLink(&'a [u8]),
    /// A symbolic link with this target.
    Symlink(&'a [u8]),
    /// A device or FIFO.
    Other,
}

/// One entry of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    /// Path as in the tar header.
    pub path: &'a [u8],
    /// Kind of the file.
    pub kind: NameKind<'a>,
    /// Permission bits.
    pub mode: u32,
}

/// The entries of one layer.
#[derive(Debug, Default)]
pub struct Names {
    log: Vec<u8>,
    last: Vec<u8>,
    count: u64,
}

impl Names {
    /// Adds the next entry of the layer.
    pub fn push(&mut self, name: &Name<'_>) {
        let shared = self
            .last
            .iter()
            .zip(name.path)
            .take_while(|(a, b)| a == b)
            .count();
        let (tag, value, link): (u8, u64, &[u8]) = match name.kind {
            NameKind::Dir => (0, 0, b""),
            NameKind::File {
                found: Some(found), ..
            } => (1, u64::from(found), b""),
            NameKind::File { empty, .. } => (2 + u8::from(empty), 0, b""),
            NameKind::HardLink(to) => (4, 0, to),
            NameKind::Symlink(to) => (5, 0, to),
            NameKind::Other => (6, 0, b""),
        };
        self.log.push(tag);
        for number in [
            u64::from(name.mode & 0o7777),
            shared as u64,
            (name.path.len() - shared) as u64,
        ] {
            self.number(number);
        }
        self.log.extend_from_slice(&name.path[shared..]);
        match tag {
            1 => self.number(value),
            4 | 5 => {
                self.number(link.len() as u64);
                self.log.extend_from_slice(link);
            }
            _ => {}
        }
        self.last.truncate(shared);
        self.last.extend_from_slice(&name.path[shared..]);
        self.count += 1;
    }

    /// Number of entries.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// The entries as bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.log
    }

    /// Entries from their bytes; no more can be added. Of bytes that are something else, the entries before the fault remain.
    pub fn from_bytes(log: &[u8], count: u64) -> Self {
        Self {
            log: log.to_vec(),
            last: Vec::new(),
            count,
        }
    }

    /// Calls `visit` with every entry, in order.
    pub fn each(&self, mut visit: impl FnMut(Name<'_>)) {
        let mut at = Cursor {
            log: &self.log,
            at: 0,
        };
        let mut path = Vec::new();
        for _ in 0..self.count {
            let Some(()) = at.next(&mut path, &mut visit) else {
                return;
            };
        }
    }

    /// Adds a number: seven bits in each byte, lowest first.
    fn number(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.log.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.log.push(n as u8);
    }
}

struct Cursor<'a> {
    log: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn next(&mut self, path: &mut Vec<u8>, visit: &mut impl FnMut(Name<'_>)) -> Option<()> {
        let tag = *self.bytes(1)?.first()?;
        let mode = self.number()? as u32;
        let shared = self.number()? as usize;
        let own = self.number()? as usize;
        let own = self.bytes(own)?;
        path.truncate(shared);
        path.extend_from_slice(own);
        let kind = match tag {
            0 => NameKind::Dir,
            1 => NameKind::File {
                found: Some(self.number()? as u32),
                empty: false,
            },
            2 | 3 => NameKind::File {
                found: None,
                empty: tag == 3,
            },
            4 | 5 => {
                let len = self.number()? as usize;
                let link = self.bytes(len)?;
                if tag == 4 {
                    NameKind::HardLink(link)
                } else {
                    NameKind::Symlink(link)
                }
            }
            _ => NameKind::Other,
        };
        visit(Name { path, kind, mode });
        Some(())
    }

    fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(len)?;
        let got = self.log.get(self.at..end)?;
        self.at = end;
        Some(got)
    }

    fn number(&mut self) -> Option<u64> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.bytes(1)?.first()?;
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(n);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_as_they_were_added() {
        let long = vec![b'x'; 300];
        let entries = [
            Name {
                path: b"usr/",
                kind: NameKind::Dir,
                mode: 0o755,
            },
            Name {
                path: b"usr/bin/app",
                kind: NameKind::File {
                    found: Some(70000),
                    empty: false,
                },
                mode: 0o4755,
            },
            Name {
                path: b"usr/bin/app2",
                kind: NameKind::HardLink(b"usr/bin/app"),
                mode: 0o644,
            },
            Name {
                path: b"usr/bin/a",
                kind: NameKind::Symlink(b"../x"),
                mode: 0o777,
            },
            Name {
                path: &long,
                kind: NameKind::File {
                    found: None,
                    empty: true,
                },
                mode: 0,
            },
            Name {
                path: b"",
                kind: NameKind::Other,
                mode: 0o600,
            },
            Name {
                path: b"etc/\xff",
                kind: NameKind::File {
                    found: None,
                    empty: false,
                },
                mode: 0o600,
            },
        ];
        let mut names = Names::default();
        entries.iter().for_each(|e| names.push(e));
        let mut at = 0;
        names.each(|name| {
            assert_eq!(name, entries[at]);
            at += 1;
        });
        assert_eq!(at, entries.len());
    }

    #[test]
    fn sorted_names_take_little_memory() {
        let mut names = Names::default();
        for i in 0..10_000 {
            let path = format!("usr/share/some/long/directory/name/file-{i:05}.txt");
            names.push(&Name {
                path: path.as_bytes(),
                kind: NameKind::File {
                    found: None,
                    empty: false,
                },
                mode: 0o644,
            });
        }
        assert!(names.log.len() < 20 * 10_000, "{}", names.log.len());
    }
}
