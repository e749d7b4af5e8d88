//! SIGINT, SIGTERM and SIGHUP: what was found so far is written in whole lines, and the program ends as the signal asks.

use super::output::Lines;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag::register_conditional_default;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Keeps the whole lines of this writer when a signal ends the program. A second signal ends it at once.
pub fn keep(lines: &Lines) {
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        if register_conditional_default(signal, asked.clone()).is_err() {
            return;
        }
    }
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else {
        return;
    };
    let lines = lines.clone();
    // Without the thread a signal does what it always did.
    let _ = std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            let Some(signal) = signals.forever().next() else {
                return;
            };
            asked.store(true, Ordering::SeqCst);
            let _ = lines.hand_on();
            say!("gospect: interrupted: what was found so far is written, without the `end` line");
            let _ = emulate_default_handler(signal);
        });
}
