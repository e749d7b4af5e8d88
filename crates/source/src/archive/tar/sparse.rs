//! Sparse files: GNU's old format and its pax formats 0.0, 0.1 and 1.0 (GNU tar manual, "Storing Sparse Files").

use super::super::{ArchiveError, Feed, Scope};
use super::header::{BLOCK, Header, number};
use super::pax::{Pax, decimal};
use super::{META, read_some};
use std::io::{self, Read};
use std::ops::Range;

/// Most data segments of one file; a file with more is refused.
const SEGMENTS: usize = 1 << 16;

/// The expanded size of a sparse file, and its data segments in order.
pub(super) type Map = (u64, Vec<Range<u64>>);

/// The expanded size and the data segments of a sparse entry; `None` if it is not sparse.
///
/// A map stored before the content (old format, format 1.0) is read from `feed`; with format 1.0 its length is subtracted from
/// `stored`.
pub(super) fn map(
    feed: &mut Feed<'_>,
    header: &Header,
    pax: &Pax,
    stored: &mut u64,
    scope: &Scope,
) -> Result<Option<Map>, ArchiveError> {
    let (size, numbers) = if header.flag() == b'S' {
        let (first, more, size) = header.old_sparse();
        (size.ok_or_else(broken)?, old(feed, first, more)?)
    } else if pax.bytes(b"GNU.sparse.major") == Some(b"1") {
        let size = pax.number(b"GNU.sparse.realsize")?.ok_or_else(broken)?;
        (size, in_body(feed, stored, scope)?)
    } else if let Some(list) = pax.bytes(b"GNU.sparse.map") {
        let size = pax.number(b"GNU.sparse.size")?.ok_or_else(broken)?;
        (
            size,
            list.split(|b| *b == b',')
                .map(|n| decimal(n).ok_or_else(broken))
                .collect::<Result<_, _>>()?,
        )
    } else if let Some(size) = pax.number(b"GNU.sparse.size")? {
        (
            size,
            pax.sparse_pairs()
                .map(|n| decimal(n).ok_or_else(broken))
                .collect::<Result<_, _>>()?,
        )
    } else {
        return Ok(None);
    };
    segments(&numbers, size, *stored).map(|s| Some((size, s)))
}

fn broken() -> ArchiveError {
    ArchiveError::malformed("the map of a sparse file is broken")
}

/// Checks that the segments ascend inside the file and together are as long as the stored content.
fn segments(numbers: &[u64], size: u64, stored: u64) -> Result<Vec<Range<u64>>, ArchiveError> {
    let (pairs, rest) = numbers.as_chunks::<2>();
    if !rest.is_empty() || pairs.len() > SEGMENTS {
        return Err(broken());
    }
    let mut out: Vec<Range<u64>> = Vec::new();
    let (mut end, mut total) = (0, 0u64);
    for [offset, len] in pairs {
        let next = offset
            .checked_add(*len)
            .filter(|next| *offset >= end && *next <= size)
            .ok_or_else(broken)?;
        end = next;
        total += len;
        if *len > 0 {
            out.push(*offset..next);
        }
    }
    if total != stored {
        return Err(broken());
    }
    Ok(out)
}

/// The old format: pairs of numeric fields, in the header and in further blocks of 21 pairs.
fn old(feed: &mut Feed<'_>, first: &[u8], mut more: bool) -> Result<Vec<u64>, ArchiveError> {
    let mut numbers = Vec::new();
    pairs(first, &mut numbers)?;
    while more {
        let Some(block) = feed.take_array::<BLOCK>()? else {
            return Err(ArchiveError::truncated(
                "the archive ends inside the map of a sparse file",
            ));
        };
        pairs(block.get(..21 * 24).unwrap_or_default(), &mut numbers)?;
        more = block.get(504).is_some_and(|b| *b != 0);
        if numbers.len() > 2 * SEGMENTS {
            return Err(ArchiveError::limit(format!(
                "a sparse file of more than {SEGMENTS} segments"
            )));
        }
    }
    Ok(numbers)
}

fn pairs(fields: &[u8], numbers: &mut Vec<u64>) -> Result<(), ArchiveError> {
    for pair in fields.as_chunks::<24>().0 {
        if pair.first() == Some(&0) {
            break;
        }
        let (offset, len) = pair.split_at(12);
        numbers.push(number(offset).ok_or_else(broken)?);
        numbers.push(number(len).ok_or_else(broken)?);
    }
    Ok(())
}

/// Format 1.0: decimal lines at the start of the content, padded to a block: the count, then the pairs.
fn in_body(feed: &mut Feed<'_>, stored: &mut u64, scope: &Scope) -> Result<Vec<u64>, ArchiveError> {
    let most = META.min(scope.limits.metadata);
    let mut numbers = Vec::new();
    let mut wanted = None;
    let mut line = Vec::new();
    let mut used = 0u64;
    while wanted.is_none_or(|w| numbers.len() < w) {
        if used + BLOCK as u64 > *stored {
            return Err(broken());
        }
        if used >= most {
            return Err(ArchiveError::limit(format!(
                "the map of a sparse file is longer than {most} bytes"
            )));
        }
        let Some(block) = feed.take_array::<BLOCK>()? else {
            return Err(ArchiveError::truncated(
                "the archive ends inside the map of a sparse file",
            ));
        };
        used += BLOCK as u64;
        for b in block {
            if wanted.is_some_and(|w| numbers.len() >= w) {
                break;
            }
            if b != b'\n' {
                line.push(b);
                continue;
            }
            let value = decimal(&line).ok_or_else(broken)?;
            line.clear();
            if wanted.is_some() {
                numbers.push(value);
            } else {
                let count = usize::try_from(value)
                    .ok()
                    .filter(|c| *c <= SEGMENTS)
                    .ok_or_else(broken)?;
                wanted = Some(2 * count);
            }
        }
    }
    *stored -= used;
    Ok(numbers)
}

/// The content of a sparse file, with holes as zeros.
pub(super) struct SparseBody<'f, 'a, 's> {
    feed: &'f mut Feed<'a>,
    segments: std::iter::Peekable<std::vec::IntoIter<Range<u64>>>,
    at: u64,
    size: u64,
    scope: &'s Scope,
}

impl<'f, 'a, 's> SparseBody<'f, 'a, 's> {
    pub(super) fn new(
        feed: &'f mut Feed<'a>,
        segments: Vec<Range<u64>>,
        size: u64,
        scope: &'s Scope,
    ) -> Self {
        Self {
            feed,
            segments: segments.into_iter().peekable(),
            at: 0,
            size,
            scope,
        }
    }
}

impl Read for SparseBody<'_, '_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.segments.next_if(|s| s.end <= self.at).is_some() {}
        let next = self.segments.peek();
        if let Some(segment) = next.filter(|s| s.start <= self.at) {
            let mut left = segment.end - self.at;
            let read = read_some(self.feed, &mut left, out)?;
            self.at += read as u64;
            return Ok(read);
        }
        let hole = next.map_or(self.size, |s| s.start) - self.at;
        let zeros = usize::try_from(hole).unwrap_or(usize::MAX).min(out.len());
        // Holes count as expansion, like the output of a decompressor.
        self.scope.expand(zeros as u64)?;
        out.get_mut(..zeros).unwrap_or_default().fill(0);
        self.at += zeros as u64;
        Ok(zeros)
    }
}
