//! Detects the format of a stream by content and decompresses it within limits.

use super::codec::{self, Decode, START, Start, ZSTD_FRAME, zstd_skippable};
use super::{ArchiveError, Feed, Scope, cpio, tar};
use crate::foreign;
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
    /// The older .lzma format: it has no magic number, so a plausible header decides.
    Lzma,
}

/// A container of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// tar of any dialect.
    Tar,
    /// zip, including wheels and jars.
    Zip,
    /// A Debian package.
    Deb,
    /// An RPM package.
    Rpm,
    /// cpio, newc, crc or odc.
    Cpio,
    /// An Alpine package of version 3: recognised, not read.
    ApkV3,
}

/// The format of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamKind {
    /// Compressed; decompression shows what is inside.
    Codec(Codec),
    /// A container.
    Format(Format),
}

/// Number of first bytes that decide every format.
pub const HEAD: usize = 8 << 10;

/// Number of first bytes that decide every format except a stream of skippable frames, and that show an executable.
pub(crate) const SHORT_HEAD: usize = 512;

/// Detects what comes next in `feed` from as few bytes as possible, because each may have to be decompressed.
///
/// # Errors
/// Errors of the feed.
pub(super) fn detect(feed: &mut Feed<'_>) -> io::Result<Option<StreamKind>> {
    let count = if needs_more(feed.peek(SHORT_HEAD)?) {
        HEAD
    } else {
        SHORT_HEAD
    };
    Ok(sniff(feed.peek(count)?))
}

/// Whether these first bytes leave a format possible that needs all of [`HEAD`].
pub(crate) fn needs_more(detect: &[u8]) -> bool {
    detect
        .first_chunk()
        .is_some_and(|magic| zstd_skippable(*magic))
}

/// Number of first bytes that decide every format except tar; most texts show in them that they are not tar archives.
const GLIMPSE: usize = 112;

/// The beginning of a gzip file's content if it is neither compressed nor a container, so that thousands of compressed texts need
/// no decompressor each. Takes nothing from the feed. `None` if unknown, or if the content must be looked into.
pub(super) fn plain_gzip_content(feed: &mut Feed<'_>, scope: &Scope) -> Option<Vec<u8>> {
    let body = gzip_body(feed.peek(SHORT_HEAD).ok()?)?;
    let is_plain =
        |head: &[u8]| sniff(head).is_none() && !needs_more(head) && !foreign::needs_more(head);
    let head = scope.inflate_beginning(body, [GLIMPSE, SHORT_HEAD], |head| {
        is_plain(head) && !tar::may_be_header(head)
    });
    (head.len() >= GLIMPSE
        && (head.len() == SHORT_HEAD || !tar::may_be_header(&head))
        && is_plain(&head))
    .then_some(head)
}

/// The data after the header of a gzip member (RFC 1952, 2.3).
fn gzip_body(member: &[u8]) -> Option<&[u8]> {
    let (fixed, mut rest) = member.split_first_chunk::<10>()?;
    let has = |flag: u8| fixed[3] & flag != 0;
    if has(4) {
        let (len, tail) = rest.split_first_chunk::<2>()?;
        rest = tail.get(usize::from(u16::from_le_bytes(*len))..)?;
    }
    // The file name and the comment.
    for flag in [8, 16] {
        if has(flag) {
            rest = rest.get(memchr::memchr(0, rest)? + 1..)?;
        }
    }
    rest.get(if has(2) { 2 } else { 0 }..)
}

const GZIP: &[u8] = &[0x1f, 0x8b, 8];

/// Formats with a magic number at the start.
const MAGIC: &[(&[u8], StreamKind)] = &[
    (GZIP, StreamKind::Codec(Codec::Gzip)),
    (&ZSTD_FRAME, StreamKind::Codec(Codec::Zstd)),
    (
        &[0xfd, b'7', b'z', b'X', b'Z', 0],
        StreamKind::Codec(Codec::Xz),
    ),
    (b"PK\x03\x04", StreamKind::Format(Format::Zip)),
    (b"PK\x05\x06", StreamKind::Format(Format::Zip)),
    // Extensions of Chromium, whose signatures stand before the archive (`components/crx_file/crx3.proto`); the directory is found from the end.
    (b"Cr24\x02\0\0\0", StreamKind::Format(Format::Zip)),
    (b"Cr24\x03\0\0\0", StreamKind::Format(Format::Zip)),
    // The mark of a split archive that has only one part (APPNOTE 8.5.4).
    (b"PK00PK\x03\x04", StreamKind::Format(Format::Zip)),
    // deb(5): this is always the first member; its name may be padded in different ways.
    (b"!<arch>\ndebian-binary", StreamKind::Format(Format::Deb)),
    (&[0xed, 0xab, 0xee, 0xdb], StreamKind::Format(Format::Rpm)),
    // apk-tools: "ADB." uncompressed, "ADBd" deflated, "ADBc" with a compression header.
    (b"ADB.", StreamKind::Format(Format::ApkV3)),
    (b"ADBd", StreamKind::Format(Format::ApkV3)),
    (b"ADBc", StreamKind::Format(Format::ApkV3)),
];

