//! RPM packages of version 3 and 4: a lead, a signature header, the header, and a compressed cpio archive.
//!
//! Layout: rpm's `docs/manual/format_v4.md` and `format_header.md`.

use super::{ArchiveError, Codec, Feed, cpio};
use crate::packages::rpm::from_tags;
use crate::packages::rpm::values::{Values, text_at};
use gospect_bytes::Limits;
use gospect_record::Owner;
use std::cell::OnceCell;
use std::collections::HashMap;

/// Length of the lead.
const LEAD: u64 = 96;
/// Magic number and version of a header.
const HEADER: [u8; 4] = [0x8e, 0xad, 0xe8, 1];

/// Most tags of one header, as in rpm itself (rpm: `lib/header.cc`).
const TAGS: u64 = 0xffff;
/// Most files of a package whose lists are kept.
const FILES: u32 = 1 << 20;

/// Tags of the header that are read (rpm: `include/rpm/rpmtag.h`).
mod tag {
    pub(super) const FILE_SIZES: u32 = 1028;
    pub(super) const FILE_MODES: u32 = 1030;
    pub(super) const FILE_INODES: u32 = 1096;
    pub(super) const DIR_INDEXES: u32 = 1116;
    pub(super) const BASE_NAMES: u32 = 1117;
    pub(super) const DIR_NAMES: u32 = 1118;
    pub(super) const PAYLOAD_FORMAT: u32 = 1124;
    pub(super) const PAYLOAD_COMPRESSOR: u32 = 1125;
    pub(super) const LONG_FILE_SIZES: u32 = 5008;
}

/// The header's data on the payload and its files.
pub struct Header {
    /// Where the values of each tag are.
    index: HashMap<u32, Values>,
    store: Vec<u8>,
    files: OnceCell<FileLists>,
}

/// The file lists of a header, built when the payload needs them.
struct FileLists {
    /// Offsets of the base names in the store.
    names: Vec<usize>,
    /// Offsets of the directory names in the store.
    dirs: Vec<usize>,
    /// For each inode the last file that has it: only that one has content.
    content: HashMap<u64, u32>,
}

/// Reads everything before the payload.
///
/// # Errors
/// Truncated or malformed headers, or headers longer than [`Limits::metadata`].
pub fn read_header(feed: &mut Feed<'_>, limits: &Limits) -> Result<Header, ArchiveError> {
    if feed.skip(LEAD)? < LEAD {
        return Err(ArchiveError::truncated("the package ends inside its lead"));
    }
    let (_, signature) = section(feed, limits)?;
    feed.skip((signature.len() as u64).wrapping_neg() % 8)?;
    let (index, store) = section(feed, limits)?;
    let index = index
        .as_chunks::<16>()
        .0
        .iter()
        .map(|entry| {
            let number = |at| number_at(entry, at);
            let values = Values {
                kind: number(4),
                offset: number(8) as usize,
                count: number(12),
            };
            (number(0), values)
        })
        .collect();
    Ok(Header {
        index,
        store,
        files: OnceCell::new(),
    })
}

/// The big-endian number at an offset in a header.
fn number_at(bytes: &[u8; 16], offset: usize) -> u32 {
    let rest = bytes.get(offset..).unwrap_or_default();
    rest.first_chunk().copied().map_or(0, u32::from_be_bytes)
}

/// Reads index and store of one header section.
fn section(feed: &mut Feed<'_>, limits: &Limits) -> Result<(Vec<u8>, Vec<u8>), ArchiveError> {
    let at = feed.offset();
    let broken = || ArchiveError::malformed(format!("not an RPM header at offset {at}"));
    let intro = feed
        .take_array::<16>()?
        .filter(|i| i.starts_with(&HEADER))
        .ok_or_else(broken)?;
    let entries = u64::from(number_at(&intro, 8)) * 16;
    let bytes = u64::from(number_at(&intro, 12));
    if entries > TAGS * 16 || entries + bytes > limits.metadata {
        return Err(ArchiveError::limit(format!(
            "an RPM header of {} bytes",
            entries + bytes
        )));
    }
    Ok((feed.take_vec(entries)?, feed.take_vec(bytes)?))
}

