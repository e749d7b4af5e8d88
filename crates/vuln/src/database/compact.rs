//! The compact form of a database: sections of numbers, and pools of texts.
//!
//! ```text
//! "gspvuln2"  CRC-32 of the rest  the length of each section  sections
//! ```
//!
//! Fixed numbers are 32 bits, little-endian; all others LEB128. Nothing is compressed, so that only what is asked for is read.

use std::ops::Range;

/// First bytes in every version of the form.
const FAMILY: &[u8] = b"gspvuln";
/// First bytes in this version of the form; the last byte is the version.
const MAGIC: &[u8; 8] = b"gspvuln2";
/// Bytes of magic and checksum.
const HEAD: usize = 12;
/// What is wrong with a database in the compact form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the vulnerability database is damaged ({0}); `gospect db update` makes it again")]
pub struct Damaged(pub(super) &'static str);

/// The parts of the form, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    /// `About`, as JSON.
    About,
    /// Pool: modules in order, then packages, systems and processors.
    Names,
    /// Pool: versions, the most frequent first.
    Versions,
    /// Offsets of the blocks of each module, and the end of the last: fixed numbers.
    Modules,
    /// Blocks, by module.
    Blocks,
    /// Pool: flags, ID and aliases of each entry, in the order of IDs.
    Entries,
    /// Pool: symbols in order.
    Symbols,
    /// Pool: a summary for each entry; empty when there are none.
    Summaries,
}

const SECTIONS: usize = 8;

/// Where the sections are.
#[derive(Debug)]
pub(super) struct Sections([(usize, usize); SECTIONS]);

/// The fixed number at an offset.
pub(super) fn fixed_number(data: &[u8], at: usize) -> Option<usize> {
    let bytes = data.get(at..)?.first_chunk::<4>()?;
    usize::try_from(u32::from_le_bytes(*bytes)).ok()
}

/// Whether these bytes are a database in the form of another version of gospect.
pub(super) fn is_other_form(data: &[u8]) -> bool {
    data.starts_with(FAMILY) && !data.starts_with(MAGIC)
}

/// Compares the checksum.
pub(super) fn check(data: &[u8]) -> Result<(), Damaged> {
    if is_other_form(data) {
        return Err(Damaged("it has the form of another version of gospect"));
    }
    if !data.starts_with(MAGIC) {
        return Err(Damaged("it does not begin like one of this version"));
    }
    let mut crc = flate2::Crc::new();
    crc.update(data.get(HEAD..).unwrap_or_default());
    let stated = data.get(8..).and_then(|d| d.first_chunk::<4>());
    match stated {
        Some(stated) if u32::from_le_bytes(*stated) == crc.sum() => Ok(()),
        _ => Err(Damaged("its checksum does not match")),
    }
}

impl Sections {
    pub(super) fn read(data: &[u8]) -> Result<Self, Damaged> {
        if !data.starts_with(MAGIC) {
            return Err(Damaged("it does not begin like one of this version"));
        }
        let mut start = HEAD + SECTIONS * 4;
        let mut ranges = [(0, 0); SECTIONS];
        for (index, section) in ranges.iter_mut().enumerate() {
            let length =
                fixed_number(data, HEAD + index * 4).ok_or(Damaged("its header is cut"))?;
            let end = start.checked_add(length).filter(|end| *end <= data.len());
            let end = end.ok_or(Damaged("a section is cut"))?;
            *section = (start, end);
            start = end;
        }
        if start != data.len() {
            return Err(Damaged("bytes follow its end"));
        }
        Ok(Self(ranges))
    }

    /// Where a section is.
    pub(super) fn place(&self, section: Section) -> Range<usize> {
        let (start, end) = self.0.get(section as usize).copied().unwrap_or_default();
        start..end
    }

    /// A section.
    pub(super) fn bytes<'d>(&self, data: &'d [u8], section: Section) -> Result<&'d [u8], Damaged> {
        data.get(self.place(section))
            .ok_or(Damaged("a section is cut"))
    }
}