/// Detects the format of a stream from its first bytes (up to [`HEAD`]); `None` if it is neither compressed nor a container.
pub fn sniff(head: &[u8]) -> Option<StreamKind> {
    if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(*kind);
    }
    if zstd_after_skippable(head) {
        return Some(StreamKind::Codec(Codec::Zstd));
    }
    if is_zipapp(head) {
        return Some(StreamKind::Format(Format::Zip));
    }
    if looks_like_bzip2(head) {
        return Some(StreamKind::Codec(Codec::Bzip2));
    }
    if cpio::looks_like_header(head) {
        return Some(StreamKind::Format(Format::Cpio));
    }
    if tar::looks_like_header(head) {
        return Some(StreamKind::Format(Format::Tar));
    }
    looks_like_lzma(head).then_some(StreamKind::Codec(Codec::Lzma))
}

/// Skippable frames alone hold nothing and may be another program's data (LZ4 uses the same numbers), so the frame after them
/// decides. If they go beyond the first bytes, the decompressor must find out.
fn zstd_after_skippable(mut head: &[u8]) -> bool {
    let is_cut = head.len() >= SHORT_HEAD;
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

/// An application of Python's `zipapp`: one line that names the interpreter, then a zip archive.
fn is_zipapp(head: &[u8]) -> bool {
    head.starts_with(b"#!")
        && memchr::memchr(b'\n', head)
            .and_then(|end| head.get(end + 1..))
            .is_some_and(|rest| rest.starts_with(b"PK\x03\x04"))
}

/// The digit of the level, then the magic number of a block or of the end of the stream.
fn looks_like_bzip2(head: &[u8]) -> bool {
    let magic = |b: &[u8]| {
        b == [0x31, 0x41, 0x59, 0x26, 0x53, 0x59] || b == [0x17, 0x72, 0x45, 0x38, 0x50, 0x90]
    };
    head.starts_with(b"BZh")
        && head.get(3).is_some_and(|b| matches!(b, b'1'..=b'9'))
        && head.get(4..10).is_some_and(magic)
}

/// There is no magic number. Accepted are the usual properties (lc 3, lp 0, pb 2), a dictionary size of a power of two or one and
/// a half times that, a length that is unknown or below 256 GiB, and the first byte of the range coder, always zero.
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

/// A stream with its compression, if any, removed within limits.
pub struct Decompressed<'a> {
    codec: Option<Codec>,
    inner: Inner<'a>,
}

enum Inner<'a> {
    Plain(Feed<'a>),
    Pump(Pump<'a>),
}

impl Decompressed<'_> {
    /// The compression found.
    pub fn codec(&self) -> Option<Codec> {
        self.codec
    }
}

impl Decompressed<'_> {
    /// Prepares a stream to be expanded ahead of its reader, gzip or zstd. It leaves it to [`Counted`] to count expanded bytes. A read before a
    /// member for which it may have to wait for memory fails with `WouldBlock`: the next read waits, and should be made when the reader has
    /// nothing left to read, and so takes no memory meanwhile.
    pub(crate) fn expand_ahead(&mut self) {
        if let Inner::Pump(pump) = &mut self.inner {
            pump.is_ahead = true;
        }
    }
}

/// Counts expanded bytes where they are read ([`Decompressed::expand_ahead`]).
pub(crate) struct Counted<'a> {
    inner: &'a mut dyn Read,
    scope: &'a Scope,
    failed: Option<ArchiveError>,
}

impl<'a> Counted<'a> {
    pub(crate) fn new(inner: &'a mut dyn Read, scope: &'a Scope) -> Self {
        Self {
            inner,
            scope,
            failed: None,
        }
    }
}

impl Read for Counted<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = &self.failed {
            return Err(error.clone().into());
        }
        let read = self.inner.read(out)?;
        let (within, error) = self.scope.expand_part(read as u64);
        self.failed = error;
        match &self.failed {
            Some(error) if within == 0 => Err(error.clone().into()),
            _ => Ok(usize::try_from(within).unwrap_or(read)),
        }
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

/// Removes the outermost compression of a stream, detected by its first bytes; an uncompressed stream passes through.
///
/// When the reader returns 0, the whole compressed stream has been read: all members and frames, and whatever follows the last one
/// where the format's own tool ignores it. Errors carry an [`ArchiveError`]: truncated, malformed, or a limit (total expansion,
/// ratio, window).
///
/// # Errors
/// When the source cannot be read or needs a window above [`gospect_bytes::Limits::window`].
pub fn decompress<'a>(
    source: Box<dyn Read + 'a>,
    scope: &'a Scope,
) -> Result<Decompressed<'a>, ArchiveError> {
    let mut feed = Feed::owning(source);
    match sniff(feed.peek(HEAD)?) {
        Some(StreamKind::Codec(codec)) => {
            let mut pump = Pump::new(codec::decoder(codec, scope)?, feed, scope);
            pump.reads_all = true;
            Ok(Decompressed {
                codec: Some(codec),
                inner: Inner::Pump(pump),
            })
        }
        _ => Ok(Decompressed {
            codec: None,
            inner: Inner::Plain(feed),
        }),
    }
}

