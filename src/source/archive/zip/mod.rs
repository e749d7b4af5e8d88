//! Zip, read through its central directory: what the directory does not list is not there, as for every other tool.
//!
//! Layout: PKWARE APPNOTE.TXT 6.3. Entries that share bytes with others (the overlapping kind of zip bomb) are refused.
//! Sizes that are stated decide nothing: what is there is read, and what contradicts it is told.

mod directory;
mod sizes;

use super::codec::{Decode, Start, Step, decoder, inflate};
use super::stream::Pump;
use super::tar::Flow;
use super::{ArchiveError, Codec, Feed, Reason, Scope};
use crate::bytes::{Part, ReadAt};
use directory::{Directory, Entries, read_vec};
use sizes::Local;
use std::cell::Cell;
use std::collections::HashSet;
use std::io::{self, Read};
use std::rc::Rc;

/// One entry of the central directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The name as stored.
    pub name: Vec<u8>,
    /// File type and permission bits as in `stat`, when the archive was made on a Unix.
    pub mode: Option<u32>,
    /// Expanded size, as the directory states it.
    pub size: u64,
    /// Bytes that the archive keeps of it, as the directory states it.
    pub packed: u64,
    crc: u32,
    method: u16,
    flags: u16,
    /// Of the local header, from the start of the file.
    offset: u64,
}

impl Entry {
    /// Whether it has content: no directory, no symbolic link. What `zip` read from a pipe is recorded as one, and comes out as a file. Many
    /// programs ask the name and not the mode, so a mode hides no content that no directory and no link has.
    pub fn is_file(&self) -> bool {
        let is_named_directory = self.name.last() == Some(&b'/');
        match self.mode.map_or(0, |m| m & 0o170_000) {
            0o040_000 => !is_named_directory && self.packed > 0,
            0o120_000 => self.packed > LINK_MAX,
            0o100_000 => true,
            _ => !is_named_directory,
        }
    }
}

/// Longest target of a symbolic link: `PATH_MAX` of Linux.
const LINK_MAX: u64 = 4096;

/// A reader of an entry's content, or why there is none.
pub type Content<'a, 'b> = Result<&'a mut Body<'b>, ArchiveError>;

/// Signature of a local header.
const LOCAL: &[u8] = b"PK\x03\x04";
/// Length of a local header without name and extra field.
const LOCAL_LEN: u64 = 30;

/// Gives every entry, in the directory's order, and a reader of its content or the reason why there is none, to
/// `visit`. The reader checks the checksum when it is read to its end; [`Body::contradiction`] says what the sizes are worth.
///
/// # Errors
/// When there is no usable central directory; an error of the visitor comes out unchanged.
pub fn read(
    bytes: &dyn ReadAt,
    scope: &Scope,
    visit: &mut dyn FnMut(&Entry, Content<'_, '_>) -> io::Result<Flow>,
) -> Result<(), ArchiveError> {
    let directory = Directory::find(bytes, &scope.limits)?;
    let part = directory.part(bytes);
    let Extents {
        overlapping,
        unlisted,
    } = extents(bytes, directory.start(), directory.entries(&part))?;
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
        let goes_on = Rc::default();
        let content =
            content.and_then(|(part, local)| Ok((codec(&entry, scope, &goes_on)?, part, local)));
        let flow = match content {
            Err(error) => visit(&entry, Err(error))?,
            Ok((decoder, part, local)) => {
                let feed = Feed::at(&part);
                let stream: Box<dyn Read + '_> = match decoder {
                    None => Box::new(feed),
                    Some(decoder) => Box::new(Pump::new(decoder, feed, scope)),
                };
                let ends = entry.method != 8 || entry.packed > SMALL || ends(&part, scope)?;
                visit(
                    &entry,
                    Ok(&mut Body {
                        ends,
                        goes_on,
                        stream,
                        size: entry.size,
                        got: 0,
                        is_whole: entry.packed == 0,
                        crc: flate2::Crc::new(),
                        want: entry.crc,
                        local: local.contradiction(bytes, &entry)?,
                    }),
                )?
            }
        };
        if flow == Flow::Stop {
            return Ok(());
        }
    }
    if unlisted > 0 {
        return Err(ArchiveError::malformed(format!(
            "{unlisted} bytes between its entries belong to none of them, and are not read"
        )));
    }
    Ok(())
}

/// How the entries share the bytes of the archive.
struct Extents {
    /// Offsets of the entries that begin inside an earlier one.
    overlapping: HashSet<u64>,
    /// Bytes that may hold a file and that no entry has: programs that read from front to back would take it out.
    unlisted: u64,
}

/// Bytes between two entries that are no file worth a word.
const GAP: u64 = 2 << 10;
/// The end of what signs an Android package, in front of the directory (Android, "APK Signature Scheme v2").
const APK_SIGNATURE: &[u8] = b"APK Sig Block 42";

/// Compares where the entries are. Most local headers are not read for it: with its name one is at least as long as the directory says.
fn extents(
    bytes: &dyn ReadAt,
    directory: u64,
    mut entries: Entries<'_>,
) -> Result<Extents, ArchiveError> {
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
    let mut last = None;
    let mut overlapping = HashSet::new();
    let mut unlisted = 0;
    let ends = std::iter::once((directory, directory));
    for (start, stop) in extents.iter().copied().chain(ends) {
        if start < end && start != directory {
            overlapping.insert(start);
        }
        if start > end.saturating_add(GAP) {
            unlisted += gap(bytes, last, end, start)?;
        }
        if stop >= end {
            (end, last) = (stop, Some(start));
        }
    }
    Ok(Extents {
        overlapping,
        unlisted,
    })
}

