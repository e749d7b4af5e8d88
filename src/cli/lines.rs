//! Writers that never leave half a line or half a file, however the program ends.

use crate::report::style::clean;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes gathered before they are written.
pub const GATHERED: usize = 64 << 10;

/// A temporary file beside the output file, which it replaces when complete: nobody ever sees half a document.
#[derive(Clone)]
pub struct Partial {
    beside: Arc<Path>,
    target: Arc<Path>,
    /// Path of the output file as the user named it.
    given: Arc<Path>,
    /// Whether each line can stand alone, so that complete lines are worth keeping.
    lines: Arc<AtomicBool>,
    /// Whether the file has been moved to its path or removed.
    done: Arc<AtomicBool>,
}

impl Partial {
    /// Opens the file to write. Devices and FIFOs, and files in directories that allow no new file, are written directly.
    pub fn create(path: &Path) -> io::Result<(File, Option<Self>)> {
        // A link is followed: the file is replaced, not the link.
        let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let metadata = std::fs::metadata(&target).ok();
        if metadata
            .as_ref()
            .is_some_and(|existing| !existing.is_file())
        {
            return Ok((File::create(path)?, None));
        }
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let beside = target.with_file_name(format!(".{name}.{}.part", std::process::id()));
        if let Some(existing) = &metadata
            && OpenOptions::new().append(true).open(&target).is_err()
        {
            let _ = existing;
            // Gives the usual error for a file that may not be written.
            return Ok((File::create(path)?, None));
        }
        let Ok(file) = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&beside)
        else {
            return Ok((File::create(path)?, None));
        };
        if let Some(existing) = metadata {
            let _ = file.set_permissions(existing.permissions());
        }
        let partial = Self {
            beside: beside.into(),
            target: target.into(),
            given: path.into(),
            lines: Arc::default(),
            done: Arc::default(),
        };
        Ok((file, Some(partial)))
    }

    pub fn keep_lines(&self) {
        self.lines.store(true, Ordering::SeqCst);
    }

    pub fn name(&self) -> String {
        clean(&self.given.to_string_lossy()).into_owned()
    }

    /// Moves the complete file to its path.
    pub fn finish(&self) -> io::Result<()> {
        if self.done.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        std::fs::rename(&self.beside, &self.target)
    }

    /// Ends an incomplete file: keeps its complete lines if they can stand alone, else removes it. Returns a message saying which.
    pub fn give_up(&self) -> String {
        let name = self.name();
        if self.done.swap(true, Ordering::SeqCst) {
            return format!("{name} is complete");
        }
        if self.lines.load(Ordering::SeqCst)
            && cut_to_lines(&self.beside).is_ok()
            && std::fs::rename(&self.beside, &self.target).is_ok()
        {
            return format!("{name} has what was found so far, in complete lines");
        }
        let _ = std::fs::remove_file(&self.beside);
        match self.target.exists() {
            true => format!("{name} is as it was"),
            false => format!("{name} is not written"),
        }
    }
}

/// Cuts a file after its last complete line.
fn cut_to_lines(path: &Path) -> io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut end = file.seek(SeekFrom::End(0))?;
    let mut piece = vec![0; GATHERED];
    while end > 0 {
        let start = end.saturating_sub(GATHERED as u64);
        let part = piece
            .get_mut(..usize::try_from(end - start).unwrap_or(0))
            .unwrap_or_default();
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(part)?;
        if let Some(at) = crate::bytes::short::rfind(b'\n', part) {
            return file.set_len(start + at as u64 + 1);
        }
        end = start;
    }
    file.set_len(0)
}

/// A writer that passes on only complete lines until it is flushed, so that no line is ever cut.
#[derive(Clone)]
pub struct Lines(Arc<Mutex<Gathered>>);

struct Gathered {
    bytes: Vec<u8>,
    /// Length of the complete lines in it: a line may be long and come in small pieces.
    whole: usize,
    enough: usize,
    to: Box<dyn Write + Send>,
}

impl Lines {
    /// Gathers up to `enough` bytes of complete lines.
    pub fn new(to: Box<dyn Write + Send>, enough: usize) -> Self {
        Self(Arc::new(Mutex::new(Gathered {
            bytes: Vec::with_capacity(enough),
            whole: 0,
            enough,
            to,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the complete lines gathered so far; called on interruption.
    pub fn write_lines(&self) -> io::Result<()> {
        self.lock().write_lines()
    }
}

impl Gathered {
    fn write_lines(&mut self) -> io::Result<()> {
        let whole = std::mem::take(&mut self.whole);
        let written = self
            .to
            .write_all(self.bytes.get(..whole).unwrap_or_default());
        self.bytes.drain(..whole);
        written
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut gathered = self.lock();
        if let Some(end) = crate::bytes::short::rfind(b'\n', bytes) {
            gathered.whole = gathered.bytes.len() + end + 1;
        }
        gathered.bytes.extend_from_slice(bytes);
        if gathered.whole > 0 && gathered.bytes.len() >= gathered.enough {
            gathered.write_lines()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut gathered = self.lock();
        let rest = std::mem::take(&mut gathered.bytes);
        gathered.whole = 0;
        gathered.to.write_all(&rest)?;
        gathered.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces that were passed on.
    #[derive(Clone, Default)]
    struct Pieces(Arc<Mutex<Vec<Vec<u8>>>>);

    impl Write for Pieces {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn long_lines_are_handed_on_whole_and_not_searched_again_for_each_piece() {
        let pieces = Pieces::default();
        let mut lines = Lines::new(Box::new(pieces.clone()), GATHERED);
        lines.write_all(b"first\n").unwrap();
        (0..6_000_000).for_each(|_| lines.write_all(b"x").unwrap());
        lines.write_all(b"\nrest").unwrap();
        lines.write_lines().unwrap();
        lines.flush().unwrap();
        let handed: Vec<usize> = pieces.0.lock().unwrap().iter().map(Vec::len).collect();
        assert_eq!(handed, [6, 6_000_001, 4]);
    }
}
