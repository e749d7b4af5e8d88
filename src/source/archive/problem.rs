//! Why something inside a container was not examined.

use std::fmt;
use std::io;

/// The short, stable word of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The system could not read it.
    Unreadable,
    /// It ends before it should.
    Truncated,
    /// It contradicts its own format or checksum.
    Malformed,
    /// A limit was met.
    Limit,
    /// It is encrypted.
    Encrypted,
    /// A format, method or version that is not read.
    Unsupported,
    /// A packed program that cannot be unpacked.
    Packed,
    /// A fault of ours.
    Internal,
}

impl Reason {
    const ALL: [Self; 8] = [
        Self::Unreadable,
        Self::Truncated,
        Self::Malformed,
        Self::Limit,
        Self::Encrypted,
        Self::Unsupported,
        Self::Packed,
        Self::Internal,
    ];

    /// The reason of a word as it stands in reports; [`Reason::Unreadable`] for a word of nobody's.
    pub fn of(word: &str) -> Self {
        let found = Self::ALL.into_iter().find(|reason| reason.as_str() == word);
        found.unwrap_or(Self::Unreadable)
    }

    /// The word as it stands in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::Limit => "limit",
            Self::Encrypted => "encrypted",
            Self::Unsupported => "unsupported",
            Self::Packed => "packed",
            Self::Internal => "internal-error",
        }
    }
}

/// A problem with a container, a stream or an entry: a reason and one sentence.
///
/// It travels through [`std::io::Read`] inside an [`io::Error`] and comes out again unchanged with `From`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveError {
    /// The stable word.
    pub reason: Reason,
    /// One sentence without a full stop.
    pub detail: String,
}

impl ArchiveError {
    /// Hard links to programs that are left out.
    pub(crate) fn too_many_links(most: u64) -> Self {
        Self::limit(format!(
            "more than {most} hard links to programs, where a large record counts for several; the rest is left out"
        ))
    }

    /// A problem from its parts.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }

    /// It ends too early.
    pub fn truncated(detail: impl Into<String>) -> Self {
        Self::new(Reason::Truncated, detail)
    }

    /// It contradicts its format.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(Reason::Malformed, detail)
    }

    /// A limit was met.
    pub fn limit(detail: impl Into<String>) -> Self {
        Self::new(Reason::Limit, detail)
    }

    /// Not a thing that is read here.
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
            Reason::Unreadable | Reason::Internal => io::ErrorKind::Other,
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
        Self::new(reason, crate::bytes::error_text(&error))
    }
}

/// A name from a container for a message: quoted, lossy and not too long.
pub(in crate::source) fn shown(name: &[u8]) -> String {
    format!(
        "{:?}",
        String::from_utf8_lossy(name.get(..200).unwrap_or(name))
    )
}

/// Adds to a fault of the stream which entry it was met in.
pub(super) fn inside(error: io::Error, name: &[u8]) -> ArchiveError {
    let mut error = ArchiveError::from(error);
    error.detail = format!("{}, in entry {}", error.detail, shown(name));
    error
}
