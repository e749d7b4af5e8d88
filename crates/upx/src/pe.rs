//! PE programs packed by UPX (`pefile.cpp`).
//!
//! One stream holds the image as it is mapped, starting at the address of the first section, then the original headers, then
//! the data for undoing the preprocessing of imports and relocations. Its last four bytes say where the headers start.

use super::header::{Adler, LEN, PackHeader, method_name};
use super::pe_notes::{self, Imports};
use super::view::View;
use super::{Restored, UnpackError, blocks, filter};
use gospect_bytes::ReadAt;
use std::io;

const SECTION: usize = 40;
/// UPX's record is within this many bytes of the start of the second section.
const BEFORE: usize = 64;
const AROUND: usize = 1 << 10;
/// More than the original headers with the longest section table need.
const NOTES_MAX: usize = 4 << 20;
const RELOCS_STRIPPED: u16 = 1;
const IMPORTS: usize = 1;
const RELOCATIONS: usize = 5;
const BAD_HEADERS: UnpackError = UnpackError::Corrupt("the original's PE headers");

/// A section table entry (Microsoft PE format, "Section Table").
#[derive(Clone, Copy)]
pub(super) struct Section {
    pub name: [u8; 8],
    pub address: usize,
    pub raw_size: usize,
    pub raw: usize,
}

/// The fields of PE headers that are needed.
#[derive(Clone, Copy)]
pub(super) struct Pe<'a> {
    view: View<'a>,
    /// Offset of the signature.
    at: usize,
    wide: bool,
    sections: usize,
}

impl<'a> Pe<'a> {
    /// Reads the headers of a whole file.
    pub fn read(data: &'a [u8]) -> Option<Self> {
        let view = View::little(data);
        if view.u16(0)? != u16::from_le_bytes(*b"MZ") {
            return None;
        }
        Self::at(view, view.size(60)?)
    }

    fn at(view: View<'a>, at: usize) -> Option<Self> {
        if view.slice(at, 4)? != b"PE\0\0" {
            return None;
        }
        let wide = match view.u16(at.checked_add(24)?)? {
            0x10b => false,
            0x20b => true,
            _ => return None,
        };
        Some(Self {
            view,
            at,
            wide,
            sections: usize::from(view.u16(at + 6)?),
        })
    }

    /// Length of the headers up to the section table, with all sixteen directories.
    fn len(&self) -> usize {
        if self.wide { 264 } else { 248 }
    }

    fn directory(&self, n: usize) -> Option<(usize, usize)> {
        let at = self.at + self.len() - 128 + n * 8;
        Some((self.view.size(at)?, self.view.size(at + 4)?))
    }

    /// The section table, as far as the file has it.
    pub fn sections(&self) -> Vec<Section> {
        let from = self.at + 24 + usize::from(self.view.u16(self.at + 20).unwrap_or(0));
        (0..self.sections)
            .map_while(|i| self.section(from + i * SECTION))
            .collect()
    }

    /// The bytes of the file from an address to the end of its section.
    fn mapped(&self, address: usize) -> Option<&'a [u8]> {
        self.sections().iter().find_map(|section| {
            let skip = address
                .checked_sub(section.address)
                .filter(|skip| *skip < section.raw_size)?;
            let from = section.raw.checked_add(skip)?;
            self.view
                .slice(from, section.raw_size - skip)
                .or_else(|| self.view.data.get(from..))
        })
    }

    fn section(&self, at: usize) -> Option<Section> {
        Some(Section {
            name: self.view.slice(at, 8)?.try_into().ok()?,
            address: self.view.size(at + 12)?,
            raw_size: self.view.size(at + 16)?,
            raw: self.view.size(at + 20)?,
        })
    }
}

