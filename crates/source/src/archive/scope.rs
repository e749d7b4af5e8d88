//! The costs that one outermost container may cause, including everything nested in it.

use super::ArchiveError;
use gospect_bytes::{Budget, Grant, LARGE_WINDOW, Limits};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Limits, the memory budget, and what has been spent so far. Each outermost container (a file, a layer) has its own scope; one
/// thread walks it.
pub struct Scope {
    /// The limits.
    pub limits: Limits,
    /// The memory budget that all threads share.
    pub budget: Budget,
    /// Bytes produced by decompressors: limits the time, as do the next two.
    expanded: AtomicU64,
    entries: AtomicU64,
    /// Large decoders made for streams that produced almost nothing.
    wasted: AtomicU64,
    /// How many grants this walk holds, including those of containers around and inside it. The budget counts bytes of all walks,
    /// but only the walk itself knows whether it holds anything, and therefore must not wait.
    held: Arc<AtomicUsize>,
    /// Bytes of all decompression windows that this walk holds. They are granted by the budget; the sum shows which walk must be
    /// refused when it has taken more than the budget has, because it could not wait.
    leased: Arc<AtomicU64>,
    /// Reused for the beginnings of small files: making an inflater takes as long as using it.
    inflater: Mutex<Option<flate2::Decompress>>,
}

impl Scope {
    /// A new scope.
    pub fn new(limits: Limits, budget: Budget) -> Self {
        Self {
            limits,
            budget,
            expanded: AtomicU64::new(0),
            entries: AtomicU64::new(0),
            held: Arc::default(),
            leased: Arc::default(),
            wasted: AtomicU64::new(0),
            inflater: Mutex::default(),
        }
    }

    /// A scope for a container found inside this one, on the same thread. It counts expansion and entries from zero, but while
    /// either holds memory, neither waits for more.
    pub fn nested(&self) -> Self {
        Self {
            held: Arc::clone(&self.held),
            leased: Arc::clone(&self.leased),
            ..Self::new(self.limits, self.budget.clone())
        }
    }

    /// The first bytes of a deflate stream: of the first length given, and if those are not enough, of the next. Fewer if the
    /// stream ends or cannot be read.
    pub(super) fn inflate_beginning(
        &self,
        deflated: &[u8],
        lengths: [usize; 2],
        is_enough: impl Fn(&[u8]) -> bool,
    ) -> Vec<u8> {
        let mut inflater = self.inflater.lock().unwrap_or_else(PoisonError::into_inner);
        let inflater = inflater.get_or_insert_with(|| flate2::Decompress::new(false));
        inflater.reset(false);
        let mut out = Vec::new();
        for length in lengths {
            let (read, had) = (inflater.total_in(), out.len());
            out.resize(length, 0);
            let rest = usize::try_from(read).ok().and_then(|n| deflated.get(n..));
            let place = out.get_mut(had..).unwrap_or_default();
            // Bytes read before an error also count.
            let none = flate2::FlushDecompress::None;
            let _ = inflater.decompress(rest.unwrap_or_default(), place, none);
            out.truncate(usize::try_from(inflater.total_out()).unwrap_or(0));
            if out.len() < length || is_enough(&out) {
                break;
            }
        }
        out
    }

    /// Bytes that decompressors have produced so far.
    pub fn expanded(&self) -> u64 {
        self.expanded.load(Ordering::Relaxed)
    }

    /// Entries seen so far in all containers of this scope.
    pub fn entries(&self) -> u64 {
        self.entries.load(Ordering::Relaxed)
    }

    /// Counts `bytes` more that were expanded.
    ///
    /// # Errors
    /// When the sum exceeds [`Limits::expanded`].
    pub fn expand(&self, bytes: u64) -> Result<(), ArchiveError> {
        self.expand_part(bytes).1.map_or(Ok(()), Err)
    }

    /// Counts `bytes` more that were expanded. Returns how many of them are within [`Limits::expanded`], and the error when not all
    /// are: so the same bytes are read however many come at once.
    pub(super) fn expand_part(&self, bytes: u64) -> (u64, Option<ArchiveError>) {
        let limit = self.limits.expanded;
        let before = self.expanded.fetch_add(bytes, Ordering::Relaxed);
        let within = limit.saturating_sub(before).min(bytes);
        let error = (within < bytes)
            .then(|| ArchiveError::limit(format!("expands to more than {limit} bytes")));
        (within, error)
    }

