//! A panic of a reader is a bug, and costs one file only.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What is said of a file at which a reader panicked; the reason is `internal-error`.
pub(crate) const FAULT: &str = "the reader failed; please report this file";

/// Runs a reader. `None`: it panicked, and what it had told before stays told.
pub(crate) fn guarded<R>(work: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => Some(result),
        // In tests only the panic that a test asked for is caught: any other one is a finding.
        #[cfg(test)]
        Err(panic) if !panic.is::<trip::Asked>() => std::panic::resume_unwind(panic),
        Err(_) => None,
    }
}

/// How tests make a reader panic: by bytes that no file has.
#[cfg(test)]
pub(crate) mod trip {
    /// What the panic carries.
    pub(crate) struct Asked;

    /// The bytes.
    pub(crate) const WIRE: &str = "here the reader panics, as a test asks";

    /// Panics when the bytes are in there.
    pub(crate) fn over(bytes: &[u8]) {
        if memchr::memmem::find(bytes, WIRE.as_bytes()).is_some() {
            std::panic::panic_any(Asked);
        }
    }

    /// The same for the first bytes of a file.
    pub(crate) fn over_file(reader: &dyn crate::bytes::ReadAt) {
        let mut head = [0; 4096];
        let count = reader.read_at(&mut head, 0).unwrap_or(0);
        over(&head[..count]);
    }
}
