//! Lists of the user, which may be gzipped.

use std::borrow::Cow;
use std::io::Read;

/// Why a list cannot be expanded.
#[derive(Debug, thiserror::Error)]
pub enum ExpandError {
    /// It cannot be decompressed.
    #[error(transparent)]
    Gzip(std::io::Error),
    /// It has more bytes than this.
    #[error("expands to more than {} MiB", .0 >> 20)]
    TooLarge(u64),
}

/// The bytes of a list of at most `most` bytes, decompressed if they are gzipped.
pub(crate) fn expanded(bytes: &[u8], most: u64) -> Result<Cow<'_, [u8]>, ExpandError> {
    let bytes = match bytes.starts_with(&[0x1f, 0x8b]) {
        true => {
            let mut whole = Vec::new();
            flate2::read::MultiGzDecoder::new(bytes)
                .take(most.saturating_add(1))
                .read_to_end(&mut whole)
                .map_err(ExpandError::Gzip)?;
            Cow::Owned(whole)
        }
        false => Cow::Borrowed(bytes),
    };
    match bytes.len() as u64 > most {
        true => Err(ExpandError::TooLarge(most)),
        false => Ok(bytes),
    }
}
