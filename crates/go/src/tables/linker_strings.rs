//! Linker strings: string variables that the linker sets as `-X` does (src/cmd/link/internal/ld/data.go, addstrdata, Go 1.18 to
//! 1.27).
//!
//! Each is a Go string header in the data range whose text ends with a NUL; the compiler's own constants do not. So
//! `runtime.buildVersion`, `runtime.modinfo`, `runtime.godebugDefault`, `runtime.defaultGOROOT` and the user's `-X` values can
//! be found in a file without symbols.

use super::moduledata::Moduledata;
use crate::written::{buildinfo, modinfo};
use gospect_exe::Image;
use std::ops::ControlFlow;

/// Longest text to take, except for the framed module text.
const TEXT_LIMIT: u64 = 4096;
/// Most bytes of the data range to read.
const DATA_LIMIT: u64 = 64 << 20;
/// More strings than this are chance finds.
const COUNT_LIMIT: usize = 4096;

/// A linker string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkerString<'i> {
    /// Address of its header.
    pub address: u64,
    /// Its text.
    pub text: &'i [u8],
}

/// The linker strings of one program.
#[derive(Clone, Debug, Default)]
pub struct LinkerStrings<'i> {
    /// Sorted by address.
    pub all: Vec<LinkerString<'i>>,
}

impl<'i> LinkerStrings<'i> {
    /// Collects all linker strings of the data range.
    pub fn read(image: &'i Image<'_>, module: &Moduledata, limit: u64) -> Self {
        let mut all = Vec::new();
        let word = image.pointer_size();
        let (start, end) = module.data;
        let start = start.checked_next_multiple_of(word).unwrap_or(start);
        let size = end.saturating_sub(start).min(DATA_LIMIT);
        let Some(data) = image.part(start, size) else {
            return Self { all };
        };
        let fixups = image.fixups();
        let mut fixups = fixups
            .get(fixups.partition_point(|f| f.0 < start)..)
            .unwrap_or_default()
            .iter()
            .peekable();
        let mut texts = Texts::new(image);
        image.pass(start, data.size, &mut |from, piece| {
            // Three consecutive words: pointer, length, and the next word.
            let mut words = Words::new(image, piece);
            let (mut raw, mut length, mut next) = (words.next(), words.next(), words.next());
            let is_last = from + piece.len() as u64 >= data.size;
            let mut address = start + from;
            while let (Some(pointer), Some(size)) = (raw, length) {
                if next.is_none() && !is_last {
                    break;
                }
                let at = address;
                // A slice has its capacity after the length, a string the next variable.
                let slice = next == length;
                (raw, length, next) = (length, next, words.next());
                address += word;
                if size == 0 || size > limit || slice {
                    continue;
                }
                while fixups.next_if(|f| f.0 < at).is_some() {}
                let pointer = fixups.next_if(|f| f.0 == at).map_or(pointer, |f| f.1);
                if pointer == 0 {
                    continue;
                }
                if let Some(text) = texts.at(pointer, size) {
                    all.push(LinkerString { address: at, text });
                    if all.len() >= COUNT_LIMIT {
                        return ControlFlow::Break(());
                    }
                }
            }
            let done = address - start - from;
            ControlFlow::Continue(usize::try_from(done).unwrap_or(usize::MAX))
        });
        Self { all }
    }

    /// `runtime.modinfo` without its frame.
    pub fn modinfo(&self) -> Option<&'i [u8]> {
        self.all
            .iter()
            .find(|s| s.text.starts_with(&modinfo::START))
            .and_then(|s| modinfo::unframe(s.text))
    }

    /// Texts that read like a toolchain version: the runtime's own, and maybe others.
    pub fn versions(&self) -> impl Iterator<Item = &'i [u8]> + '_ {
        self.all
            .iter()
            .map(|s| s.text)
            .filter(|t| buildinfo::looks_like_go(t))
    }
}

