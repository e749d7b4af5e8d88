//! One 512-byte tar header: POSIX.1-2017 `pax`, "ustar Interchange Format"; GNU fields as in the GNU tar manual.

use super::super::ArchiveError;
use super::super::problem::shown;

/// Headers and bodies are padded to this.
pub(super) const BLOCK: usize = 512;

/// A header block whose checksum is right.
pub(super) struct Header([u8; BLOCK]);

/// Which fields beyond the oldest ones a header has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Magic {
    V7,
    Ustar,
    /// Ustar as the `star` program writes it: a shorter prefix.
    Star,
    Gnu,
}

/// Whether the first bytes of a stream are a tar header.
pub fn looks_like_header(head: &[u8]) -> bool {
    head.first_chunk::<BLOCK>()
        .is_some_and(|block| Header::new(*block).is_some_and(|h| h.plausible()))
}

/// Bytes after which most texts cannot be a tar header any more: those of name and mode.
const NAME_AND_MODE: usize = 108;

/// Whether a block that starts with these bytes may still be a header.
pub(in crate::source::archive) fn may_be_header(start: &[u8]) -> bool {
    start.get(100..NAME_AND_MODE).is_none_or(is_mode)
}

/// What writers put into the field of the mode: octal digits, for some with a sign, or a number of base 256, which Go's own writer takes for the
/// mode of a directory as `fs.FileMode` has it.
fn is_mode(field: &[u8]) -> bool {
    matches!(field.first(), Some(0x80 | 0xff))
        || octal(field.strip_prefix(b"-").unwrap_or(field)).is_some()
}

impl Header {
    /// The header in `block` if its checksum holds. Some old programs summed signed bytes.
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

    /// A short sum is easily right by chance in a block of few set bytes; a real header also has a name or a magic, and a
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

    /// Wrong numbers here mislead nobody, so they are zero.
    pub(super) fn mode(&self) -> u32 {
        number(self.field(100, 8)).map_or(0, |m| (m & 0o7777) as u32)
    }

    pub(super) fn uid(&self) -> u64 {
        number(self.field(108, 8)).unwrap_or(0)
    }

    pub(super) fn gid(&self) -> u64 {
        number(self.field(116, 8)).unwrap_or(0)
    }

    /// The old GNU sparse fields: up to four `(offset, length)` pairs, whether more blocks follow, the expanded size.
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

/// A numeric field: octal digits, or GNU's base-256 when the first bit is set. Negative or too large is `None`.
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

/// Octal digits between spaces and NULs; an empty field is zero, as old programs left unused ones blank.
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
