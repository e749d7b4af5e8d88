//! Compressed streams: what a stream is, told by content, and its compression undone within limits.

use super::codec::{self, Decode, START, Start, ZSTD_FRAME, zstd_skippable};
use super::{ArchiveError, Feed, Scope, cpio, tar};
use crate::source::foreign;
use std::io::{self, BufRead, Read};

/// A compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// The .xz file format.
    Xz,
    /// bzip2.
    Bzip2,
    /// The older .lzma format, known only by its plausible header.
    Lzma,
}

/// A container of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// tar of any dialect.
    Tar,
    /// zip, wheels and jars included.
    Zip,
    /// A Debian package.
    Deb,
    /// An RPM package.
    Rpm,
    /// cpio, newc, crc or odc.
    Cpio,
    /// An Alpine package of version 3: named, not read.
    ApkV3,
}

/// What a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Compressed; what is inside shows after decompression.
    Codec(Codec),
    /// A container.
    Format(Format),
}

/// First bytes that are enough to tell any kind.
pub const HEAD: usize = 8 << 10;

/// First bytes that are enough to tell any kind but a stream of skippable frames, and to tell an executable.
pub(crate) const GLANCE: usize = 512;

/// Tells by content what comes next in `feed`, from as few bytes as will do: all of them may come out of a decompressor.
///
/// # Errors
/// The feed's.
pub(super) fn glance(feed: &mut Feed<'_>) -> io::Result<Option<Kind>> {
    let count = if needs_more(feed.peek(GLANCE)?) {
        HEAD
    } else {
        GLANCE
    };
    Ok(sniff(feed.peek(count)?))
}

/// Whether a kind may take all of [`HEAD`] to tell.
pub(crate) fn needs_more(glance: &[u8]) -> bool {
    glance
        .first_chunk()
        .is_some_and(|magic| zstd_skippable(*magic))
}

/// First bytes that tell everything but a tar archive; most texts show in as many that they are none.
const GLIMPSE: usize = 112;

/// How what a gzip file holds begins, when that shows that it is nothing to look into: thousands of packed texts need no
/// decompressor each. Nothing is taken from the feed. `None`: not known, or something to look into.
pub(super) fn plain_in_gzip(feed: &mut Feed<'_>, scope: &Scope) -> Option<Vec<u8>> {
    let body = gzip_body(feed.peek(GLANCE).ok()?)?;
    let is_plain =
        |head: &[u8]| sniff(head).is_none() && !needs_more(head) && !foreign::may_be_disk(head);
    let head = scope.inflate_beginning(body, [GLIMPSE, GLANCE], |head| {
        is_plain(head) && !tar::may_be_header(head)
    });
    (head.len() >= GLIMPSE
        && (head.len() == GLANCE || !tar::may_be_header(&head))
        && is_plain(&head))
    .then_some(head)
}

/// What stands behind the header of a gzip member (RFC 1952, 2.3).
fn gzip_body(member: &[u8]) -> Option<&[u8]> {
    let (fixed, mut rest) = member.split_first_chunk::<10>()?;
    let has = |flag: u8| fixed[3] & flag != 0;
    if has(4) {
        let (len, tail) = rest.split_first_chunk::<2>()?;
        rest = tail.get(usize::from(u16::from_le_bytes(*len))..)?;
    }
    // The name of the file, and a comment.
    for flag in [8, 16] {
        if has(flag) {
            rest = rest.get(memchr::memchr(0, rest)? + 1..)?;
        }
    }
    rest.get(if has(2) { 2 } else { 0 }..)
}

const GZIP: &[u8] = &[0x1f, 0x8b, 8];

/// Kinds told by a magic number at the start.
const MAGIC: &[(&[u8], Kind)] = &[
    (GZIP, Kind::Codec(Codec::Gzip)),
    (&ZSTD_FRAME, Kind::Codec(Codec::Zstd)),
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], Kind::Codec(Codec::Xz)),
    (b"PK\x03\x04", Kind::Format(Format::Zip)),
    (b"PK\x05\x06", Kind::Format(Format::Zip)),
    // The mark of a split archive that turned out to be one piece (APPNOTE 8.5.4).
    (b"PK00PK\x03\x04", Kind::Format(Format::Zip)),
    // deb(5): the first member is always this one, whatever its name is padded with.
    (b"!<arch>\ndebian-binary", Kind::Format(Format::Deb)),
    (&[0xed, 0xab, 0xee, 0xdb], Kind::Format(Format::Rpm)),
    // apk-tools: "ADB." uncompressed, "ADBd" deflated, "ADBc" with a compression header.
    (b"ADB.", Kind::Format(Format::ApkV3)),
    (b"ADBd", Kind::Format(Format::ApkV3)),
    (b"ADBc", Kind::Format(Format::ApkV3)),
];

