//! Tar, read forward: v7, ustar, GNU and pax, including sparse files.
//!
//! Layout: POSIX.1-2017 `pax` ("ustar Interchange Format", "pax Header Block") and the GNU tar manual ("Basic Tar Format",
//! "Storing Sparse Files"). A missing end-of-archive marker and missing padding after the last body are accepted, because image
//! builders write such layers; a stream that ends inside a header or body is reported.

use super::problem::{inside, shown};
use super::{ArchiveError, Feed, Scope};
use std::io::{self, BufRead, Read};

mod assemble;
mod header;
mod pax;
mod sparse;

use assemble::{Assembled, Holes, assemble};
use header::{BLOCK, Header};
pub(super) use header::{looks_like_header, may_be_header};
use pax::Pax;
use sparse::SparseBody;

/// Most zeros that are read after an archive or between two: a file may have a hole of any size there.
const PADDING: u64 = 1 << 30;

/// Longest long name or pax header that is read: 1 MiB, as in Go's archive/tar. Longer ones are skipped.
const META: u64 = 1 << 20;

/// Bytes after the end marker that may have any content: the rest of a tape record (GNU tar manual, "Blocking Factor").
pub(super) const RECORD: u64 = 20 * BLOCK as u64;

/// One entry, with its extensions applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name as stored, up to 1 MiB: it may be absolute, contain `..`, or not be UTF-8.
    pub name: Vec<u8>,
    /// Kind of the entry.
    pub kind: EntryKind,
    /// Permission and set-id bits.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// Length of the content, for a sparse file the expanded length. Zero for an entry without content.
    pub size: u64,
    /// Offset of the stored content in the stream that the archive was read from.
    pub offset: u64,
    /// Whether the content is stored unchanged in one piece of `size` bytes at `offset`; false for sparse files.
    pub plain: bool,
}

/// The kind of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// Another name of an earlier entry.
    HardLink(Vec<u8>),
    /// A symbolic link.
    SymLink(Vec<u8>),
    /// A directory.
    Dir,
    /// Any other, by its type flag: devices, FIFOs, unknown types.
    Other(u8),
    /// An entry, or with an empty name the archive itself, has something that cannot be read or contradicts itself. There is no
    /// content, and the archive continues after it.
    Unread(ArchiveError),
}

/// What the visitor wants after an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The next entry.
    Continue,
    /// No more of this archive.
    Stop,
}

/// Where reading an archive ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// At the marker of two zero blocks, as container runtimes do.
    Marker,
    /// At the end of the stream: archives after the marker are read too (`cat a.tar b.tar`, Alpine packages).
    Stream,
}

/// How an archive ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finish {
    /// Entries given to the visitor.
    pub entries: u64,
    /// Whether an end-of-archive marker was seen.
    pub marker: bool,
    /// Whether the visitor stopped.
    pub stopped: bool,
}

/// Passes every entry with a reader of its content to `visit`, in order. Content that the visitor leaves unread is skipped. An
/// unreadable extension, or sizes that contradict each other, are passed as [`EntryKind::Unread`] entries.
///
/// With [`Ending::Marker`], the rest of the stream after the marker stays in `feed`.
///
/// # Errors
/// What is wrong with the archive or its stream, with the offset; entries before it have been visited. An error of the visitor
/// ends the reading and comes out unchanged.
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
        let mut wrong = Vec::new();
        match header.flag() {
            b'L' => long_name = extension(feed, size, &mut wrong)?.map(c_string),
            b'K' => long_link = extension(feed, size, &mut wrong)?.map(c_string),
            b'x' | b'X' => local = records(feed, size, &mut wrong)?,
            b'g' => global = records(feed, size, &mut wrong)?,
            _ => {
                scope.entry()?;
                let pax = std::mem::take(&mut local).on_bytes(&global);
                let Assembled {
                    entry,
                    holes,
                    end,
                    stored,
                } = assemble(
                    feed,
                    &header,
                    &pax,
                    long_name.take(),
                    long_link.take(),
                    scope,
                    &mut wrong,
                )?;
                finish.entries += 1;
                let start = feed.offset();
                let flow = match holes {
                    Holes::None => visit(&entry, &mut Body { feed, left: stored }),
                    Holes::Around(segments) => visit(
                        &entry,
                        &mut SparseBody::new(feed, segments, entry.size, scope),
                    ),
                    Holes::Unknown => Ok(Flow::Continue),
                }
                .map_err(|e| inside(e, &entry.name))?;
                if flow == Flow::Stop {
                    finish.stopped = true;
                    return Ok(finish);
                }
                skip_body(feed, end, start, stored, &entry.name)?;
                report_problems(wrong, &entry.name, visit)?;
                continue;
            }
        }
        report_problems(wrong, &[], visit)?;
    }
    if long_name.is_some() || long_link.is_some() || !local.is_empty() {
        return Err(ArchiveError::truncated(
            "the archive ends between an extended header and its entry",
        ));
    }
    Ok(finish)
}

fn bad_size(name: &[u8]) -> ArchiveError {
    ArchiveError::malformed(format!("impossible size of entry {}", shown(name)))
}

