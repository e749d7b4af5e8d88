//! Collects the bytes of a stream for positioned reads: in memory when they are few, else in a temporary file.

use crate::{Budget, FileBytes, Grant, Limits, ReadAt};
use std::io::{self, Read};
use std::ops::Range;

/// The bytes of a stream, readable at any position.
pub struct Spill {
    kept: Storage,
}

enum Storage {
    Memory {
        bytes: Vec<u8>,
        _grant: Grant,
    },
    File {
        /// `Some` until dropping gives the file back.
        bytes: Option<FileBytes>,
        home: Budget,
    },
}

static NOTHING: &[u8] = &[];

/// Size of the pieces in which bytes are copied to the temporary file.
const PIECE: usize = 256 << 10;

impl Spill {
    /// Reads `reader` to its end; `head` holds bytes already taken from it.
    ///
    /// Up to `threshold` bytes stay in memory if `budget` grants them at once. Longer bodies, and all bodies when the budget is
    /// used up, go to a temporary file, so this never waits. `size_hint` is the length that the container states: it decides where
    /// the bytes go, but neither how many are read nor how much is allocated ahead.
    ///
    /// # Errors
    /// Errors of the reader are passed on; an entry longer than [`Limits::entry_size`] is an error of kind `FileTooLarge`; errors
    /// of the temporary file say that they are about one.
    pub fn collect(
        head: &[u8],
        reader: &mut dyn Read,
        size_hint: Option<u64>,
        threshold: u64,
        budget: &Budget,
        limits: &Limits,
    ) -> io::Result<Self> {
        let most = limits.entry_size;
        let grant = match size_hint {
            Some(size) if size > threshold => None,
            size => budget.try_take(size.unwrap_or(threshold).max(head.len() as u64)),
        };
        let mut bytes = head.to_vec();
        if let Some(grant) = grant {
            // Reads one byte more than granted, to see whether the body is longer.
            let rest = (grant.bytes() + 1).saturating_sub(bytes.len() as u64);
            (&mut *reader).take(rest).read_to_end(&mut bytes)?;
            if bytes.len() as u64 <= grant.bytes() {
                if bytes.len() as u64 > most {
                    return Err(super::too_long(most));
                }
                bytes.shrink_to_fit();
                return Ok(Self {
                    kept: Storage::Memory {
                        bytes,
                        _grant: grant,
                    },
                });
            }
        }
        let mut file = budget.spare_files().spill(most)?;
        file.append(&bytes)?;
        drop(bytes);
        let mut piece = vec![0; PIECE];
        loop {
            match reader.read(&mut piece) {
                Ok(0) => break,
                Ok(n) => file.append(piece.get(..n).unwrap_or_default())?,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(Self {
            kept: Storage::File {
                bytes: file.into_bytes(),
                home: budget.clone(),
            },
        })
    }

    /// Whether the bytes are in a temporary file.
    pub fn on_disk(&self) -> bool {
        matches!(self.kept, Storage::File { .. })
    }

    fn bytes(&self) -> &dyn ReadAt {
        match &self.kept {
            Storage::Memory { bytes, .. } => bytes,
            Storage::File { bytes, .. } => match bytes {
                Some(bytes) => bytes,
                None => &NOTHING,
            },
        }
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        if let Storage::File { bytes, home } = &mut self.kept
            && let Some(bytes) = bytes.take()
        {
            let len = bytes.len();
            home.spare_files().give_back(bytes.into_file(), len);
        }
    }
}

impl ReadAt for Spill {
    fn len(&self) -> u64 {
        self.bytes().len()
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.bytes().read_at(buf, offset)
    }

    fn as_slice(&self) -> Option<&[u8]> {
        match &self.kept {
            Storage::Memory { bytes, .. } => Some(bytes),
            Storage::File { .. } => None,
        }
    }
}

/// Some ranges of a stream, at their positions in the whole stream.
///
/// Reading outside the kept ranges is an error of kind `Unsupported` that names the range; it never gives zeros.
pub struct KeptRanges {
    len: u64,
    /// Sorted, disjoint.
    pieces: Vec<(u64, Vec<u8>)>,
    _grant: Grant,
}

impl KeptRanges {
    /// Keeps `head` (the first bytes of the stream, already taken from `reader`) and `ranges` of the rest.
    ///
    /// The stream is read forward once: to the end of the last range if `size`, the stream's length, is known, else to the end of
    /// the stream. Ranges may overlap and come in any order; parts beyond the end of the stream are left out.
    ///
    /// # Errors
    /// Errors of the reader; `OutOfMemory` when the ranges are longer than the whole budget.
    pub fn collect(
        head: &[u8],
        reader: &mut dyn Read,
        size: Option<u64>,
        ranges: &[Range<u64>],
        budget: &Budget,
    ) -> io::Result<Self> {
        let mut wanted: Vec<Range<u64>> = Vec::new();
        let mut sorted: Vec<_> = ranges.iter().filter(|r| r.start < r.end).cloned().collect();
        sorted.sort_by_key(|r| r.start);
        for range in sorted {
            let start = range.start.max(head.len() as u64);
            match wanted.last_mut() {
                Some(last) if start <= last.end => last.end = last.end.max(range.end),
                _ if start < range.end => wanted.push(start..range.end),
                _ => {}
            }
        }
        let total = wanted.iter().fold(head.len() as u64, |sum, r| {
            sum.saturating_add(r.end - r.start)
        });
        if total > budget.total() {
            return Err(io::Error::new(
                io::ErrorKind::OutOfMemory,
                format!(
                    "{total} bytes wanted of {} that may be held",
                    budget.total()
                ),
            ));
        }
        let grant = budget.force(total);
        let mut pieces = vec![(0, head.to_vec())];
        let mut at = head.len() as u64;
        for range in wanted {
            at += skip(reader, range.start - at)?;
            if at < range.start {
                break;
            }
            let mut piece = Vec::new();
            (&mut *reader)
                .take(range.end - at)
                .read_to_end(&mut piece)?;
            at += piece.len() as u64;
            pieces.push((range.start, piece));
        }
        let len = match size {
            Some(size) => size.max(at),
            None => at + skip(reader, u64::MAX)?,
        };
        Ok(Self {
            len,
            pieces,
            _grant: grant,
        })
    }
}

fn skip(reader: &mut dyn Read, count: u64) -> io::Result<u64> {
    io::copy(&mut reader.take(count), &mut io::sink())
}

impl ReadAt for KeptRanges {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let want = buf.len().min(rest);
        let mut done = 0;
        while done < want {
            let at = offset + done as u64;
            let after = self.pieces.partition_point(|(start, _)| *start <= at);
            let found = after
                .checked_sub(1)
                .and_then(|i| self.pieces.get(i))
                .and_then(|(start, piece)| {
                    piece
                        .get(usize::try_from(at - start).ok()?..)
                        .filter(|p| !p.is_empty())
                });
            let Some(piece) = found else {
                return Err(io::Error::new(
                    io::ErrorKind::Unsupported,
                    format!("bytes {at}..{} were not kept", offset + want as u64),
                ));
            };
            let n = piece.len().min(want - done);
            buf[done..done + n].copy_from_slice(&piece[..n]);
            done += n;
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i / 7) as u8).collect()
    }

