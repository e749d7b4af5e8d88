//! The blocks that UPX writes into ELF and Mach-O files: finds them, finds the place of each in the original, expands them.
//!
//! `l_info` (12 bytes, with the magic), `p_info` (12: program id, original size, block size), then for each part of the
//! original file `b_info` (12: expanded size, stored size, method, filter, marker) and the stored bytes. First come the loaded
//! parts in the order of the original headers; the block before them holds just those headers. Then follow, perhaps after the
//! loader stub, the gaps between and after the loaded parts, and a `b_info` of size zero (`p_unix.h`, `p_unix.cpp`,
//! `p_lx_elf.cpp`).

use super::header::{Adler, LEN, MAGIC, PackHeader, known_format, method_name};
use super::view::View;
use super::{Restored, UnpackError, filter, lzma, nrv};
use gospect_bytes::ReadAt;
use std::io;
use std::sync::{Mutex, PoisonError};

const L_INFO: usize = 12;
const P_INFO: usize = 12;
const B_INFO: usize = 12;
/// Streams start at a multiple of this.
const STEP: usize = 4;
/// Most bytes of loader stub and padding between the loaded parts and the gaps: `l_lsize` has 16 bits.
const STUB_MAX: usize = 128 << 10;
/// Most headers to check while looking for the gaps.
const SEARCH_MAX: usize = 1 << 20;
/// Most bytes of holes that may stay zero when the gaps were not found: one page of the largest size in each.
const HOLE_MAX: usize = 64 << 10;
/// More loaded parts than any original has.
const PARTS_MAX: usize = 256;
/// Bytes after a filtered instruction that belong to it.
const FILTER_REACH: usize = 16;
/// Bytes to expand for the first reads of a block: enough for headers, then for the start of the data. A read further on expands the
/// whole block.
const FIRST_READS: [usize; 2] = [8 << 10, 64 << 10];

/// The start of a stream.
#[derive(Clone, Copy)]
pub(super) struct Start {
    /// Offset of the first `b_info`.
    pub blocks: usize,
    /// Size of the original file.
    pub size: usize,
    /// Largest expanded block.
    block: usize,
    /// Method of the first block.
    pub method: u8,
}

impl Start {
    /// Offsets up to `reach` after `from` where the version and format bytes of an `l_info` may be. This runs on every
    /// executable, and hardly any is packed, so it is cheap.
    pub fn places(
        view: View<'_>,
        from: usize,
        reach: usize,
    ) -> impl Iterator<Item = usize> + Clone {
        // The two numbers are at the end of the record.
        let start = from.saturating_add(L_INFO - STEP);
        let end = start.saturating_add(reach).min(view.data.len());
        let words = view.data.get(start..end).unwrap_or_default();
        words
            .chunks_exact(STEP)
            .enumerate()
            .filter(move |(_, word)| is_plausible_version(word[2], word[3], view.big))
            .map(move |(i, _)| from + i * STEP)
    }

    /// Reads the `l_info` at `at`, everything up to the first `b_info`, and that. `None` unless all of it is consistent. With
    /// `marked` the magic is required.
    pub fn read(view: View<'_>, at: usize, marked: bool) -> Option<Self> {
        if marked && view.slice(at.checked_add(4)?, 4)? != MAGIC {
            return None;
        }
        let (version, format) = (view.u8(at + 10)?, view.u8(at + 11)?);
        if !is_plausible_version(version, format, view.big) {
            return None;
        }
        let info = at + L_INFO;
        let start = Self {
            blocks: info + P_INFO,
            size: view.size(info + 4)?,
            block: view.size(info + 8)?,
            method: 0,
        };
        let first = Block::read(view, start.blocks)?;
        // The block size may be larger than the file, because it is the size of the largest part, rounded up.
        let is_plausible = start.size > first.expanded
            && start.block >= first.expanded
            && (52..=64 << 10).contains(&first.expanded)
            && first.stored > 8
            && first.filter == 0
            && method_name(first.method).is_some();
        is_plausible.then_some(Self {
            method: first.method,
            ..start
        })
    }
}

/// Whether `l_info` may have these numbers.
fn is_plausible_version(version: u8, format: u8, big: bool) -> bool {
    (12..=24).contains(&version) && known_format(format) && (format >= 128) == big
}

