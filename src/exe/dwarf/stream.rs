//! One debug section, front to back, expanded on the way.

use crate::bytes::Window;
use crate::exe::image::{Image, Section};
use flate2::read::ZlibDecoder;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// Bytes of the file that one read asks for.
const PIECE: usize = 64 << 10;

/// A part of the file as a reader that keeps nothing.
struct Part<'i> {
    window: &'i Window<'i>,
    start: u64,
    size: u64,
    at: u64,
}

impl Read for Part<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let want = usize::try_from(self.size.saturating_sub(self.at))
            .unwrap_or(usize::MAX)
            .min(buf.len());
        let n = self
            .window
            .read_uncached(&mut buf[..want], self.start.saturating_add(self.at))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Part<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
        }
        .ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

enum Source<'i> {
    Stored(BufReader<Part<'i>>),
    Deflated(Box<ZlibDecoder<BufReader<Part<'i>>>>),
}

/// The bytes of one section.
pub(super) struct Stream<'i> {
    source: Source<'i>,
    /// Expanded bytes that may still be taken.
    left: u64,
    pub big_endian: bool,
}

impl<'i> Stream<'i> {
    /// `None` when it is compressed in a way that is not read here.
    pub fn open(image: &'i Image<'_>, section: &Section<'_>, limit: u64) -> Option<Self> {
        let window = image.window();
        let available = window.len().checked_sub(section.offset)?;
        let mut size = section.file_size.min(available);
        let mut start = section.offset;
        let head = window.get(start, size.min(24))?;
        // `.zdebug_…` starts with this word and the size, big-endian. A compressed ELF section starts with a header (`Elf32_Chdr`,
        // `Elf64_Chdr`) whose first word is 1 for zlib: no debug section can start with it, since a unit has more than one byte.
        let header = if head.starts_with(b"ZLIB") {
            12
        } else if head.get(..4).map(|b| image.number(b)) == Some(1)
            && image.format == crate::exe::Format::Elf
        {
            if image.bits == 64 { 24 } else { 12 }
        } else {
            0
        };
        start = start.checked_add(header)?;
        size = size.checked_sub(header)?;
        let part = BufReader::with_capacity(
            PIECE.min(usize::try_from(size).ok()?.max(1)),
            Part {
                window,
                start,
                size,
                at: 0,
            },
        );
        let source = match header {
            0 => Source::Stored(part),
            _ => Source::Deflated(Box::new(ZlibDecoder::new(part))),
        };
        let left = if header == 0 { size } else { limit };
        Some(Self {
            source,
            left: left.min(limit),
            big_endian: image.big_endian,
        })
    }

    /// Exactly `n` bytes into `buf`, whose old content goes.
    pub fn take(&mut self, n: u64, buf: &mut Vec<u8>) -> Option<()> {
        buf.clear();
        self.left = self.left.checked_sub(n)?;
        let reader: &mut dyn Read = match &mut self.source {
            Source::Stored(r) => r,
            Source::Deflated(r) => r,
        };
        // Grows with what is there, not with what a length claims.
        let read = reader.take(n).read_to_end(buf).ok()?;
        (read as u64 == n).then_some(())
    }

    /// A number of `n` bytes.
    pub fn number(&mut self, n: u64, buf: &mut Vec<u8>) -> Option<u64> {
        self.take(n, buf)?;
        Some(super::fixed(buf, self.big_endian))
    }

    pub fn skip(&mut self, n: u64) -> Option<()> {
        self.left = self.left.checked_sub(n)?;
        match &mut self.source {
            Source::Stored(r) => r.seek_relative(i64::try_from(n).ok()?).ok(),
            Source::Deflated(r) => {
                let skipped = io::copy(&mut r.take(n), &mut io::sink()).ok()?;
                (skipped == n).then_some(())
            }
        }
    }

    /// Everything that is left.
    pub fn rest(mut self) -> Vec<u8> {
        let mut all = Vec::new();
        let reader: &mut dyn Read = match &mut self.source {
            Source::Stored(r) => r,
            Source::Deflated(r) => r,
        };
        // What was expanded before an error is still good.
        let _ = reader.take(self.left).read_to_end(&mut all);
        all
    }

    /// The length that starts a unit, and the width of its offsets. `None` at the end.
    pub fn unit_length(&mut self, buf: &mut Vec<u8>) -> Option<(u64, usize)> {
        match self.number(4, buf)? {
            0xffff_ffff => Some((self.number(8, buf)?, 8)),
            0xffff_fff0..0xffff_ffff => None,
            length => Some((length, 4)),
        }
    }
}
