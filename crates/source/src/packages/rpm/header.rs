//! One header: an index of tags over a store of values; all numbers are big-endian.
//!
//! Layout: rpm's `docs/manual/format_header.md`. A database leaves out the eight bytes of magic number.

use super::values::{Values, text_at};

/// Tags of the header that are read (rpm: `include/rpm/rpmtag.h`).
pub mod tag {
    pub const NAME: u32 = 1000;
    pub const VERSION: u32 = 1001;
    pub const RELEASE: u32 = 1002;
    pub const EPOCH: u32 = 1003;
    pub const ARCH: u32 = 1022;
    /// Whole paths, used before rpm 4.
    pub const OLD_FILE_NAMES: u32 = 1027;
    pub const FILE_STATES: u32 = 1029;
    pub const FILE_DIGESTS: u32 = 1035;
    pub const SOURCE_RPM: u32 = 1044;
    pub const CHANGELOG_NAME: u32 = 1081;
    pub const CHANGELOG_TEXT: u32 = 1082;
    pub const DIR_INDEXES: u32 = 1116;
    pub const BASE_NAMES: u32 = 1117;
    pub const DIR_NAMES: u32 = 1118;
    pub const FILE_DIGEST_ALGORITHM: u32 = 5011;
}

/// The most tags that rpm itself accepts (rpm: `lib/header.cc`).
const TAGS: u32 = 0xffff;
/// Most files of one package that are read.
const FILES: u32 = 1 << 20;

/// A header in memory.
pub struct Header<'b> {
    index: &'b [[u8; 16]],
    store: &'b [u8],
}

impl<'b> Header<'b> {
    /// Reads the two lengths; `None` if the bytes are too few or no header.
    pub fn parse(blob: &'b [u8]) -> Option<Self> {
        let (lengths, rest) = blob.split_first_chunk::<8>()?;
        let (tags, bytes) = (be(lengths, 0)?, be(lengths, 4)?);
        if tags == 0 || tags > TAGS {
            return None;
        }
        let (index, store) = rest.split_at_checked(tags as usize * 16)?;
        Some(Self {
            index: index.as_chunks().0,
            store: store.get(..bytes as usize)?,
        })
    }

    /// Where the values of a tag are.
    fn entry(&self, tag: u32) -> Option<Values> {
        let entry = self.index.iter().find(|entry| be(*entry, 0) == Some(tag))?;
        Some(Values {
            kind: be(entry, 4)?,
            offset: be(entry, 8)? as usize,
            count: be(entry, 12)?,
        })
    }

    /// The first string of a tag.
    pub fn text(&self, tag: u32) -> Option<&'b [u8]> {
        text_at(self.store, self.entry(tag)?.offset)
    }

    /// All strings of a tag.
    pub fn texts(&self, tag: u32) -> impl Iterator<Item = &'b [u8]> + '_ {
        let (mut at, count) = self
            .entry(tag)
            .map_or((0, 0), |values| (values.offset, values.count.min(FILES)));
        (0..count).map_while(move |_| {
            let text = text_at(self.store, at)?;
            at += text.len() + 1;
            Some(text)
        })
    }

    /// The `nth` string of a tag.
    pub fn nth_text(&self, tag: u32, nth: u32) -> Option<&'b [u8]> {
        self.texts(tag).nth(nth as usize)
    }

    /// The `nth` number of a tag, with any width.
    pub fn number(&self, tag: u32, nth: u32) -> Option<u64> {
        self.entry(tag)?.number(self.store, nth)
    }

    /// Calls `visit` with the last part of every file's path.
    pub fn each_base_name(&self, visit: impl FnMut(&'b [u8])) {
        let tag = self.name_tag();
        self.texts(tag).for_each(visit);
    }

    fn name_tag(&self) -> u32 {
        match self.entry(tag::BASE_NAMES) {
            Some(_) => tag::BASE_NAMES,
            None => tag::OLD_FILE_NAMES,
        }
    }

    /// Index of the first installed file with this last part whose whole path is `wanted`.
    pub fn find(&self, base: &[u8], mut wanted: impl FnMut(&[u8]) -> bool) -> Option<u32> {
        let whole = self.name_tag() == tag::OLD_FILE_NAMES;
        let files = (0_u32..).zip(self.texts(self.name_tag()));
        let mut same = files.filter(|(_, name)| super::base(name) == base);
        // Enough for any package, and a limit against a directory index that makes look-ups slow.
        same.by_ref().take(64).find_map(|(file, name)| {
            let path = if whole {
                name.to_vec()
            } else {
                let directory = self.number(tag::DIR_INDEXES, file)?;
                let directory = self.nth_text(tag::DIR_NAMES, u32::try_from(directory).ok()?)?;
                [directory, name].concat()
            };
            // 0 means installed; the others are replaced, left out, or of another colour (rpm: `include/rpm/rpmfi.h`).
            let is_there = self
                .number(tag::FILE_STATES, file)
                .is_none_or(|state| state == 0);
            (is_there && wanted(&path)).then_some(file)
        })
    }
}

fn be(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}
