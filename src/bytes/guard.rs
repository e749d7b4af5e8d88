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
        Err(panic) if !panic.is::<trip::Asked>() => std::panic::resume_unwind(panic),
        Err(_) => None,
    }
}

/// Makes a reader panic in a test, by bytes that no real file has.
#[cfg(test)]
pub(crate) mod trip {
    /// The payload of the panic.
    pub(crate) struct Asked;

    /// The bytes that trigger it.
    pub(crate) const WIRE: &str = "here the reader panics, as a test asks";

    /// Panics if `bytes` contain the trigger.
    pub(crate) fn over(bytes: &[u8]) {
        if memchr::memmem::find(bytes, WIRE.as_bytes()).is_some() {
            std::panic::panic_any(Asked);
        }
    }

    /// Panics if the first bytes of a file contain the trigger.
    pub(crate) fn over_file(reader: &dyn crate::bytes::ReadAt) {
        let mut head = [0; 4096];
        let count = reader.read_at(&mut head, 0).unwrap_or(0);
        over(&head[..count]);
    }
}
