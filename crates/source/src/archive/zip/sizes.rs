//! The sizes of an entry are stated in up to three places: directory, local header, data descriptor. Programs differ in which they
//! trust.

use super::directory::{le, read_vec, widen};
use super::{ArchiveError, Entry, LOCAL_LEN};
use gospect_bytes::ReadAt;

/// Checksum, stored size and expanded size, as stated in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    crc: u64,
    packed: u64,
    size: u64,
}

impl Sizes {
    fn of(entry: &Entry) -> Self {
        Self {
            crc: entry.crc.into(),
            packed: entry.packed,
            size: entry.size,
        }
    }
}

/// The local header of an entry (APPNOTE 4.3.7).
pub(super) struct Local {
    offset: u64,
    name: u64,
    extra: u64,
    is_streamed: bool,
    sizes: Sizes,
}

/// Flag of an entry written before its sizes were known: they follow the data (APPNOTE 4.4.4, bit 3).
const STREAMED: u64 = 8;
/// Signature of a data descriptor, which writers may leave out (APPNOTE 4.3.9).
const DESCRIPTOR: &[u8] = b"PK\x07\x08";

impl Local {
    pub(super) fn new(header: &[u8; LOCAL_LEN as usize], offset: u64) -> Self {
        let half = |at: usize| le::<2>(header, at).unwrap_or(0);
        let word = |at: usize| le::<4>(header, at).unwrap_or(0);
        Self {
            offset,
            name: half(26),
            extra: half(28),
            is_streamed: half(6) & STREAMED != 0,
            sizes: Sizes {
                crc: word(14),
                packed: word(18),
                size: word(22),
            },
        }
    }

    /// Length of the extra field.
    pub(super) fn extra(&self) -> u64 {
        self.extra
    }

    /// Offset of the data.
    pub(super) fn start(&self) -> u64 {
        self.offset
            .saturating_add(LOCAL_LEN + self.name + self.extra)
    }

    /// How the local header, or the descriptor after the data, contradicts the directory.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn contradiction(
        &self,
        bytes: &dyn ReadAt,
        entry: &Entry,
    ) -> Result<Option<ArchiveError>, ArchiveError> {
        let listed = Sizes::of(entry);
        let mut local = self.sizes;
        let wide = [local.size, local.packed].contains(&u64::from(u32::MAX));
        if wide {
            let at = self.offset.saturating_add(LOCAL_LEN + self.name);
            let extra = read_vec(bytes, at, usize::try_from(self.extra).unwrap_or(0))?;
            let mut both = [local.size, local.packed];
            widen(&extra, &mut both);
            [local.size, local.packed] = both;
        }
        // An encrypted directory hides the checksum in local headers; it is compared with the content in any case.
        if local.packed == listed.packed && local.size == listed.size {
            return Ok(None);
        }
        if !self.is_streamed {
            return Ok(Some(ArchiveError::malformed(format!(
                "its local header states {} bytes in {}, the directory {} in {}",
                local.size, local.packed, listed.size, listed.packed
            ))));
        }
        // Data of every method but "stored" marks its own end.
        if entry.method != 0 && entry.packed > 0 {
            return Ok(None);
        }
        let behind = read_vec(bytes, self.start().saturating_add(entry.packed), 24)?;
        let found = [behind.strip_prefix(DESCRIPTOR), Some(behind.as_slice())]
            .into_iter()
            .flatten()
            .any(|descriptor| states(descriptor, listed));
        Ok((!found).then(|| {
            ArchiveError::malformed(format!(
                "the directory states {} bytes in {}, and no data descriptor after them does",
                listed.size, listed.packed
            ))
        }))
    }
}

/// Whether a descriptor without signature states these sizes, in 32 or 64 bits.
fn states(descriptor: &[u8], listed: Sizes) -> bool {
    let narrow = (le::<4>(descriptor, 4), le::<4>(descriptor, 8));
    let wide = (le::<8>(descriptor, 4), le::<8>(descriptor, 12));
    let want = (Some(listed.packed), Some(listed.size));
    le::<4>(descriptor, 0) == Some(listed.crc) && (narrow == want || wide == want)
}
