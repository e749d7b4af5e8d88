//! The bytes of a reader as stable slices, each fetched once: what `object` and our own parsers read from.

use super::{Budget, Grant, ReadAt};
use elsa::FrozenVec;
use std::cell::{Cell, RefCell};
use std::fmt;

/// The first read fetches this much: it holds the headers, program headers and section table that Go's linker writes.
const HEAD: u64 = 8 << 10;
/// Later reads are rounded up to this, so that neighbouring structures share one.
const BLOCK: u64 = 1 << 10;
/// Structures longer than this are fetched exactly.
const EXACT: u64 = 64 << 10;
/// Block sizes by the number of blocks read so far; these blocks are also aligned. A parser that has followed many pointers
/// follows more, mostly to nearby places. The last step is for files that scatter their tables on purpose and would fill the index
/// with one block for each word.
const GROWTH: [(usize, u64); 2] = [(1024, EXACT), (16, 16 << 10)];
/// How many blocks before an offset are searched for it.
const STEPS: usize = 8;
/// A window may keep one in this many of the bytes it may read: scans pass over many bytes, parsers keep few.
const KEPT_SHARE: u64 = 4;

/// Bytes that a window may always keep without asking for its share.
const ALWAYS: u64 = 1 << 20;

/// How much a window has read from its reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadCounts {
    /// Calls of `read_at`.
    pub reads: u64,
    /// Bytes returned.
    pub bytes: u64,
}

/// Why a window did not read bytes that exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowLimit {
    /// The window would have read more than this many bytes.
    Reads(u64),
    /// The window would have kept more than this many bytes.
    Memory(u64),
}

/// A sentence about the file.
impl fmt::Display for WindowLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (most, what) = match self {
            Self::Reads(most) => (most, "reads"),
            Self::Memory(most) => (most, "memory"),
        };
        write!(
            f,
            "read in part: its facts take more than {most} bytes of {what}"
        )
    }
}

/// A view of one reader that is filled as parsers ask for bytes. Slices live as long as the window; bytes that an earlier read
/// covers are not read again.
pub struct Window<'r> {
    reader: &'r dyn ReadAt,
    whole: Option<&'r [u8]>,
    len: u64,
    /// Bytes that the window may read.
    most_reads: u64,
    /// Bytes that the window may keep.
    most: u64,
    kept: Cell<u64>,
    /// The memory budget that it shares with other windows.
    budget: Option<Budget>,
    /// The grant of the whole budget, which only one window holds at a time.
    grant: RefCell<Option<Grant>>,
    blocks: FrozenVec<Vec<u8>>,
    /// `(offset, index into blocks)`, sorted by offset; blocks may overlap.
    index: RefCell<Vec<(u64, usize)>>,
    counts: Cell<ReadCounts>,
    limit_reached: Cell<Option<WindowLimit>>,
}

impl<'r> Window<'r> {
    /// A window that may read at most `most_reads` bytes, and keep a quarter of them.
    pub fn new(reader: &'r dyn ReadAt, most_reads: u64) -> Self {
        Self {
            reader,
            whole: reader.as_slice(),
            len: reader.len(),
            most_reads,
            most: most_reads / KEPT_SHARE,
            kept: Cell::new(0),
            budget: None,
            grant: RefCell::new(None),
            blocks: FrozenVec::new(),
            index: RefCell::new(Vec::new()),
            counts: Cell::new(ReadCounts::default()),
            limit_reached: Cell::new(None),
        }
    }

    /// Shares memory with other windows: each may keep its share of the budget, and one at a time may take the whole budget. A
    /// window that holds the whole budget waits for nothing else while it lives, so no thread waits for ever.
    pub fn with_budget(mut self, budget: Option<&Budget>) -> Self {
        self.most = budget.map_or(self.most, |budget| self.most.min(budget.total()));
        self.budget = budget.cloned();
        self
    }

    /// Shares memory with other windows and never keeps more than its share, for a caller that opens further windows meanwhile.
    pub fn within_share(mut self, budget: Option<&Budget>) -> Self {
        self.most = budget.map_or(self.most, |budget| self.most.min(budget.share()));
        self
    }

    /// Counts `bytes` that the caller keeps of this file, or made from it, for as long as the window lives. Returns `false` when
    /// that is more than the window may keep.
    #[must_use]
    pub fn keep(&self, bytes: u64) -> bool {
        let kept = self.kept.get().saturating_add(bytes);
        if kept > self.most {
            self.limit_reached.set(Some(WindowLimit::Memory(self.most)));
            return false;
        }
        self.kept.set(kept);
        let budget = self.budget.as_ref();
        if kept > ALWAYS && budget.is_some_and(|budget| kept > budget.share()) {
            self.take_budget();
        }
        true
    }

