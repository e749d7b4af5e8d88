//! A list of texts in groups; a text is stored without the beginning that it shares with the one before it. A group is decoded when one of its
//! texts is asked for.
//!
//! ```text
//! number of texts  end of each group  groups
//! group: for each of its texts  length that it shares with the text before it in the group  length of the rest  the rest
//! ```
//!
//! The number and the ends are fixed numbers, the lengths LEB128. A group has 16 texts, the last one may have fewer; its first text shares
//! nothing.

use super::compact::{Cursor, Damaged, fixed_number, put};
use std::cmp::Ordering;
use std::ops::Range;
use std::sync::OnceLock;

/// Texts of a group.
const GROUP: usize = 16;

/// Bytes of a fixed number.
const FIXED: usize = 4;

/// A list of texts of a database.
#[derive(Debug, Default)]
pub(super) struct Pool {
    /// Where it is in the database.
    place: Range<usize>,
    count: usize,
    /// The groups that were decoded so far.
    groups: Vec<OnceLock<Result<Group, Damaged>>>,
}

/// The texts of a group, one after the other.
#[derive(Debug, Default)]
struct Group {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Group {
    fn read(stored: &[u8], count: usize) -> Result<Self, Damaged> {
        let mut cursor = Cursor::new(stored);
        let mut group = Self {
            // Shared beginnings make the texts longer than what is stored, but seldom twice as long.
            bytes: Vec::with_capacity(stored.len().saturating_mul(2)),
            ends: Vec::with_capacity(count),
        };
        let mut last = 0..0;
        for _ in 0..count {
            let (shared, length) = (cursor.size()?, cursor.size()?);
            let rest = cursor.take(length)?;
            if shared > last.len() {
                return Err(Damaged("a text shares more than the text before it has"));
            }
            let start = group.bytes.len();
            group
                .bytes
                .extend_from_within(last.start..last.start + shared);
            group.bytes.extend_from_slice(rest);
            last = start..group.bytes.len();
            let end = u32::try_from(last.end).map_err(|_| Damaged("a group is too long"))?;
            group.ends.push(end);
        }
        match cursor.is_empty() {
            true => Ok(group),
            false => Err(Damaged("bytes follow the texts of a group")),
        }
    }

    fn bytes(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)? as usize;
        let start = match index.checked_sub(1) {
            None => 0,
            Some(before) => *self.ends.get(before)? as usize,
        };
        self.bytes.get(start..end)
    }
}

impl Pool {
    /// The pool in this range of the data; an empty range is an empty pool.
    pub fn read(data: &[u8], place: Range<usize>) -> Result<Self, Damaged> {
        let stored = data.get(place.clone()).unwrap_or_default();
        if stored.is_empty() {
            return Ok(Self::default());
        }
        let count = fixed_number(stored, 0).ok_or(Damaged("a pool is cut"))?;
        let groups = count.div_ceil(GROUP);
        let ends = groups.checked_add(1).and_then(|n| n.checked_mul(FIXED));
        if ends.is_none_or(|end| end > stored.len()) {
            return Err(Damaged("a pool states an impossible count"));
        }
        Ok(Self {
            place,
            count,
            groups: (0..groups).map(|_| OnceLock::new()).collect(),
        })
    }

    pub fn len(&self) -> usize {
        self.count
    }

