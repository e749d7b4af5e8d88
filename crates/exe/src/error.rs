//! What can be wrong with an executable file.

/// Why a file could not be opened as an executable; the text completes a sentence about the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The first bytes are of no known format.
    #[error("not an executable of a format that Go writes")]
    NotExecutable,
    /// The named structure runs past the end of the file.
    #[error("truncated: the {0} runs past the end of the file")]
    Truncated(&'static str),
    /// The named structure contradicts itself.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// The bytes could not be read.
    #[error("cannot be read")]
    Unreadable,
}

/// Damage in a file that could still be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The named structure runs past the end of the file.
    Truncated(&'static str),
    /// The named structure contradicts itself.
    Malformed(&'static str),
}
