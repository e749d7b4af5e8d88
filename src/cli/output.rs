//! Where results are written: a file, a terminal or a pipe, and what each can show.

use super::args::{Color, OutputArgs};
use crate::report::style::Look;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is gathered before it is written.
const GATHERED: usize = 64 << 10;

/// An open output.
pub struct Output {
    writer: Lines,
    /// Whether another program takes it as it comes, and may well write to the same terminal.
    pub piped: bool,
    /// What it can show.
    pub look: Look,
}

impl Output {
    /// Opens what the arguments ask for.
    pub fn open(args: &OutputArgs) -> Result<Self, String> {
        #[cfg(unix)]
        super::interrupt::outlive_file_limit();
        let (to, terminal, piped): (Box<dyn Write + Send>, bool, bool) = match &args.output {
            Some(path) if path.as_os_str() != "-" => {
                let file = File::create(path)
                    .map_err(|e| format!("cannot write {}: {e}", path.display()))?;
                (Box::new(file), false, false)
            }
            _ => (
                Box::new(io::stdout()),
                io::stdout().is_terminal(),
                is_pipe(),
            ),
        };
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let color = match args.color {
            Color::Auto => terminal && !no_color && !is_dumb(),
            Color::Always => true,
            Color::Never => false,
        };
        let width =
            terminal.then(|| terminal_size::terminal_size().map_or(80, |(w, _)| usize::from(w.0)));
        Ok(Self {
            writer: Lines::new(to, if terminal { 0 } else { GATHERED }),
            piped,
            look: Look {
                width,
                color,
                unicode: utf8(),
            },
        })
    }

    /// Writes a whole result; a closed pipe is not an error.
    pub fn write(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), String> {
        match write(&mut self.writer).and_then(|()| self.writer.flush()) {
            Ok(()) => Ok(()),
            Err(e) => write_failed(&e),
        }
    }

    /// The writer.
    pub fn writer(&mut self) -> &mut dyn Write {
        &mut self.writer
    }

    /// From now on what is written survives an interruption, up to the last whole line. Costs a thread, a tenth of the time
    /// that a scan of one file takes: for formats that write while the scan goes on.
    pub fn keep_when_interrupted(&self) {
        #[cfg(unix)]
        super::interrupt::keep(&self.writer);
    }
}

/// A writer that hands on whole lines only, until it is flushed: however the program ends, no line is cut.
#[derive(Clone)]
pub struct Lines(Arc<Mutex<Gathered>>);

struct Gathered {
    bytes: Vec<u8>,
    /// Bytes of the whole lines among them: a line may be long, and comes in small pieces.
    whole: usize,
    enough: usize,
    to: Box<dyn Write + Send>,
}

impl Lines {
    /// Gathers up to `enough` bytes, if they are whole lines.
    fn new(to: Box<dyn Write + Send>, enough: usize) -> Self {
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

    /// Hands on the whole lines that were gathered: for who is interrupted, which only Unix tells.
    #[cfg(any(unix, test))]
    pub fn hand_on(&self) -> io::Result<()> {
        self.lock().hand_on()
    }
}

impl Gathered {
    fn hand_on(&mut self) -> io::Result<()> {
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
            gathered.hand_on()?;
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

/// Whether standard output is a pipe.
#[cfg(unix)]
fn is_pipe() -> bool {
    use rustix::fs::{FileType, fstat};
    fstat(io::stdout()).is_ok_and(|s| FileType::from_raw_mode(s.st_mode).is_fifo())
}

/// Whether standard output is a pipe; here nobody says, and it may be one.
#[cfg(not(unix))]
fn is_pipe() -> bool {
    !io::stdout().is_terminal()
}

/// Whether the terminal knows no escape sequences.
pub fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|t| t == "dumb")
}

/// Whether the locale says that UTF-8 is understood. Files and pipes follow it too, so that the same command gives the same bytes.
pub fn utf8() -> bool {
    let set = |name| std::env::var(name).ok().filter(|v: &String| !v.is_empty());
    match set("LC_ALL")
        .or_else(|| set("LC_CTYPE"))
        .or_else(|| set("LANG"))
    {
        Some(locale) => locale
            .to_ascii_lowercase()
            .replace('-', "")
            .contains("utf8"),
        None => false,
    }
}

/// A failed write: a closed pipe is nobody's fault.
pub fn write_failed(error: &io::Error) -> Result<(), String> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        // It says what would not fit.
        io::ErrorKind::OutOfMemory => Err(error.to_string()),
        _ => Err(format!("cannot write the output: {error}")),
    }
}

/// Writes to standard output what needs no look.
pub fn print(bytes: &[u8]) -> Result<(), String> {
    match io::stdout().write_all(bytes) {
        Ok(()) => Ok(()),
        Err(e) => write_failed(&e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was handed on, piece by piece.
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
        lines.hand_on().unwrap();
        lines.flush().unwrap();
        let handed: Vec<usize> = pieces.0.lock().unwrap().iter().map(Vec::len).collect();
        assert_eq!(handed, [6, 6_000_001, 4]);
    }
}
