//! The central directory: APPNOTE 4.3.12 to 4.3.16, including zip64.

use super::super::{ArchiveError, Feed};
use super::Entry;
use gospect_bytes::{Limits, Part, ReadAt};

/// End of central directory record: 22 bytes and a comment of up to 65535.
const END: &[u8; 4] = b"PK\x05\x06";
const END_LEN: usize = 22;
/// Zip64 end of central directory locator, directly before the end record.
const LOCATOR: &[u8; 4] = b"PK\x06\x07";
const LOCATOR_LEN: u64 = 20;
/// Zip64 end of central directory record.
const END64: &[u8; 4] = b"PK\x06\x06";
/// Central directory file header: 46 bytes, name, extra field, comment.
const CENTRAL: &[u8; 4] = b"PK\x01\x02";

/// Position of the central directory.
pub(super) struct Directory {
    start: u64,
    len: u64,
    /// The offset that offsets in the directory are relative to: not zero when the archive has a prefix.
    base: u64,
}

/// A little-endian number of `N` bytes.
pub(super) fn le<const N: usize>(bytes: &[u8], at: usize) -> Option<u64> {
    let mut wide = [0; 8];
    wide.get_mut(..N)?.copy_from_slice(bytes.get(at..at + N)?);
    Some(u64::from_le_bytes(wide))
}

pub(super) fn read_vec(
    bytes: &dyn ReadAt,
    offset: u64,
    len: usize,
) -> Result<Vec<u8>, ArchiveError> {
    let mut buf = vec![0; len];
    let read = bytes.read_at(&mut buf, offset)?;
    buf.truncate(read);
    Ok(buf)
}

impl Directory {
    /// Finds the directory, from the end of the file.
    pub(super) fn find(bytes: &dyn ReadAt, limits: &Limits) -> Result<Self, ArchiveError> {
        let tail_len = bytes.len().min(END_LEN as u64 + u64::from(u16::MAX));
        let tail_at = bytes.len() - tail_len;
        let tail = read_vec(bytes, tail_at, usize::try_from(tail_len).unwrap_or(0))?;
        let at = end_record(&tail)
            .ok_or_else(|| ArchiveError::truncated("no zip directory at its end"))?;
        let broken = || ArchiveError::malformed("the zip directory is broken");
        let record = tail.get(at..).unwrap_or_default();
        let end = tail_at + at as u64;
        let (mut len, mut offset) = (
            le::<4>(record, 12).ok_or_else(broken)?,
            le::<4>(record, 16).ok_or_else(broken)?,
        );
        if le::<2>(record, 4) != Some(0) && le::<2>(record, 4) != Some(0xffff) {
            return Err(ArchiveError::unsupported(
                "one part of a zip archive in several",
            ));
        }
        let mut stop = end;
        if let Some(at) = zip64(bytes, end)? {
            let record = read_vec(bytes, at, 56)?;
            len = le::<8>(&record, 40).ok_or_else(broken)?;
            offset = le::<8>(&record, 48).ok_or_else(broken)?;
            stop = at;
        }
        if len > limits.metadata {
            return Err(ArchiveError::limit(format!(
                "a zip directory of {len} bytes"
            )));
        }
        // The directory ends directly before its end record. If the stated offset differs, the archive has a prefix and all
        // offsets are shifted.
        let start = stop.checked_sub(len).ok_or_else(broken)?;
        let moved = start.checked_sub(offset);
        let base = match moved {
            Some(base) if len == 0 || read_vec(bytes, start, 4)? == CENTRAL => base,
            _ if read_vec(bytes, offset, 4)? == CENTRAL => {
                return Ok(Self {
                    start: offset,
                    len,
                    base: 0,
                });
            }
            _ => return Err(broken()),
        };
        Ok(Self { start, len, base })
    }

    /// Offset of the directory.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// The bytes of the directory itself.
    pub(super) fn part<'a>(&self, bytes: &'a dyn ReadAt) -> Part<'a> {
        Part::new(bytes, self.start, self.len)
    }

    /// The entries, in order; `part` comes from [`Directory::part`].
    pub(super) fn entries<'a>(&self, part: &'a Part<'a>) -> Entries<'a> {
        Entries {
            feed: Feed::at(part),
            base: self.base,
        }
    }
}