/// UPX's record and the offset after it, where the compressed bytes start.
pub(super) fn record(data: &[u8]) -> Option<(usize, PackHeader)> {
    let sections = Pe::read(data)?.sections();
    // Empty in the file, to be filled; compressed; imports and resources.
    let [target, packed, ..] = sections.as_slice() else {
        return None;
    };
    if target.raw_size != 0 {
        return None;
    }
    let from = packed.raw.saturating_sub(BEFORE);
    let window = data.get(from..data.len().min(from.saturating_add(AROUND)))?;
    let (at, header) = PackHeader::find(window)?;
    Some((from + at + LEN, header))
}

/// Restores headers and sections.
///
/// `glance` is for a caller that only reads data: it skips the checksums, the filter on the code, and the imports.
pub(super) fn unpack(
    data: &[u8],
    limit: usize,
    glance: bool,
) -> Result<Restored<Layout>, UnpackError> {
    let packed = Pe::read(data).ok_or(UnpackError::Truncated("the PE headers"))?;
    let (at, header) =
        record(data).ok_or(UnpackError::Corrupt("the packer's record is not found"))?;
    if header.u_len > limit {
        return Err(UnpackError::TooBig {
            size: header.u_len as u64,
            limit: limit as u64,
        });
    }
    let stored = packed
        .view
        .slice(at, header.c_len)
        .ok_or(UnpackError::Truncated("the compressed bytes"))?;
    if !glance && Adler::of(stored) != header.c_adler {
        return Err(UnpackError::Checksum("the compressed bytes"));
    }
    let mut memory = Vec::new();
    let all = (header.u_len, header.u_len);
    blocks::expand(header.method, stored, all, &mut memory)?;
    if !glance && Adler::of(&memory) != header.u_adler {
        return Err(UnpackError::Checksum("the restored bytes"));
    }
    let (image, complete) = rebuild(&packed, &header, memory, limit, glance)?;
    Ok(Restored {
        image,
        method: method_name(header.method),
        verified: !glance,
        complete,
    })
}

/// Turns the mapped image, followed by UPX's notes, into a file. Also says whether the imports could be restored.
fn rebuild(
    packed: &Pe<'_>,
    header: &PackHeader,
    mut memory: Vec<u8>,
    limit: usize,
    glance: bool,
) -> Result<(Layout, bool), UnpackError> {
    let notes = memory
        .len()
        .checked_sub(4)
        .and_then(|end| View::little(&memory).size(end))
        .ok_or(BAD_HEADERS)?;
    let notes_end = memory.len().min(notes.saturating_add(NOTES_MAX));
    let headers = memory.get(notes..notes_end).ok_or(BAD_HEADERS)?.to_vec();
    let original = Pe::at(View::little(&headers), 0).ok_or(BAD_HEADERS)?;
    if original.wide != packed.wide {
        return Err(BAD_HEADERS);
    }
    let table = original.len();
    let sections: Vec<Section> = (0..original.sections)
        .map(|i| original.section(table + i * SECTION))
        .collect::<Option<_>>()
        .ok_or(BAD_HEADERS)?;
    let base = sections.first().ok_or(BAD_HEADERS)?.address;
    let mut original = Original {
        headers: original,
        base,
        // The notes on imports and relocations follow the section table.
        notes: table + sections.len() * SECTION,
    };
    original.undo_filter(header, glance, &mut memory)?;
    let imports = original.import_notes()?.filter(|_| !glance);
    original.relocate(packed, &mut memory)?;
    let complete = imports.is_none_or(|notes| {
        original
            .restore_imports(notes, packed, &mut memory)
            .is_some()
    });
    Ok((
        Layout::new(packed, &headers, &sections, base, memory, limit)?,
        complete,
    ))
}

/// The headers of the original, with what is needed to undo the packing of its memory.
struct Original<'a> {
    headers: Pe<'a>,
    /// Address of the first section, where the restored memory starts.
    base: usize,
    /// Offset of the next of UPX's notes.
    notes: usize,
}

