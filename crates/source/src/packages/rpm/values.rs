//! The values of one tag in the store of an RPM header, in a package as in a database.

/// Where the values of a tag are.
#[derive(Clone, Copy)]
pub(crate) struct Values {
    /// Their type.
    pub(crate) kind: u32,
    /// Where the first begins in the store.
    pub(crate) offset: usize,
    /// How many there are.
    pub(crate) count: u32,
}

impl Values {
    /// The `nth` number, with any width.
    pub(crate) fn number(self, store: &[u8], nth: u32) -> Option<u64> {
        let width = match self.kind {
            1 | 2 => 1,
            3 => 2,
            4 => 4,
            5 => 8,
            _ => return None,
        };
        if nth >= self.count {
            return None;
        }
        let at = self
            .offset
            .checked_add((nth as usize).checked_mul(width)?)?;
        let bytes = store.get(at..at.checked_add(width)?)?;
        Some(
            bytes
                .iter()
                .fold(0, |value, byte| value << 8 | u64::from(*byte)),
        )
    }
}

/// The text at an offset, up to its zero byte; `None` when it has none.
pub(crate) fn text_at(store: &[u8], offset: usize) -> Option<&[u8]> {
    let rest = store.get(offset..)?;
    rest.get(..memchr::memchr(0, rest)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_width_of_their_type() {
        let store = [0, 1, 2, 3, 4, 5, 6, 7, 8];
        let number = |kind, nth| {
            Values {
                kind,
                offset: 1,
                count: 2,
            }
            .number(&store, nth)
        };
        assert_eq!(number(2, 1), Some(2));
        assert_eq!(number(3, 1), Some(0x0304));
        assert_eq!(number(4, 1), Some(0x0506_0708));
        assert_eq!(number(5, 0), Some(0x0102_0304_0506_0708));
        // Beyond the store, beyond the count, and no number.
        assert_eq!(number(5, 1), None);
        assert_eq!(number(2, 2), None);
        assert_eq!(number(6, 0), None);
    }

    #[test]
    fn a_text_needs_its_zero_byte() {
        assert_eq!(text_at(b"one\0two", 0), Some(&b"one"[..]));
        assert_eq!(text_at(b"one\0two", 4), None);
        assert_eq!(text_at(b"one", 9), None);
    }
}
