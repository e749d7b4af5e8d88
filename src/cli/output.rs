//! Where results are written: a file, a terminal or a pipe, and what each can show.

use super::args::{Color, OutputArgs};
use crate::report::style::Look;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};

/// An open output.
pub struct Output {
    writer: BufWriter<Box<dyn Write>>,
    /// What it can show.
    pub look: Look,
}

impl Output {
    /// Opens what the arguments ask for.
    pub fn open(args: &OutputArgs) -> Result<Self, String> {
        let (writer, terminal): (Box<dyn Write>, bool) = match &args.output {
            Some(path) if path.as_os_str() != "-" => {
                let file = File::create(path)
                    .map_err(|e| format!("cannot write {}: {e}", path.display()))?;
                (Box::new(file), false)
            }
            _ => (Box::new(io::stdout()), io::stdout().is_terminal()),
        };
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
        let color = match args.color {
            Color::Auto => terminal && !no_color && !dumb,
            Color::Always => true,
            Color::Never => false,
        };
        let width =
            terminal.then(|| terminal_size::terminal_size().map_or(80, |(w, _)| usize::from(w.0)));
        Ok(Self {
            writer: BufWriter::with_capacity(64 << 10, writer),
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
}

/// Whether the locale says that UTF-8 is understood. Files and pipes follow it too, so that the same command gives the same bytes.
fn utf8() -> bool {
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