    /// Waits for the whole budget however little is kept so far, for a caller about to expand a small input to a large one.
    pub fn take_budget(&self) {
        if let Some(budget) = &self.budget {
            self.grant
                .borrow_mut()
                .get_or_insert_with(|| budget.take_all());
        }
    }

    /// Hands the grant of the whole budget to another window, if this one holds it.
    pub fn release_budget(&self) -> Option<Grant> {
        self.grant.take()
    }

    /// Takes over the grant of the whole budget from another window.
    pub fn with_grant(mut self, grant: Option<Grant>) -> Self {
        self.grant = RefCell::new(grant);
        self
    }

    /// Length of the reader in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether the reader is empty.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How much was read so far.
    pub fn counts(&self) -> ReadCounts {
        self.counts.get()
    }

    /// Why existing bytes were not read, if that happened.
    pub fn limit_reached(&self) -> Option<WindowLimit> {
        self.limit_reached.get()
    }

    /// Whether the window may read this many more bytes.
    fn may_read(&self, bytes: u64) -> bool {
        let may = self.counts.get().bytes.saturating_add(bytes) <= self.most_reads;
        if !may {
            self.limit_reached
                .set(Some(WindowLimit::Reads(self.most_reads)));
        }
        may
    }

    /// The reader behind the window.
    pub fn reader(&self) -> &'r dyn ReadAt {
        self.reader
    }

    /// Exactly `size` bytes at `offset`, or `None` when they are not all there or cannot be read.
    pub fn get(&self, offset: u64, size: u64) -> Option<&[u8]> {
        let end = offset.checked_add(size)?;
        if end > self.len {
            return None;
        }
        self.upto(offset, size)
            .and_then(|b| b.get(..usize::try_from(size).ok()?))
    }

    /// Up to `size` bytes at `offset`: all that exist, in a slice that may be longer.
    pub fn upto(&self, offset: u64, size: u64) -> Option<&[u8]> {
        if offset > self.len {
            return None;
        }
        let size = size.min(self.len - offset);
        if let Some(whole) = self.whole {
            return whole.get(usize::try_from(offset).ok()?..);
        }
        if let Some(hit) = self.cached(offset, size) {
            return Some(hit);
        }
        let (start, want) = if offset == 0 && size <= HEAD {
            (0, HEAD)
        } else if size >= EXACT {
            (offset, size)
        } else if let Some(block) = self.block() {
            let start = self.lowest_start(offset).max(offset - offset % block);
            let end = offset + size;
            (
                start,
                end.checked_next_multiple_of(block).unwrap_or(end) - start,
            )
        } else {
            (offset, size.next_multiple_of(BLOCK))
        };
        self.fetch(start, want.min(self.len - start))?;
        self.cached(offset, size)
    }

    /// Fetches `[offset, offset + size)` with one read, so that later small reads inside it cost nothing.
    pub fn prefetch(&self, offset: u64, size: u64) {
        if self.whole.is_some() || offset >= self.len {
            return;
        }
        let size = size.min(self.len - offset);
        if self.cached(offset, size).is_none() {
            let _ = self.fetch(offset, size);
        }
    }

    /// Reads into `buf` and keeps nothing, for scans that pass over much and keep little. The read counts towards the limit.
    pub fn read_uncached(&self, buf: &mut [u8], offset: u64) -> Option<usize> {
        if !self.may_read(buf.len() as u64) {
            return None;
        }
        let mut counts = self.counts.get();
        let n = self.reader.read_at(buf, offset).ok()?;
        counts.reads += 1;
        counts.bytes += n as u64;
        self.counts.set(counts);
        Some(n)
    }

    fn cached(&self, offset: u64, size: u64) -> Option<&[u8]> {
        let index = self.index.borrow();
        let after = index.partition_point(|&(at, _)| at <= offset);
        // Blocks may overlap, so the nearest one may be too short where one a few steps back is long enough.
        for &(at, i) in index[..after].iter().rev().take(STEPS) {
            let block = self.blocks.get(i)?;
            let skip = usize::try_from(offset - at).ok()?;
            if let Some(rest) = block.get(skip..)
                && rest.len() as u64 >= size
            {
                return Some(rest);
            }
        }
        None
    }

    /// Size of the blocks to read now; `None` reads exactly what is asked for. When memory is short, it is left for the bytes that
    /// are asked for.
    fn block(&self) -> Option<u64> {
        let ample = self.kept.get() < self.most / KEPT_SHARE;
        GROWTH
            .iter()
            .find(|g| self.blocks.len() > g.0)
            .map(|g| g.1)
            .filter(|block| ample || *block == EXACT)
    }

    /// The lowest offset at which a block may start so that [`Self::cached`] finds it when it looks for `offset`.
    fn lowest_start(&self, offset: u64) -> u64 {
        let index = self.index.borrow();
        let after = index.partition_point(|&(at, _)| at <= offset);
        let steps = after.checked_sub(STEPS);
        steps.and_then(|i| index.get(i)).map_or(0, |block| block.0)
    }

    fn fetch(&self, offset: u64, size: u64) -> Option<()> {
        if !self.may_read(size) || !self.keep(size) {
            return None;
        }
        let mut counts = self.counts.get();
        let mut block = vec![0; usize::try_from(size).ok()?];
        let n = self.reader.read_at(&mut block, offset).ok()?;
        block.truncate(n);
        counts.reads += 1;
        counts.bytes += n as u64;
        self.counts.set(counts);
        let i = self.blocks.len();
        self.blocks.push(block);
        let mut index = self.index.borrow_mut();
        let at = index.partition_point(|&(at, _)| at <= offset);
        index.insert(at, (offset, i));
        Some(())
    }
}