    /// Counts one more entry.
    ///
    /// # Errors
    /// When the sum exceeds [`Limits::entries`].
    pub fn entry(&self) -> Result<(), ArchiveError> {
        if self.entries.fetch_add(1, Ordering::Relaxed) >= self.limits.entries {
            return Err(ArchiveError::limit(format!(
                "more than {} entries",
                self.limits.entries
            )));
        }
        Ok(())
    }

    /// Counts a large decoder whose stream produced almost nothing.
    ///
    /// # Errors
    /// When there are too many of them.
    pub(super) fn count_wasted_decoder(&self) -> Result<(), ArchiveError> {
        if self.wasted.fetch_add(1, Ordering::Relaxed) >= MOST_WASTED {
            return Err(ArchiveError::limit(format!(
                "more than {MOST_WASTED} bzip2 streams that hold next to nothing"
            )));
        }
        Ok(())
    }

    /// Whether a deflate stream ends within these bytes.
    pub(super) fn deflate_ends(&self, deflated: &[u8]) -> bool {
        let mut inflater = self.inflater.lock().unwrap_or_else(PoisonError::into_inner);
        let inflater = inflater.get_or_insert_with(|| flate2::Decompress::new(false));
        inflater.reset(false);
        let mut out = [0; 8 << 10];
        loop {
            let (read, wrote) = (inflater.total_in(), inflater.total_out());
            let rest = usize::try_from(read).ok().and_then(|n| deflated.get(n..));
            let none = flate2::FlushDecompress::None;
            match inflater.decompress(rest.unwrap_or_default(), &mut out, none) {
                Ok(flate2::Status::StreamEnd) => return true,
                Ok(_) if inflater.total_in() > read || inflater.total_out() > wrote => {}
                _ => return false,
            }
        }
    }

    /// Records that the walk holds memory of the budget while it goes deeper: until the result is dropped, nothing in this scope
    /// waits.
    pub fn hold(&self) -> Hold<'_> {
        self.held.fetch_add(1, Ordering::Relaxed);
        Hold { scope: self }
    }

    /// An empty lease, for a decompressor whose window size is not yet known.
    pub(crate) fn lease(&self) -> Lease<'_> {
        Lease {
            scope: self,
            held: None,
            grants: Vec::new(),
            bytes: 0,
        }
    }
}

/// Most large decoders that one outermost container may need for almost empty streams. The memory of each is cleared, and 30 bytes
/// of input can demand the clearing of a hundred thousand times as many.
const MOST_WASTED: u64 = 4000;

/// While it lives, its scope does not wait for memory.
pub struct Hold<'a> {
    scope: &'a Scope,
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.scope.held.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The memory of one decompression window.
pub struct Lease<'a> {
    scope: &'a Scope,
    held: Option<Hold<'a>>,
    grants: Vec<Grant>,
    bytes: u64,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.scope.leased.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Lease<'_> {
    /// Bytes that it holds.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Enlarges the lease to at least `bytes`. If the walk holds nothing else, it waits for the budget and, above
    /// [`LARGE_WINDOW`], for other walks with so large a window. Otherwise the bytes are granted at once: waiting while holding
    /// memory can deadlock.
    ///
    /// # Errors
    /// When `bytes` exceeds [`Limits::window`] or what the budget allows.
    pub fn grow(&mut self, bytes: u64) -> Result<(), ArchiveError> {
        if bytes <= self.bytes {
            return Ok(());
        }
        let most = self.scope.limits.window;
        if bytes > most {
            return Err(ArchiveError::limit(format!(
                "needs a decompression window of {bytes} bytes, {most} are allowed"
            )));
        }
        let budget = &self.scope.budget;
        // Counts only what this walk holds, so that the answer does not depend on other threads.
        let before = self.scope.leased.load(Ordering::Relaxed);
        let after = before.saturating_add(bytes - self.bytes);
        if after > budget.total().saturating_mul(2) {
            return Err(ArchiveError::limit(format!(
                "needs {after} bytes for decompression windows, more than twice --memory {}",
                budget.total()
            )));
        }
        self.scope.leased.store(after, Ordering::Relaxed);
        let others = self.scope.held.load(Ordering::Relaxed) - usize::from(self.held.is_some());
        if others > 0 {
            self.grants.push(budget.force(bytes - self.bytes));
        } else {
            self.grants.clear();
            let large = bytes > LARGE_WINDOW;
            self.grants.push(if large {
                budget.take_large(bytes)
            } else {
                budget.take(bytes)
            });
        }
        self.bytes = bytes;
        if self.held.is_none() {
            self.held = Some(self.scope.hold());
        }
        Ok(())
    }
}
