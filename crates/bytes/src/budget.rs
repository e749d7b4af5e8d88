//! The memory budget: code whose memory grows with its input takes a [`Grant`] from a [`Budget`] first. Without a grant it waits,
//! writes to a temporary file, or fails with one line. `docs/architecture.md` lists the users and their shares.

use super::spill::SpareFiles;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// Only one walk at a time holds a decompression window larger than this.
pub const LARGE_WINDOW: u64 = 8 << 20;

/// Memory of a run in bytes when the caller sets none.
pub const MEMORY: u64 = 512 << 20;

/// What the memory of a run (`--memory`) is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Bodies of archive entries and decompression windows.
    Containers,
    /// Facts of programs that were read from a container.
    Facts,
    /// Parts of executables that parsers keep.
    Executables,
    /// Records of a container that was not read to its end.
    WaitingRecords,
    /// Names of the programs of those records.
    WaitingNames,
    /// Files whose other names (hard links) have not been found yet.
    LinkedFiles,
    /// Results that wait for the results before them.
    Results,
    /// Things not examined in one archive.
    ArchiveProblems,
    /// Things not examined in one layer.
    LayerProblems,
    /// Package databases of one layer.
    LayerFiles,
    /// Names of hard links and of their targets in one archive.
    LinkNames,
    /// Documents among the members of one archive that may be an image.
    ImageDocuments,
    /// One text or header of a package database.
    PackageText,
    /// Names of files of one package database.
    PackageNames,
    /// Records of an HTML page and the page made of them.
    Page,
    /// Records that `diff` compares.
    Comparison,
    /// Components of a bill of materials.
    Bill,
    /// Findings.
    Findings,
    /// Facts that rules compare between programs.
    Fleet,
}

impl Use {
    /// All uses with the divisor of the memory each may take and its name.
    pub const ALL: [(Self, u64, &str); 19] = [
        (Self::Containers, 1, "entry bodies and windows"),
        (Self::Facts, 1, "facts of programs in containers"),
        (Self::Executables, 2, "parts of executables"),
        (Self::WaitingRecords, 8, "records that wait"),
        (Self::WaitingNames, 4, "names of programs that wait"),
        (Self::LinkedFiles, 128, "files with further names"),
        (Self::Results, 16, "results that wait"),
        (Self::ArchiveProblems, 16, "problems of an archive"),
        (Self::LayerProblems, 1024, "problems of a layer"),
        (Self::LayerFiles, 512, "package databases of a layer"),
        (Self::LinkNames, 8, "names of hard links"),
        (Self::ImageDocuments, 8, "documents of an image"),
        (Self::PackageText, 16, "a text of a package database"),
        (Self::PackageNames, 32, "names in a package database"),
        (Self::Page, 1, "a page"),
        (Self::Comparison, 1, "a comparison"),
        (Self::Bill, 1, "a bill"),
        (Self::Findings, 4, "findings"),
        (Self::Fleet, 4, "a fleet"),
    ];

    fn row(self) -> (Self, u64, &'static str) {
        let row = Self::ALL.into_iter().find(|row| row.0 == self);
        row.unwrap_or((self, 1, ""))
    }

    /// The share of `memory` in bytes.
    pub fn share(self, memory: u64) -> u64 {
        memory / self.row().1
    }
}

/// A value that knows how much memory it takes.
pub trait SizeInMemory {
    /// About how many bytes the value takes, including what it points to.
    fn size_in_memory(&self) -> u64;
}

/// A counting semaphore over bytes, shared by clones.
///
/// It cannot deadlock when its users keep one rule: wait ([`Budget::take`]) only while holding nothing. A thread that already
/// holds a grant uses [`Budget::try_take`] and another way when it fails (a temporary file), or [`Budget::force`].
#[derive(Clone, Debug)]
pub struct Budget {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    what: &'static str,
    total: u64,
    /// Threads that draw on it at once; 0 means one for each processor.
    users: usize,
    share: OnceLock<u64>,
    state: Mutex<State>,
    freed: Condvar,
    /// Temporary files that are no longer used, kept for the next body that does not fit.
    spare_files: SpareFiles,
}

#[derive(Debug, Default)]
struct State {
    used: u64,
    peak: u64,
    large: bool,
}

/// Bytes taken from a [`Budget`]; dropping the grant gives them back.
#[derive(Debug)]
pub struct Grant {
    shared: Arc<Shared>,
    bytes: u64,
    large: bool,
}

/// A budget does not have the bytes that were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    /// What the bytes were for.
    pub what: &'static str,
    /// Size of the whole budget in bytes.
    pub total: u64,
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of all this takes more than --memory of {} bytes; raise it, or take parts one by one",
            self.what, self.total
        )
    }
}

impl std::error::Error for Full {}