impl Original<'_> {
    /// Restores the addresses in calls and jumps of the code.
    fn undo_filter(
        &self,
        header: &PackHeader,
        glance: bool,
        memory: &mut [u8],
    ) -> Result<(), UnpackError> {
        let view = self.headers.view;
        let code = view
            .size(44)
            .and_then(|at| at.checked_sub(self.base))
            .ok_or(BAD_HEADERS)?;
        let len = view.size(28).ok_or(BAD_HEADERS)?;
        if header.filter == 0 || glance {
            return Ok(());
        }
        let end = code.checked_add(len).ok_or(BAD_HEADERS)?;
        let bytes = memory.get_mut(code..end).ok_or(BAD_HEADERS)?;
        let start = u32::try_from(code).map_err(|_| BAD_HEADERS)?;
        filter::undo(header.filter, header.cto, start, bytes)
    }

    /// Offset of the list of imports and address of their names, if the original has imports.
    fn import_notes(&mut self) -> Result<Option<(usize, usize)>, UnpackError> {
        let (directory, size) = self.headers.directory(IMPORTS).ok_or(BAD_HEADERS)?;
        if directory == 0 || size <= 20 {
            return Ok(None);
        }
        let view = self.headers.view;
        let list = view.size(self.notes).ok_or(BAD_HEADERS)?;
        let names = view.size(self.notes + 4).ok_or(BAD_HEADERS)?;
        self.notes += 8;
        Ok(Some((list, names)))
    }

    /// Restores the import directory. `None` if it cannot be restored whole.
    fn restore_imports(
        &self,
        (list, names): (usize, usize),
        packed: &Pe<'_>,
        memory: &mut [u8],
    ) -> Option<()> {
        let (in_packed, _) = packed.directory(IMPORTS)?;
        let imports = Imports {
            list,
            names,
            directory: self.headers.directory(IMPORTS)?.0,
            base: self.base,
            packed: packed.mapped(in_packed)?,
            wide: self.headers.wide,
        };
        pe_notes::imports(memory, &imports)
    }

    /// Restores the addresses that the loader relocates, and the table of their places.
    fn relocate(&self, packed: &Pe<'_>, memory: &mut [u8]) -> Result<(), UnpackError> {
        let (view, wide) = (self.headers.view, self.headers.wide);
        let (directory, size) = self.headers.directory(RELOCATIONS).ok_or(BAD_HEADERS)?;
        let flags = view.u16(22).ok_or(BAD_HEADERS)?
            | packed.view.u16(packed.at + 22).ok_or(BAD_HEADERS)?;
        if directory == 0 || matches!(size, 0 | 8) || flags & RELOCS_STRIPPED != 0 {
            return Ok(());
        }
        let list = view.size(self.notes).ok_or(BAD_HEADERS)?;
        let image_base = match wide {
            true => view.u64(48),
            false => view.u32(52).map(u64::from),
        };
        let start = image_base
            .ok_or(BAD_HEADERS)?
            .wrapping_add(self.base as u64);
        let first = u32::try_from(self.base).map_err(|_| BAD_HEADERS)?;
        let places = pe_notes::relocate(memory, list, start, wide)?;
        let table = directory
            .checked_sub(self.base)
            .and_then(|at| memory.get_mut(at..at.checked_add(size)?));
        // The list has only the usual relocation type, so the table may be shorter than the original one.
        table.and_then(|table| pe_notes::relocation_table(table, &places, first, wide));
        Ok(())
    }
}

/// An original file: its headers, and its sections in the restored memory. Bytes are copied only when they are read.
pub(super) struct Layout {
    head: Vec<u8>,
    memory: Vec<u8>,
    /// File offset, memory offset and length of each part, sorted by file offset without overlap. Between them are zeros.
    parts: Vec<(usize, usize, usize)>,
    len: usize,
}

