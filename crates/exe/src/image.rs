//! The address space that every executable format becomes.

use super::error::Fault;
use super::fixups::Fixups;
use super::layout::{Format, Kind, Section, Segment, SymbolTable};
use gospect_bytes::Window;
use object::Endianness;
use std::cell::{Cell, OnceCell};
use std::ops::ControlFlow;

/// An executable as one address space. Addresses are those of the headers. The sections of an object, which all start at 0, are
/// laid out one after the other.
pub struct Image<'a> {
    /// File format.
    pub format: Format,
    /// 32 or 64.
    pub bits: u8,
    /// Byte order.
    pub big_endian: bool,
    /// Go's name of the operating system, if the headers name one.
    pub os: Option<&'static str>,
    /// Go's name of the architecture, if the headers name one.
    pub arch: Option<&'static str>,
    /// Program, library or object.
    pub kind: Kind,
    /// The parts of the file that are loaded.
    pub segments: Vec<Segment>,
    /// The named parts of the file.
    pub sections: Vec<Section<'a>>,
    /// What is wrong with the file.
    pub faults: Vec<Fault>,
    /// Dynamic loader named in the file.
    pub interpreter: Option<&'a [u8]>,
    /// File offset and size of the ELF dynamic section.
    pub(super) dynamic: Option<(u64, u64)>,
    /// File offsets and sizes of the ELF notes segments.
    pub notes: Vec<(u64, u64)>,
    /// Entries of the unwind table that the program headers of an ELF file name: one for each function with unwind information.
    pub unwind_entries: Option<u64>,
    pub(super) symbol_table: Option<SymbolTable>,
    /// Memory that was rebuilt, for formats whose files do not hold it in one piece.
    pub(super) memory: Option<Vec<u8>>,
    window: &'a Window<'a>,
    /// How the format reads the pointers that a loader or linker fills in.
    pub(super) read_fixups: ReadFixups,
    fixups: OnceCell<Vec<(u64, u64)>>,
    /// Whether the segments are sorted by address and do not overlap.
    ordered: bool,
    /// Bytes read by all scans so far.
    scanned: Cell<u64>,
}

/// Most segments to keep where they overlap or are unsorted: each lookup goes through all of them.
const UNORDERED_LIMIT: usize = 256;
/// Most segments to keep where they are sorted; objects have one for each section.
const SEGMENTS_LIMIT: usize = 1 << 16;
/// Bytes of a piece in walks over much: few enough to stay in the processor's cache, and for the allocator to reuse without asking the system for
/// pages.
const PIECE: usize = 64 << 10;
/// All scans together read at most this many times the length of the file, however many segments overlap.
const SCANS: u64 = 8;

/// Takes a piece at a distance from where a walk began, and says how many of its bytes it is done with.
type Visit<'v> = dyn FnMut(u64, &[u8]) -> ControlFlow<(), usize> + 'v;

/// Reads the fixups of a format; `None` when it stopped early.
type ReadFixups = fn(&Image<'_>, &mut Fixups<'_>) -> Option<()>;

impl<'a> Image<'a> {
    pub(super) fn new(window: &'a Window<'_>, format: Format, bits: u8, big_endian: bool) -> Self {
        Self {
            format,
            bits,
            big_endian,
            os: None,
            arch: None,
            kind: Kind::Exe,
            segments: Vec::new(),
            sections: Vec::new(),
            faults: Vec::new(),
            interpreter: None,
            dynamic: None,
            notes: Vec::new(),
            unwind_entries: None,
            symbol_table: None,
            memory: None,
            window,
            read_fixups: |_, _| Some(()),
            fixups: OnceCell::new(),
            ordered: false,
            scanned: Cell::new(0),
        }
    }

    /// Sorts the segments for quick lookup. Every format calls it when it has added all segments.
    pub(super) fn seal(mut self) -> Self {
        let all = self.segments.len();
        self.segments
            .retain(|s| s.address.checked_add(s.size).is_some());
        if self.segments.len() < all {
            self.fault(Fault::Malformed(
                "segments: beyond the end of the address space",
            ));
        }
        self.ordered = self
            .segments
            .windows(2)
            .all(|pair| pair[0].end() <= pair[1].address);
        let limit = if self.ordered {
            SEGMENTS_LIMIT
        } else {
            UNORDERED_LIMIT
        };
        if self.segments.len() > limit {
            self.segments.truncate(limit);
            self.fault(Fault::Malformed(
                "segments: more than any linker writes, or on top of each other",
            ));
        }
        self
    }

