//! What can be wrong with an executable file.

/// Why a file gave no image; the text is the end of a sentence about the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Miss {
    /// Not of a format known here.
    #[error("not an executable of a format that Go writes")]
    NotExecutable,
    /// The named structure runs past the end of the file.
    #[error("truncated: the {0} runs past the end of the file")]
    Truncated(&'static str),
    /// The named structure contradicts itself.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// The source of the bytes failed.
    #[error("cannot be read")]
    Unreadable,
}

/// Something wrong in a file that still gave an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The named structure runs past the end of the file.
    Truncated(&'static str),
    /// The named structure contradicts itself.
    Malformed(&'static str),
}