impl Header {
    /// The package that the header describes.
    pub fn owner(&self) -> Option<Owner> {
        /// rpm: `include/rpm/rpmtag.h`.
        const EPOCH: u32 = 1003;
        let text = |tag| {
            let text = std::str::from_utf8(self.text(tag)?).ok()?;
            (!text.is_empty() && text.len() <= 512).then(|| text.to_owned())
        };
        from_tags(&text, self.number(EPOCH, 0).filter(|epoch| *epoch > 0))
    }

    /// The payload's compression by name, needed where content does not show it; `None` when uncompressed or unknown.
    pub fn codec(&self) -> Option<Codec> {
        match self.text(tag::PAYLOAD_COMPRESSOR)? {
            b"gzip" => Some(Codec::Gzip),
            b"bzip2" => Some(Codec::Bzip2),
            b"lzma" => Some(Codec::Lzma),
            b"xz" => Some(Codec::Xz),
            b"zstd" => Some(Codec::Zstd),
            _ => None,
        }
    }

    /// The payload's format: `cpio` unless the header names another.
    pub fn payload(&self) -> &[u8] {
        self.text(tag::PAYLOAD_FORMAT).unwrap_or(b"cpio")
    }

    /// The file with this index, as a full cpio header would describe it.
    pub fn file(&self, index: u32) -> Option<cpio::Entry> {
        let files = self.files.get_or_init(|| self.list_files());
        let nth = usize::try_from(index).ok()?;
        let base = self.string_at(*files.names.get(nth)?)?;
        let dir = self
            .number(tag::DIR_INDEXES, index)
            .and_then(|d| usize::try_from(d).ok());
        let dir = dir
            .and_then(|d| self.string_at(*files.dirs.get(d)?))
            .unwrap_or_default();
        let inode = self.number(tag::FILE_INODES, index);
        let content = inode
            .and_then(|i| files.content.get(&i))
            .is_none_or(|last| *last == index);
        let size = self
            .number(tag::LONG_FILE_SIZES, index)
            .or_else(|| self.number(tag::FILE_SIZES, index))?;
        let mut entry = cpio::Entry {
            name: [b".", dir, base].concat(),
            mode: self.number(tag::FILE_MODES, index)? as u32,
            links: if content { 1 } else { 2 },
            file: (0, inode.unwrap_or_else(|| u64::from(index))),
            ..cpio::Entry::default()
        };
        // The content of a symbolic link is its target; only one of several names of a file has the content.
        let has_content = entry.is_file() || entry.mode & 0o170_000 == 0o120_000;
        entry.size = if has_content && content { size } else { 0 };
        Some(entry)
    }

    fn list_files(&self) -> FileLists {
        let names = self.strings(tag::BASE_NAMES);
        let inodes = (0u32..)
            .zip(&names)
            .filter_map(|(i, _)| Some((self.number(tag::FILE_INODES, i)?, i)));
        FileLists {
            content: inodes.collect(),
            dirs: self.strings(tag::DIR_NAMES),
            names,
        }
    }

    /// Offsets of the strings of a tag.
    fn strings(&self, tag: u32) -> Vec<usize> {
        let Some(values) = self.index.get(&tag) else {
            return Vec::new();
        };
        let mut at = values.offset;
        let mut starts = Vec::new();
        for _ in 0..values.count.min(FILES) {
            let Some(text) = self.string_at(at) else {
                break;
            };
            starts.push(at);
            at += text.len() + 1;
        }
        starts
    }

    fn string_at(&self, at: usize) -> Option<&[u8]> {
        text_at(&self.store, at)
    }

    /// The first string of a tag.
    fn text(&self, tag: u32) -> Option<&[u8]> {
        self.string_at(self.index.get(&tag)?.offset)
    }

    /// The `nth` number of a tag, with any width.
    fn number(&self, tag: u32, nth: u32) -> Option<u64> {
        self.index.get(&tag)?.number(&self.store, nth)
    }
}
