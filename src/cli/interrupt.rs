//! SIGINT, SIGTERM and SIGHUP: writes the complete lines so far, then ends as the signal demands.

use super::captured;
use super::lines::{Lines, Partial};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag::{register, register_conditional_default};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ignores SIGXFSZ: a file at its size limit (`ulimit -f`) then fails like a full disk and does not end the program.
pub fn ignore_file_limit() {
    if captured::is_on() {
        return;
    }
    // If this fails, the signal keeps its default effect.
    let _ = register(SIGXFSZ, Arc::default());
}

/// Keeps the complete lines of this writer when a signal ends the program, and no incomplete file. A second signal ends it at
/// once. A captured run leaves signals to the program around it.
pub fn keep(lines: &Lines, partial: Option<&Partial>) {
    if captured::is_on() {
        return;
    }
    let interrupted = Arc::new(AtomicBool::new(false));
    let ignored = ignored();
    let handled: Vec<i32> = [SIGINT, SIGTERM, SIGHUP]
        .into_iter()
        .filter(|signal| ignored >> (signal - 1) & 1 == 0)
        .collect();
    for &signal in &handled {
        if register_conditional_default(signal, interrupted.clone()).is_err() {
            return;
        }
    }
    let Ok(mut signals) = Signals::new(&handled) else {
        return;
    };
    let lines = lines.clone();
    let partial = partial.cloned();
    // Without the thread, a signal keeps its default effect.
    let _ = std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            let Some(signal) = signals.forever().next() else {
                return;
            };
            interrupted.store(true, Ordering::SeqCst);
            let _ = lines.write_lines();
            super::progress::clear();
            match partial {
                None => say!(
                    "gospect: interrupted: what was found so far is written, without the `end` line"
                ),
                Some(partial) => say!("gospect: interrupted: {}", partial.give_up()),
            }
            let _ = emulate_default_handler(signal);
        });
}

/// Signals that the parent process has set to be ignored, one bit each from signal 1 on: `nohup` does so, and a shell for its
/// background jobs. Only Linux tells this without unsafe code.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}