/// A `b_info`, and where its bytes go.
#[derive(Clone, Copy)]
struct Block {
    /// Offset of the stored bytes.
    at: usize,
    expanded: usize,
    stored: usize,
    method: u8,
    filter: u8,
    cto: u8,
    /// Offset in the original.
    place: usize,
}

impl Block {
    fn read(view: View<'_>, at: usize) -> Option<Self> {
        Some(Self {
            at: at.checked_add(B_INFO)?,
            expanded: view.size(at)?,
            stored: view.size(at + 4)?,
            method: view.u8(at + 8)?,
            filter: view.u8(at + 9)?,
            cto: view.u8(at + 10)?,
            place: 0,
        })
    }

    /// Appends the original bytes, or the first `until` of them.
    fn expand(&self, data: &[u8], until: usize, out: &mut Vec<u8>) -> Result<(), UnpackError> {
        let stored = data
            .get(self.at..self.at + self.stored)
            .ok_or(UnpackError::Truncated("a block"))?;
        if self.stored == self.expanded {
            out.extend_from_slice(stored);
            return Ok(());
        }
        let base = out.len();
        let until = until.min(self.expanded);
        // An instruction that the filter changed may extend beyond the requested bytes.
        let some = until.saturating_add(FILTER_REACH).min(self.expanded);
        expand(self.method, stored, (self.expanded, some), out)?;
        filter::undo(
            self.filter,
            self.cto,
            0,
            out.get_mut(base..).unwrap_or_default(),
        )?;
        out.truncate(base + until);
        Ok(())
    }
}

/// Expands `stored`, compressed with this UPX method, to exactly `want` bytes, or the first `until` of them, and appends them
/// to `out`.
pub(super) fn expand(
    method: u8,
    stored: &[u8],
    (want, until): (usize, usize),
    out: &mut Vec<u8>,
) -> Result<(), UnpackError> {
    // A stated size does not justify a large reservation: real programs shrink to a fifth.
    out.reserve(until.min(stored.len().saturating_mul(8)));
    let want = (want, until);
    let width = |n| [4, 1, 2][usize::from(n)];
    match method {
        2..=4 => nrv::expand(nrv::Variant::B, width(method - 2), stored, want, out),
        5..=7 => nrv::expand(nrv::Variant::D, width(method - 5), stored, want, out),
        8..=10 => nrv::expand(nrv::Variant::E, width(method - 8), stored, want, out),
        14 => lzma::expand(stored, want, out),
        _ => Err(UnpackError::Unsupported(match method_name(method) {
            Some(name) => format!("UPX method {method} ({name})"),
            None => format!("UPX method {method}"),
        })),
    }
}

/// The headers of the original, from the first block alone.
pub(super) fn original_headers(view: View<'_>, start: Start) -> Result<Vec<u8>, UnpackError> {
    let first = Block::read(view, start.blocks).ok_or(UnpackError::Truncated("the first block"))?;
    let mut out = Vec::new();
    first.expand(view.data, usize::MAX, &mut out)?;
    Ok(out)
}

/// Where every block of a packed file goes in the original.
pub(super) struct Plan<'d> {
    view: View<'d>,
    start: Start,
    /// In the order of the stream.
    blocks: Vec<Block>,
    /// Offset of the end mark, when the gaps between the loaded parts were found.
    end: Option<usize>,
    /// Whether everything that the packer keeps was found.
    pub complete: bool,
}

impl<'d> Plan<'d> {
    /// Finds the blocks of a file whose loaded parts are `parts` (offset and size, in the order of the original headers).
    pub fn new(
        view: View<'d>,
        start: Start,
        parts: &[(usize, usize)],
        limit: usize,
    ) -> Result<Self, UnpackError> {
        if start.size > limit {
            return Err(UnpackError::TooBig {
                size: start.size as u64,
                limit: limit as u64,
            });
        }
        if parts.is_empty() || parts.len() > PARTS_MAX {
            return Err(UnpackError::Corrupt(
                "the original has no or too many loaded parts",
            ));
        }
        let gaps = gaps(parts, start.size).ok_or(UnpackError::Corrupt(
            "a loaded part lies outside the original",
        ))?;
        let mut blocks = Vec::new();
        let mut budget = SEARCH_MAX;
        let after = chain(view, start, start.blocks, parts, &mut blocks, &mut budget)?;
        let end = find_gaps(view, start, after, &gaps, &mut blocks);
        Ok(Self {
            view,
            start,
            blocks,
            end,
            complete: end.is_some() || gaps.is_empty(),
        })
    }

