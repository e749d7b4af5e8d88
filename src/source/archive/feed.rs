//! A stream with a look ahead and a cheap skip: the one shape in which bytes reach the container readers.

use super::ArchiveError;
use crate::bytes::ReadAt;
use std::io::{self, BufRead, Read};

/// Bytes fetched at once. Decompressors write straight into it, and entries that nobody wants are skipped in place.
const BLOCK: usize = 128 << 10;
/// Bytes fetched first: most files inside containers are small, or unwanted after their first bytes. Every further
/// fetch is four times as large, up to [`BLOCK`].
const FIRST: usize = 512;

/// A buffered forward reader over a stream or over positioned bytes.
///
/// Skipping over positioned bytes costs nothing; over a stream it costs what producing the bytes costs. An error of
/// the source is remembered: every later read reports it again, so nobody mistakes the rest for an end.
pub struct Feed<'a> {
    source: Source<'a>,
    buf: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset of `buf[end]` in the stream.
    fetched: u64,
    failed: Option<ArchiveError>,
}

enum Source<'a> {
    Stream(&'a mut dyn Read),
    Owned(Box<dyn Read + 'a>),
    Positioned(&'a dyn ReadAt),
}

impl<'a> Feed<'a> {
    /// Over a stream.
    pub fn new(stream: &'a mut dyn Read) -> Self {
        Self::over(Source::Stream(stream))
    }

    /// Over a stream that it keeps.
    pub fn owning(stream: Box<dyn Read + 'a>) -> Self {
        Self::over(Source::Owned(stream))
    }

    /// Over positioned bytes.
    pub fn at(bytes: &'a dyn ReadAt) -> Self {
        Self::over(Source::Positioned(bytes))
    }

    fn over(source: Source<'a>) -> Self {
        Self {
            source,
            buf: Vec::new(),
            start: 0,
            end: 0,
            fetched: 0,
            failed: None,
        }
    }

    /// Offset in the stream of the next byte.
    pub fn offset(&self) -> u64 {
        self.fetched - (self.end - self.start) as u64
    }

    /// Whether the source has failed: then the fault is not that of whoever reads from here.
    pub fn failed(&self) -> bool {
        self.failed.is_some()
    }

    /// The next bytes without taking them: `count` (at most 64 KiB), fewer only at the end.
    ///
    /// # Errors
    /// The source's.
    pub fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        let count = count.min(BLOCK / 2);
        if self.end - self.start < count {
            self.buf.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            self.grow(count);
            while self.end < count {
                let n = self.fetch_into_buf()?;
                if n == 0 {
                    break;
                }
            }
        }
        let end = self.end.min(self.start + count);
        Ok(self.buf.get(self.start..end).unwrap_or_default())
    }

    /// Takes `count` bytes that a [`Feed::peek`] has shown.
    pub fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// Takes exactly `N` bytes; `None` when the stream ends before the first of them.
    ///
    /// # Errors
    /// The source's; `UnexpectedEof` when it ends in between.
    pub fn take_array<const N: usize>(&mut self) -> io::Result<Option<[u8; N]>> {
        let offset = self.offset();
        let seen = self.peek(N)?;
        if seen.is_empty() {
            return Ok(None);
        }
        let Some(array) = seen.first_chunk::<N>().copied() else {
            let got = seen.len();
            return Err(ArchiveError::truncated(format!(
                "ends after {got} of {N} bytes at offset {offset}"
            ))
            .into());
        };
        self.consume(N);
        Ok(Some(array))
    }

    /// Takes exactly `count` bytes, which the caller has bounded; memory grows with what arrives.
    ///
    /// # Errors
    /// The source's; `UnexpectedEof` when there are fewer.
    pub fn take_vec(&mut self, count: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let offset = self.offset();
        self.by_ref().take(count).read_to_end(&mut bytes)?;
        if (bytes.len() as u64) < count {
            let got = bytes.len();
            return Err(ArchiveError::truncated(format!(
                "ends after {got} of {count} bytes at offset {offset}"
            ))
            .into());
        }
        Ok(bytes)
    }

    /// Skips up to `count` bytes; returns how many there were.
    ///
    /// # Errors
    /// The source's.
    pub fn skip(&mut self, count: u64) -> io::Result<u64> {
        let held = (self.end - self.start) as u64;
        if count <= held {
            self.start += usize::try_from(count).unwrap_or(0);
            return Ok(count);
        }
        self.start = self.end;
        let mut left = count - held;
        if let Source::Positioned(bytes) = self.source {
            let n = left.min(bytes.len().saturating_sub(self.fetched));
            self.fetched += n;
            return Ok(held + n);
        }
        while left > 0 {
            self.start = 0;
            self.end = 0;
            self.grow(usize::try_from(left).unwrap_or(BLOCK));
            let n = self.fetch_into_buf()?;
            if n == 0 {
                break;
            }
            let used = usize::try_from(left).unwrap_or(usize::MAX).min(n);
            self.start = used;
            left -= used as u64;
        }
        Ok(count - left)
    }

    /// Takes zeros until something else comes.
    ///
    /// # Errors
    /// The source's.
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

    /// Reads to the end, so that checksums and digests over the source are complete.
    ///
    /// # Errors
    /// The source's.
    pub fn drain(&mut self) -> io::Result<u64> {
        self.skip(u64::MAX)
    }

    /// Makes the buffer larger for the next fetch, which is for at least `count` bytes.
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
        let n = result?;
        self.end += n;
        Ok(n)
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
            Ok(n) => {
                let n = n.min(out.len());
                self.fetched += n as u64;
                Ok(n)
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
        let n = out.len().min(self.end - self.start);
        let from = self.buf.get(self.start..self.start + n).unwrap_or_default();
        out.get_mut(..n).unwrap_or_default().copy_from_slice(from);
        self.start += n;
        Ok(n)
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
