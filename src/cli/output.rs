//! Where results are written: a file, a terminal or a pipe, and what each can show.

use super::args::{Color, OutputArgs};
use super::error::Error;
use super::lines::{GATHERED, Lines, Partial};
use super::terminal::{is_dumb, is_pipe, stdout, utf8};
use crate::report::style::{Look, clean};
use std::io::{self, IsTerminal, Write};

/// An open output.
pub struct Output {
    writer: Lines,
    /// The file that becomes the one that was named, when all is written.
    partial: Option<Partial>,
    /// Whether another program takes it as it comes, and may well write to the same terminal.
    pub piped: bool,
    /// What it can show.
    pub look: Look,
}

impl Output {
    /// Opens what the arguments ask for.
    pub fn open(args: &OutputArgs) -> Result<Self, Error> {
        #[cfg(unix)]
        super::interrupt::outlive_file_limit();
        let mut partial = None;
        let (to, terminal, piped): (Box<dyn Write + Send>, bool, bool) = match &args.output {
            Some(path) if path.as_os_str() != "-" => {
                let (file, beside) = Partial::create(path).map_err(Error::write(path.display()))?;
                partial = beside;
                (Box::new(file), false, false)
            }
            _ => (stdout(), io::stdout().is_terminal(), is_pipe()),
        };
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let color = match args.color {
            Color::Auto => terminal && !no_color && !is_dumb(),
            Color::Always => true,
            Color::Never => false,
        };
        let width =
            terminal.then(|| terminal_size::terminal_size().map_or(80, |(w, _)| usize::from(w.0)));
        let writer = Lines::new(to, if terminal { 0 } else { GATHERED });
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
        let written = write(&mut self.writer).and_then(|()| self.writer.flush());
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

    /// Ends what was written piece by piece through [`Output::writer`].
    pub fn end<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        match (result, &self.partial) {
            (Ok(value), _) => self.write(|_| Ok(())).map(|()| value),
            (Err(why), None) => Err(why),
            (Err(why), Some(partial)) => {
                let _ = self.writer.hand_on();
                Err(why.with_output(partial.give_up()))
            }
        }
    }

    /// Text for whoever reads it: written out where a terminal would act on it.
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

    /// The writer.
    pub fn writer(&mut self) -> &mut dyn Write {
        &mut self.writer
    }

    /// From now on what is written survives an interruption, up to the last whole line. Costs a thread, a tenth of the time
    /// that a scan of one file takes: for formats that write while the scan goes on.
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
    /// What was begun and not finished, such as after an error of a target, leaves nothing behind.
    fn drop(&mut self) {
        if let Some(partial) = &self.partial {
            let _ = self.writer.hand_on();
            partial.give_up();
        }
    }
}

/// A failed write: a closed pipe is nobody's fault.
pub fn write_failed(error: io::Error) -> Result<(), Error> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        io::ErrorKind::OutOfMemory => Err(Error::TooLarge(error)),
        _ => Err(Error::write("the output")(error)),
    }
}

/// Writes to standard output what needs no look.
pub fn print(bytes: &[u8]) -> Result<(), Error> {
    match stdout().write_all(bytes) {
        Ok(()) => Ok(()),
        Err(e) => write_failed(e),
    }
}
