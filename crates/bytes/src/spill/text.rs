//! Text that is written after everything else, such as the lists at the end of a JSON document.

use super::SpillFile;
use std::io::{self, Write};

/// Bytes that wait in memory before they move to the file.
const IN_MEMORY: usize = 256 << 10;

/// Text that waits to be written: the newest part in memory, the rest in a temporary file.
pub struct SpillText {
    text: Vec<u8>,
    file: SpillFile,
    /// Set when no temporary file can be made: then all of it stays in memory.
    no_file: bool,
}

impl Default for SpillText {
    fn default() -> Self {
        Self {
            text: Vec::new(),
            file: SpillFile::new(u64::MAX),
            no_file: false,
        }
    }
}

impl SpillText {
    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.file.end == 0
    }

    /// Writes all the text.
    ///
    /// # Errors
    /// Errors of the temporary file and of the writer.
    pub fn write_to(mut self, out: &mut dyn Write) -> io::Result<()> {
        self.file.copy_to(out)?;
        out.write_all(&self.text)
    }
}

impl Write for SpillText {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        if self.text.len() > IN_MEMORY && !self.no_file {
            self.no_file = self.file.file().is_err();
            if !self.no_file {
                self.file.append(&self.text)?;
                self.text.clear();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_the_file_comes_before_text_in_memory() {
        for pieces in [0, 1, 300, 3000] {
            let (mut text, mut all) = (SpillText::default(), Vec::new());
            for i in 0..pieces {
                let piece = format!("{i} {}\n", "x".repeat(i % 500));
                text.write_all(piece.as_bytes()).unwrap();
                all.extend(piece.into_bytes());
            }
            assert_eq!(text.is_empty(), pieces == 0);
            if cfg!(feature = "spill") {
                assert_eq!(text.file.end > 0, pieces == 3000);
                assert!(text.text.len() <= IN_MEMORY);
            }
            let mut out = Vec::new();
            text.write_to(&mut out).unwrap();
            assert!(out == all, "{pieces}");
        }
    }
}