    #[test]
    fn small_bodies_stay_in_memory_and_large_ones_go_to_disk_unchanged() {
        let budget = Budget::new(1 << 20);
        let limits = Limits::default();
        for (len, hint, on_disk) in [
            (0, None, false),
            (1000, None, false),
            (1000, Some(1000), false),
            (65_536, None, false),
            (65_537, None, true),
            (65_537, Some(65_537), true),
            // A wrong hint decides where the bytes go, not how many are read.
            (65_537, Some(10), true),
            (10, Some(1 << 40), true),
        ] {
            let all = body(len);
            let head = len.min(100);
            let spill = Spill::collect(
                &all[..head],
                &mut &all[head..],
                hint,
                1 << 16,
                &budget,
                &limits,
            )
            .unwrap();
            assert_eq!(
                (spill.on_disk(), spill.len()),
                (on_disk, len as u64),
                "{len} {hint:?}"
            );
            let mut out = vec![0; len + 10];
            assert_eq!(spill.read_at(&mut out, 0).unwrap(), len);
            assert_eq!(out[..len], all);
        }
        assert!(budget.try_take(1 << 20).is_some());
    }

    #[test]
    fn a_used_up_budget_sends_bodies_to_disk() {
        let budget = Budget::new(1000);
        let _held = budget.take(900);
        let spill = Spill::collect(
            &[],
            &mut &body(500)[..],
            Some(500),
            1 << 16,
            &budget,
            &Limits::default(),
        )
        .unwrap();
        assert!(spill.on_disk());
    }

    #[test]
    fn a_reused_file_shows_no_earlier_bytes() {
        let budget = Budget::new(1 << 20);
        let collect = |len: usize| {
            let all = body(len);
            let limits = Limits::default();
            Spill::collect(&[], &mut &all[..], None, 10, &budget, &limits).unwrap()
        };
        let first = collect(5000);
        let beside = collect(70);
        drop(first);
        let second = collect(100);
        for (spill, len) in [(&beside, 70), (&second, 100)] {
            assert!(spill.on_disk());
            assert_eq!(spill.len(), len as u64);
            let mut out = vec![0; 5000];
            assert_eq!(spill.read_at(&mut out, 0).unwrap(), len);
            assert_eq!(out[..len], body(len));
        }
        let spare = budget.spare_files().spill(10).unwrap();
        assert!(spare.file.is_none(), "the first one's is in use");
    }

    #[test]
    fn too_long_a_body_is_an_error_in_memory_and_on_disk() {
        let budget = Budget::new(1 << 20);
        let limits = Limits {
            entry_size: 1000,
            ..Limits::default()
        };
        for threshold in [10, 1 << 16] {
            let error =
                Spill::collect(&[], &mut &body(1001)[..], None, threshold, &budget, &limits)
                    .err()
                    .unwrap();
            assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        }
    }
}
