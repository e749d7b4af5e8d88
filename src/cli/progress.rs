//! One line on the terminal while a scan takes its time: how far it is, and how fast.

use crate::report::model::Line;
use crate::scan::Counters;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Nothing is shown before this: most scans are over by then.
const PATIENCE: Duration = Duration::from_millis(800);
/// Between two looks at the counts.
const PACE: Duration = Duration::from_millis(150);
/// Longest path shown.
const PATH: usize = 48;

/// A running progress line; dropping it takes the line away.
pub struct Progress {
    done: Arc<AtomicBool>,
    latest: Arc<Mutex<String>>,
    ticker: Option<JoinHandle<()>>,
}

impl Progress {
    /// Starts watching, when standard error is a terminal that somebody reads.
    pub fn start(quiet: bool, counters: &Arc<Counters>) -> Option<Self> {
        if quiet || !std::io::stderr().is_terminal() {
            return None;
        }
        let (done, latest) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(Mutex::new(String::new())),
        );
        let watched = (done.clone(), latest.clone(), counters.clone());
        let ticker = std::thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || {
                let (done, latest, counters) = watched;
                let start = Instant::now();
                let mut shown = false;
                while !done.load(Ordering::Acquire) {
                    std::thread::park_timeout(PACE);
                    if start.elapsed() < PATIENCE || done.load(Ordering::Acquire) {
                        continue;
                    }
                    let files = counters.tally.files.load(Ordering::Relaxed);
                    let rate = (files as f64 / start.elapsed().as_secs_f64()) as u64;
                    let at = latest
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .clone();
                    let _ = write!(
                        std::io::stderr(),
                        "\r\x1b[K{files} files, {rate} a second  {at}"
                    );
                    shown = true;
                }
                if shown {
                    let _ = write!(std::io::stderr(), "\r\x1b[K");
                }
            });
        Some(Self {
            done,
            latest,
            ticker: ticker.ok(),
        })
    }

    /// Notes what was found last.
    pub fn see(&self, line: &Line) {
        let path = match line {
            Line::Binary(binary) => &binary.path,
            Line::Unexamined(thing) => &thing.path,
            _ => return,
        };
        let text = crate::report::style::clean(path);
        let skip = text.chars().count().saturating_sub(PATH);
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) =
            text.chars().skip(skip).collect();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Release);
        if let Some(ticker) = self.ticker.take() {
            ticker.thread().unpark();
            let _ = ticker.join();
        }
    }
}
