//! Memory is counted, not hoped for: whatever may grow with its input takes a [`Grant`] from a [`Budget`] first. Who gets none waits, writes to a
//! temporary file or gives up with one line that says so. `docs/architecture.md` has the table of who takes what.

use super::spill::SpareFiles;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// Decompression windows above this are used by one walk at a time.
pub const LARGE_WINDOW: u64 = 8 << 20;

/// Bytes of memory for a run, where the caller names none.
pub const MEMORY: u64 = 512 << 20;

/// What the memory of a run (`--memory`) is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Bodies of archive entries and decompression windows.
    Containers,
    /// What is made of programs that were read from a container.
    Facts,
    /// What parsers hold of executables.
    Executables,
    /// Records of a container that was not read to its end.
    WaitingRecords,
    /// Their names.
    WaitingNames,
    /// Results that wait for those before them.
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
    /// Records of an HTML page, and what is made of them.
    Page,
    /// Records that are compared.
    Comparison,
    /// Components of a bill of materials.
    Bill,
    /// Findings.
    Findings,
    /// What is compared between programs.
    Fleet,
}

impl Use {
    /// All of them, with which part of the memory each may take, and what it is called.
    pub const ALL: [(Self, u64, &str); 18] = [
        (Self::Containers, 1, "entry bodies and windows"),
        (Self::Facts, 1, "facts of programs in containers"),
        (Self::Executables, 2, "parts of executables"),
        (Self::WaitingRecords, 8, "records that wait"),
        (Self::WaitingNames, 4, "names of programs that wait"),
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

    /// Bytes of `memory` for this.
    pub fn share(self, memory: u64) -> u64 {
        memory / self.row().1
    }
}

/// Knows what it takes in memory.
pub trait SizeInMemory {
    /// About how many bytes, those behind its pointers included.
    fn size_in_memory(&self) -> u64;
}

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
    what: &'static str,
    total: u64,
    /// Threads that draw on it at once; 0: one for each processor.
    users: usize,
    share: OnceLock<u64>,
    state: Mutex<State>,
    freed: Condvar,
    /// Temporary files of what did not fit, for the next that does not.
    spare_files: SpareFiles,
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

/// A budget had not the bytes that were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    /// What they were for.
    pub what: &'static str,
    /// Bytes of the whole budget.
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
    /// All of [`MEMORY`].
    fn default() -> Self {
        Self::new(MEMORY)
    }
}

impl Budget {
    /// A budget of `total` bytes.
    pub fn new(total: u64) -> Self {
        Self::named("everything", total, 0)
    }

    /// The share of `memory` bytes that is for this use.
    pub fn of(memory: u64, what: Use) -> Self {
        Self::named(what.row().2, what.share(memory), 0)
    }

    /// The same, drawn on by `users` threads at once (0: one for each processor), each of which may hold its part without asking.
    pub fn for_threads(memory: u64, what: Use, users: usize) -> Self {
        Self::named(what.row().2, what.share(memory), users)
    }

    /// A budget of `total` bytes for what is called `what` in [`Full`].
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
        // Most scans never need it, and asking the system for the processors takes time.
        *self.shared.share.get_or_init(|| {
            let users = match self.shared.users {
                0 => std::thread::available_parallelism().map_or(1, usize::from),
                users => users,
            };
            self.shared.total / users as u64
        })
    }

    /// The most bytes that were held at once so far.
    pub fn peak(&self) -> u64 {
        self.shared.lock().peak
    }

    /// Bytes that are held.
    pub fn used(&self) -> u64 {
        self.shared.lock().used
    }

    /// Waits until `bytes` are free. A request larger than the whole budget is granted when nothing else is held.
    pub fn take(&self, bytes: u64) -> Grant {
        self.wait(bytes, false)
    }

    /// Waits until nothing is held, and takes everything.
    pub fn take_all(&self) -> Grant {
        self.wait(u64::MAX, false)
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

    /// Takes `bytes` for as long as the budget lives, or until they are given back with [`Self::unspend`].
    ///
    /// # Errors
    /// When they are not free.
    pub fn spend(&self, bytes: u64) -> Result<(), Full> {
        let mut state = self.shared.lock();
        if !state.fits(bytes, self.shared.total) {
            return Err(self.full());
        }
        state.hold(bytes);
        Ok(())
    }

    /// What is said when there is no more of it.
    pub fn full(&self) -> Full {
        Full {
            what: self.shared.what,
            total: self.shared.total,
        }
    }

    /// Gives back bytes of [`Self::spend`].
    pub fn unspend(&self, bytes: u64) {
        self.shared.release(bytes, false);
    }

    /// `bytes` even beyond the budget: for who holds a grant already and cannot go on without.
    pub fn force(&self, bytes: u64) -> Grant {
        let mut state = self.shared.lock();
        self.shared.grant(&mut state, bytes, false)
    }

    #[cfg_attr(not(feature = "archives"), allow(dead_code))]
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
    // A panic elsewhere while the lock was held leaves plain counters behind: they stay usable.
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
    /// Bytes held.
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