/// The last end record whose comment ends exactly at the end of the file, or else the last one whose comment fits.
fn end_record(tail: &[u8]) -> Option<usize> {
    let fits = |at: &usize, exact: bool| {
        let rest = tail.len().checked_sub(at + END_LEN);
        let comment = le::<2>(tail, at + 20).and_then(|size| usize::try_from(size).ok());
        rest.zip(comment)
            .is_some_and(|(rest, comment)| match exact {
                true => comment == rest,
                false => comment <= rest,
            })
    };
    let found: Vec<usize> = memchr::memmem::rfind_iter(tail, END).collect();
    found
        .iter()
        .find(|at| fits(at, true))
        .or_else(|| found.iter().find(|at| fits(at, false)))
        .copied()
}

/// Offset of the zip64 end record, if there is one.
fn zip64(bytes: &dyn ReadAt, end: u64) -> Result<Option<u64>, ArchiveError> {
    let Some(at) = end.checked_sub(LOCATOR_LEN) else {
        return Ok(None);
    };
    let locator = read_vec(bytes, at, 20)?;
    if !locator.starts_with(LOCATOR) {
        return Ok(None);
    }
    let stated = le::<8>(&locator, 8).unwrap_or(u64::MAX);
    // With a prefix the stated offset is wrong, but the record is directly before its locator.
    for at in [Some(stated), at.checked_sub(56)].into_iter().flatten() {
        if at < end && read_vec(bytes, at, 4)? == END64 {
            return Ok(Some(at));
        }
    }
    Err(ArchiveError::malformed(
        "the zip64 directory is not where its locator says",
    ))
}

/// Reads the entries of the directory, piece by piece.
pub(super) struct Entries<'a> {
    feed: Feed<'a>,
    base: u64,
}

impl Entries<'_> {
    /// The next entry; `None` after the last.
    pub(super) fn next_entry(&mut self) -> Result<Option<Entry>, ArchiveError> {
        let Some(head) = self.feed.take_array::<46>()? else {
            return Ok(None);
        };
        if !head.starts_with(CENTRAL) {
            // Only a digital signature may follow the entries (APPNOTE 4.3.13).
            return if head.starts_with(b"PK\x05\x05") {
                Ok(None)
            } else {
                Err(ArchiveError::malformed(format!(
                    "not a zip directory entry at {}",
                    self.feed.offset() - 46
                )))
            };
        }
        let half = |at: usize| le::<2>(&head, at).unwrap_or(0);
        let word = |at: usize| le::<4>(&head, at).unwrap_or(0);
        let name = self.feed.take_vec(half(28))?;
        let extra = self.feed.take_vec(half(30))?;
        self.feed.skip(half(32))?;
        let mut wide = [word(24), word(20), word(42)];
        if wide.contains(&u64::from(u32::MAX)) {
            widen(&extra, &mut wide);
        }
        let [size, packed, offset] = wide;
        // The upper byte is the system that made the entry; for Unix (3) and macOS (19) the attributes hold the mode.
        let unix = matches!(head[5], 3 | 19);
        let offset = offset
            .checked_add(self.base)
            .ok_or_else(|| ArchiveError::malformed("a zip entry at an impossible offset"))?;
        Ok(Some(Entry {
            name,
            mode: unix.then_some((word(38) >> 16) as u32).filter(|m| *m != 0),
            size,
            packed,
            crc: word(16) as u32,
            method: half(10) as u16,
            flags: half(8) as u16,
            offset,
        }))
    }
}

/// Replaces size, packed size and offset, where they did not fit, by those in the zip64 extra field (APPNOTE 4.5.3).
pub(super) fn widen(mut extra: &[u8], wide: &mut [u64]) {
    while let (Some(id), Some(len)) = (le::<2>(extra, 0), le::<2>(extra, 2)) {
        let len = usize::try_from(len).unwrap_or(0);
        let Some(body) = extra.get(4..4 + len) else {
            return;
        };
        if id == 1 {
            let mut values = body.as_chunks::<8>().0.iter();
            for value in wide.iter_mut().filter(|v| **v == u64::from(u32::MAX)) {
                if let Some(bytes) = values.next() {
                    *value = u64::from_le_bytes(*bytes);
                }
            }
            return;
        }
        extra = extra.get(4 + len..).unwrap_or_default();
    }
}
