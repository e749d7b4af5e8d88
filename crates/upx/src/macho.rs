//! Mach-O programs packed by UPX (`p_mach.cpp`): the same stream as in ELF files, over segments in the order of their
//! addresses.

use super::blocks::{self, Plan, Start};
use super::container::Container;
use super::header::{LEN, MAGIC};
use super::view::View;
use super::{Restored, UnpackError};

const LC_SEGMENT: u32 = 1;
const LC_SEGMENT_64: u32 = 0x19;
/// How far after the load commands the stream may start: there is room for the command of a code signature.
const ROOM_MAX: usize = 1 << 10;

struct MachO<'a> {
    view: View<'a>,
    wide: bool,
    commands: usize,
}

impl<'a> MachO<'a> {
    fn read(data: &'a [u8]) -> Option<Self> {
        if Container::of(data)? != Container::MachO {
            return None;
        }
        // Magic number feedface or feedfacf, in the file's byte order.
        let view = View {
            data,
            big: *data.first()? == 0xfe,
        };
        let wide = view.u32(0)? & 1 == 1;
        Some(Self {
            view,
            wide,
            commands: usize::try_from(view.u32(16)?).ok()?,
        })
    }

    fn header_len(&self) -> usize {
        if self.wide { 32 } else { 28 }
    }

    /// The offset after the load commands.
    fn headers_end(&self) -> Option<usize> {
        self.header_len().checked_add(self.view.size(20)?)
    }

    /// Offset and size of each segment that has bytes in the file, by ascending address.
    fn parts(&self) -> Option<Vec<(usize, usize)>> {
        let mut parts = Vec::new();
        let mut at = self.header_len();
        for _ in 0..self.commands {
            let (command, len) = (self.view.u32(at)?, self.view.size(at + 4)?);
            if command == if self.wide { LC_SEGMENT_64 } else { LC_SEGMENT } {
                let fields = if self.wide {
                    [24, 40, 48]
                } else {
                    [24, 32, 36]
                };
                let [address, offset, size] =
                    fields.map(|field| self.view.word(at + field, self.wide));
                parts.extend((size? > 0).then_some((address?, offset?, size?)));
            }
            at = at.checked_add(len.max(8))?;
        }
        parts.sort_by_key(|part| part.0);
        Some(
            parts
                .into_iter()
                .map(|(_, offset, size)| (offset, size))
                .collect(),
        )
    }
}

/// The start of the stream, from the first bytes of the file.
pub(super) fn start(head: &[u8]) -> Option<Start> {
    let macho = MachO::read(head)?;
    let from = macho
        .headers_end()
        .filter(|end| *end < head.len())?
        .next_multiple_of(4);
    Start::places(macho.view, from, ROOM_MAX).find_map(|at| Start::read(macho.view, at, true))
}

/// The start of the stream, from the offset after the end record.
fn start_from_end(view: View<'_>) -> Option<Start> {
    let tail = view.data.len().saturating_sub(8 << 10);
    let at = tail + memchr::memmem::rfind(view.data.get(tail..)?, MAGIC)?;
    Start::read(view, view.size(at + LEN)?.checked_sub(12)?, true)
}

/// Restores the original file.
pub(super) fn unpack(data: &[u8], limit: usize) -> Result<Restored, UnpackError> {
    plan(data, limit)?.restore()
}

/// Finds the blocks of the original file.
pub(super) fn plan(data: &[u8], limit: usize) -> Result<Plan<'_>, UnpackError> {
    let packed = MachO::read(data).ok_or(UnpackError::Truncated("the Mach-O header"))?;
    let start = start(data)
        .or_else(|| start_from_end(packed.view))
        .ok_or(UnpackError::Corrupt(
            "the start of the compressed blocks is not found",
        ))?;
    let headers = blocks::original_headers(packed.view, start)?;
    let original =
        MachO::read(&headers).ok_or(UnpackError::Corrupt("the original's Mach-O header"))?;
    if headers.get(..8) != data.get(..8) {
        return Err(UnpackError::Corrupt("the original's Mach-O type"));
    }
    let parts = original
        .parts()
        .ok_or(UnpackError::Corrupt("the original's load commands"))?;
    Plan::new(packed.view, start, &parts, limit)
}
