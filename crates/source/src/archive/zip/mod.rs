//! Zip, read through its central directory: as in every other tool, an entry that the directory does not list does not exist.
//!
//! Layout: PKWARE APPNOTE.TXT 6.3. Entries that share bytes (overlapping zip bombs) are refused. Stated sizes decide nothing: the
//! data is read, and contradictions are reported.

mod directory;
mod sizes;

use super::codec::{Decode, Start, Step, decoder, inflate};
use super::stream::Pump;
use super::tar::Flow;
use super::{ArchiveError, Codec, Feed, Reason, Scope};
use directory::{Directory, Entries, read_vec};
use gospect_bytes::{Part, ReadAt};
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
    /// File type and permission bits as in `stat`, if the archive was made on Unix.
    pub mode: Option<u32>,
    /// Expanded size, as the directory states it.
    pub size: u64,
    /// Stored size, as the directory states it.
    pub packed: u64,
    crc: u32,
    method: u16,
    flags: u16,
    /// Offset of the local header from the start of the file.
    offset: u64,
}

impl Entry {
    /// Whether it has content: it is neither a directory nor a symbolic link. `zip` records a file that it reads from a pipe as a FIFO,
    /// and `unzip` extracts it as a file. Many programs look at the name only, so the mode of a directory or link counts only if
    /// the size fits one: no content, or at most a path.
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
pub type EntryContent<'a, 'b> = Result<&'a mut Body<'b>, ArchiveError>;

/// Signature of a local header.
const LOCAL: &[u8] = b"PK\x03\x04";
/// Length of a local header without name and extra field.
const LOCAL_LEN: u64 = 30;

/// Passes every entry to `visit`, in the order of the directory, with a reader of its content or the reason why there is none. At
/// the end of the content the reader checks the checksum; [`Body::contradiction`] then compares the sizes.
///
/// # Errors
/// When there is no usable central directory; an error of the visitor comes out unchanged.
pub fn read(
    bytes: &dyn ReadAt,
    scope: &Scope,
    visit: &mut dyn FnMut(&Entry, EntryContent<'_, '_>) -> io::Result<Flow>,
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
                let data_ends =
                    entry.method != 8 || entry.packed > SMALL || data_ends(&part, scope)?;
                visit(
                    &entry,
                    Ok(&mut Body {
                        data_ends,
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
    /// Bytes that belong to no entry and may hold a file: programs that read from front to back would extract it.
    unlisted: u64,
}

/// Up to this many bytes between two entries are not worth reporting.
const GAP: u64 = 2 << 10;
/// The end of the signing block of an Android package, before the directory (Android, "APK Signature Scheme v2").
const APK_SIGNATURE: &[u8] = b"APK Sig Block 42";

/// Compares the positions of all entries. Most local headers need not be read: a header with its name is at least as long as the
/// directory says.
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
    let data_ends = std::iter::once((directory, directory));
    for (start, stop) in extents.iter().copied().chain(data_ends) {
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

/// How many bytes belong to no entry between the end of the entry at `last`, which is at least `end`, and `next`.
fn gap(bytes: &dyn ReadAt, last: Option<u64>, end: u64, next: u64) -> Result<u64, ArchiveError> {
    let mut end = end;
    if last.is_none() && read_vec(bytes, 0, LOCAL.len())? != LOCAL {
        // A prefix of the archive.
        return Ok(0);
    }
    if let Some(last) = last {
        // The local header's extra field may be longer than the directory's.
        let header = read_vec(bytes, last, LOCAL_LEN as usize)?;
        let head = header.first_chunk::<{ LOCAL_LEN as usize }>();
        end = end.saturating_add(head.map_or(0, |h| Local::new(h, last).extra()));
    }
    let len = next.saturating_sub(end);
    let signature = next.saturating_sub(APK_SIGNATURE.len() as u64);
    let is_file = len > GAP && read_vec(bytes, signature, APK_SIGNATURE.len())? != APK_SIGNATURE;
    Ok(if is_file { len } else { 0 })
}

/// The stored bytes of an entry, and its local header.
fn locate<'a>(bytes: &'a dyn ReadAt, entry: &Entry) -> Result<(Part<'a>, Local), ArchiveError> {
    if entry.flags & 1 != 0 || entry.method == 99 {
        return Err(ArchiveError::new(Reason::Encrypted, "encrypted"));
    }
    let mut header = [0; LOCAL_LEN as usize];
    let read = bytes.read_at(&mut header, entry.offset)?;
    if read < header.len() || !header.starts_with(LOCAL) {
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

/// Data up to this size may be left unread by its visitor, so its end is checked here.
const SMALL: u64 = 4 << 10;

/// Whether the deflated data ends within the entry's part of the archive.
fn data_ends(part: &Part<'_>, scope: &Scope) -> Result<bool, ArchiveError> {
    let data = read_vec(part, 0, usize::try_from(part.len()).unwrap_or(0))?;
    Ok(data.is_empty() || scope.deflate_ends(&data))
}

/// The decompressor for an entry; `None` if it is stored.
fn codec<'a>(
    entry: &Entry,
    scope: &'a Scope,
    goes_on: &Rc<Cell<bool>>,
) -> Result<Option<Box<dyn Decode + 'a>>, ArchiveError> {
    let codec = match entry.method {
        // An entry stored as zero bytes needs no decompressor, whatever its method.
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

/// RFC 1951, without framing.
struct Deflate {
    data: flate2::Decompress,
    /// Whether bytes follow the end of the deflated data.
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
    /// The contradiction in the local header or data descriptor.
    local: Option<ArchiveError>,
    /// For small entries: whether the data ends where it should.
    data_ends: bool,
    /// Whether the archive stores more for the entry than its compressed data.
    goes_on: Rc<Cell<bool>>,
}

impl Body<'_> {
    /// What is wrong with the stated sizes, as far as the content has been read. Readers that trust one of the stated sizes
    /// extract a different file.
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
        if !self.data_ends && !self.is_whole {
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
        let read = self.stream.read(out)?;
        if read == 0 {
            self.is_whole = true;
            if self.crc.sum() != self.want {
                return Err(ArchiveError::malformed("its checksum does not match").into());
            }
            return Ok(0);
        }
        self.got += read as u64;
        self.crc.update(out.get(..read).unwrap_or_default());
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