/// The words of some data, in the word size and byte order of the program.
enum Words<'d> {
    /// The usual case, decoded without branches.
    Wide(std::slice::ChunksExact<'d, u8>),
    Other(std::slice::ChunksExact<'d, u8>, bool),
}

impl<'d> Words<'d> {
    fn new(image: &Image<'_>, data: &'d [u8]) -> Self {
        match (image.bits, image.big_endian) {
            (64, false) => Self::Wide(data.chunks_exact(8)),
            (64, true) => Self::Other(data.chunks_exact(8), true),
            (_, big) => Self::Other(data.chunks_exact(4), big),
        }
    }
}

impl Iterator for Words<'_> {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        match self {
            Self::Wide(chunks) => chunks.next()?.try_into().ok().map(u64::from_le_bytes),
            Self::Other(chunks, big) => {
                let fold = |word: u64, byte: &u8| word << 8 | u64::from(*byte);
                let chunk = chunks.next()?;
                Some(if *big {
                    chunk.iter().fold(0, fold)
                } else {
                    chunk.iter().rev().fold(0, fold)
                })
            }
        }
    }
}

/// Pages that are remembered, enough for the constants of most programs.
const PAGES: usize = 1024;
/// Bytes of a page, as a power of two.
const PAGE_BITS: u32 = 10;

/// Reads texts. Nearly all words that look like a string are constants of the compiler, of which only the byte after the text is looked at:
/// so the pages of constants are remembered, each in a place by its number.
struct Texts<'i, 'f> {
    image: &'i Image<'f>,
    /// Lowest address of any segment, and the address after the highest.
    range: (u64, u64),
    /// Number of a page, and its bytes.
    pages: Vec<(u64, &'i [u8])>,
}

impl<'i, 'f> Texts<'i, 'f> {
    fn new(image: &'i Image<'f>) -> Self {
        let segments = &image.segments;
        let start = segments.iter().map(|s| s.address).min().unwrap_or(0);
        let end = segments.iter().map(|s| s.end()).max().unwrap_or(0);
        Self {
            image,
            range: (start, end),
            pages: vec![(0, &[]); PAGES],
        }
    }

    /// The text at an address, if it ends with a NUL as those of the linker do.
    fn at(&mut self, pointer: u64, length: u64) -> Option<&'i [u8]> {
        if pointer < self.range.0 || pointer >= self.range.1 {
            return None;
        }
        if length <= TEXT_LIMIT && self.byte(pointer.checked_add(length)?)? != 0 {
            return None;
        }
        text(self.image, pointer, length)
    }

    /// The byte at an address.
    fn byte(&mut self, address: u64) -> Option<u8> {
        let page = address >> PAGE_BITS;
        let start = page << PAGE_BITS;
        let place = self.pages.get_mut(page as usize % PAGES)?;
        if place.0 != page || place.1.is_empty() {
            let bytes = self.image.bytes_upto(start, 1 << PAGE_BITS);
            *place = (page, bytes.unwrap_or_default());
        }
        let at = usize::try_from(address - start).ok()?;
        match place.1.get(at) {
            Some(byte) => Some(*byte),
            // The page begins or ends in the middle of a segment.
            None => self.image.bytes(address, 1)?.first().copied(),
        }
    }
}

fn text<'i>(image: &'i Image<'_>, pointer: u64, length: u64) -> Option<&'i [u8]> {
    // A data word that only looks like an address costs one look-up in a short list of segments.
    let framed = length > TEXT_LIMIT;
    let head = image.bytes(pointer, if framed { 16 } else { length + 1 })?;
    if framed {
        if !head.starts_with(&modinfo::START) {
            return None;
        }
        return image.bytes(pointer, length);
    }
    let (text, nul) = head.split_at(usize::try_from(length).ok()?);
    let plain = nul == [0]
        && (text.starts_with(&modinfo::START)
            || (std::str::from_utf8(text).is_ok() && !text.contains(&0)));
    plain.then_some(text)
}