impl From<Full> for std::io::Error {
    fn from(full: Full) -> Self {
        Self::new(std::io::ErrorKind::OutOfMemory, full.to_string())
    }
}

impl Default for Budget {
    /// A budget of [`MEMORY`] bytes.
    fn default() -> Self {
        Self::new(MEMORY)
    }
}

impl Budget {
    /// A budget of `total` bytes.
    pub fn new(total: u64) -> Self {
        Self::named("everything", total, 0)
    }

    /// A budget with the share of `memory` bytes that this use has.
    pub fn of(memory: u64, what: Use) -> Self {
        Self::named(what.row().2, what.share(memory), 0)
    }

    /// The same for `users` threads at once (0: one for each processor), each of which may hold its part without asking.
    pub fn for_threads(memory: u64, what: Use, users: usize) -> Self {
        Self::named(what.row().2, what.share(memory), users)
    }

    /// A budget of `total` bytes; `what` names its use in [`Full`].
    pub fn named(what: &'static str, total: u64, users: usize) -> Self {
        Self {
            shared: Arc::new(Shared {
                what,
                total,
                users,
                share: OnceLock::new(),
                state: Mutex::default(),
                freed: Condvar::new(),
                spare_files: SpareFiles::default(),
            }),
        }
    }

    /// Bytes that may be held at once.
    pub fn total(&self) -> u64 {
        self.shared.total
    }

    /// Bytes that each thread may hold without asking.
    pub fn share(&self) -> u64 {
        // Computed on demand: most scans never need it, and asking the system for the number of processors takes time.
        *self.shared.share.get_or_init(|| {
            let users = match self.shared.users {
                0 => std::thread::available_parallelism().map_or(1, usize::from),
                users => users,
            };
            self.shared.total / users as u64
        })
    }

    /// The most bytes held at once so far.
    pub fn peak(&self) -> u64 {
        self.shared.lock().peak
    }

    /// Bytes held now.
    pub fn used(&self) -> u64 {
        self.shared.lock().used
    }

    /// Waits until `bytes` are free. A request larger than the whole budget is granted when nothing else is held.
    pub fn take(&self, bytes: u64) -> Grant {
        self.wait(bytes, false)
    }

    /// Waits until nothing is held, then takes everything.
    pub fn take_all(&self) -> Grant {
        self.wait(u64::MAX, false)
    }

    /// Waits until `bytes` are free and nobody else holds a large window.
    pub fn take_large(&self, bytes: u64) -> Grant {
        self.wait(bytes, true)
    }

    /// Takes `bytes` if they are free now.
    pub fn try_take(&self, bytes: u64) -> Option<Grant> {
        let mut state = self.shared.lock();
        state
            .fits(bytes, self.shared.total)
            .then(|| self.shared.grant(&mut state, bytes, false))
    }

    /// Takes `bytes` for as long as the budget lives, or until they are given back with [`Self::unspend`].
    ///
    /// # Errors
    /// When they are not free now.
    pub fn spend(&self, bytes: u64) -> Result<(), Full> {
        let mut state = self.shared.lock();
        if !state.fits(bytes, self.shared.total) {
            return Err(self.full());
        }
        state.hold(bytes);
        Ok(())
    }

    /// The error for a request that this budget cannot grant.
    pub fn full(&self) -> Full {
        Full {
            what: self.shared.what,
            total: self.shared.total,
        }
    }

    /// Gives back bytes taken with [`Self::spend`].
    pub fn unspend(&self, bytes: u64) {
        self.shared.release(bytes, false);
    }

    /// Takes `bytes` even beyond the budget, for a caller that already holds a grant and cannot continue without them.
    pub fn force(&self, bytes: u64) -> Grant {
        let mut state = self.shared.lock();
        self.shared.grant(&mut state, bytes, false)
    }

    #[cfg_attr(not(feature = "spill"), allow(dead_code))]
    pub(super) fn spare_files(&self) -> &SpareFiles {
        &self.shared.spare_files
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

    fn hold(&mut self, bytes: u64) {
        self.used = self.used.saturating_add(bytes);
        self.peak = self.peak.max(self.used);
    }
}

impl Shared {
    // The state is plain counters, which stay usable after another thread panicked while holding the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn grant(self: &Arc<Self>, state: &mut State, bytes: u64, large: bool) -> Grant {
        state.hold(bytes);
        state.large |= large;
        Grant {
            shared: Arc::clone(self),
            bytes,
            large,
        }
    }

    fn release(&self, bytes: u64, large: bool) {
        let mut state = self.lock();
        state.used = state.used.saturating_sub(bytes);
        state.large &= !large;
        drop(state);
        self.freed.notify_all();
    }
}

impl Grant {
    /// Size of the grant in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        self.shared.release(self.bytes, self.large);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn the_total_is_never_exceeded_and_every_thread_finishes() {
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