/// Tells by the first bytes (up to [`HEAD`]) what a stream is; `None`: neither compressed nor a container.
pub fn sniff(head: &[u8]) -> Option<Kind> {
    if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(*kind);
    }
    if zstd_after_skippable(head) {
        return Some(Kind::Codec(Codec::Zstd));
    }
    if looks_like_bzip2(head) {
        return Some(Kind::Codec(Codec::Bzip2));
    }
    if cpio::looks_like_header(head) {
        return Some(Kind::Format(Format::Cpio));
    }
    if tar::looks_like_header(head) {
        return Some(Kind::Format(Format::Tar));
    }
    looks_like_lzma(head).then_some(Kind::Codec(Codec::Lzma))
}

/// Skippable frames alone hold nothing and are also other programs' own data (LZ4 has the same numbers), so the frame
/// after them decides; where there are more than can be seen past, it is for the decompressor to find out.
fn zstd_after_skippable(mut head: &[u8]) -> bool {
    let is_cut = head.len() >= GLANCE;
    let Some((magic, rest)) = head.split_first_chunk::<4>() else {
        return false;
    };
    if !zstd_skippable(*magic) {
        return false;
    }
    head = rest;
    while let Some((len, rest)) = head.split_first_chunk::<4>() {
        let Some(next) = usize::try_from(u32::from_le_bytes(*len))
            .ok()
            .and_then(|n| rest.get(n..))
        else {
            return true;
        };
        match next.split_first_chunk::<4>() {
            Some((magic, rest)) if zstd_skippable(*magic) => head = rest,
            Some((magic, _)) => return *magic == ZSTD_FRAME,
            None => return is_cut || !next.is_empty(),
        }
    }
    is_cut
}

/// The level digit, then the magic of a block or of the end of the stream.
fn looks_like_bzip2(head: &[u8]) -> bool {
    let magic = |b: &[u8]| {
        b == [0x31, 0x41, 0x59, 0x26, 0x53, 0x59] || b == [0x17, 0x72, 0x45, 0x38, 0x50, 0x90]
    };
    head.starts_with(b"BZh")
        && head.get(3).is_some_and(|b| matches!(b, b'1'..=b'9'))
        && head.get(4..10).is_some_and(magic)
}

/// No magic number: the usual properties (lc 3, lp 0, pb 2), a power of two (or three halves of one) as dictionary
/// size, a length that is unknown or below 256 GiB, and a first byte of the range coder that is always zero.
fn looks_like_lzma(head: &[u8]) -> bool {
    let Some(&[0x5d, ..]) = head.first_chunk::<14>() else {
        return false;
    };
    let dictionary = codec::lzma_dictionary(head).unwrap_or(0);
    let power = dictionary >= 1 << 12
        && (dictionary.is_power_of_two() || (dictionary / 3 * 2).is_power_of_two());
    let len = head
        .get(5..13)
        .and_then(|b| b.first_chunk::<8>().copied())
        .map_or(0, u64::from_le_bytes);
    power && (len == u64::MAX || len < 1 << 38) && head.get(13) == Some(&0)
}

/// A stream with its compression, if any, undone and bounded.
pub struct Decompressed<'a> {
    codec: Option<Codec>,
    inner: Inner<'a>,
}

enum Inner<'a> {
    Plain(Feed<'a>),
    Pump(Pump<'a>),
}

impl Decompressed<'_> {
    /// The compression that was found.
    pub fn codec(&self) -> Option<Codec> {
        self.codec
    }
}

impl Read for Decompressed<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match &mut self.inner {
            Inner::Plain(feed) => feed.read(out),
            Inner::Pump(pump) => pump.read(out),
        }
    }
}

