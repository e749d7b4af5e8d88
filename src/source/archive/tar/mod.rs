//! Tar, read forward: v7, ustar, GNU and pax, sparse files included.
//!
//! Layout: POSIX.1-2017 `pax` ("ustar Interchange Format", "pax Header Block") and the GNU tar manual ("Basic Tar
//! Format", "Storing Sparse Files"). A missing end-of-archive marker and missing padding after the last body are
//! accepted, because image builders write such layers; an end inside a header or a body is reported.

use super::problem::{inside, shown};
use super::{ArchiveError, Feed, Scope};
use std::io::{self, Read};
use std::ops::Range;

mod header;
mod pax;
mod sparse;

use header::{BLOCK, Header, Magic};
pub(super) use header::{looks_like_header, may_be_header};
use pax::Pax;
use sparse::SparseBody;

/// Zeros behind an archive, or between two, that are read: a file may have a hole of any size there.
const PADDING: u64 = 1 << 30;

/// Long names and pax records above this are not names: 1 MiB, as Go's archive/tar has it.
const META: u64 = 1 << 20;

/// One entry, extensions applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name as stored, up to 1 MiB: absolute, with `..`, or not UTF-8 if the archive says so.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Permission bits and set-id bits.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// Length of the content; of a sparse file the expanded one. Zero for what has no content.
    pub size: u64,
    /// Offset of the stored content in the stream that the archive was read from.
    pub offset: u64,
    /// Whether the content at `offset` is stored as it is, `size` bytes in one piece: false for sparse files.
    pub plain: bool,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// Another name of an earlier entry.
    HardLink(Vec<u8>),
    /// A symbolic link.
    SymLink(Vec<u8>),
    /// A directory.
    Dir,
    /// Anything else, by its type flag (devices, FIFOs, unknown ones).
    Other(u8),
}

/// What the visitor wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The next entry.
    Continue,
    /// No more of this archive.
    Stop,
}

/// Where an archive ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// At the marker of two zero blocks, as container runtimes have it.
    Marker,
    /// Where the stream ends: archives that follow the marker are read too (`cat a.tar b.tar`, Alpine packages).
    Stream,
}

/// How an archive ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finish {
    /// Entries given to the visitor.
    pub entries: u64,
    /// Whether an end-of-archive marker was seen.
    pub marker: bool,
    /// Whether the visitor stopped it.
    pub stopped: bool,
}

/// Gives every entry and a reader of its content to `visit`, in order. What the visitor leaves unread is skipped.
///
/// With [`Ending::Marker`] the rest of the stream behind the marker is left in `feed`.
///
/// # Errors
/// What is wrong with the archive or its stream, with the offset; entries before it have been visited. An error that
/// the visitor returns ends the reading and comes out unchanged.
pub fn read(
    feed: &mut Feed<'_>,
    scope: &Scope,
    ending: Ending,
    visit: &mut dyn FnMut(&Entry, &mut dyn Read) -> io::Result<Flow>,
) -> Result<Finish, ArchiveError> {
    let mut finish = Finish {
        entries: 0,
        marker: false,
        stopped: false,
    };
    let mut global = Pax::default();
    let mut local = Pax::default();
    let mut long_name = None;
    let mut long_link = None;
    while let Some(header) = next_header(feed, ending, &mut finish)? {
        let size = header.size()?;
        match header.flag() {
            b'L' => long_name = Some(c_string(meta(feed, size)?)),
            b'K' => long_link = Some(c_string(meta(feed, size)?)),
            b'x' | b'X' => local = Pax::parse(&meta(feed, size)?)?,
            b'g' => global = Pax::parse(&meta(feed, size)?)?,
            _ => {
                scope.entry()?;
                let pax = std::mem::take(&mut local).over(&global);
                let (entry, holes, stored) = assemble(
                    feed,
                    &header,
                    &pax,
                    long_name.take(),
                    long_link.take(),
                    scope,
                )?;
                finish.entries += 1;
                let start = feed.offset();
                let end = start.checked_add(stored).ok_or_else(|| bad_size(&entry))?;
                let flow = match holes {
                    None => visit(&entry, &mut Body { feed, left: stored }),
                    Some(segments) => visit(
                        &entry,
                        &mut SparseBody::new(feed, segments, entry.size, scope),
                    ),
                }
                .map_err(|e| inside(e, &entry.name))?;
                if flow == Flow::Stop {
                    finish.stopped = true;
                    return Ok(finish);
                }
                skip_body(feed, end, start, stored, &entry.name)?;
            }
        }
    }
    if long_name.is_some() || long_link.is_some() || !local.is_empty() {
        return Err(ArchiveError::truncated(
            "the archive ends between an extended header and its entry",
        ));
    }
    Ok(finish)
}

fn bad_size(entry: &Entry) -> ArchiveError {
    ArchiveError::malformed(format!("impossible size of entry {}", shown(&entry.name)))
}

