//! cpio, read forward: the formats "newc", "crc" and the older portable "odc" (cpio(5)), and the headers without metadata that RPM
//! uses for large files (rpm: `lib/cpio.cc`).

use super::problem::{inside, shown};
use super::tar::Flow;
use super::{ArchiveError, Feed, Scope};
use std::io::{self, Read};

/// One entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The name as stored.
    pub name: Vec<u8>,
    /// File type and permission bits, as in `stat`.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// Number of hard links to the file.
    pub links: u64,
    /// Device and inode: equal for all names of one file.
    pub file: (u64, u64),
    /// Bytes of content in this entry. Only one of several names of a file, usually the last, has the content.
    pub size: u64,
}

impl Entry {
    /// Whether it is a regular file. Unknown types count as one, because some programs extract them as files.
    pub fn is_file(&self) -> bool {
        !matches!(
            self.mode & 0o170_000,
            0o010_000 | 0o020_000 | 0o040_000 | 0o060_000 | 0o120_000 | 0o140_000
        )
    }
}

/// Name of the entry that ends an archive.
const TRAILER: &[u8] = b"TRAILER!!!";

/// Whether the first bytes of a stream are a cpio header.
pub(crate) fn looks_like_header(head: &[u8]) -> bool {
    let digits = |len: usize, octal: bool| {
        head.get(6..len).is_some_and(|d| {
            d.iter().all(|b| {
                if octal {
                    matches!(b, b'0'..=b'7')
                } else {
                    b.is_ascii_hexdigit()
                }
            })
        })
    };
    match head.get(..6) {
        Some(b"070701" | b"070702") => digits(NEWC, false),
        Some(b"070707") => digits(ODC, true),
        _ => false,
    }
}

/// Length of a newc or crc header.
const NEWC: usize = 110;
/// Length of an odc header.
const ODC: usize = 76;

/// Passes every entry with a reader of its content to `visit`, in order. `files` looks up the entries whose RPM header holds only
/// an index.
///
/// # Errors
/// What is wrong with the archive or its stream, with the offset; an error of the visitor comes out unchanged. An archive without
/// its trailer is truncated.
pub fn read(
    feed: &mut Feed<'_>,
    scope: &Scope,
    files: &dyn Fn(u32) -> Option<Entry>,
    visit: &mut dyn FnMut(&Entry, &mut dyn Read) -> io::Result<Flow>,
) -> Result<(), ArchiveError> {
    // Padding to 4 bytes counts from the start of the archive.
    let base = feed.offset();
    loop {
        let at = feed.offset();
        let (entry, align) = header(feed, scope, files)?;
        if entry.name == TRAILER {
            return Ok(());
        }
        scope.entry()?;
        let start = feed.offset();
        let end = start.checked_add(entry.size).ok_or_else(|| {
            ArchiveError::malformed(format!(
                "impossible size of entry {} at offset {at}",
                shown(&entry.name)
            ))
        })?;
        let flow = visit(
            &entry,
            &mut Body {
                feed,
                left: entry.size,
            },
        )
        .map_err(|e| inside(e, &entry.name))?;
        if flow == Flow::Stop {
            return Ok(());
        }
        let left = end.saturating_sub(feed.offset());
        let skipped = feed.skip(left).map_err(|e| inside(e, &entry.name))?;
        if skipped < left {
            return Err(ArchiveError::truncated(format!(
                "the archive ends inside entry {}, after {} of {} bytes",
                shown(&entry.name),
                feed.offset() - start,
                entry.size
            )));
        }
        feed.skip(padding(end - base, align))?;
    }
}

fn padding(len: u64, align: u64) -> u64 {
    len.wrapping_neg() % align
}

/// The next header with its name, and the alignment of what follows it.
fn header(
    feed: &mut Feed<'_>,
    scope: &Scope,
    files: &dyn Fn(u32) -> Option<Entry>,
) -> Result<(Entry, u64), ArchiveError> {
    let at = feed.offset();
    let broken = |what: &str| ArchiveError::malformed(format!("{what} at offset {at}"));
    let ended = || {
        ArchiveError::truncated(format!(
            "the archive ends without its trailer, at offset {at}"
        ))
    };
    let magic: [u8; 6] = feed.peek(6)?.first_chunk().copied().ok_or_else(ended)?;
    match &magic {
        b"070701" | b"070702" => {
            let raw: [u8; NEWC] = feed.take_array()?.ok_or_else(ended)?;
            let mut n = [0; 13];
            for (value, digits) in n
                .iter_mut()
                .zip(raw.get(6..).unwrap_or_default().as_chunks::<8>().0)
            {
                *value = hex(digits).ok_or_else(|| broken("not a cpio header"))?;
            }
            let [
                ino,
                mode,
                uid,
                gid,
                links,
                _,
                size,
                major,
                minor,
                _,
                _,
                name_len,
                _,
            ] = n;
            let name = name(feed, scope, name_len)?;
            feed.skip(padding(NEWC as u64 + name_len, 4))?;
            let file = (major << 32 | minor, ino);
            Ok((
                Entry {
                    name,
                    mode: mode as u32,
                    uid,
                    gid,
                    links,
                    file,
                    size,
                },
                4,
            ))
        }
        b"070707" => {
            let raw: [u8; ODC] = feed.take_array()?.ok_or_else(ended)?;
            let field = |at: usize, len: usize| {
                raw.get(at..at + len)
                    .and_then(octal)
                    .ok_or_else(|| broken("not a cpio header"))
            };
            let mut entry = Entry {
                file: (field(6, 6)?, field(12, 6)?),
                mode: field(18, 6)? as u32,
                uid: field(24, 6)?,
                gid: field(30, 6)?,
                links: field(36, 6)?,
                size: field(65, 11)?,
                name: Vec::new(),
            };
            entry.name = name(feed, scope, field(59, 6)?)?;
            Ok((entry, 1))
        }
        b"07070X" => {
            let raw: [u8; 16] = feed.take_array()?.ok_or_else(ended)?;
            let index = raw
                .get(6..14)
                .and_then(hex)
                .and_then(|i| u32::try_from(i).ok());
            let entry = index
                .and_then(files)
                .ok_or_else(|| broken("a cpio header for an unknown file"))?;
            Ok((entry, 4))
        }
        _ => Err(broken("not a cpio header")),
    }
}

/// Reads a name, which ends with NUL.
fn name(feed: &mut Feed<'_>, scope: &Scope, len: u64) -> Result<Vec<u8>, ArchiveError> {
    // Of a name beyond the limit only the beginning is kept, to report it.
    let most = (scope.limits.path as u64).saturating_mul(16).max(1 << 16);
    let mut name = feed.take_vec(len.min(most))?;
    let rest = len.saturating_sub(most);
    if feed.skip(rest)? < rest {
        return Err(ArchiveError::truncated(format!(
            "the archive ends inside a name of {len} bytes"
        )));
    }
    let end = memchr::memchr(0, &name).unwrap_or(name.len());
    name.truncate(end);
    Ok(name)
}

fn hex(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0u64, |v, b| {
        Some(v << 4 | u64::from(char::from(*b).to_digit(16)?))
    })
}

fn octal(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0u64, |v, b| {
        Some(v << 3 | u64::from(char::from(*b).to_digit(8)?))
    })
}

struct Body<'f, 'a> {
    feed: &'f mut Feed<'a>,
    left: u64,
}

impl Read for Body<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        super::tar::read_some(self.feed, &mut self.left, out)
    }
}
