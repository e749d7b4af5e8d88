//! Where bytes come from: positioned reads over a file, memory or a spilled stream, and the limits on all of them.
//!
//! Must never: interpret what it reads, print, or keep more than its limits allow.
//!
//! ```
//! use gospect_bytes::Window;
//!
//! // A window keeps the blocks that were read and hands out slices of them. Past the end there is nothing.
//! let file: &[u8] = b"\x7fELF, and more";
//! let window = Window::new(&file, 1 << 20);
//! assert_eq!(window.get(0, 4), Some(&b"\x7fELF"[..]));
//! assert_eq!(window.get(4, 1000), None);
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

pub mod base64;
mod budget;
pub mod calendar;
pub mod escape;
pub mod guard;
mod limits;
pub mod number;
pub mod short;
mod spill;
mod window;

pub use budget::{Budget, Full, Grant, LARGE_WINDOW, MEMORY, SizeInMemory, Use};
pub use limits::Limits;
pub use spill::SpillText;
#[cfg(feature = "spill")]
pub use spill::{KeptRanges, Spill};
#[cfg(feature = "spill")]
pub use spill::{SpillFile, SpillStore, Stored};
pub use window::{ReadCounts, Window, WindowLimit};

use std::io;

/// The system's text for an error, without the number that Rust adds.
pub fn error_text(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

/// A positioned reader: the only form in which parsers get bytes.
///
/// Implementations are shared by threads, so reads take `&self`. The length is fixed when the reader is made; a file
/// that shrinks later gives short reads, one that grows is read to its old length.
pub trait ReadAt: Send + Sync {
    /// Length in bytes.
    fn len(&self) -> u64;

    /// Reads up to `buf.len()` bytes at `offset`; fewer only at the end. Returns how many.
    ///
    /// # Errors
    /// Whatever the source reports; `Interrupted` is retried inside.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;

    /// The whole content when it is already in memory, so that nothing needs to be copied.
    fn as_slice(&self) -> Option<&[u8]> {
        None
    }

    /// Whether there is nothing to read.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl ReadAt for [u8] {
    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|at| self.get(at..))
            .unwrap_or_default();
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }

    fn as_slice(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl ReadAt for &[u8] {
    fn len(&self) -> u64 {
        <[u8] as ReadAt>::len(self)
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        <[u8] as ReadAt>::read_at(self, buf, offset)
    }

    fn as_slice(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl ReadAt for Vec<u8> {
    fn len(&self) -> u64 {
        <[u8] as ReadAt>::len(self)
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        <[u8] as ReadAt>::read_at(self, buf, offset)
    }

    fn as_slice(&self) -> Option<&[u8]> {
        Some(self)
    }
}

/// A file, read with `pread`: no mapping, because a file truncated while mapped kills the process.
#[cfg(feature = "files")]
#[derive(Debug)]
pub struct FileBytes {
    file: std::fs::File,
    len: u64,
}

#[cfg(feature = "files")]
impl FileBytes {
    /// Wraps an open file whose length is known.
    pub fn new(file: std::fs::File, len: u64) -> Self {
        Self { file, len }
    }

    /// Wraps an open file and asks for its length.
    ///
    /// # Errors
    /// When the length cannot be read.
    pub fn open(file: std::fs::File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        Ok(Self { file, len })
    }

    #[cfg(feature = "spill")]
    fn into_file(self) -> std::fs::File {
        self.file
    }
}

#[cfg(feature = "files")]
impl ReadAt for FileBytes {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let end = self.len.saturating_sub(offset);
        let want = usize::try_from(end).unwrap_or(usize::MAX).min(buf.len());
        let mut done = 0;
        while done < want {
            match pread(&self.file, &mut buf[done..want], offset + done as u64) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(done)
    }
}

#[cfg(all(feature = "files", unix))]
fn pread(file: &std::fs::File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    // The system call itself: the C library's `pread` is a cancellation point and sets that up for every read.
    Ok(rustix::io::pread(file, buf, offset)?)
}

#[cfg(all(feature = "files", windows))]
fn pread(file: &std::fs::File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buf, offset)
}

/// A part of another reader: a slice of a fat Mach-O, a member of an `ar` file.
pub struct Part<'a> {
    whole: &'a dyn ReadAt,
    start: u64,
    len: u64,
}

impl<'a> Part<'a> {
    /// The `len` bytes from `start`, cut to what the whole has.
    pub fn new(whole: &'a dyn ReadAt, start: u64, len: u64) -> Self {
        let start = start.min(whole.len());
        Self {
            whole,
            start,
            len: len.min(whole.len() - start),
        }
    }
}

impl ReadAt for Part<'_> {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = self.len.saturating_sub(offset);
        let want = usize::try_from(rest).unwrap_or(usize::MAX).min(buf.len());
        if want == 0 {
            return Ok(0);
        }
        self.whole.read_at(&mut buf[..want], self.start + offset)
    }

    fn as_slice(&self) -> Option<&[u8]> {
        let start = usize::try_from(self.start).ok()?;
        let len = usize::try_from(self.len).ok()?;
        self.whole.as_slice()?.get(start..start.checked_add(len)?)
    }
}