    /// A group as it is stored.
    fn stored<'d>(&self, data: &'d [u8], number: usize) -> Result<&'d [u8], Damaged> {
        let stored = data.get(self.place.clone()).unwrap_or_default();
        let header = (self.groups.len() + 1) * FIXED;
        let start = match number {
            0 => Some(0),
            _ => fixed_number(stored, number * FIXED),
        };
        start
            .zip(fixed_number(stored, (number + 1) * FIXED))
            .and_then(|(start, end)| stored.get(header..)?.get(start..end))
            .ok_or(Damaged("a group is cut"))
    }

    /// A text as bytes; `data` is the database.
    pub fn bytes(&self, data: &[u8], index: usize) -> Result<&[u8], Damaged> {
        let missing = Damaged("the number of a text that does not exist");
        let number = index / GROUP;
        let group = self.groups.get(number).ok_or(missing)?;
        let read = || {
            let count = self.count.saturating_sub(number * GROUP).min(GROUP);
            Group::read(self.stored(data, number)?, count)
        };
        let group = group.get_or_init(read).as_ref().map_err(|why| *why)?;
        group.bytes(index % GROUP).ok_or(missing)
    }

    pub fn text(&self, data: &[u8], index: usize) -> Result<&str, Damaged> {
        let bytes = self.bytes(data, index)?;
        std::str::from_utf8(bytes).map_err(|_| Damaged("a text is not UTF-8"))
    }

    /// The index of a text among the first `count`, which are sorted. Only the group that it would be in is decoded.
    pub fn find(&self, data: &[u8], count: usize, text: &str) -> Result<Option<usize>, Damaged> {
        let (mut low, mut high) = (0, count.min(self.count).div_ceil(GROUP));
        // Find the last group whose first text does not come after the text.
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            match self.first_of(data, middle)? <= text.as_bytes() {
                true => low = middle,
                false => high = middle,
            }
        }
        for index in low * GROUP..(high * GROUP).min(count) {
            match self.bytes(data, index)?.cmp(text.as_bytes()) {
                Ordering::Less => {}
                Ordering::Equal => return Ok(Some(index)),
                Ordering::Greater => break,
            }
        }
        Ok(None)
    }

    /// The first text of a group, which is stored as it is.
    fn first_of<'d>(&self, data: &'d [u8], number: usize) -> Result<&'d [u8], Damaged> {
        let mut cursor = Cursor::new(self.stored(data, number)?);
        cursor.size()?;
        let length = cursor.size()?;
        cursor.take(length)
    }

    /// Writes a pool; `None` when it is too large.
    pub fn write<T: AsRef<[u8]>>(texts: &[T]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        if texts.is_empty() {
            return Some(out);
        }
        out.extend(u32::try_from(texts.len()).ok()?.to_le_bytes());
        let mut groups = Vec::new();
        for group in texts.chunks(GROUP) {
            let mut last: &[u8] = &[];
            for text in group {
                let text = text.as_ref();
                let pairs = last.iter().zip(text);
                let shared = pairs.take_while(|(a, b)| a == b).count();
                let rest = text.get(shared..).unwrap_or_default();
                put(&mut groups, shared);
                put(&mut groups, rest.len());
                groups.extend_from_slice(rest);
                last = text;
            }
            out.extend(u32::try_from(groups.len()).ok()?.to_le_bytes());
        }
        out.extend(groups);
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_and_are_found() {
        for count in [0, 1, 15, 16, 17, 100, 1000] {
            let texts: Vec<String> = (0..count).map(|n| format!("m{n:05}/{}", n % 7)).collect();
            let stored = Pool::write(&texts).unwrap();
            let data = [b"front", &stored[..], b"back"].concat();
            let pool = Pool::read(&data, 5..5 + stored.len()).unwrap();
            assert_eq!(pool.len(), count);
            for (index, text) in texts.iter().enumerate() {
                assert_eq!(pool.find(&data, count, text), Ok(Some(index)));
                assert_eq!(
                    pool.find(&data, index, text),
                    Ok(None),
                    "not among the first"
                );
                assert_eq!(pool.text(&data, index), Ok(text.as_str()));
            }
            assert!(pool.text(&data, count).is_err());
            for absent in ["", "m", "m00007", "m00016/", "z"] {
                assert_eq!(pool.find(&data, count, absent), Ok(None), "{absent}");
            }
            // A cut one says so, or has fewer texts.
            for cut in 0..stored.len() {
                if let Ok(pool) = Pool::read(&data, 5..5 + cut) {
                    let last = pool.text(&data, count - 1);
                    assert!(cut == 0 || last.is_err(), "{count} {cut}");
                }
            }
        }
        let odd: [&[u8]; 4] = [b"\xff\x01", b"\xff\x02", b"", b"x"];
        let stored = Pool::write(&odd).unwrap();
        let pool = Pool::read(&stored, 0..stored.len()).unwrap();
        assert_eq!(pool.bytes(&stored, 1), Ok(odd[1]));
        assert!(pool.text(&stored, 1).is_err() && pool.text(&stored, 2) == Ok(""));
    }
}
