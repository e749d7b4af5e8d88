//! ELF programs packed by UPX (`p_lx_elf.cpp`, `p_unix.cpp`).

use super::blocks::{self, Plan, Start};
use super::container::Container;
use super::view::View;
use super::{Restored, UnpackError};

const PT_LOAD: u32 = 1;
/// How far after the program headers the stream may start: release 5 keeps the notes in between.
const NOTES_MAX: usize = 1 << 10;

/// The fields of an ELF header that are needed (System V ABI).
#[derive(Clone, Copy)]
struct Elf<'a> {
    view: View<'a>,
    wide: bool,
    phoff: usize,
    phnum: usize,
}

impl<'a> Elf<'a> {
    fn read(data: &'a [u8]) -> Option<Self> {
        if Container::of(data)? != Container::Elf {
            return None;
        }
        let wide = *data.get(4)? == 2;
        let view = View {
            data,
            big: *data.get(5)? == 2,
        };
        let [phoff, phnum] = if wide { [32, 56] } else { [28, 44] };
        Some(Self {
            view,
            wide,
            phoff: view.word(phoff, wide)?,
            phnum: usize::from(view.u16(phnum)?),
        })
    }

    fn phsize(&self) -> usize {
        if self.wide { 56 } else { 32 }
    }

    /// The offset after the program headers.
    fn headers_end(&self) -> Option<usize> {
        self.phoff.checked_add(self.phnum * self.phsize())
    }

    /// Offset and size of each loaded part that has bytes in the file.
    fn parts(&self) -> Option<Vec<(usize, usize)>> {
        let [offset, size] = if self.wide { [8, 32] } else { [4, 16] };
        let mut parts = Vec::new();
        for i in 0..self.phnum {
            let at = self.phoff.checked_add(i * self.phsize())?;
            if self.view.u32(at)? == PT_LOAD {
                let part = (
                    self.view.word(at + offset, self.wide)?,
                    self.view.word(at + size, self.wide)?,
                );
                parts.extend((part.1 > 0).then_some(part));
            }
        }
        Some(parts)
    }
}

/// The start of the stream, from the first bytes of the file. If its magic was wiped, the record must fit the file in every
/// other way.
pub(super) fn start(head: &[u8]) -> Option<Start> {
    let elf = Elf::read(head)?;
    // The stub needs four program headers and not many more; other files are rejected early.
    if elf.phnum == 0 || elf.phnum > 16 {
        return None;
    }
    let from = elf
        .headers_end()
        .filter(|end| *end < head.len())?
        .next_multiple_of(4);
    let places = Start::places(elf.view, from, NOTES_MAX);
    let marked = places
        .clone()
        .find_map(|at| Start::read(elf.view, at, true));
    marked.or_else(|| {
        places.clone().find_map(|at| {
            let start = Start::read(elf.view, at, false)?;
            let header = elf.view.size(start.blocks)?;
            let table = header.checked_sub(if elf.wide { 64 } else { 52 })?;
            let whole = table > 0
                && table.is_multiple_of(elf.phsize())
                && elf.view.size(start.blocks + 4)? < header;
            (whole && super::header::supported(start.method)).then_some(start)
        })
    })
}

/// Restores the original file.
pub(super) fn unpack(data: &[u8], limit: usize) -> Result<Restored, UnpackError> {
    let mut restored = plan(data, limit)?.restore()?;
    if !restored.complete {
        forget_sections(&mut restored.image);
    }
    Ok(restored)
}

/// Finds the blocks of the original file.
pub(super) fn plan(data: &[u8], limit: usize) -> Result<Plan<'_>, UnpackError> {
    let packed = Elf::read(data).ok_or(UnpackError::Truncated("the ELF header"))?;
    let start = start(data)
        .ok_or_else(|| UnpackError::Unsupported("a shared library packed by UPX".into()))?;
    let headers = blocks::original_headers(packed.view, start)?;
    let original = Elf::read(&headers).ok_or(UnpackError::Corrupt("the original's ELF header"))?;
    if headers.get(4..6) != data.get(4..6) {
        return Err(UnpackError::Corrupt("the original's ELF class"));
    }
    let parts = original
        .parts()
        .ok_or(UnpackError::Corrupt("the original's program headers"))?;
    Plan::new(packed.view, start, &parts, limit)
}

/// Removes the reference to a section table that was not restored.
fn forget_sections(image: &mut [u8]) {
    let wide = image.get(4) == Some(&2);
    // e_shoff; then e_shnum and e_shstrndx.
    let [shoff, word, shnum] = if wide { [40, 8, 60] } else { [32, 4, 48] };
    for (at, len) in [(shoff, word), (shnum, 4)] {
        if let Some(field) = image.get_mut(at..at + len) {
            field.fill(0);
        }
    }
}
