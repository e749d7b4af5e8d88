//! Catches panics of readers: a panic is a bug, and it costs only the file being read.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// The message for a file whose reader panicked; its reason is `internal-error`.
pub(crate) const FAULT: &str = "the reader failed; please report this file";

/// Runs a reader. Returns `None` if it panicked; what it had reported before stays reported.
pub(crate) fn guarded<R>(work: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => Some(result),
        // Tests catch only the panic that a test asked for: any other is a bug.
        #[cfg(test)]
        Err(panic) if !panic.is::<test_panic::TestPanic>() => std::panic::resume_unwind(panic),
        Err(_) => None,
    }
}

/// Makes a reader panic in a test, by bytes that no real file has.
#[cfg(test)]
pub(crate) mod test_panic {
    /// The payload of the panic.
    pub(crate) struct TestPanic;

    /// The bytes that trigger it.
    pub(crate) const TRIGGER: &str = "here the reader panics, as a test asks";

    /// Panics if `bytes` contain the trigger.
    pub(crate) fn on_bytes(bytes: &[u8]) {
        if memchr::memmem::find(bytes, TRIGGER.as_bytes()).is_some() {
            std::panic::panic_any(TestPanic);
        }
    }

    /// Panics if the first bytes of a file contain the trigger.
    pub(crate) fn on_file(reader: &dyn crate::bytes::ReadAt) {
        let mut head = [0; 4096];
        let count = reader.read_at(&mut head, 0).unwrap_or(0);
        on_bytes(&head[..count]);
    }
}