#[cfg(feature = "object")]
impl<'a> object::ReadRef<'a> for &'a Window<'_> {
    fn len(self) -> Result<u64, ()> {
        Ok(self.len)
    }

    fn read_bytes_at(self, offset: u64, size: u64) -> Result<&'a [u8], ()> {
        self.get(offset, size).ok_or(())
    }

    fn read_bytes_at_until(
        self,
        range: std::ops::Range<u64>,
        delimiter: u8,
    ) -> Result<&'a [u8], ()> {
        let limit = range.end.min(self.len);
        let mut size = 256;
        loop {
            let want = size.min(limit.checked_sub(range.start).ok_or(())?);
            let bytes = self.upto(range.start, want).ok_or(())?;
            let cut = usize::try_from(limit - range.start)
                .unwrap_or(usize::MAX)
                .min(bytes.len());
            let bytes = bytes.get(..cut).ok_or(())?;
            if let Some(end) = memchr::memchr(delimiter, bytes) {
                return bytes.get(..end).ok_or(());
            }
            if bytes.len() as u64 >= limit - range.start || want == limit - range.start {
                return Err(());
            }
            size = size.max(bytes.len() as u64).saturating_mul(4);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Bytes without a slice, which must be read.
    struct File(Vec<u8>);

    impl ReadAt for File {
        fn len(&self) -> u64 {
            self.0.len() as u64
        }

        fn read_at(&self, buf: &mut [u8], offset: u64) -> std::io::Result<usize> {
            self.0.as_slice().read_at(buf, offset)
        }
    }

    #[test]
    fn earlier_blocks_are_found_among_many_overlapping_ones() {
        let file = File((0..1u32 << 18).flat_map(u32::to_le_bytes).collect());
        let window = Window::new(&file, 1 << 30);
        let read = |at: u64| {
            let word = window.get(at, 4).map(|b| b.try_into().unwrap());
            assert_eq!(word.map(u32::from_le_bytes), Some(at as u32 / 4), "{at}");
        };
        // Eight places far apart, then ten close together with gaps; later blocks overlap earlier ones.
        (1..=8).for_each(|n| read(n << 16));
        (0..10).for_each(|n| read((16 << 10) + n * 1200));
        read((16 << 10) + 10 * 1200 + 1100);
        let reads = window.counts().reads;
        read((16 << 10) + 10 * 1200 + 1100);
        assert_eq!(window.counts().reads, reads);
    }

    /// A file of zeros.
    struct Zeros(u64);

    impl ReadAt for Zeros {
        fn len(&self) -> u64 {
            self.0
        }

        fn read_at(&self, buf: &mut [u8], _: u64) -> std::io::Result<usize> {
            buf.fill(0);
            Ok(buf.len())
        }
    }

    #[test]
    fn one_reader_at_a_time_holds_more_than_its_share() {
        let budget = Budget::named("", 2 << 20, 2);
        assert_eq!((budget.share(), budget.total()), (1 << 20, 2 << 20));
        let file = Zeros(1 << 30);
        let inside = AtomicUsize::new(0);
        std::thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| {
                    let window = Window::new(&file, 1 << 30).with_budget(Some(&budget));
                    assert!(
                        window.get(0, 1 << 20).is_some(),
                        "the share is there at once"
                    );
                    assert!(window.get(8 << 20, 512 << 10).is_some());
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    assert!(
                        window.get(16 << 20, 1 << 20).is_none(),
                        "more than there is"
                    );
                    inside.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
    }
}
