//! Catches panics of readers: a panic is a bug, and it costs only the file being read.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// The message for a file whose reader panicked; its reason is `internal-error`.
pub const FAULT: &str = "the reader failed; please report this file";

/// Runs a reader. Returns `None` if it panicked; what it had reported before stays reported.
pub fn guarded<R>(work: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => Some(result),
        // Tests catch only the panic that a test asked for: any other is a bug.
        #[cfg(debug_assertions)]
        Err(panic) if test_panic::is_armed() && !panic.is::<test_panic::TestPanic>() => {
            std::panic::resume_unwind(panic)
        }
        Err(_) => None,
    }
}

/// Makes a reader panic in a test, by bytes that no real file has. Builds without debug assertions have none of it.
#[doc(hidden)]
#[cfg(debug_assertions)]
pub mod test_panic {
    use std::sync::atomic::{AtomicBool, Ordering};

    static ARMED: AtomicBool = AtomicBool::new(false);

    /// For the rest of the process the bytes make a reader panic, and every other panic of a reader is passed on.
    pub fn arm() {
        ARMED.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_armed() -> bool {
        ARMED.load(Ordering::Relaxed)
    }

    /// The payload of the panic.
    pub struct TestPanic;

    /// The bytes that trigger it.
    pub const TRIGGER: &str = "here the reader panics, as a test asks";

    /// Panics if `bytes` contain the trigger.
    pub fn on_bytes(bytes: &[u8]) {
        if is_armed() && memchr::memmem::find(bytes, TRIGGER.as_bytes()).is_some() {
            std::panic::panic_any(TestPanic);
        }
    }

    /// Panics if the first bytes of a file contain the trigger.
    pub fn on_file(reader: &dyn crate::ReadAt) {
        let mut head = [0; 4096];
        let count = reader.read_at(&mut head, 0).unwrap_or(0);
        on_bytes(&head[..count]);
    }
}
