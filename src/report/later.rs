//! Text that stands behind what is yet to come. Little of it waits in memory, the rest in a temporary file without a name: nobody knows how
//! many things of a tree cannot be examined.

use std::fs::File;
use std::io::{self, Seek, Write};

/// Bytes that wait in memory before a file takes them.
const IN_MEMORY: usize = 256 << 10;

/// Text that waits.
#[derive(Default)]
pub(super) struct Later {
    /// The end of it.
    text: Vec<u8>,
    /// What is before that.
    file: Option<File>,
    /// Without a place for temporary files memory has to bear it.
    no_file: bool,
}

impl Later {
    /// Whether there is any.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.file.is_none()
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// Those of the temporary file and of the writer.
    pub(super) fn write_to(mut self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.rewind().map_err(named)?;
            io::copy(file, out)?;
        }
        out.write_all(&self.text)
    }

    fn put_away(&mut self) -> io::Result<()> {
        if self.file.is_none() && !self.no_file {
            self.file = temporary();
            self.no_file = self.file.is_none();
        }
        if let Some(file) = &mut self.file {
            file.write_all(&self.text).map_err(named)?;
            self.text.clear();
        }
        Ok(())
    }
}

impl Write for Later {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        if self.text.len() > IN_MEMORY {
            self.put_away()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn named(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("a temporary file: {error}"))
}

#[cfg(feature = "archives")]
fn temporary() -> Option<File> {
    tempfile::tempfile().ok()
}

#[cfg(not(feature = "archives"))]
fn temporary() -> Option<File> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waited_in_a_file_comes_before_what_waited_in_memory() {
        for pieces in [0, 1, 300, 3000] {
            let (mut later, mut all) = (Later::default(), Vec::new());
            for i in 0..pieces {
                let piece = format!("{i} {}\n", "x".repeat(i % 500));
                later.write_all(piece.as_bytes()).unwrap();
                all.extend(piece.into_bytes());
            }
            assert_eq!(later.is_empty(), pieces == 0);
            if cfg!(feature = "archives") {
                assert_eq!(later.file.is_some(), pieces == 3000);
                assert!(later.text.len() <= IN_MEMORY);
            }
            let mut out = Vec::new();
            later.write_to(&mut out).unwrap();
            assert!(out == all, "{pieces}");
        }
    }
}
