//! A stream with look-ahead and cheap skipping: the only form in which container readers get bytes.

use super::ArchiveError;
use gospect_bytes::ReadAt;
use std::io::{self, BufRead, Read};

/// Bytes fetched at once. Decompressors write into this buffer, and unwanted entries are skipped inside it.
const BLOCK: usize = 128 << 10;
/// Bytes of the first fetch: most files in containers are small, or unwanted after their first bytes. Every further fetch is four
/// times as large, up to [`BLOCK`].
const FIRST: usize = 512;

/// A buffered forward reader over a stream or over bytes with random access.
///
/// Skipping is free with random access; in a stream it costs as much as reading. An error of the source is remembered and returned
/// by every later read, so that no reader takes it for the end.
pub struct Feed<'a> {
    source: Source<'a>,
    buf: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset in the stream of the byte after the buffer (`buf[end]`).
    fetched: u64,
    failed: Option<ArchiveError>,
}

enum Source<'a> {
    Stream(&'a mut dyn Read),
    Owned(Box<dyn Read + 'a>),
    Positioned(&'a dyn ReadAt),
}

impl<'a> Feed<'a> {
    /// Reads a stream.
    pub fn new(stream: &'a mut dyn Read) -> Self {
        Self::on_bytes(Source::Stream(stream))
    }

    /// Reads a stream and owns it.
    pub fn owning(stream: Box<dyn Read + 'a>) -> Self {
        Self::on_bytes(Source::Owned(stream))
    }

    /// Reads bytes with random access.
    pub fn at(bytes: &'a dyn ReadAt) -> Self {
        Self::on_bytes(Source::Positioned(bytes))
    }

    fn on_bytes(source: Source<'a>) -> Self {
        Self {
            source,
            buf: Vec::new(),
            start: 0,
            end: 0,
            fetched: 0,
            failed: None,
        }
    }

    /// Offset of the next byte in the stream.
    pub fn offset(&self) -> u64 {
        self.fetched - (self.end - self.start) as u64
    }

    /// Whether the source has failed: then an error is the source's and not of the data read here.
    pub fn failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Shows the next `count` bytes (at most 64 KiB) without taking them; fewer only at the end.
    ///
    /// # Errors
    /// Errors of the source.
    pub fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        let count = count.min(BLOCK / 2);
        if self.end - self.start < count {
            self.buf.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            self.grow(count);
            while self.end < count && self.fetch_into_buf()? > 0 {}
        }
        let end = self.end.min(self.start + count);
        Ok(self.buf.get(self.start..end).unwrap_or_default())
    }

    /// Takes `count` bytes that [`Feed::peek`] has shown.
    pub fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// Takes exactly `N` bytes; `None` when the stream ends before the first of them.
    ///
    /// # Errors
    /// Errors of the source; `UnexpectedEof` when the stream ends inside the array.
    pub fn take_array<const N: usize>(&mut self) -> io::Result<Option<[u8; N]>> {
        let offset = self.offset();
        let seen = self.peek(N)?;
        if seen.is_empty() {
            return Ok(None);
        }
        let Some(array) = seen.first_chunk::<N>().copied() else {
            let available = seen.len();
            return Err(ArchiveError::truncated(format!(
                "ends after {available} of {N} bytes at offset {offset}"
            ))
            .into());
        };
        self.consume(N);
        Ok(Some(array))
    }

    /// Takes exactly `count` bytes, a number that the caller has checked against a limit; memory grows only as bytes arrive.
    ///
    /// # Errors
    /// Errors of the source; `UnexpectedEof` when there are fewer bytes.
    pub fn take_vec(&mut self, count: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let offset = self.offset();
        self.by_ref().take(count).read_to_end(&mut bytes)?;
        if (bytes.len() as u64) < count {
            let available = bytes.len();
            return Err(ArchiveError::truncated(format!(
                "ends after {available} of {count} bytes at offset {offset}"
            ))
            .into());
        }
        Ok(bytes)
    }

    /// Skips up to `count` bytes; returns how many were skipped.
    ///
    /// # Errors
    /// Errors of the source.
    pub fn skip(&mut self, count: u64) -> io::Result<u64> {
        let buffered = (self.end - self.start) as u64;
        if count <= buffered {
            self.start += usize::try_from(count).unwrap_or(0);
            return Ok(count);
        }
        self.start = self.end;
        let mut left = count - buffered;
        if let Source::Positioned(bytes) = self.source {
            let skipped = left.min(bytes.len().saturating_sub(self.fetched));
            self.fetched += skipped;
            return Ok(buffered + skipped);
        }
        while left > 0 {
            self.start = 0;
            self.end = 0;
            self.grow(usize::try_from(left).unwrap_or(BLOCK));
            let fetched = self.fetch_into_buf()?;
            if fetched == 0 {
                break;
            }
            let used = usize::try_from(left).unwrap_or(usize::MAX).min(fetched);
            self.start = used;
            left -= used as u64;
        }
        Ok(count - left)
    }

    /// Skips zeros up to the first other byte.
    ///
    /// # Errors
    /// Errors of the source.
    pub(super) fn skip_zeros(&mut self) -> io::Result<()> {
        loop {
            let bytes = self.fill_buf()?;
            let len = bytes.len();
            let zeros = bytes.iter().position(|b| *b != 0).unwrap_or(len);
            self.consume(zeros);
            if zeros < len || len == 0 {
                return Ok(());
            }
        }
    }

    /// Reads to the end, so that checksums and digests of the source are complete.
    ///
    /// # Errors
    /// Errors of the source.
    pub fn drain(&mut self) -> io::Result<u64> {
        self.skip(u64::MAX)
    }

    /// Enlarges the buffer for a fetch of at least `count` bytes.
    fn grow(&mut self, count: usize) {
        let len = (self.buf.len() * 4).max(FIRST).max(count).min(BLOCK);
        if len > self.buf.len() {
            self.buf.resize(len, 0);
        }
    }

    fn fetch_into_buf(&mut self) -> io::Result<usize> {
        let mut buf = std::mem::take(&mut self.buf);
        let result = self.fetch(buf.get_mut(self.end..).unwrap_or_default());
        self.buf = buf;
        let fetched = result?;
        self.end += fetched;
        Ok(fetched)
    }

    fn fetch(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone().into());
        }
        let result = loop {
            let result = match &mut self.source {
                Source::Stream(stream) => stream.read(out),
                Source::Owned(stream) => stream.read(out),
                Source::Positioned(bytes) => bytes.read_at(out, self.fetched),
            };
            match result {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        match result {
            Ok(read) => {
                let read = read.min(out.len());
                self.fetched += read as u64;
                Ok(read)
            }
            Err(e) => {
                let error = ArchiveError::from(e);
                self.failed = Some(error.clone());
                Err(error.into())
            }
        }
    }
}

impl Read for Feed<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.start == self.end {
            if out.len() >= BLOCK / 4 {
                return self.fetch(out);
            }
            self.peek(1)?;
        }
        let count = out.len().min(self.end - self.start);
        let bytes = self.buf.get(self.start..self.start + count);
        out.get_mut(..count)
            .unwrap_or_default()
            .copy_from_slice(bytes.unwrap_or_default());
        self.start += count;
        Ok(count)
    }
}

impl BufRead for Feed<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.peek(1)?;
        }
        Ok(self.buf.get(self.start..self.end).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        Feed::consume(self, count);
    }
}
