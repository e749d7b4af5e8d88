//! Zip, read through its central directory: what the directory does not list is not there, as for every other tool.
//!
//! Layout: PKWARE APPNOTE.TXT 6.3. Entries that share bytes with others (the overlapping kind of zip bomb) are refused.

mod directory;

use super::codec::{Decode, Start, Step, decoder, inflate};
use super::stream::Pump;
use super::tar::Flow;
use super::{ArchiveError, Codec, Feed, Reason, Scope};
use crate::bytes::{Part, ReadAt};
use directory::{Directory, Entries};
use std::collections::HashSet;
use std::io::{self, Read};

/// One entry of the central directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The name as stored.
    pub name: Vec<u8>,
    /// File type and permission bits as in `stat`, when the archive was made on a Unix.
    pub mode: Option<u32>,
    /// Expanded size.
    pub size: u64,
    packed: u64,
    crc: u32,
    method: u16,
    flags: u16,
    /// Of the local header, from the start of the file.
    offset: u64,
}

impl Entry {
    /// Whether it has content: no directory, no symbolic link. What `zip` read from a pipe is recorded as one, and comes out as a file.
    pub fn is_file(&self) -> bool {
        match self.mode.map_or(0, |m| m & 0o170_000) {
            0o040_000 | 0o120_000 => false,
            0o100_000 => true,
            _ => self.name.last() != Some(&b'/'),
        }
    }
}

/// A reader of an entry's content, or why there is none.
pub type Content<'a> = Result<&'a mut dyn Read, ArchiveError>;

/// Signature of a local header.
const LOCAL: &[u8] = b"PK\x03\x04";
/// Length of a local header without name and extra field.
const LOCAL_LEN: u64 = 30;

/// Gives every entry, in the directory's order, and a reader of its content or the reason why there is none, to
/// `visit`. The reader checks the length and the checksum when it is read to its end.
///
/// # Errors
/// When there is no usable central directory; an error of the visitor comes out unchanged.
pub fn read(
    bytes: &dyn ReadAt,
    scope: &Scope,
    visit: &mut dyn FnMut(&Entry, Content<'_>) -> io::Result<Flow>,
) -> Result<(), ArchiveError> {
    let directory = Directory::find(bytes, &scope.limits)?;
    let part = directory.part(bytes);
    let overlapping = overlapping(directory.entries(&part))?;
    let mut entries = directory.entries(&part);
    while let Some(entry) = entries.next_entry()? {
        scope.entry()?;
        let content = if overlapping.contains(&entry.offset) {
            Err(ArchiveError::malformed(
                "shares bytes of the archive with another entry",
            ))
        } else {
            locate(bytes, &entry)
        };
        let flow = match content.and_then(|part| Ok((codec(&entry, scope)?, part))) {
            Err(error) => visit(&entry, Err(error))?,
            Ok((decoder, part)) => {
                let feed = Feed::at(&part);
                let stream: Box<dyn Read + '_> = match decoder {
                    None => Box::new(feed),
                    Some(decoder) => Box::new(Pump::new(decoder, feed, scope)),
                };
                visit(
                    &entry,
                    Ok(&mut Checked {
                        stream,
                        left: entry.size,
                        crc: flate2::Crc::new(),
                        want: entry.crc,
                    }),
                )?
            }
        };
        if flow == Flow::Stop {
            break;
        }
    }
    Ok(())
}

/// Offsets of the entries that begin inside an earlier one. What lies between directory entries is checked without
/// reading local headers: a local header and name are at least as long as the directory says.
fn overlapping(mut entries: Entries<'_>) -> Result<HashSet<u64>, ArchiveError> {
    let mut extents = Vec::new();
    while let Some(entry) = entries.next_entry()? {
        let head = LOCAL_LEN + entry.name.len() as u64;
        extents.push((
            entry.offset,
            entry
                .offset
                .saturating_add(head)
                .saturating_add(entry.packed),
        ));
    }
    extents.sort_unstable();
    let mut end = 0;
    let mut found = HashSet::new();
    for (start, stop) in extents {
        if start < end {
            found.insert(start);
        }
        end = end.max(stop);
    }
    Ok(found)
}

/// The stored bytes of an entry, behind its local header.
fn locate<'a>(bytes: &'a dyn ReadAt, entry: &Entry) -> Result<Part<'a>, ArchiveError> {
    if entry.flags & 1 != 0 || entry.method == 99 {
        return Err(ArchiveError::new(Reason::Encrypted, "encrypted"));
    }
    let mut header = [0; LOCAL_LEN as usize];
    let n = bytes.read_at(&mut header, entry.offset)?;
    if n < header.len() || !header.starts_with(LOCAL) {
        let reason = if entry.offset >= bytes.len() {
            Reason::Truncated
        } else {
            Reason::Malformed
        };
        return Err(ArchiveError::new(
            reason,
            format!("no local header at offset {}", entry.offset),
        ));
    }
    let half = |at: usize| {
        header
            .get(at..)
            .and_then(|b| b.first_chunk().copied())
            .map_or(0, u16::from_le_bytes)
    };
    let start = entry.offset + LOCAL_LEN + u64::from(half(26)) + u64::from(half(28));
    if start
        .checked_add(entry.packed)
        .is_none_or(|end| end > bytes.len())
    {
        return Err(ArchiveError::truncated(format!(
            "its {} stored bytes are not all there",
            entry.packed
        )));
    }
    Ok(Part::new(bytes, start, entry.packed))
}

/// The decompressor for an entry; `None`: stored as it is.
fn codec<'a>(
    entry: &Entry,
    scope: &'a Scope,
) -> Result<Option<Box<dyn Decode + 'a>>, ArchiveError> {
    let codec = match entry.method {
        0 if entry.size != entry.packed => {
            return Err(ArchiveError::malformed("stored, yet its two sizes differ"));
        }
        0 => return Ok(None),
        8 => return Ok(Some(Box::new(Deflate(flate2::Decompress::new(false))))),
        12 => Codec::Bzip2,
        20 | 93 => Codec::Zstd,
        95 => Codec::Xz,
        other => {
            return Err(ArchiveError::unsupported(format!(
                "zip compression method {other}"
            )));
        }
    };
    decoder(codec, scope).map(Some)
}

/// RFC 1951, without a frame.
struct Deflate(flate2::Decompress);

impl Decode for Deflate {
    fn start(&mut self, first: bool, _head: &[u8]) -> Result<Start, ArchiveError> {
        Ok(if first { Start::Go } else { Start::Done })
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Result<Step, ArchiveError> {
        Ok(inflate(&mut self.0, input, out, "deflate"))
    }
}

/// Content of an entry, held to what the directory says about it.
struct Checked<'a> {
    stream: Box<dyn Read + 'a>,
    left: u64,
    crc: flate2::Crc,
    want: u32,
}

impl Read for Checked<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let n = self.stream.read(out)?;
        if n == 0 {
            if self.left > 0 {
                return Err(ArchiveError::malformed(format!(
                    "{} bytes shorter than its stated size",
                    self.left
                ))
                .into());
            }
            if self.crc.sum() != self.want {
                return Err(ArchiveError::malformed("its checksum does not match").into());
            }
            return Ok(0);
        }
        self.left = self
            .left
            .checked_sub(n as u64)
            .ok_or_else(|| ArchiveError::malformed("expands beyond its stated size"))?;
        self.crc.update(out.get(..n).unwrap_or_default());
        Ok(n)
    }
}

#[cfg(test)]
mod tests;
