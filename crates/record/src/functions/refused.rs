//! What is wrong with the functions in a record.

use super::NAMES_LIMIT;

/// Why the functions of a record cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not base64.
    #[error("`text` is not base64")]
    Base64,
    /// Not a complete zlib stream.
    #[error("`text` is not a whole zlib stream")]
    Zlib,
    /// Larger than any program has.
    #[error("the names are longer than {} MiB together", NAMES_LIMIT >> 20)]
    TooLarge,
    /// Not UTF-8.
    #[error("the names are not UTF-8")]
    Utf8,
    /// Empty names, or lines without an end.
    #[error("the names are not in lines of a package and its functions")]
    Lines,
    /// Not sorted, or repeated.
    #[error("the names are not sorted, or one stands there twice")]
    Order,
    /// The stated numbers are wrong.
    #[error("the numbers of packages and names are not those of the text")]
    Count,
}
