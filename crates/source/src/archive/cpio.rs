//! cpio, read forward: the formats "newc", "crc", the older portable "odc" and the oldest, binary one (cpio(5)), and the headers without
//! metadata that RPM uses for large files (rpm: `lib/cpio.cc`).

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
        Some([first, second, ..]) if is_binary_magic([*first, *second]) => is_binary_header(head),
        _ => false,
    }
}

/// Length of a newc or crc header.
const NEWC: usize = 110;
/// Length of an odc header.
const ODC: usize = 76;
/// Length of a binary header.
const BINARY: usize = 26;
/// The first number of a binary header.
const BINARY_MAGIC: u16 = 0o070_707;

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
    let no_header = || broken("not a cpio header");
    let magic: [u8; 6] = feed.peek(6)?.first_chunk().copied().ok_or_else(ended)?;
    let ((mut entry, name_length), align) = match &magic {
        b"070701" | b"070702" => {
            let raw: [u8; NEWC] = feed.take_array()?.ok_or_else(ended)?;
            (newc(&raw).ok_or_else(no_header)?, 4)
        }
        b"070707" => {
            let raw: [u8; ODC] = feed.take_array()?.ok_or_else(ended)?;
            (odc(&raw).ok_or_else(no_header)?, 1)
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
            return Ok((entry, 4));
        }
        [first, second, ..] if is_binary_magic([*first, *second]) => {
            let raw: [u8; BINARY] = feed.take_array()?.ok_or_else(ended)?;
            (binary(&raw).ok_or_else(no_header)?, 2)
        }
        _ => return Err(no_header()),
    };
    entry.name = name(feed, scope, name_length)?;
    feed.skip(padding(feed.offset() - at, align))?;
    Ok((entry, align))
}

/// An entry without its name, and the length of the name, of a newc or crc header.
fn newc(raw: &[u8; NEWC]) -> Option<(Entry, u64)> {
    let mut n = [0; 13];
    let digits = raw.get(6..).unwrap_or_default().as_chunks::<8>().0;
    for (value, digits) in n.iter_mut().zip(digits) {
        *value = hex(digits)?;
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
        name_length,
        _,
    ] = n;
    let entry = Entry {
        mode: mode as u32,
        uid,
        gid,
        links,
        file: (major << 32 | minor, ino),
        size,
        name: Vec::new(),
    };
    Some((entry, name_length))
}

/// The same of an odc header.
fn odc(raw: &[u8; ODC]) -> Option<(Entry, u64)> {
    let field = |at: usize, len: usize| octal(raw.get(at..at + len)?);
    let entry = Entry {
        file: (field(6, 6)?, field(12, 6)?),
        mode: field(18, 6)? as u32,
        uid: field(24, 6)?,
        gid: field(30, 6)?,
        links: field(36, 6)?,
        size: field(65, 11)?,
        name: Vec::new(),
    };
    Some((entry, field(59, 6)?))
}

/// The same of a binary header: 13 numbers of 16 bits in the byte order of the machine; of 32 bits, the upper half comes first.
fn binary(raw: &[u8; BINARY]) -> Option<(Entry, u64)> {
    let mut numbers = [0u64; BINARY / 2];
    let is_little = raw.first_chunk() == Some(&BINARY_MAGIC.to_le_bytes());
    for (number, bytes) in numbers.iter_mut().zip(raw.as_chunks::<2>().0) {
        *number = u64::from(match is_little {
            true => u16::from_le_bytes(*bytes),
            false => u16::from_be_bytes(*bytes),
        });
    }
    let [
        _,
        device,
        inode,
        mode,
        uid,
        gid,
        links,
        _,
        _,
        _,
        name_length,
        high,
        low,
    ] = numbers;
    let entry = Entry {
        file: (device, inode),
        mode: u32::try_from(mode).ok()?,
        uid,
        gid,
        links,
        size: high << 16 | low,
        name: Vec::new(),
    };
    Some((entry, name_length))
}

fn is_binary_magic(bytes: [u8; 2]) -> bool {
    bytes == BINARY_MAGIC.to_le_bytes() || bytes == BINARY_MAGIC.to_be_bytes()
}

/// Whether the first bytes of a stream are a binary header with its name. The magic number alone is too short to tell.
fn is_binary_header(head: &[u8]) -> bool {
    let Some((raw, rest)) = head.split_first_chunk() else {
        return false;
    };
    let Some((entry, name_length)) = binary(raw) else {
        return false;
    };
    let name = usize::try_from(name_length)
        .ok()
        .and_then(|length| rest.get(..length));
    let is_type = [0o1, 0o2, 0o4, 0o6, 0o10, 0o12, 0o14].contains(&(entry.mode >> 12));
    is_type
        && name.is_some_and(|name| {
            name.split_last()
                .is_some_and(|(end, name)| *end == 0 && !name.is_empty() && !name.contains(&0))
        })
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