    /// Records what is wrong, each kind once.
    pub(super) fn fault(&mut self, fault: Fault) {
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// The window over the file.
    pub fn window(&self) -> &'a Window<'a> {
        self.window
    }

    /// Whether addresses lead into rebuilt memory instead of the file.
    pub fn memory_is_rebuilt(&self) -> bool {
        self.memory.is_some()
    }

    /// Whether an ELF file has a dynamic section.
    pub fn is_dynamic(&self) -> bool {
        self.dynamic.is_some()
    }

    /// Size of a pointer in bytes.
    pub fn pointer_size(&self) -> u64 {
        u64::from(self.bits / 8)
    }

    /// The first section of that name.
    pub fn section(&self, name: &[u8]) -> Option<&Section<'a>> {
        self.sections.iter().find(|s| &*s.name == name)
    }

    /// The section at the start of the first segment that is writable and not executable.
    pub fn first_writable_section(&self) -> Option<&Section<'a>> {
        let segment = self.segments.iter().find(|s| s.writable && !s.executable)?;
        self.sections.iter().find(|s| s.address == segment.address)
    }

    /// The segment that holds an address.
    pub fn segment_at(&self, address: u64) -> Option<&Segment> {
        if self.ordered {
            let after = self.segments.partition_point(|s| s.address <= address);
            // An empty segment may start at the same address as the segment that holds it.
            let before = self.segments.get(..after)?.iter().rev();
            return before.take(8).find(|s| s.contains(address));
        }
        self.segments.iter().find(|s| s.contains(address))
    }

    /// Exactly `size` bytes at a virtual address, when they are all in one segment.
    pub fn bytes(&self, address: u64, size: u64) -> Option<&[u8]> {
        let segment = self.segment_at(address)?;
        let skip = address - segment.address;
        if size > segment.size - skip {
            return None;
        }
        self.stored(segment.offset.checked_add(skip)?, size)
    }

    /// Up to `size` bytes at a virtual address; fewer at the end of the segment or of the file.
    pub fn bytes_upto(&self, address: u64, size: u64) -> Option<&[u8]> {
        let segment = self.segment_at(address)?;
        let skip = address - segment.address;
        let offset = segment.offset.checked_add(skip)?;
        let size = size
            .min(segment.size - skip)
            .min(self.stored_len().checked_sub(offset)?);
        self.stored(offset, size)
    }

    /// The part of a segment that starts at an address: `size` bytes, or fewer at the end of the segment.
    pub fn part(&self, address: u64, size: u64) -> Option<Segment> {
        let segment = *self.segment_at(address)?;
        let skip = address - segment.address;
        Some(Segment {
            address,
            size: size.min(segment.size - skip),
            offset: segment.offset.checked_add(skip)?,
            ..segment
        })
    }

    /// Bytes of the rebuilt memory if there is one, otherwise of the file.
    fn stored(&self, offset: u64, size: u64) -> Option<&[u8]> {
        match &self.memory {
            Some(memory) => {
                let start = usize::try_from(offset).ok()?;
                memory.get(start..start.checked_add(usize::try_from(size).ok()?)?)
            }
            None => self.window.get(offset, size),
        }
    }

    pub(super) fn stored_len(&self) -> u64 {
        self.memory
            .as_ref()
            .map_or(self.window.len(), |m| m.len() as u64)
    }

    /// The byte order as `object` takes it.
    pub(super) fn endian(&self) -> Endianness {
        match self.big_endian {
            true => Endianness::Big,
            false => Endianness::Little,
        }
    }

    /// A 16-, 32- or 64-bit number in the byte order of the file.
    #[inline]
    pub fn number(&self, bytes: &[u8]) -> u64 {
        if let Ok(four) = <[u8; 4]>::try_from(bytes) {
            return u64::from(match self.big_endian {
                true => u32::from_be_bytes(four),
                false => u32::from_le_bytes(four),
            });
        }
        if let Ok(eight) = <[u8; 8]>::try_from(bytes) {
            return match self.big_endian {
                true => u64::from_be_bytes(eight),
                false => u64::from_le_bytes(eight),
            };
        }
        let fold = |acc: u64, b: &u8| acc << 8 | u64::from(*b);
        match self.big_endian {
            true => bytes.iter().take(8).fold(0, fold),
            false => bytes.iter().take(8).rev().fold(0, fold),
        }
    }

    /// The word of pointer size at an address, as the file has it.
    pub fn word(&self, address: u64) -> Option<u64> {
        self.bytes(address, self.pointer_size())
            .map(|b| self.number(b))
    }

    /// The pointer at an address as the program will see it. The word in the file only counts where nothing is relocated:
    /// elsewhere linkers leave zeros, or leftovers that look like addresses.
    pub fn pointer(&self, address: u64) -> Option<u64> {
        let raw = self.word(address)?;
        let fixups = self.fixups();
        match fixups.binary_search_by_key(&address, |f| f.0) {
            Ok(i) => fixups.get(i).map(|f| f.1),
            Err(_) => Some(raw),
        }
    }

    /// Every relocated word with the value it gets, sorted by address. Read on first use.
    pub fn fixups(&self) -> &[(u64, u64)] {
        self.fixups.get_or_init(|| {
            let mut fixups = Fixups::new(self.window);
            let _ = (self.read_fixups)(self, &mut fixups);
            fixups.sorted()
        })
    }

    /// The address of an offset in a section of an object. `section` counts from 0.
    pub(super) fn in_section(&self, section: u64, offset: u64) -> Option<u64> {
        let section = self.sections.get(usize::try_from(section).ok()?)?;
        let address = (section.address != 0).then_some(section.address)?;
        address.checked_add(offset)
    }

    /// Walks `size` bytes from an address on, front to back, in pieces that are not kept. The callback gets the distance of the piece from that
    /// address and the piece, and says how many bytes it is done with: the others come again at the front of the next piece. Nothing done asks
    /// for a longer piece, and the end of the walk where there is none. `None` when the bytes are not all in one segment, or cannot be read.
    pub fn pass(&self, address: u64, size: u64, visit: &mut Visit<'_>) -> Option<()> {
        let segment = self.segment_at(address)?;
        let skip = address - segment.address;
        if size > segment.size - skip {
            return None;
        }
        let offset = segment.offset.checked_add(skip)?;
        if let Some(whole) = self.in_memory() {
            let start = usize::try_from(offset).ok()?;
            let all = whole.get(start..start.checked_add(usize::try_from(size).ok()?)?)?;
            let mut done = 0;
            while let Some(rest) = all.get(done..).filter(|rest| !rest.is_empty()) {
                match visit(done as u64, rest) {
                    ControlFlow::Continue(n) if n > 0 => done += n,
                    _ => break,
                }
            }
            return Some(());
        }
        if offset.checked_add(size)? > self.window.len() {
            return None;
        }
        let mut buffer = vec![0; PIECE.min(usize::try_from(size).ok()?)];
        // Bytes that were read, and bytes of them at the front of the buffer.
        let (mut read, mut kept) = (0u64, 0);
        while read < size {
            let free = buffer.get_mut(kept..)?;
            let wanted = usize::try_from(size - read)
                .unwrap_or(usize::MAX)
                .min(free.len());
            let new = self
                .window
                .read_uncached(free.get_mut(..wanted)?, offset + read)?;
            if new == 0 {
                return None;
            }
            read += new as u64;
            let piece = buffer.get(..kept + new)?;
            let ControlFlow::Continue(done) = visit(read - piece.len() as u64, piece) else {
                break;
            };
            let end = piece.len();
            buffer.copy_within(done.min(end)..end, 0);
            kept = end.saturating_sub(done);
            if kept == buffer.len() && read < size {
                // Longer pieces grow with what was read, and count as kept.
                let longer = kept.saturating_mul(2).min(usize::try_from(size).ok()?);
                if !self.window.keep((longer - kept) as u64) {
                    return None;
                }
                buffer.resize(longer, 0);
            }
        }
        Some(())
    }

    /// The whole file, if it is in memory anyway.
    fn in_memory(&self) -> Option<&[u8]> {
        match &self.memory {
            Some(memory) => Some(memory.as_slice()),
            None => self.window.reader().as_slice(),
        }
    }

    /// Visits the bytes of a segment in pieces of up to 64 KiB that overlap by `overlap` bytes, and caches only small segments.
    /// The callback gets the address of each piece and its bytes.
    pub fn scan<B>(
        &self,
        segment: &Segment,
        overlap: usize,
        visit: &mut dyn FnMut(u64, &[u8]) -> ControlFlow<B>,
    ) -> Option<B> {
        const SMALL: u64 = 512;
        let size = segment
            .size
            .min(self.stored_len().saturating_sub(segment.offset));
        let scanned = self.scanned.get().saturating_add(size);
        if scanned > self.stored_len().saturating_mul(SCANS) {
            return None;
        }
        self.scanned.set(scanned);
        if size <= SMALL {
            // Objects have thousands of small neighbouring segments; the window reads them in blocks.
            return visit(segment.address, self.stored(segment.offset, size)?).break_value();
        }
        if let Some(whole) = self.in_memory() {
            let start = usize::try_from(segment.offset).ok()?;
            let bytes = whole.get(start..start.checked_add(usize::try_from(size).ok()?)?)?;
            return visit(segment.address, bytes).break_value();
        }
        let mut buffer = vec![0; PIECE.min(usize::try_from(size).ok()?)];
        let mut done = 0u64;
        while done < size {
            let want = usize::try_from(size - done)
                .unwrap_or(usize::MAX)
                .min(buffer.len());
            let n = self
                .window
                .read_uncached(&mut buffer[..want], segment.offset + done)?;
            if n == 0 {
                return None;
            }
            if let ControlFlow::Break(found) =
                visit(segment.address.checked_add(done)?, &buffer[..n])
            {
                return Some(found);
            }
            if n < want || done + n as u64 >= size || n <= overlap {
                return None;
            }
            done += (n - overlap) as u64;
        }
        None
    }
}
