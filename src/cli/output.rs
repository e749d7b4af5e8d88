//! The output of a command: a file, a terminal or a pipe, and what each can display.

use super::args::OutputArgs;
use super::captured;
use super::error::Error;
use super::lines::{GATHERED, Lines, Partial};
use super::terminal::{colors, columns, is_pipe, is_terminal, stdout, utf8};
use crate::report::style::{Look, clean};
use std::io::{self, BufWriter, Write};

/// Bytes of small writes to gather before they reach the lines.
const PIECES: usize = 8 << 10;

/// An open output.
pub struct Output {
    writer: Lines,
    /// The temporary file that replaces the output file when complete.
    partial: Option<Partial>,
    /// Whether another program reads it as it comes, and may write to the same terminal.
    pub piped: bool,
    /// What it can display.
    pub look: Look,
}

impl Output {
    /// Opens the output that the arguments ask for.
    pub fn open(args: &OutputArgs) -> Result<Self, Error> {
        #[cfg(unix)]
        super::interrupt::ignore_file_limit();
        let mut partial = None;
        let (to, terminal, piped): (Box<dyn Write + Send>, bool, bool) = match &args.output {
            Some(path) if path.as_os_str() != "-" => {
                let (file, beside) = Partial::create(path).map_err(Error::write(path.display()))?;
                partial = beside;
                (Box::new(file), false, false)
            }
            _ => (stdout(), is_terminal(), is_pipe()),
        };
        let color = colors(args.color, terminal);
        let width = terminal.then(|| columns(terminal_size::terminal_size()));
        // A program that captures the output waits for each line, as a person at a terminal does.
        let gathered = match terminal || (captured::is_on() && partial.is_none()) {
            true => 0,
            false => GATHERED,
        };
        let writer = Lines::new(to, gathered);
        #[cfg(unix)]
        if let Some(partial) = &partial {
            super::interrupt::keep(&writer, Some(partial));
        }
        Ok(Self {
            writer,
            partial,
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
    ) -> Result<(), Error> {
        // Formats write many small pieces, each of which would take the lock of the lines.
        let mut pieces = BufWriter::with_capacity(PIECES, &mut self.writer);
        let written = write(&mut pieces).and_then(|()| pieces.flush());
        drop(pieces);
        match (written, &self.partial) {
            (Ok(()), None) => Ok(()),
            (Ok(()), Some(partial)) => partial
                .finish()
                .map_err(|e| Error::write(partial.name())(e)),
            (Err(e), None) => write_failed(e),
            (Err(e), Some(partial)) => {
                Err(Error::write("the output")(e).with_output(partial.give_up()))
            }
        }
    }

    /// Finishes output that was written piece by piece through [`Output::writer`].
    pub fn end<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        match (result, &self.partial) {
            (Ok(value), _) => self.write(|_| Ok(())).map(|()| value),
            (Err(why), None) => Err(why),
            (Err(why), Some(partial)) => {
                let _ = self.writer.write_lines();
                Err(why.with_output(partial.give_up()))
            }
        }
    }

    /// Escapes text if it goes to a terminal.
    pub fn harmless(&self, text: String) -> String {
        match self.look.width {
            None => text,
            Some(_) => text
                .split('\n')
                .map(|line| clean(line))
                .collect::<Vec<_>>()
                .join("\n"),
        }
    }

    /// The writer for output in pieces.
    pub fn writer(&mut self) -> &mut dyn Write {
        &mut self.writer
    }

    /// Makes output survive an interruption, up to the last complete line. For formats that write during the scan: it costs a
    /// thread, a tenth of the time of scanning one file.
    pub fn keep_when_interrupted(&self) {
        match &self.partial {
            Some(partial) => partial.keep_lines(),
            #[cfg(unix)]
            None => super::interrupt::keep(&self.writer, None),
            #[cfg(not(unix))]
            None => {}
        }
    }
}

impl Drop for Output {
    /// Removes output that was begun and not finished, for example after an error of a target.
    fn drop(&mut self) {
        if let Some(partial) = &self.partial {
            let _ = self.writer.write_lines();
            partial.give_up();
        }
    }
}

/// Handles a write error: a closed pipe is not an error.
pub fn write_failed(error: io::Error) -> Result<(), Error> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        io::ErrorKind::OutOfMemory => Err(Error::TooLarge(error)),
        _ => Err(Error::write("the output")(error)),
    }
}

/// Writes plain text to standard output.
pub fn print(bytes: &[u8]) -> Result<(), Error> {
    match stdout().write_all(bytes) {
        Ok(()) => Ok(()),
        Err(e) => write_failed(e),
    }
}
