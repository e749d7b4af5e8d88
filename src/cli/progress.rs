//! The progress line on the terminal during a long scan: how far it is, how fast, and the last program found.
//!
//! Other output to the same terminal goes through [`Progress::without_line`], which erases the line first; it comes back later.

use super::terminal::{columns, is_dumb, is_error_terminal, utf8};
use crate::bytes::number::{bytes, count, thousands};
use crate::record::Line;
use crate::report::style::{Look, clean, width};
use crate::scan::Counters;
use std::io::{Write, stderr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The line appears after this time: most scans are done by then.
const PATIENCE: Duration = Duration::from_millis(800);
/// Time between two updates.
const PACE: Duration = Duration::from_millis(150);
/// Fewest columns in which a path is worth showing.
const MIN_PATH: usize = 12;
/// Erases the line.
const CLEAR: &[u8] = b"\r\x1b[K";

/// A running progress line; dropping it erases the line.
pub struct Progress {
    done: Arc<AtomicBool>,
    shown: Arc<Mutex<Shown>>,
    ticker: Option<JoinHandle<()>>,
}

/// What the terminal shows. Code writes to it only while it holds this lock.
#[derive(Default)]
struct Shown {
    /// Path of the last program.
    latest: String,
    /// Whether the line is on the terminal.
    has_line: bool,
}

impl Shown {
    fn clear(&mut self) {
        if std::mem::take(&mut self.has_line) {
            let _ = stderr().write_all(CLEAR);
        }
    }
}

impl Progress {
    /// Starts the line if standard error is a terminal that somebody reads.
    pub fn start(quiet: bool, counters: &Arc<Counters>) -> Option<Self> {
        if quiet || !has_lines() {
            return None;
        }
        let (done, shown) = <(Arc<AtomicBool>, Arc<Mutex<Shown>>)>::default();
        let watched = (done.clone(), shown.clone(), counters.clone());
        let ticker = std::thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || {
                let (done, shown, counters) = watched;
                let start = Instant::now();
                while !done.load(Ordering::Acquire) {
                    std::thread::park_timeout(PACE);
                    if start.elapsed() < PATIENCE || done.load(Ordering::Acquire) {
                        continue;
                    }
                    let files = counters.tally.files.load(Ordering::Relaxed);
                    let read = counters.bytes.load(Ordering::Relaxed);
                    // The terminal may have become smaller. Its last column stays free, because some terminals then wrap.
                    let columns = columns(terminal_size::terminal_size_of(stderr()));
                    let look = Look {
                        width: Some(columns.saturating_sub(1)),
                        color: false,
                        unicode: utf8(),
                    };
                    let mut shown = lock(&shown);
                    let text = line(&look, files, read, start.elapsed(), &shown.latest);
                    let _ = stderr().write_all(&[CLEAR, text.as_bytes()].concat());
                    shown.has_line = true;
                }
            });
        Some(Self {
            done,
            shown,
            ticker: ticker.ok(),
        })
    }

    /// Sets the program that the line names.
    pub fn set_latest(&self, line: &Line) {
        let path = match line {
            Line::Binary(binary) => &binary.path,
            Line::Unexamined(thing) => &thing.path,
            _ => return,
        };
        lock(&self.shown).latest = clean(path).into_owned();
    }

    /// Clears the line and runs `write`, which writes to the same terminal.
    pub fn without_line<T>(&self, write: impl FnOnce() -> T) -> T {
        let mut shown = lock(&self.shown);
        shown.clear();
        write()
    }
}

/// Whether standard error is a terminal on which a line can be erased.
fn has_lines() -> bool {
    is_error_terminal() && !is_dumb()
}

/// Erases a progress line that this program may have left, before a final message.
#[cfg(unix)]
pub fn clear() {
    if has_lines() {
        let _ = stderr().write_all(CLEAR);
    }
}

fn lock(shown: &Mutex<Shown>) -> MutexGuard<'_, Shown> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The line, never wider than the terminal: the path loses first its directories, then disappears.
fn line(look: &Look, files: u64, read: u64, since: Duration, latest: &str) -> String {
    let columns = look.width.unwrap_or(80);
    let rate = (files as f64 / since.as_secs_f64().max(0.001)) as u64;
    let head = format!(
        "{}, {} a second, {} read",
        count(files, "file", "files"),
        thousands(rate),
        bytes(read)
    );
    match columns.checked_sub(width(&head) + 2) {
        Some(free) if free >= MIN_PATH && !latest.is_empty() => {
            format!("{head}  {}", look.cut_name(latest, free))
        }
        _ => look.cut_end(&head, columns),
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Release);
        if let Some(ticker) = self.ticker.take() {
            ticker.thread().unpark();
            let _ = ticker.join();
        }
        lock(&self.shown).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_fits_every_terminal_and_keeps_the_name() {
        let path = "var/lib/世界/overlay2/8f3a/diff/usr/local/bin/containerd-shim";
        let second = Duration::from_secs(2);
        for unicode in [true, false] {
            for columns in 0..200 {
                let look = Look {
                    width: Some(columns),
                    color: false,
                    unicode,
                };
                let text = line(&look, 12_345, 3_200_000_000, second, path);
                assert!(width(&text) <= columns, "{columns}: {text}");
            }
        }
        let at = |columns| {
            let look = Look {
                width: Some(columns),
                color: false,
                unicode: true,
            };
            line(&look, 12_345, 3_200_000_000, second, path)
        };
        let head = "12,345 files, 6,172 a second, 3.2 GB read";
        assert_eq!(at(45), head);
        assert_eq!(at(60), format!("{head}  …/containerd-shim"));
        assert_eq!(at(150), format!("{head}  {path}"));
        assert!(line(&Look::PLAIN, 1, 0, second, "").starts_with("1 file, 0 a second"));
    }
}