/// The next header, or `None` at the end.
fn next_header(
    feed: &mut Feed<'_>,
    ending: Ending,
    finish: &mut Finish,
) -> Result<Option<Header>, ArchiveError> {
    let mut zeros = 0u32;
    loop {
        let at = feed.offset();
        let seen = feed.peek(BLOCK)?;
        if seen.iter().all(|b| *b == 0) {
            let n = seen.len();
            feed.consume(n);
            if n < BLOCK {
                return Ok(None);
            }
            zeros = zeros.saturating_add(1);
            if u64::from(zeros) * BLOCK as u64 > PADDING {
                return Err(ArchiveError::limit(format!(
                    "more than {PADDING} bytes of zeros end the archive; what may stand behind them was not read"
                )));
            }
            if zeros == 2 {
                finish.marker = true;
                if ending == Ending::Marker {
                    return Ok(None);
                }
            }
            continue;
        }
        let found = seen.first_chunk::<BLOCK>().map(|block| Header::new(*block));
        // Whatever follows the end-of-archive marker and is not an archive is padding.
        return match found {
            Some(Some(header)) => {
                feed.consume(BLOCK);
                Ok(Some(header))
            }
            _ if zeros > 0 => {
                finish.marker = true;
                feed.drain()?;
                Ok(None)
            }
            Some(None) => Err(ArchiveError::malformed(format!(
                "not a tar header at offset {at}"
            ))),
            None => Err(ArchiveError::truncated(format!(
                "the archive ends inside a header at offset {at}"
            ))),
        };
    }
}

/// The body of an extension header, with its padding.
fn meta(feed: &mut Feed<'_>, size: u64) -> Result<Vec<u8>, ArchiveError> {
    if size > META {
        return Err(ArchiveError::limit(format!(
            "an extended header of {size} bytes at offset {}, {META} are allowed",
            feed.offset()
        )));
    }
    let bytes = feed.take_vec(size)?;
    feed.skip(padding(size))?;
    Ok(bytes)
}

fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

fn c_string(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = memchr::memchr(0, &bytes).unwrap_or(bytes.len());
    bytes.truncate(end);
    bytes
}

/// Skips from wherever the visitor stopped to the next header.
fn skip_body(
    feed: &mut Feed<'_>,
    end: u64,
    start: u64,
    stored: u64,
    name: &[u8],
) -> Result<(), ArchiveError> {
    let left = end.saturating_sub(feed.offset());
    let had = feed.skip(left).map_err(|e| inside(e, name))?;
    if had < left {
        return Err(ArchiveError::truncated(format!(
            "the archive ends inside entry {}, after {} of {stored} bytes",
            shown(name),
            feed.offset() - start
        )));
    }
    // The last padding may be missing: then the next header is, too.
    feed.skip(padding(stored))?;
    Ok(())
}

type Assembled = (Entry, Option<Vec<Range<u64>>>, u64);

/// The entry that a header and its extensions describe, its data segments when sparse, and its stored length.
fn assemble(
    feed: &mut Feed<'_>,
    header: &Header,
    pax: &Pax,
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
    scope: &Scope,
) -> Result<Assembled, ArchiveError> {
    let name = pax
        .bytes(b"GNU.sparse.name")
        .or(pax.bytes(b"path"))
        .map(<[u8]>::to_vec)
        .or(long_name)
        .unwrap_or_else(|| header.name());
    let link = pax
        .bytes(b"linkpath")
        .map(<[u8]>::to_vec)
        .or(long_link)
        .unwrap_or_else(|| header.link());
    let kind = match header.flag() {
        0 if header.magic() == Magic::V7 && name.last() == Some(&b'/') => Kind::Dir,
        0 | b'0' | b'7' | b'S' => Kind::File,
        b'1' => Kind::HardLink(link),
        b'2' => Kind::SymLink(link),
        b'5' => Kind::Dir,
        // Devices and pipes, volume labels, parts of files of several volumes, directory listings.
        other @ (b'3' | b'4' | b'6' | b'V' | b'M' | b'D' | b'N') => Kind::Other(other),
        // Readers take every other type for a file (POSIX.1-2017, pax, "typeflag").
        _ => Kind::File,
    };
    let has_body = match kind {
        Kind::File => true,
        Kind::Other(flag) => !matches!(flag, b'3' | b'4' | b'6'),
        _ => false,
    };
    let mut stored = if has_body {
        pax.number(b"size")?.map_or_else(|| header.size(), Ok)?
    } else {
        0
    };
    let mut size = stored;
    let mut segments = None;
    if kind == Kind::File
        && let Some((expanded, map)) = sparse::map(feed, header, pax, &mut stored, scope)?
    {
        size = expanded;
        segments = Some(map);
    }
    let entry = Entry {
        mode: header.mode(),
        uid: pax.number(b"uid")?.unwrap_or_else(|| header.uid()),
        gid: pax.number(b"gid")?.unwrap_or_else(|| header.gid()),
        size,
        offset: feed.offset(),
        plain: segments.is_none(),
        name,
        kind,
    };
    Ok((entry, segments, stored))
}

/// The stored content of one entry.
struct Body<'f, 'a> {
    feed: &'f mut Feed<'a>,
    left: u64,
}

impl Read for Body<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        read_some(self.feed, &mut self.left, out)
    }
}

/// Reads from a body of which `left` bytes are to come; an early end is an error.
pub(super) fn read_some(feed: &mut Feed<'_>, left: &mut u64, out: &mut [u8]) -> io::Result<usize> {
    let want = usize::try_from(*left).unwrap_or(usize::MAX).min(out.len());
    let Some(out) = out.get_mut(..want).filter(|o| !o.is_empty()) else {
        return Ok(0);
    };
    let n = feed.read(out)?;
    if n == 0 {
        return Err(ArchiveError::truncated(format!(
            "the archive ends with {left} bytes of the entry missing"
        ))
        .into());
    }
    *left -= n as u64;
    Ok(n)
}

#[cfg(test)]
mod tests;