/// Undoes the outermost compression of a stream, found by its first bytes; an uncompressed stream passes through.
///
/// The whole compressed stream has been read when the reader answers 0: all members and frames, and what follows the
/// last one where the format's own tool passes over it. Errors carry an [`ArchiveError`]: truncated, malformed, or a
/// limit (total expansion, ratio, window).
///
/// # Errors
/// When the source cannot be read, or needs a window larger than [`crate::bytes::Limits::window`].
pub fn decompress<'a>(
    source: Box<dyn Read + 'a>,
    scope: &'a Scope,
) -> Result<Decompressed<'a>, ArchiveError> {
    let mut feed = Feed::owning(source);
    match sniff(feed.peek(HEAD)?) {
        Some(Kind::Codec(codec)) => decompress_as(codec, feed, scope),
        _ => Ok(Decompressed {
            codec: None,
            inner: Inner::Plain(feed),
        }),
    }
}

/// Undoes a compression that is known from elsewhere.
///
/// # Errors
/// As [`decompress`].
pub fn decompress_as<'a>(
    codec: Codec,
    feed: Feed<'a>,
    scope: &'a Scope,
) -> Result<Decompressed<'a>, ArchiveError> {
    Ok(Decompressed {
        codec: Some(codec),
        inner: Inner::Pump(Pump::new(codec::decoder(codec, scope)?, feed, scope)),
    })
}

/// The ratio is not judged before this much came out: small files of zeros are innocent.
const RATIO_FLOOR: u64 = 16 << 20;

/// Moves bytes through a decoder, counting.
pub(super) struct Pump<'a> {
    decoder: Box<dyn Decode + 'a>,
    feed: Feed<'a>,
    scope: &'a Scope,
    produced: u64,
    state: State,
    /// Steps in a row that did nothing: a decoder may need one (it asked for memory), not several.
    idle: u32,
}

enum State {
    Between { first: bool },
    Inside,
    Done,
    Failed(ArchiveError),
}

impl<'a> Pump<'a> {
    pub(super) fn new(decoder: Box<dyn Decode + 'a>, feed: Feed<'a>, scope: &'a Scope) -> Self {
        Self {
            decoder,
            feed,
            scope,
            produced: 0,
            state: State::Between { first: true },
            idle: 0,
        }
    }

    fn advance(&mut self, out: &mut [u8]) -> Result<usize, ArchiveError> {
        loop {
            match &self.state {
                State::Done => return Ok(0),
                State::Failed(error) => return Err(error.clone()),
                State::Inside => {}
                State::Between { first } => {
                    match self.decoder.start(*first, self.feed.peek(START)?)? {
                        Start::Go => self.state = State::Inside,
                        Start::Skip(count) => {
                            if self.feed.skip(count)? < count {
                                return Err(self.cut());
                            }
                            self.state = State::Between { first: false };
                            continue;
                        }
                        Start::Done => {
                            self.state = State::Done;
                            self.feed.drain()?;
                            return Ok(0);
                        }
                    }
                }
            }
            let input = self.feed.fill_buf()?;
            let ended = input.is_empty();
            let step = self.decoder.step(input, out)?;
            self.feed.consume(step.consumed);
            if step.end {
                self.state = State::Between { first: false };
            }
            if step.produced > 0 {
                self.count(step.produced as u64)?;
                self.idle = 0;
                if let Some(error) = step.error {
                    self.state = State::Failed(error);
                }
                return Ok(step.produced);
            }
            if let Some(error) = step.error {
                return Err(error);
            }
            self.idle = if step.consumed == 0 && !step.end {
                self.idle + 1
            } else {
                0
            };
            if self.idle > 2 && !ended {
                return Err(ArchiveError::malformed(
                    "the compressed data makes no sense to its decoder",
                ));
            }
            if ended && !step.end && step.consumed == 0 {
                return Err(self.cut());
            }
        }
    }

    fn cut(&self) -> ArchiveError {
        ArchiveError::truncated(format!(
            "the compressed data ends too early, after {} bytes",
            self.feed.offset()
        ))
    }

    fn count(&mut self, bytes: u64) -> Result<(), ArchiveError> {
        self.produced += bytes;
        self.scope.expand(bytes)?;
        let ratio = self.scope.limits.ratio;
        if self.produced > RATIO_FLOOR && self.produced / self.feed.offset().max(1) > ratio {
            return Err(ArchiveError::limit(format!(
                "expands to more than {ratio} times its compressed size"
            )));
        }
        Ok(())
    }
}

impl Read for Pump<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        self.advance(out).map_err(|error| {
            self.state = State::Failed(error.clone());
            error.into()
        })
    }
}

#[cfg(test)]
mod tests;
