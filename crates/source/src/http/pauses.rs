//! Pauses that hosts ask for. A pause counts for the host, not for the connection that it was said on: all clients of this process keep it.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// How often a request waits again, when the host asked for another pause meanwhile.
const ROUNDS: usize = 5;

/// Time, and a way to let it pass. Tests have one that passes by itself.
pub trait Clock: Send + Sync {
    /// Time since some moment that stays the same.
    fn now(&self) -> Duration;
    /// Waits.
    fn sleep(&self, duration: Duration);
}

struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> Duration {
        static FIRST: OnceLock<Instant> = OnceLock::new();
        FIRST.get_or_init(Instant::now).elapsed()
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// The hosts that asked for a pause.
pub struct Pauses {
    clock: Box<dyn Clock>,
    /// When the pause ends, by scheme, host and port.
    ends: Mutex<HashMap<String, Duration>>,
}

impl Pauses {
    /// With this clock.
    pub fn with(clock: Box<dyn Clock>) -> Self {
        Self {
            clock,
            ends: Mutex::default(),
        }
    }

    /// Those of this process.
    pub fn of_process() -> &'static Self {
        static PAUSES: OnceLock<Pauses> = OnceLock::new();
        PAUSES.get_or_init(|| Self::with(Box::new(RealClock)))
    }

    /// Notes that a host asked for a pause. A shorter one does not end a longer one.
    pub fn begin(&self, host: &str, pause: Duration) {
        let end = self.clock.now().saturating_add(pause);
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let known = ends.entry(host.to_owned()).or_default();
        *known = end.max(*known);
    }

    /// Waits until a request may be made: at least this long, and until the pause of the host is over.
    pub fn wait(&self, host: &str, least: Duration) {
        let mut wait = least.max(self.left(host));
        for _ in 0..ROUNDS {
            if wait.is_zero() {
                return;
            }
            self.clock.sleep(wait);
            wait = self.left(host);
        }
    }

    /// How long a host is to be left alone from now on.
    fn left(&self, host: &str) -> Duration {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(end) = ends.get(host) else {
            return Duration::ZERO;
        };
        let left = end.saturating_sub(self.clock.now());
        if left.is_zero() {
            ends.remove(host);
        }
        left
    }
}