impl Layout {
    /// Lays out headers and sections by the original section table.
    fn new(
        packed: &Pe<'_>,
        headers: &[u8],
        sections: &[Section],
        base: usize,
        memory: Vec<u8>,
        limit: usize,
    ) -> Result<Self, UnpackError> {
        const BAD: UnpackError = UnpackError::Corrupt("the original's section table");
        // The packer keeps the DOS stub, and with it the offset of the headers.
        let mut head = packed.view.slice(0, packed.at).ok_or(BAD)?.to_vec();
        let table_end = packed.len() + sections.len() * SECTION;
        head.extend_from_slice(headers.get(..table_end).ok_or(BAD)?);
        // The checksum; the debug directory, whose content the packer drops; the symbol table, which it drops too unless it is
        // inside a section.
        for (at, len) in [(88, 4), (packed.len() - 128 + 6 * 8, 8)] {
            if let Some(field) = head.get_mut(packed.at + at..packed.at + at + len) {
                field.fill(0);
            }
        }
        let mut order: Vec<&Section> = sections
            .iter()
            .filter(|section| section.raw != 0 && section.raw_size != 0)
            .collect();
        order.sort_by_key(|section| section.raw);
        // At most the expanded bytes and the padding of sections, so that a wrong table does not multiply them.
        let most = limit.min(
            memory
                .len()
                .saturating_add(head.len())
                .saturating_add(1 << 20),
        );
        let mut parts: Vec<(usize, usize, usize)> = Vec::new();
        let mut file_len = head.len();
        for section in order {
            let end = section.raw.checked_add(section.raw_size).ok_or(BAD)?;
            if end > most {
                return Err(UnpackError::TooBig {
                    size: end as u64,
                    limit: most as u64,
                });
            }
            if section.raw < head.len() {
                return Err(BAD);
            }
            let from = section.address.checked_sub(base).ok_or(BAD)?;
            let len = memory.len().saturating_sub(from).min(section.raw_size);
            // Of two overlapping parts, the later one counts.
            if let Some(last) = parts.last_mut() {
                last.2 = last.2.min(section.raw - last.0);
            }
            parts.push((section.raw, from, len));
            file_len = file_len.max(end);
        }
        let symbols = View::little(&head).size(packed.at + 12).unwrap_or(0);
        if symbols >= file_len
            && let Some(field) = head.get_mut(packed.at + 12..packed.at + 20)
        {
            field.fill(0);
        }
        Ok(Self {
            head,
            memory,
            parts,
            len: file_len,
        })
    }

    /// The whole file.
    pub fn into_bytes(self) -> Vec<u8> {
        let mut bytes = vec![0; self.len];
        self.copy(&mut bytes, 0);
        bytes
    }

    /// Fills `out` with the bytes of the file from `offset` on. `out` is zeroed, and not longer than the rest of the file.
    fn copy(&self, out: &mut [u8], offset: usize) {
        let end = offset.saturating_add(out.len());
        let head = (0, &*self.head);
        let first = self
            .parts
            .partition_point(|(at, _, len)| at + len <= offset);
        let parts = self.parts.iter().skip(first).map(|&(at, from, len)| {
            let bytes = self.memory.get(from..from + len);
            (at, bytes.unwrap_or_default())
        });
        for (at, bytes) in std::iter::once(head).chain(parts) {
            let (start, stop) = (at.max(offset), (at + bytes.len()).min(end));
            if at >= end {
                return;
            }
            if let (Some(to), Some(bytes)) = (
                out.get_mut(start - offset..stop.max(start) - offset),
                bytes.get(start - at..stop.max(start) - at),
            ) {
                to.copy_from_slice(bytes);
            }
        }
    }
}

impl ReadAt for Layout {
    fn len(&self) -> u64 {
        self.len as u64
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let Ok(offset) = usize::try_from(offset) else {
            return Ok(0);
        };
        let n = buf.len().min(self.len.saturating_sub(offset));
        let out = buf.get_mut(..n).unwrap_or_default();
        out.fill(0);
        self.copy(out, offset);
        Ok(n)
    }
}
