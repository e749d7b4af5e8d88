//! Tar, read forward: v7, ustar, GNU and pax, sparse files included.
//!
//! Layout: POSIX.1-2017 `pax` ("ustar Interchange Format", "pax Header Block") and the GNU tar manual ("Basic Tar
//! Format", "Storing Sparse Files"). A missing end-of-archive marker and missing padding after the last body are
//! accepted, because image builders write such layers; an end inside a header or a body is reported.

use super::problem::{inside, shown};
use super::{ArchiveError, Feed, Scope};
use std::io::{self, BufRead, Read};
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

/// Long names and pax records above this are not names: 1 MiB, as Go's archive/tar has it. They are passed over.
const META: u64 = 1 << 20;

/// Bytes behind the end marker that may be anything: the record that is written to a tape at once (GNU tar manual, "Blocking Factor").
pub(super) const RECORD: u64 = 20 * BLOCK as u64;

/// The largest size that a header can state without GNU's numbers: eleven octal digits.
const OCTAL_MAX: u64 = (1 << 33) - 1;

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
    /// Something of the entry of this name, or of the archive when there is none, that is not read or contradicts itself: it has no
    /// content, and the archive goes on behind it.
    Unread(ArchiveError),
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

/// Gives every entry and a reader of its content to `visit`, in order. What the visitor leaves unread is skipped. An extension that cannot be
/// read, or sizes that contradict each other, are entries of their own ([`Kind::Unread`]).
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
        let mut wrong = Vec::new();
        match header.flag() {
            b'L' => long_name = extension(feed, size, &mut wrong)?.map(c_string),
            b'K' => long_link = extension(feed, size, &mut wrong)?.map(c_string),
            b'x' | b'X' => local = records(feed, size, &mut wrong)?,
            b'g' => global = records(feed, size, &mut wrong)?,
            _ => {
                scope.entry()?;
                let pax = std::mem::take(&mut local).over(&global);
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
                tell(wrong, &entry.name, visit)?;
                continue;
            }
        }
        tell(wrong, &[], visit)?;
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

type Visit<'v> = dyn FnMut(&Entry, &mut dyn Read) -> io::Result<Flow> + 'v;

/// Tells what is wrong with the entry of this name, or with an extension of none.
fn tell(wrong: Vec<ArchiveError>, name: &[u8], visit: &mut Visit<'_>) -> Result<(), ArchiveError> {
    for error in wrong {
        let entry = Entry {
            name: name.to_vec(),
            kind: Kind::Unread(error),
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
                let rest = feed.drain()?;
                if rest > RECORD {
                    return Err(ArchiveError::malformed(format!(
                        "{rest} bytes that are no archive follow its end at offset {at}"
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

/// The body of an extension header, with its padding; one that is too long is passed over.
fn extension(
    feed: &mut Feed<'_>,
    size: u64,
    wrong: &mut Vec<ArchiveError>,
) -> Result<Option<Vec<u8>>, ArchiveError> {
    if size > META {
        let at = feed.offset();
        wrong.push(ArchiveError::limit(format!(
            "an extended header of {size} bytes at offset {at} is passed over, {META} are allowed"
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

/// The records of an extension header; none where they cannot be read.
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

/// Reads what follows the end marker of an archive that is read to no further one.
///
/// # Errors
/// The source's; and when it is more than zeros and a record: no reader takes it out, but it was not looked at.
pub(in crate::source) fn pass_padding(feed: &mut Feed<'_>) -> Result<(), ArchiveError> {
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
            "{} bytes behind the end of the archive at offset {at} are not read",
            end - at
        ))),
        _ => Ok(()),
    }
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

/// What a header and its extensions describe.
struct Assembled {
    entry: Entry,
    holes: Holes,
    /// Offset behind what is stored.
    end: u64,
    /// Bytes stored from where the feed is now.
    stored: u64,
}

/// Where the content of an entry is.
enum Holes {
    /// In one piece.
    None,
    /// These segments of a sparse file are stored.
    Around(Vec<Range<u64>>),
    /// The map of a sparse file cannot be read.
    Unknown,
}

/// The entry that a header and its extensions describe; what contradicts itself goes to `wrong`.
fn assemble(
    feed: &mut Feed<'_>,
    header: &Header,
    pax: &Pax,
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
    scope: &Scope,
    wrong: &mut Vec<ArchiveError>,
) -> Result<Assembled, ArchiveError> {
    let mut number = |key: &[u8]| {
        pax.number(key).unwrap_or_else(|error| {
            wrong.push(error);
            None
        })
    };
    let [extended, uid, gid] = [b"size".as_slice(), b"uid", b"gid"].map(&mut number);
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
        other @ (b'3' | b'4' | b'6') => Kind::Other(other),
        // Volume labels, parts of files of several volumes, directory listings. Some readers take them for files, so content counts.
        other @ (b'V' | b'M' | b'D' | b'N') if header.size()? == 0 && extended.is_none() => {
            Kind::Other(other)
        }
        // Readers take every other type for a file (POSIX.1-2017, pax, "typeflag").
        _ => Kind::File,
    };
    let in_header = header.size()?;
    let mut stored = 0;
    if kind == Kind::File {
        stored = extended.unwrap_or(in_header);
        // Writers leave the header at nought where its digits do not reach. Otherwise readers differ in which they believe.
        if stored != in_header && (in_header != 0 || stored <= OCTAL_MAX) {
            wrong.push(ArchiveError::malformed(format!(
                "states {in_header} bytes in its header and {stored} in the extended one"
            )));
        }
    } else if in_header > 0 && !matches!(kind, Kind::HardLink(_)) {
        // The size of what a link leads to is common; content behind it would be read as the next header.
        wrong.push(ArchiveError::malformed(format!(
            "states {in_header} bytes and is of a type without content"
        )));
    }
    let end = feed
        .offset()
        .checked_add(stored)
        .ok_or_else(|| bad_size(&name))?;
    let mut size = stored;
    let mut holes = Holes::None;
    let mut end = end;
    if kind == Kind::File {
        let before = feed.offset();
        match sparse::map(feed, header, pax, &mut stored, scope) {
            Ok(None) => {}
            Ok(Some((expanded, map))) => {
                // The old format has blocks of its map in front of what is stored.
                if header.flag() == b'S' {
                    end = end.saturating_add(feed.offset() - before);
                }
                size = expanded;
                holes = Holes::Around(map);
            }
            // Where the content begins is known as long as the map does not stand before it.
            Err(error) if !feed.failed() && header.flag() != b'S' => {
                wrong.push(error);
                holes = Holes::Unknown;
                stored = end.saturating_sub(feed.offset());
            }
            Err(error) => return Err(error),
        }
    }
    let entry = Entry {
        mode: header.mode(),
        uid: uid.unwrap_or_else(|| header.uid()),
        gid: gid.unwrap_or_else(|| header.gid()),
        size,
        offset: feed.offset(),
        plain: matches!(holes, Holes::None),
        name,
        kind,
    };
    Ok(Assembled {
        entry,
        holes,
        end,
        stored,
    })
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