/// Removes a given compression. Whatever follows the last member or frame is left in the source, where the format's own tool ignores it.
///
/// # Errors
/// See [`decompress`].
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

/// The ratio is checked only beyond this many bytes of output: small files of zeros are common.
const RATIO_FLOOR: u64 = 16 << 20;
/// The ratio is checked each time the output has grown by this much, so that the same bytes are read whatever sizes they are asked for in.
const RATIO_STEP: u64 = 256 << 10;
/// Most compressed bytes in a row that may produce nothing: empty blocks and padding, which a hole of a file has without end. No block of any
/// codec needs a quarter of it.
const MOST_EMPTY: u64 = 16 << 20;

/// Moves bytes through a decoder and counts them.
pub(super) struct Pump<'a> {
    decoder: Box<dyn Decode + 'a>,
    feed: Feed<'a>,
    scope: &'a Scope,
    produced: u64,
    /// Compressed bytes read since something was produced.
    empty: u64,
    /// Whether what follows the last member is read too, for the digest of the source.
    reads_all: bool,
    /// Whether it is read ahead of its reader, who counts what is expanded ([`Decompressed::expand_ahead`]).
    is_ahead: bool,
    /// Whether the last read has failed so that the next one may wait for memory.
    has_paused: bool,
    state: State,
    /// Consecutive steps that did nothing: a decoder may need one (when it asks for memory), not several.
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
            empty: 0,
            reads_all: false,
            is_ahead: false,
            has_paused: false,
            state: State::Between { first: true },
            idle: 0,
        }
    }

    /// Produces bytes, none at the end. `Ok(None)`: the next call may wait for memory.
    fn advance(&mut self, out: &mut [u8]) -> Result<Option<usize>, ArchiveError> {
        loop {
            match &self.state {
                State::Done => return Ok(Some(0)),
                State::Failed(error) => return Err(error.clone()),
                State::Inside => {}
                State::Between { first } => {
                    let head = self.feed.peek(START)?;
                    if self.is_ahead && !self.has_paused && self.decoder.needs_memory(head) {
                        self.has_paused = true;
                        return Ok(None);
                    }
                    self.has_paused = false;
                    match self.decoder.start(*first, head)? {
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
                            if self.reads_all {
                                self.feed.drain()?;
                            }
                            return Ok(Some(0));
                        }
                    }
                }
            }
            let input = self.feed.fill_buf()?;
            let ended = input.is_empty();
            let most = RATIO_STEP - self.produced % RATIO_STEP;
            let most = usize::try_from(most).unwrap_or(usize::MAX).min(out.len());
            let out = out.get_mut(..most).unwrap_or_default();
            let step = self.decoder.step(input, out)?;
            self.feed.consume(step.consumed);
            if step.end {
                self.state = State::Between { first: false };
            }
            if step.produced > 0 {
                let (within, limit) = self.count(step.produced as u64);
                (self.idle, self.empty) = (0, 0);
                if let Some(error) = limit.or(step.error) {
                    if within == 0 {
                        return Err(error);
                    }
                    self.state = State::Failed(error);
                }
                return Ok(Some(usize::try_from(within).unwrap_or(step.produced)));
            }
            if let Some(error) = step.error {
                return Err(error);
            }
            self.empty += step.consumed as u64;
            if self.empty > MOST_EMPTY {
                let text = format!(
                    "{} MiB of its compressed data hold nothing",
                    MOST_EMPTY >> 20
                );
                return Err(ArchiveError::limit(text));
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

    /// Counts what was produced. Returns how much of it may be given out, and the error that follows.
    fn count(&mut self, bytes: u64) -> (u64, Option<ArchiveError>) {
        self.produced += bytes;
        let (within, error) = match self.is_ahead {
            true => (bytes, None),
            false => self.scope.expand_part(bytes),
        };
        let ratio = self.scope.limits.ratio;
        let is_checked = self.produced > RATIO_FLOOR && self.produced.is_multiple_of(RATIO_STEP);
        if error.is_none() && is_checked && self.produced / self.feed.offset().max(1) > ratio {
            let text = format!("expands to more than {ratio} times its compressed size");
            return (within, Some(ArchiveError::limit(text)));
        }
        (within, error)
    }
}

impl Read for Pump<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        match self.advance(out) {
            Ok(Some(count)) => Ok(count),
            Ok(None) => Err(io::ErrorKind::WouldBlock.into()),
            Err(error) => {
                self.state = State::Failed(error.clone());
                Err(error.into())
            }
        }
    }
}

#[cfg(test)]
mod tests;
