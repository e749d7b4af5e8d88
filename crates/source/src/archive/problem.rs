//! Why something inside a container was not examined.

pub use gospect_record::Reason;
use std::fmt;
use std::io;

/// A problem with a container, stream or entry: a reason and one sentence.
///
/// It passes through [`std::io::Read`] inside an [`io::Error`], and `From` takes it out again unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveError {
    /// The reason, a closed set of words.
    pub reason: Reason,
    /// One sentence without a full stop.
    pub detail: String,
}

impl ArchiveError {
    /// Hard links to programs were left out.
    pub(crate) fn too_many_links(most: u64) -> Self {
        Self::limit(format!(
            "more than {most} hard links to programs, where a large record counts for several; the rest is left out"
        ))
    }

    /// A problem with this reason.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }

    /// The data ends too early.
    pub fn truncated(detail: impl Into<String>) -> Self {
        Self::new(Reason::Truncated, detail)
    }

    /// The data contradicts its format.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(Reason::Malformed, detail)
    }

    /// A limit was reached.
    pub fn limit(detail: impl Into<String>) -> Self {
        Self::new(Reason::Limit, detail)
    }

    /// A form of data that is not read here.
    pub fn unsupported(detail: impl Into<String>) -> Self {
        Self::new(Reason::Unsupported, detail)
    }
}

impl fmt::Display for ArchiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.as_str(), self.detail)
    }
}

impl std::error::Error for ArchiveError {}

impl From<ArchiveError> for io::Error {
    fn from(error: ArchiveError) -> Self {
        let kind = match error.reason {
            Reason::Truncated => io::ErrorKind::UnexpectedEof,
            Reason::Malformed => io::ErrorKind::InvalidData,
            Reason::Limit => io::ErrorKind::FileTooLarge,
            Reason::Encrypted | Reason::Unsupported | Reason::Packed => io::ErrorKind::Unsupported,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}

impl From<io::Error> for ArchiveError {
    fn from(error: io::Error) -> Self {
        if let Some(own) = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<ArchiveError>())
        {
            return own.clone();
        }
        let reason = match error.kind() {
            io::ErrorKind::UnexpectedEof => Reason::Truncated,
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Reason::Malformed,
            io::ErrorKind::FileTooLarge | io::ErrorKind::OutOfMemory => Reason::Limit,
            io::ErrorKind::Unsupported => Reason::Unsupported,
            _ => Reason::Unreadable,
        };
        Self::new(reason, gospect_bytes::error_text(&error))
    }
}

/// A name from a container for use in a message: quoted, valid UTF-8 and shortened.
pub(crate) fn shown(name: &[u8]) -> String {
    format!(
        "{:?}",
        String::from_utf8_lossy(name.get(..200).unwrap_or(name))
    )
}

/// Adds the entry being read to an error of the stream.
pub(super) fn inside(error: io::Error, name: &[u8]) -> ArchiveError {
    let mut error = ArchiveError::from(error);
    error.detail = format!("{}, in entry {}", error.detail, shown(name));
    error
}
