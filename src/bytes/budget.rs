//! One budget of memory for all threads: what is held at once is counted, and who would exceed it waits or spills.

use std::fs::File;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Decompression windows above this are used by one walk at a time.
pub const LARGE_WINDOW: u64 = 8 << 20;

/// Temporary files that are kept for the next body, and how long they may be.
const SPARES: usize = 4;
const SPARE_SIZE: u64 = 256 << 20;

/// A counting semaphore over bytes, shared by clones.
///
/// It cannot deadlock when its users keep one rule: wait ([`Budget::take`]) only while holding nothing; who already
/// holds a grant uses [`Budget::try_take`] and finds another way (a temporary file), or [`Budget::force`].
#[derive(Clone, Debug)]
pub struct Budget {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    total: u64,
    state: Mutex<State>,
    freed: Condvar,
    /// Temporary files that nobody uses now.
    files: Mutex<Vec<File>>,
}

#[derive(Debug, Default)]
struct State {
    used: u64,
    peak: u64,
    large: bool,
}

/// Bytes taken from a [`Budget`]; given back when dropped.
#[derive(Debug)]
pub struct Grant {
    shared: Arc<Shared>,
    bytes: u64,
    large: bool,
}

impl Default for Budget {
    /// 512 MiB.
    fn default() -> Self {
        Self::new(512 << 20)
    }
}

impl Budget {
    /// A budget of `total` bytes.
    pub fn new(total: u64) -> Self {
        Self {
            shared: Arc::new(Shared {
                total,
                state: Mutex::default(),
                freed: Condvar::new(),
                files: Mutex::default(),
            }),
        }
    }

    /// Bytes that may be held at once.
    pub fn total(&self) -> u64 {
        self.shared.total
    }

    /// The most bytes that were held at once so far.
    pub fn peak(&self) -> u64 {
        self.shared.lock().peak
    }

    /// Waits until `bytes` are free. A request larger than the whole budget is granted when nothing else is held.
    pub fn take(&self, bytes: u64) -> Grant {
        self.wait(bytes, false)
    }

    /// Waits until `bytes` are free and no other holder of a large window is left.
    pub fn take_large(&self, bytes: u64) -> Grant {
        self.wait(bytes, true)
    }

    /// `bytes` if they are free now.
    pub fn try_take(&self, bytes: u64) -> Option<Grant> {
        let mut state = self.shared.lock();
        state
            .fits(bytes, self.shared.total)
            .then(|| self.shared.grant(&mut state, bytes, false))
    }

    /// `bytes` even beyond the budget: for who holds a grant already and cannot go on without.
    pub fn force(&self, bytes: u64) -> Grant {
        let mut state = self.shared.lock();
        self.shared.grant(&mut state, bytes, false)
    }

    /// A temporary file that was used before: writing over its pages costs a fraction of writing new ones.
    #[cfg_attr(not(feature = "archives"), allow(dead_code))]
    pub(super) fn spare_file(&self) -> Option<File> {
        self.shared.files().pop()
    }

    /// Takes back a temporary file of `len` bytes.
    #[cfg_attr(not(feature = "archives"), allow(dead_code))]
    pub(super) fn give_back(&self, file: File, len: u64) {
        let mut files = self.shared.files();
        if len <= SPARE_SIZE && files.len() < SPARES {
            files.push(file);
        }
    }

    fn wait(&self, bytes: u64, large: bool) -> Grant {
        let mut state = self.shared.lock();
        while (large && state.large) || !(state.used == 0 || state.fits(bytes, self.shared.total)) {
            state = self
                .shared
                .freed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        self.shared.grant(&mut state, bytes, large)
    }
}

impl State {
    fn fits(&self, bytes: u64, total: u64) -> bool {
        self.used.checked_add(bytes).is_some_and(|sum| sum <= total)
    }
}

impl Shared {
    // A panic elsewhere while the lock was held leaves plain counters behind: they stay usable.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn files(&self) -> MutexGuard<'_, Vec<File>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn grant(self: &Arc<Self>, state: &mut State, bytes: u64, large: bool) -> Grant {
        state.used = state.used.saturating_add(bytes);
        state.peak = state.peak.max(state.used);
        state.large |= large;
        Grant {
            shared: Arc::clone(self),
            bytes,
            large,
        }
    }
}

impl Grant {
    /// Bytes held.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.used = state.used.saturating_sub(self.bytes);
        if self.large {
            state.large = false;
        }
        drop(state);
        self.shared.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn never_more_than_the_total_is_held_and_everyone_gets_through() {
        let budget = Budget::new(100);
        let done = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for i in 0..8u64 {
                let (budget, done) = (&budget, &done);
                scope.spawn(move || {
                    for k in 0..50 {
                        let _grant = budget.take((i * 7 + k) % 60 + 1);
                        std::thread::yield_now();
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(done.into_inner(), 400);
        assert!(budget.peak() <= 100, "held {} of 100", budget.peak());
    }

    #[test]
    fn a_request_above_the_total_is_granted_alone() {
        let budget = Budget::new(10);
        let big = budget.take(1000);
        assert!(budget.try_take(1).is_none());
        let order = AtomicU64::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _small = budget.take(5);
                assert_eq!(
                    order.load(Ordering::SeqCst),
                    1,
                    "granted while the large one was held"
                );
            });
            std::thread::sleep(std::time::Duration::from_millis(20));
            order.store(1, Ordering::SeqCst);
            drop(big);
        });
    }

    #[test]
    fn large_windows_are_held_one_at_a_time() {
        let budget = Budget::new(1000);
        let now = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let _grant = budget.take_large(1);
                        assert_eq!(now.fetch_add(1, Ordering::SeqCst), 0);
                        std::thread::yield_now();
                        now.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
    }

    #[test]
    fn force_goes_beyond_and_gives_back() {
        let budget = Budget::new(10);
        let first = budget.take(8);
        let second = budget.force(8);
        assert!(budget.try_take(1).is_none());
        drop(first);
        assert!(budget.try_take(2).is_some());
        drop(second);
        assert!(budget.try_take(10).is_some());
    }
}