/// Reads numbers one by one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'d>(&'d [u8]);

impl<'d> Cursor<'d> {
    pub(super) fn new(bytes: &'d [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn remaining(&self) -> usize {
        self.0.len()
    }

    pub(super) fn byte(&mut self) -> Result<u8, Damaged> {
        let (first, rest) = self.0.split_first().ok_or(Damaged("a number is cut"))?;
        self.0 = rest;
        Ok(*first)
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'d [u8], Damaged> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(Damaged("a text is cut"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// A number of at most 32 bits.
    pub(super) fn size(&mut self) -> Result<usize, Damaged> {
        let mut value = 0u64;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return u32::try_from(value)
                    .map(|v| v as usize)
                    .map_err(|_| Damaged("a number is too large"));
            }
        }
        Err(Damaged("a number is too long"))
    }

    /// Reads `count` items, each of at least one byte.
    pub(super) fn list<T>(
        &mut self,
        count: usize,
        mut read: impl FnMut(&mut Self) -> Result<T, Damaged>,
    ) -> Result<Vec<T>, Damaged> {
        if count > self.remaining() {
            return Err(Damaged("a list states an impossible count"));
        }
        let mut list = Vec::with_capacity(count);
        for _ in 0..count {
            list.push(read(self)?);
        }
        Ok(list)
    }

    /// Skips `count` numbers and returns their bytes.
    pub(super) fn skip_numbers(&mut self, count: usize) -> Result<&'d [u8], Damaged> {
        let before = self.0;
        for _ in 0..count {
            while self.byte()? >= 0x80 {}
        }
        before
            .get(..before.len() - self.0.len())
            .ok_or(Damaged("a list is cut"))
    }
}

/// Writes a number as [`Cursor::size`] reads it.
pub(super) fn put(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Which lists a block has, and how many ranges. The most frequent combinations take one number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) ranges: usize,
    flags: usize,
}

impl Shape {
    const CUSTOM: usize = 1;
    const VERSIONS: usize = 2;
    const PACKAGES: usize = 4;

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Damaged> {
        let word = cursor.size()?;
        Ok(Self {
            ranges: word >> 3,
            flags: word & 7,
        })
    }

    pub(super) fn write(
        out: &mut Vec<u8>,
        ranges: usize,
        customs: usize,
        versions: usize,
        packages: usize,
    ) {
        let flag = |count: usize, bit: usize| if count > 0 { bit } else { 0 };
        let flags = flag(customs, Self::CUSTOM)
            | flag(versions, Self::VERSIONS)
            | flag(packages, Self::PACKAGES);
        put(out, ranges << 3 | flags);
    }

    fn count(self, bit: usize, cursor: &mut Cursor<'_>) -> Result<usize, Damaged> {
        match self.flags & bit {
            0 => Ok(0),
            _ => cursor.size(),
        }
    }

    pub(super) fn customs(self, cursor: &mut Cursor<'_>) -> Result<usize, Damaged> {
        self.count(Self::CUSTOM, cursor)
    }

    pub(super) fn versions(self, cursor: &mut Cursor<'_>) -> Result<usize, Damaged> {
        self.count(Self::VERSIONS, cursor)
    }

    pub(super) fn packages(self, cursor: &mut Cursor<'_>) -> Result<usize, Damaged> {
        self.count(Self::PACKAGES, cursor)
    }
}

/// Assembles the sections; `None` when one is too long.
pub(super) fn assemble(sections: [Vec<u8>; SECTIONS]) -> Option<Vec<u8>> {
    let mut lengths = Vec::new();
    for section in &sections {
        lengths.extend(u32::try_from(section.len()).ok()?.to_le_bytes());
    }
    let body = sections.concat();
    let mut crc = flate2::Crc::new();
    crc.update(&lengths);
    crc.update(&body);
    let mut out = MAGIC.to_vec();
    out.extend(crc.sum().to_le_bytes());
    out.extend(lengths);
    out.extend(body);
    Some(out)
}