/// How many bytes between the end of the entry at `last`, which is not before `end`, and what begins at `next` are nobody's.
fn gap(bytes: &dyn ReadAt, last: Option<u64>, end: u64, next: u64) -> Result<u64, ArchiveError> {
    let mut end = end;
    if last.is_none() && read_vec(bytes, 0, LOCAL.len())? != LOCAL {
        // Something else that the archive was put behind.
        return Ok(0);
    }
    if let Some(last) = last {
        // The local header's extra field may be longer than that of the directory.
        let header = read_vec(bytes, last, LOCAL_LEN as usize)?;
        let head = header.first_chunk::<{ LOCAL_LEN as usize }>();
        end = end.saturating_add(head.map_or(0, |h| Local::new(h, last).extra()));
    }
    let len = next.saturating_sub(end);
    let signature = next.saturating_sub(APK_SIGNATURE.len() as u64);
    let is_file = len > GAP && read_vec(bytes, signature, APK_SIGNATURE.len())? != APK_SIGNATURE;
    Ok(if is_file { len } else { 0 })
}

/// The stored bytes of an entry, and what its local header says of them.
fn locate<'a>(bytes: &'a dyn ReadAt, entry: &Entry) -> Result<(Part<'a>, Local), ArchiveError> {
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
    let local = Local::new(&header, entry.offset);
    let start = local.start();
    if start
        .checked_add(entry.packed)
        .is_none_or(|end| end > bytes.len())
    {
        return Err(ArchiveError::truncated(format!(
            "its {} stored bytes are not all there",
            entry.packed
        )));
    }
    Ok((Part::new(bytes, start, entry.packed), local))
}

/// Data that nobody may care to read: that it is all there is found out for itself.
const SMALL: u64 = 4 << 10;

/// Whether deflated data ends in its part of the archive.
fn ends(part: &Part<'_>, scope: &Scope) -> Result<bool, ArchiveError> {
    let data = read_vec(part, 0, usize::try_from(part.len()).unwrap_or(0))?;
    Ok(data.is_empty() || scope.deflate_ends(&data))
}

/// The decompressor for an entry; `None`: stored as it is.
fn codec<'a>(
    entry: &Entry,
    scope: &'a Scope,
    goes_on: &Rc<Cell<bool>>,
) -> Result<Option<Box<dyn Decode + 'a>>, ArchiveError> {
    let codec = match entry.method {
        // What is stored as nothing, compressed by whatever method, needs no decompressor.
        _ if entry.packed == 0 => return Ok(None),
        0 => return Ok(None),
        8 => {
            return Ok(Some(Box::new(Deflate {
                data: flate2::Decompress::new(false),
                goes_on: Rc::clone(goes_on),
            })));
        }
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
struct Deflate {
    data: flate2::Decompress,
    /// Whether bytes follow the end of the data.
    goes_on: Rc<Cell<bool>>,
}

impl Decode for Deflate {
    fn start(&mut self, first: bool, head: &[u8]) -> Result<Start, ArchiveError> {
        if first {
            return Ok(Start::Go);
        }
        self.goes_on.set(!head.is_empty());
        Ok(Start::Done)
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Result<Step, ArchiveError> {
        Ok(inflate(&mut self.data, input, out, "deflate"))
    }
}

/// Content of an entry, compared with what the headers say about it.
pub struct Body<'a> {
    stream: Box<dyn Read + 'a>,
    size: u64,
    got: u64,
    is_whole: bool,
    crc: flate2::Crc,
    want: u32,
    /// What the local header or the data descriptor contradicts.
    local: Option<ArchiveError>,
    /// For what is small: whether the data ends where it should.
    ends: bool,
    /// Whether the archive keeps more of it than the compressed data.
    goes_on: Rc<Cell<bool>>,
}

impl Body<'_> {
    /// What is wrong with the stated sizes, as far as it was read: readers that believe them, or another of the places where they
    /// stand, get another file out of the archive.
    pub fn contradiction(&self) -> Option<ArchiveError> {
        if self.got > self.size {
            let is_whole = if self.is_whole { "" } else { " at least" };
            return Some(ArchiveError::malformed(format!(
                "states {} bytes, and{is_whole} {} are in it",
                self.size, self.got
            )));
        }
        if self.is_whole && self.got < self.size {
            return Some(ArchiveError::malformed(format!(
                "states {} bytes, and {} are in it",
                self.size, self.got
            )));
        }
        if !self.ends && !self.is_whole {
            return Some(ArchiveError::truncated(
                "the compressed data does not end where its stated size does",
            ));
        }
        if self.goes_on.get() {
            return Some(ArchiveError::malformed(
                "the compressed data ends before its stated size does",
            ));
        }
        self.local.clone()
    }
}

impl Read for Body<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let n = self.stream.read(out)?;
        if n == 0 {
            self.is_whole = true;
            if self.crc.sum() != self.want {
                return Err(ArchiveError::malformed("its checksum does not match").into());
            }
            return Ok(0);
        }
        self.got += n as u64;
        self.crc.update(out.get(..n).unwrap_or_default());
        Ok(n)
    }
}

#[cfg(test)]
mod tests;