    /// The name of the first block's method.
    pub fn method(&self) -> Option<&'static str> {
        method_name(self.start.method)
    }

    /// The blocks in the order of the original. Between them are only holes that stay zero.
    fn in_place(&self) -> Result<Vec<Block>, UnpackError> {
        let mut order = self.blocks.clone();
        order.sort_by_key(|block| block.place);
        let mut end = 0;
        for block in &order {
            match block.place.checked_sub(end) {
                Some(0) => {}
                Some(hole) if !self.complete && hole <= HOLE_MAX => {}
                Some(_) => return Err(UnpackError::Corrupt("a part of the original is missing")),
                None => return Err(UnpackError::Corrupt("parts of the original overlap")),
            }
            end = block.place + block.expanded;
        }
        Ok(order)
    }

    /// Expands all blocks.
    pub fn restore(&self) -> Result<Restored, UnpackError> {
        // Each block is appended, so memory holds only expanded bytes.
        let mut image = Vec::new();
        for block in self.in_place()? {
            image.resize(block.place, 0);
            block.expand(self.view.data, usize::MAX, &mut image)?;
        }
        let verified = self.end.map_or(Ok(false), |end| {
            verify(self.view, end, &self.blocks, &image)
        })?;
        Ok(Restored {
            image,
            method: self.method(),
            verified,
            complete: self.complete,
        })
    }

    /// Whether the packer's sum over the compressed bytes is there and right.
    pub fn is_as_packed(&self) -> bool {
        let header = self.end.and_then(|end| last_record(self.view, end));
        header.is_some_and(|header| stored_sum(self.view, &self.blocks) == header.c_adler)
    }

    /// A view that expands blocks when they are read.
    pub fn lazy(&self) -> Result<Lazy<'d>, UnpackError> {
        let order = self.in_place()?;
        let size = order.last().map_or(0, |b| b.place + b.expanded);
        Ok(Lazy {
            data: self.view.data,
            blocks: order
                .into_iter()
                .map(|block| (block, Mutex::default()))
                .collect(),
            size: size as u64,
        })
    }
}

/// A view of the original file. A block is expanded when it is first read: all of it, or its start if that is enough.
pub(super) struct Lazy<'d> {
    data: &'d [u8],
    blocks: Vec<(Block, Mutex<Vec<u8>>)>,
    size: u64,
}

impl ReadAt for Lazy<'_> {
    fn len(&self) -> u64 {
        self.size
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = self.size.saturating_sub(offset);
        let want = buf.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let (Some(buf), Ok(from)) = (buf.get_mut(..want), usize::try_from(offset)) else {
            return Ok(0);
        };
        buf.fill(0);
        let to = from.saturating_add(want);
        let first = self
            .blocks
            .partition_point(|(b, _)| b.place + b.expanded <= from);
        for (block, expanded) in self.blocks.get(first..).unwrap_or_default() {
            if block.place >= to {
                break;
            }
            let until = to.min(block.place + block.expanded) - block.place;
            let mut expanded = expanded.lock().unwrap_or_else(PoisonError::into_inner);
            if expanded.len() < until {
                let enough = FIRST_READS.iter().find(|size| until <= **size);
                let enough = enough.copied().unwrap_or(usize::MAX);
                expanded.clear();
                block
                    .expand(self.data, enough, &mut expanded)
                    .map_err(io::Error::other)?;
            }
            let skip = from.saturating_sub(block.place);
            let source = expanded.get(skip..until).unwrap_or_default();
            let at = (block.place + skip).saturating_sub(from);
            if let Some(place) = buf.get_mut(at..at.saturating_add(source.len())) {
                place.copy_from_slice(source);
            }
        }
        Ok(want)
    }
}

