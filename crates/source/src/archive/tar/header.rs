//! One 512-byte tar header: POSIX.1-2017 `pax`, "ustar Interchange Format"; GNU fields as in the GNU tar manual.

use super::super::ArchiveError;
use super::super::problem::shown;

/// Headers and bodies are padded to a multiple of this.
pub(super) const BLOCK: usize = 512;

/// A header block with a correct checksum.
pub(super) struct Header([u8; BLOCK]);

/// The dialect of a header: which fields it has beyond those of v7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Magic {
    V7,
    Ustar,
    /// Ustar as `star` writes it, with a shorter prefix.
    Star,
    Gnu,
}

/// Whether the first bytes of a stream can be a tar header.
pub fn looks_like_header(head: &[u8]) -> bool {
    head.first_chunk::<BLOCK>()
        .is_some_and(|block| Header::new(*block).is_some_and(|h| h.plausible()))
}

/// Length of name and mode: most texts show within it that they are not tar headers.
const NAME_AND_MODE: usize = 108;

/// Whether a block that starts with these bytes may be a header.
pub(in crate::archive) fn may_be_header(start: &[u8]) -> bool {
    start.get(100..NAME_AND_MODE).is_none_or(is_mode)
}

/// Whether the mode field is as writers fill it: octal digits, in some archives with a sign, or a base-256 number, in which Go's
/// own writer stores the mode of a directory as in `fs.FileMode`.
fn is_mode(field: &[u8]) -> bool {
    matches!(field.first(), Some(0x80 | 0xff))
        || octal(field.strip_prefix(b"-").unwrap_or(field)).is_some()
}

impl Header {
    /// The header in `block` if its checksum is correct. Some old programs summed signed bytes.
    pub(super) fn new(block: [u8; BLOCK]) -> Option<Self> {
        let header = Self(block);
        let stored = octal(header.field(148, 8))?;
        let rest = || {
            header
                .field(0, 148)
                .iter()
                .chain(header.field(156, BLOCK - 156))
        };
        let unsigned: u64 = rest().map(|b| u64::from(*b)).sum::<u64>() + 8 * 32;
        let signed: i64 = rest().map(|b| i64::from(b.cast_signed())).sum::<i64>() + 8 * 32;
        (stored == unsigned || i64::try_from(stored) == Ok(signed)).then_some(header)
    }

    fn field(&self, at: usize, len: usize) -> &[u8] {
        self.0.get(at..at + len).unwrap_or_default()
    }

    /// In a block of few set bits the checksum is easily right by chance. A real header also has a name or a magic number, and a
    /// mode, without which most readers refuse it.
    fn plausible(&self) -> bool {
        is_mode(self.field(100, 8))
            && (self.magic() != Magic::V7 || (self.field(0, 1) != [0] && self.size().is_ok()))
    }

    pub(super) fn magic(&self) -> Magic {
        match self.field(257, 8) {
            b"ustar  \0" => Magic::Gnu,
            m if m.starts_with(b"ustar\0") && self.field(508, 4) == b"tar\0" => Magic::Star,
            m if m.starts_with(b"ustar") => Magic::Ustar,
            _ => Magic::V7,
        }
    }

    pub(super) fn flag(&self) -> u8 {
        self.0[156]
    }

    pub(super) fn name(&self) -> Vec<u8> {
        let name = text(self.field(0, 100));
        let prefix = match self.magic() {
            Magic::Ustar => text(self.field(345, 155)),
            Magic::Star => text(self.field(345, 131)),
            Magic::V7 | Magic::Gnu => &[],
        };
        if prefix.is_empty() {
            name.to_vec()
        } else {
            [prefix, b"/", name].concat()
        }
    }

    pub(super) fn link(&self) -> Vec<u8> {
        text(self.field(157, 100)).to_vec()
    }

    pub(super) fn size(&self) -> Result<u64, ArchiveError> {
        number(self.field(124, 12)).ok_or_else(|| {
            ArchiveError::malformed(format!(
                "the size of entry {} is not a number",
                shown(&self.name())
            ))
        })
    }

    /// Wrong numbers in this field mislead nobody, so they become zero.
    pub(super) fn mode(&self) -> u32 {
        number(self.field(100, 8)).map_or(0, |m| (m & 0o7777) as u32)
    }

    pub(super) fn uid(&self) -> u64 {
        number(self.field(108, 8)).unwrap_or(0)
    }

    pub(super) fn gid(&self) -> u64 {
        number(self.field(116, 8)).unwrap_or(0)
    }

    /// The sparse fields of the old GNU format: up to four `(offset, length)` pairs, whether more blocks follow, and the expanded
    /// size.
    pub(super) fn old_sparse(&self) -> (&[u8], bool, Option<u64>) {
        (
            self.field(386, 4 * 24),
            self.0[482] != 0,
            number(self.field(483, 12)),
        )
    }
}

fn text(field: &[u8]) -> &[u8] {
    field.split(|b| *b == 0).next().unwrap_or_default()
}

/// A numeric field: octal digits, or GNU's base-256 when the first bit is set. `None` if negative or too large.
pub(super) fn number(field: &[u8]) -> Option<u64> {
    let first = *field.first()?;
    if first & 0x80 == 0 {
        return octal(field);
    }
    if first & 0x40 != 0 {
        return None;
    }
    let mut value = u64::from(first & 0x3f);
    for b in field.get(1..)? {
        value = value.checked_mul(256)?.checked_add(u64::from(*b))?;
    }
    Some(value)
}

/// Octal digits between spaces and NULs; an empty field is zero, because old programs left unused fields blank.
fn octal(field: &[u8]) -> Option<u64> {
    let digits = field.trim_ascii_start();
    let end = digits
        .iter()
        .position(|b| matches!(b, 0 | b' '))
        .unwrap_or(digits.len());
    let digits = digits.get(..end)?;
    digits.iter().try_fold(0u64, |value, b| match b {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(b - b'0')),
        _ => None,
    })
}
