//! One debug section as a stream, read from front to back and expanded on the way.

use super::Bytes;
use crate::image::Image;
use crate::layout::{Format, Section};
use flate2::read::ZlibDecoder;
use gimli::{EndianSlice, Endianity, Reader, RunTimeEndian};
use gospect_bytes::Window;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

/// Bytes of the file to read at once.
const PIECE: usize = 64 << 10;

/// A part of the file as a reader without a buffer.
struct FileRange<'i> {
    window: &'i Window<'i>,
    start: u64,
    size: u64,
    at: u64,
}

impl Read for FileRange<'_> {
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

impl Seek for FileRange<'_> {
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
    Stored(BufReader<FileRange<'i>>),
    /// Expanded in large pieces: the decoder is slow at the end of each.
    Deflated(Box<BufReader<ZlibDecoder<BufReader<FileRange<'i>>>>>),
}

/// The bytes of one section.
pub(super) struct Stream<'i> {
    source: Source<'i>,
    /// Expanded bytes that may still be read.
    left: u64,
    /// Bytes of the last unit that nobody has read yet.
    behind: u64,
    endian: RunTimeEndian,
}

impl<'i> Stream<'i> {
    /// `None` when it is compressed in a way that this reader does not know.
    pub fn open(image: &'i Image<'_>, section: &Section<'_>, limit: u64) -> Option<Self> {
        let window = image.window();
        let available = window.len().checked_sub(section.offset)?;
        let mut size = section.file_size.min(available);
        let mut start = section.offset;
        let head = window.get(start, size.min(24))?;
        // `.zdebug_…` starts with `ZLIB` and the size, big-endian. A compressed ELF section starts with a header (`Elf32_Chdr`,
        // `Elf64_Chdr`) whose first word is 1 for zlib. No debug section can start with that word: as the length of a unit it
        // would be too small.
        let header = if head.starts_with(b"ZLIB") {
            12
        } else if head.get(..4).map(|b| image.number(b)) == Some(1) && image.format == Format::Elf {
            if image.bits == 64 { 24 } else { 12 }
        } else {
            0
        };
        start = start.checked_add(header)?;
        size = size.checked_sub(header)?;
        let part = BufReader::with_capacity(
            PIECE.min(usize::try_from(size).ok()?.max(1)),
            FileRange {
                window,
                start,
                size,
                at: 0,
            },
        );
        let source = match header {
            0 => Source::Stored(part),
            _ => Source::Deflated(Box::new(BufReader::with_capacity(
                PIECE,
                ZlibDecoder::new(part),
            ))),
        };
        let left = if header == 0 { size } else { limit };
        Some(Self {
            source,
            left: left.min(limit),
            behind: 0,
            endian: super::endian(image),
        })
    }

    /// The first part of the next unit. `end` sees the first bytes of the unit and says where that part ends; its length field
    /// is set to match. `None` at the end of the section, and where the section contradicts itself.
    pub fn unit<'b>(
        &mut self,
        buf: &'b mut Vec<u8>,
        end: &dyn Fn(Bytes<'_>) -> gimli::Result<u64>,
    ) -> Option<Bytes<'b>> {
        /// Enough bytes to find the length of the file table after the length of the unit.
        const HEAD: u64 = 16;
        let behind = std::mem::take(&mut self.behind);
        self.skip(behind)?;
        buf.clear();
        self.append(4, buf)?;
        let is_wide = *buf == [0xff; 4];
        if is_wide {
            self.append(8, buf)?;
        }
        let (length, _) = EndianSlice::new(buf, self.endian)
            .read_initial_length()
            .ok()?;
        let (length, start) = (length as u64, buf.len());
        let head = length.min(HEAD);
        self.append(head, buf)?;
        let end = end(EndianSlice::new(buf, self.endian)).unwrap_or(0);
        let taken = end.saturating_sub(start as u64).clamp(head, length);
        self.append(taken - head, buf)?;
        self.behind = length - taken;
        let field = buf.get_mut(if is_wide { 4 } else { 0 }..start)?;
        if self.endian.is_big_endian() {
            let raw = taken.to_be_bytes();
            field.copy_from_slice(&raw[raw.len() - field.len()..]);
        } else {
            field.copy_from_slice(&taken.to_le_bytes()[..field.len()]);
        }
        Some(EndianSlice::new(buf, self.endian))
    }

    /// Appends exactly `n` bytes to `buf`, which grows only as bytes are read, whatever length a header claims.
    fn append(&mut self, n: u64, buf: &mut Vec<u8>) -> Option<()> {
        self.pass(n, |piece| buf.extend_from_slice(piece))
    }

    fn skip(&mut self, n: u64) -> Option<()> {
        if let Source::Stored(reader) = &mut self.source {
            self.left = self.left.checked_sub(n)?;
            return reader.seek_relative(i64::try_from(n).ok()?).ok();
        }
        self.pass(n, |_| ())
    }

    /// Shows the next `n` bytes to `visit`, in pieces.
    fn pass(&mut self, mut n: u64, mut visit: impl FnMut(&[u8])) -> Option<()> {
        self.left = self.left.checked_sub(n)?;
        while n > 0 {
            let ahead = self.reader().fill_buf().ok().filter(|b| !b.is_empty())?;
            let want = usize::try_from(n).unwrap_or(usize::MAX).min(ahead.len());
            visit(&ahead[..want]);
            self.reader().consume(want);
            n -= want as u64;
        }
        Some(())
    }

    fn reader(&mut self) -> &mut dyn BufRead {
        match &mut self.source {
            Source::Stored(r) => r,
            Source::Deflated(r) => r,
        }
    }

    /// All bytes that are left, up to the first error.
    pub fn rest(mut self) -> Vec<u8> {
        let mut all = Vec::new();
        let left = self.left;
        let _ = self.reader().take(left).read_to_end(&mut all);
        all
    }
}