/// Assigns blocks to the `wanted` places (offset, size) one after another; returns the offset after the last.
fn chain(
    view: View<'_>,
    start: Start,
    mut at: usize,
    wanted: &[(usize, usize)],
    blocks: &mut Vec<Block>,
    budget: &mut usize,
) -> Result<usize, UnpackError> {
    for (place, size) in wanted {
        let (mut place, mut left) = (*place, *size);
        while left > 0 {
            *budget = budget
                .checked_sub(1)
                .ok_or(UnpackError::Corrupt("too many blocks"))?;
            let block = Block::read(view, at).ok_or(UnpackError::Truncated("a block's record"))?;
            if block.expanded == 0 || block.expanded > left || block.expanded > start.block {
                return Err(UnpackError::Corrupt("a block's expanded size"));
            }
            if block.stored == 0 || block.stored > block.expanded {
                return Err(UnpackError::Corrupt("a block's stored size"));
            }
            if view.slice(block.at, block.stored).is_none() {
                return Err(UnpackError::Truncated("a block"));
            }
            at = block.at + block.stored;
            blocks.push(Block { place, ..block });
            place += block.expanded;
            left -= block.expanded;
        }
    }
    Ok(at)
}

/// The gaps after the loaded parts: for each part the bytes up to the next one in the file.
fn gaps(parts: &[(usize, usize)], size: usize) -> Option<Vec<(usize, usize)>> {
    let mut gaps = Vec::new();
    for (offset, len) in parts {
        let end = offset.checked_add(*len).filter(|end| *end <= size)?;
        let next = parts
            .iter()
            .map(|part| part.0)
            .filter(|next| *next >= end)
            .min()
            .unwrap_or(size);
        if next > end {
            gaps.push((end, next - end));
        }
    }
    Some(gaps)
}

/// Looks for the blocks of the gaps at and after `after`. Each release puts its stub elsewhere, so this looks for a chain of
/// records that covers the gaps exactly and ends with the end mark. Returns the offset of the end mark.
fn find_gaps(
    view: View<'_>,
    start: Start,
    after: usize,
    gaps: &[(usize, usize)],
    blocks: &mut Vec<Block>,
) -> Option<usize> {
    let loaded = blocks.len();
    let mut budget = SEARCH_MAX;
    for at in after..view.data.len().min(after.saturating_add(STUB_MAX)) {
        if let Ok(end) = chain(view, start, at, gaps, blocks, &mut budget)
            && view.u32(end) == Some(0)
            && view.slice(end + 4, 4) == Some(MAGIC)
        {
            return Some(end);
        }
        blocks.truncate(loaded);
        if budget == 0 {
            break;
        }
    }
    None
}

/// Compares the checksums with the record after the end mark at `end`, if there is one; the stub may come between them. Both
/// checksums cover the blocks in the order of the stream.
fn verify(view: View<'_>, end: usize, blocks: &[Block], image: &[u8]) -> Result<bool, UnpackError> {
    let Some(header) = last_record(view, end) else {
        return Ok(false);
    };
    let mut restored = Adler::new();
    for block in blocks {
        restored.add(
            image
                .get(block.place..block.place + block.expanded)
                .unwrap_or_default(),
        );
    }
    if stored_sum(view, blocks) != header.c_adler {
        return Err(UnpackError::Checksum("the compressed bytes"));
    }
    if restored.value() != header.u_adler {
        return Err(UnpackError::Checksum("the restored bytes"));
    }
    Ok(true)
}

/// The packer's record after the end mark.
fn last_record(view: View<'_>, end: usize) -> Option<PackHeader> {
    let behind = view.data.get(end.checked_add(B_INFO)?..)?;
    let behind = behind.get(..behind.len().min(STUB_MAX + LEN))?;
    memchr::memmem::find_iter(behind, MAGIC).find_map(|at| PackHeader::read(behind, at))
}

/// The sum of the compressed bytes of all blocks.
fn stored_sum(view: View<'_>, blocks: &[Block]) -> u32 {
    let mut sum = Adler::new();
    for block in blocks {
        sum.add(view.slice(block.at, block.stored).unwrap_or_default());
    }
    sum.value()
}
