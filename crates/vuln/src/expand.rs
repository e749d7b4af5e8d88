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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_list_expands_to_no_more_than_is_allowed() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&vec![b'x'; 1 << 20]).unwrap();
        let gzip = gzip.finish().unwrap();
        assert_eq!(expanded(&gzip, 1 << 20).unwrap().len(), 1 << 20);
        let plain = vec![b'x'; 1 << 20];
        for bytes in [&gzip, &plain] {
            let refused = expanded(bytes, (1 << 20) - 1);
            assert!(matches!(refused, Err(ExpandError::TooLarge(_))));
        }
        let cut = gzip.get(..gzip.len() / 2).unwrap();
        assert!(matches!(expanded(cut, 1 << 20), Err(ExpandError::Gzip(_))));
    }
}
