//! Why a container of headers, or a part of it, cannot be read.

/// A fault of a container; its text is one sentence about the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("no SQLite database")]
    NotSqlite,
    #[error("no rpm database of the form ndb, version 0")]
    NotNdb,
    #[error("no Berkeley DB of the kind hash")]
    NotBerkeleyDb,
    #[error("an encrypted Berkeley DB")]
    Encrypted,
    /// Shorter than its header.
    #[error("it ends inside its {0}")]
    EndsInside(&'static str),
    #[error("pages of {0} bytes")]
    PageSize(usize),
    #[error("it has {pages} pages, its first says {stated}")]
    Pages { pages: u64, stated: u64 },
    #[error("its slots do not fit into the file")]
    Slots,
    #[error("no table of packages is in it")]
    NoTable,
    /// Pages, rows, values or blobs that are stored in the same bytes.
    #[error("its {0} lie on each other")]
    Overlap(&'static str),
    #[error("its pages lead in a circle")]
    Circle,
    #[error("page {0} cannot be read")]
    UnreadablePage(u32),
    #[error("page {0} is broken")]
    BrokenPage(u32),
    #[error("page {0} is not a page of a table")]
    NotTablePage(u32),
    #[error("page {0} is not a page of a long value")]
    NotOverflowPage(u32),
    #[error("page {page} holds {bytes} bytes")]
    OverflowSize { page: u32, bytes: usize },
    /// A value or row longer than is read.
    #[error("a {what} of {bytes} bytes")]
    TooLong { what: &'static str, bytes: u64 },
    #[error("a row is broken")]
    BrokenRow,
    #[error("slot {0} is none")]
    NotSlot(u64),
    #[error("slot {slot} leads to no blob of package {package}")]
    NoBlob { slot: u64, package: u32 },
    #[error("the blob of package {package} has {bytes} bytes")]
    BlobSize { package: u32, bytes: u64 },
    #[error("the blob of package {0} is cut short")]
    TruncatedBlob(u32),
}
