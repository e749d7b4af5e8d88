//! Where results are written: a file, a terminal or a pipe, and what each can show.

use super::args::{Color, OutputArgs};
use crate::report::style::{Look, clean};
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is gathered before it is written.
const GATHERED: usize = 64 << 10;

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
    pub fn open(args: &OutputArgs) -> Result<Self, String> {
        #[cfg(unix)]
        super::interrupt::outlive_file_limit();
        let mut partial = None;
        let (to, terminal, piped): (Box<dyn Write + Send>, bool, bool) = match &args.output {
            Some(path) if path.as_os_str() != "-" => {
                let (file, beside) = Partial::create(path)
                    .map_err(|e| format!("cannot write {}: {e}", path.display()))?;
                partial = beside;
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
    ) -> Result<(), String> {
        let written = write(&mut self.writer).and_then(|()| self.writer.flush());
        match (written, &self.partial) {
            (Ok(()), None) => Ok(()),
            (Ok(()), Some(partial)) => partial
                .finish()
                .map_err(|e| format!("cannot write {}: {e}", partial.name())),
            (Err(e), None) => write_failed(&e),
            (Err(e), Some(partial)) => Err(format!(
                "cannot write the output: {e}; {}",
                partial.give_up()
            )),
        }
    }

    /// Ends what was written piece by piece through [`Output::writer`].
    pub fn end<T>(&mut self, result: Result<T, String>) -> Result<T, String> {
        match (result, &self.partial) {
            (Ok(value), _) => self.write(|_| Ok(())).map(|()| value),
            (Err(why), None) => Err(why),
            (Err(why), Some(partial)) => {
                let _ = self.writer.hand_on();
                Err(format!("{why}; {}", partial.give_up()))
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

/// A file beside the one that was named, which it becomes when it is whole: however the program ends, nobody finds half a document.
#[derive(Clone)]
pub struct Partial {
    beside: Arc<Path>,
    target: Arc<Path>,
    /// As it was named.
    given: Arc<Path>,
    /// Its lines stand alone, so that the whole ones are worth keeping.
    lines: Arc<AtomicBool>,
    /// It is in its place, or gone.
    done: Arc<AtomicBool>,
}

impl Partial {
    /// Opens the file to write. Devices and pipes, and files in directories that take no new one, are written to as they are.
    fn create(path: &Path) -> io::Result<(File, Option<Self>)> {
        // The file that a link leads to is what is written, not the link.
        let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let there = std::fs::metadata(&target).ok();
        if there.as_ref().is_some_and(|m| !m.is_file()) {
            return Ok((File::create(path)?, None));
        }
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let beside = target.with_file_name(format!(".{name}.{}.part", std::process::id()));
        if let Some(m) = &there
            && OpenOptions::new().append(true).open(&target).is_err()
        {
            let _ = m;
            // The same words as ever for a file that may not be written.
            return Ok((File::create(path)?, None));
        }
        let Ok(file) = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&beside)
        else {
            return Ok((File::create(path)?, None));
        };
        if let Some(m) = there {
            let _ = file.set_permissions(m.permissions());
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

    fn keep_lines(&self) {
        self.lines.store(true, Ordering::SeqCst);
    }

    fn name(&self) -> String {
        clean(&self.given.to_string_lossy()).into_owned()
    }

    /// All is written: it takes its place.
    fn finish(&self) -> io::Result<()> {
        if self.done.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        std::fs::rename(&self.beside, &self.target)
    }

    /// The rest will not come: whole lines are kept where they stand alone, else nothing. Says which.
    pub fn give_up(&self) -> String {
        let name = self.name();
        if self.done.swap(true, Ordering::SeqCst) {
            return format!("{name} is whole");
        }
        if self.lines.load(Ordering::SeqCst)
            && cut_to_lines(&self.beside).is_ok()
            && std::fs::rename(&self.beside, &self.target).is_ok()
        {
            return format!("{name} has what was found so far, in whole lines");
        }
        let _ = std::fs::remove_file(&self.beside);
        match self.target.exists() {
            true => format!("{name} is as it was"),
            false => format!("{name} is not written"),
        }
    }
}

/// Takes off what stands behind the last end of a line.
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

    /// Hands on the whole lines that were gathered: for who is interrupted.
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