type EntryVisitor<'v> = dyn FnMut(&Entry, &mut dyn Read) -> io::Result<Flow> + 'v;

/// Passes the problems of the entry of this name, or of an extension without one, to the visitor.
fn report_problems(
    wrong: Vec<ArchiveError>,
    name: &[u8],
    visit: &mut EntryVisitor<'_>,
) -> Result<(), ArchiveError> {
    for error in wrong {
        let entry = Entry {
            name: name.to_vec(),
            kind: EntryKind::Unread(error),
            mode: 0,
            uid: 0,
            gid: 0,
            size: 0,
            offset: 0,
            plain: false,
        };
        visit(&entry, &mut io::empty())?;
    }
    Ok(())
}

/// The next header; `None` at the end.
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
                    "more than {PADDING} bytes of zeros end the archive; what may follow them was not read"
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
        // Anything after the end-of-archive marker that is not an archive is padding.
        return match found {
            Some(Some(header)) => {
                feed.consume(BLOCK);
                Ok(Some(header))
            }
            _ if zeros > 0 => {
                finish.marker = true;
                let rest = feed.drain()?;
                if rest > RECORD {
                    return Err(ArchiveError::malformed(format!(
                        "{rest} bytes that are not an archive follow its end at offset {at}"
                    )));
                }
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

/// The body of an extension header, with padding; one that is too long is skipped.
fn extension(
    feed: &mut Feed<'_>,
    size: u64,
    wrong: &mut Vec<ArchiveError>,
) -> Result<Option<Vec<u8>>, ArchiveError> {
    if size > META {
        let at = feed.offset();
        wrong.push(ArchiveError::limit(format!(
            "an extended header of {size} bytes at offset {at} is skipped, {META} are allowed"
        )));
        let whole = size.saturating_add(padding(size));
        if feed.skip(whole)? < size {
            return Err(ArchiveError::truncated(format!(
                "the archive ends inside an extended header at offset {at}"
            )));
        }
        return Ok(None);
    }
    let bytes = feed.take_vec(size)?;
    feed.skip(padding(size))?;
    Ok(Some(bytes))
}

/// The records of an extension header; empty if they cannot be read.
fn records(
    feed: &mut Feed<'_>,
    size: u64,
    wrong: &mut Vec<ArchiveError>,
) -> Result<Pax, ArchiveError> {
    let Some(bytes) = extension(feed, size, wrong)? else {
        return Ok(Pax::default());
    };
    Ok(Pax::parse(&bytes).unwrap_or_else(|error| {
        wrong.push(error);
        Pax::default()
    }))
}

fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

fn c_string(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = memchr::memchr(0, &bytes).unwrap_or(bytes.len());
    bytes.truncate(end);
    bytes
}

/// Reads what follows the end marker of an archive after which no other one is read.
///
/// # Errors
/// Errors of the source; also when more follows than zeros and one record: no reader extracts it, but it was not examined.
pub(crate) fn pass_padding(feed: &mut Feed<'_>) -> Result<(), ArchiveError> {
    let mut at = None;
    loop {
        let bytes = feed.fill_buf()?;
        if bytes.is_empty() {
            break;
        }
        let len = bytes.len();
        let used = bytes.iter().position(|b| *b != 0);
        if let (None, Some(used)) = (at, used) {
            at = Some(feed.offset() + used as u64);
        }
        feed.consume(len);
    }
    let end = feed.offset();
    match at {
        Some(at) if end - at > RECORD => Err(ArchiveError::malformed(format!(
            "{} bytes after the end of the archive at offset {at} are not read",
            end - at
        ))),
        _ => Ok(()),
    }
}

/// Skips from where the visitor stopped to the next header.
fn skip_body(
    feed: &mut Feed<'_>,
    end: u64,
    start: u64,
    stored: u64,
    name: &[u8],
) -> Result<(), ArchiveError> {
    let left = end.saturating_sub(feed.offset());
    let skipped = feed.skip(left).map_err(|e| inside(e, name))?;
    if skipped < left {
        return Err(ArchiveError::truncated(format!(
            "the archive ends inside entry {}, after {} of {stored} bytes",
            shown(name),
            feed.offset() - start
        )));
    }
    // The last padding may be missing; then there is no next header either.
    feed.skip(padding(stored))?;
    Ok(())
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

/// Reads from a body with `left` bytes remaining; an early end is an error.
pub(super) fn read_some(feed: &mut Feed<'_>, left: &mut u64, out: &mut [u8]) -> io::Result<usize> {
    let want = usize::try_from(*left).unwrap_or(usize::MAX).min(out.len());
    let Some(out) = out.get_mut(..want).filter(|o| !o.is_empty()) else {
        return Ok(0);
    };
    let read = feed.read(out)?;
    if read == 0 {
        return Err(ArchiveError::truncated(format!(
            "the archive ends with {left} bytes of the entry missing"
        ))
        .into());
    }
    *left -= read as u64;
    Ok(read)
}

#[cfg(test)]
mod tests;
