//! What one outermost container may cost, shared by everything nested in it.

use super::ArchiveError;
use crate::bytes::{Budget, Grant, LARGE_WINDOW, Limits};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Limits, the memory budget and what was spent so far. Make one for each outermost container (a file, a layer);
/// one thread walks it.
pub struct Scope {
    /// The limits.
    pub limits: Limits,
    /// The memory budget that all threads share.
    pub budget: Budget,
    expanded: AtomicU64,
    entries: AtomicU64,
    /// The first decompression window of this walk; nested ones must not wait for it.
    window: Mutex<Weak<Grant>>,
}

impl Scope {
    /// A fresh scope.
    pub fn new(limits: Limits, budget: Budget) -> Self {
        Self {
            limits,
            budget,
            expanded: AtomicU64::new(0),
            entries: AtomicU64::new(0),
            window: Mutex::new(Weak::new()),
        }
    }

    /// Bytes that came out of decompressors so far.
    pub fn expanded(&self) -> u64 {
        self.expanded.load(Ordering::Relaxed)
    }

    /// Entries seen so far, of every container in this scope.
    pub fn entries(&self) -> u64 {
        self.entries.load(Ordering::Relaxed)
    }

    /// Counts `bytes` more of expansion.
    ///
    /// # Errors
    /// When [`Limits::expanded`] is passed.
    pub fn expand(&self, bytes: u64) -> Result<(), ArchiveError> {
        let before = self.expanded.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > self.limits.expanded {
            return Err(ArchiveError::limit(format!(
                "expands to more than {} bytes",
                self.limits.expanded
            )));
        }
        Ok(())
    }

    /// Counts one more entry.
    ///
    /// # Errors
    /// When [`Limits::entries`] is passed.
    pub fn entry(&self) -> Result<(), ArchiveError> {
        if self.entries.fetch_add(1, Ordering::Relaxed) >= self.limits.entries {
            return Err(ArchiveError::limit(format!(
                "more than {} entries",
                self.limits.entries
            )));
        }
        Ok(())
    }

    /// Memory for a decompression window. The outermost window of a walk waits for the budget (and, above
    /// [`LARGE_WINDOW`], for other walks with such a window); nested ones are granted at once, because waiting while
    /// holding could never end.
    ///
    /// # Errors
    /// When the window is larger than [`Limits::window`].
    pub fn window(&self, bytes: u64) -> Result<Arc<Grant>, ArchiveError> {
        if bytes > self.limits.window {
            return Err(ArchiveError::limit(format!(
                "needs a decompression window of {bytes} bytes, {} are allowed",
                self.limits.window
            )));
        }
        let mut outermost = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if outermost.strong_count() > 0 {
            return Ok(Arc::new(self.budget.force(bytes)));
        }
        let grant = if bytes > LARGE_WINDOW {
            self.budget.take_large(bytes)
        } else {
            self.budget.take(bytes)
        };
        let grant = Arc::new(grant);
        *outermost = Arc::downgrade(&grant);
        Ok(grant)
    }
}
