//! PE: the data directories (Microsoft PE format, "Optional Header Data Directories").

use super::{Statements, number, text_bytes};
use crate::image::Image;

/// Directories of the table.
const DIRECTORIES: u64 = 16;
/// Most libraries, functions of a library, and functions that run first.
const ENTRIES_LIMIT: u64 = 1 << 16;
/// The name of an imported function is behind a hint of two bytes.
const HINT: u64 = 2;

/// The parts of the headers that the directories need.
struct Headers {
    base: u64,
    /// Offset of the table of directories in the file.
    directories: u64,
    count: u64,
}

pub(super) fn read(image: &Image<'_>, found: &mut Statements) {
    let mut headers = None;
    found.table("the optional header", |found| {
        headers = Some(optional_header(image, found)?);
        Some(())
    });
    let Some(headers) = headers else {
        return;
    };
    for i in 0..DIRECTORIES.min(headers.count) {
        let field = |at: u64| image.window().get(at, 4).map(|b| image.number(b));
        let at = headers.directories + 8 * i;
        let (Some(offset), Some(size)) = (field(at), field(at + 4)) else {
            found.lack("the data directories");
            return;
        };
        if offset == 0 && size == 0 {
            continue;
        }
        let directory = Directory {
            image,
            base: headers.base,
            start: headers.base.wrapping_add(offset),
            size,
        };
        found.table(&format!("data directory {i}"), |found| match i {
            0 => directory.exports(found),
            1 => directory.imports(found),
            3 => directory.exceptions(found),
            5 => directory.base_relocations(found),
            9 => directory.thread_storage(found),
            2 => super::pe_resources::read(image, (headers.base, directory.start), found),
            // Signatures and debug information are parts of their own.
            4 | 6 => Some(()),
            12 => found.push("import addresses", &[size], &[directory.start]),
            // Delayed imports, load configuration, managed code and the rest: Go's linker writes none of them.
            _ => directory.whole(i, found),
        });
    }
}

fn optional_header(image: &Image<'_>, found: &mut Statements) -> Option<Headers> {
    let window = image.window();
    let field = |at: u64, size: u64| window.get(at, size).map(|b| image.number(b));
    let start = field(0x3c, 4)?.checked_add(24)?;
    let is_64 = image.bits == 64;
    let base = match is_64 {
        true => field(start.checked_add(24)?, 8)?,
        false => field(start.checked_add(28)?, 4)?,
    };
    // Alignments, versions that the system must have, subsystem, characteristics; sizes of stack and heap.
    let word = image.pointer_size();
    let mut numbers = vec![field(start + 32, 4)?, field(start + 36, 4)?];
    for at in [40, 42, 48, 50, 68, 70] {
        numbers.push(field(start + at, 2)?);
    }
    for i in 0..4 {
        numbers.push(field(start + 72 + i * word, word)?);
    }
    found.push("what the optional header asks for", &numbers, &[])?;
    let directories = start + 76 + 4 * word + 4;
    Some(Headers {
        base,
        directories,
        count: field(directories - 4, 4)?,
    })
}

struct Directory<'i, 'w> {
    image: &'i Image<'w>,
    base: u64,
    start: u64,
    size: u64,
}

impl Directory<'_, '_> {
    /// The field of 32 bits at a distance from an address.
    fn field(&self, at: u64, distance: u64) -> Option<u64> {
        number(self.image, at.checked_add(distance)?, 4)
    }

    /// The address of an offset from the start of the image; 0: none.
    fn address(&self, offset: u64) -> u64 {
        match offset {
            0 => 0,
            offset => self.base.wrapping_add(offset),
        }
    }

    /// The text at an offset from the start of the image.
    fn text(&self, offset: u64, found: &mut Statements) -> Option<String> {
        let address = self.address(offset);
        let bytes = text_bytes(self.image, address)?;
        found.cover(address, bytes.len() as u64 + 1);
        Some(String::from_utf8_lossy(bytes).into_owned())
    }

    /// All its bytes, for what is not taken apart.
    fn whole(&self, number_of: u64, found: &mut Statements) -> Option<()> {
        let bytes = super::bytes(self.image.bytes(self.start, self.size)?)?;
        found.cover(self.start, self.size);
        found.push(format!("data directory {number_of}"), &bytes, &[])
    }

    /// The functions of each library, by both of its lists: the loader binds by the first and falls back to the second.
    fn imports(&self, found: &mut Statements) -> Option<()> {
        for i in 0..ENTRIES_LIMIT {
            let at = self.start.checked_add(20 * i)?;
            let fields: Vec<u64> = (0..5)
                .map(|n| self.field(at, 4 * n))
                .collect::<Option<_>>()?;
            let [lookup, stamp, forwarder, name, addresses] = *fields.first_chunk::<5>()?;
            found.cover(at, 20);
            if name == 0 || addresses == 0 {
                return Some(());
            }
            let library = self.text(name, found)?;
            found.push(
                format!("library {library}"),
                &[stamp, forwarder],
                &[self.address(lookup), self.address(addresses)],
            )?;
            for list in [lookup, addresses] {
                if list != 0 {
                    self.imported(&library, self.address(list), found)?;
                }
            }
        }
        None
    }

    fn imported(&self, library: &str, list: u64, found: &mut Statements) -> Option<()> {
        let word = self.image.pointer_size();
        let by_number = 1u64 << (8 * word - 1);
        for i in 0..ENTRIES_LIMIT {
            let place = list.checked_add(i * word)?;
            let value = number(self.image, place, word)?;
            found.cover(place, word);
            if value == 0 {
                return Some(());
            }
            let name = match value & by_number {
                0 => {
                    found.cover(self.address(value), HINT);
                    self.text(value.checked_add(HINT)?, found)?
                }
                _ => format!("number {}", value ^ by_number),
            };
            found.push(format!("import {name} of {library}"), &[], &[place])?;
        }
        None
    }

    fn exports(&self, found: &mut Statements) -> Option<()> {
        let field = |distance: u64| self.field(self.start, distance);
        found.cover(self.start, 40);
        let (first, functions, names) = (field(16)?, field(20)?, field(24)?);
        let library = self.text(field(12)?, found)?;
        found.push(
            format!("exports of {library}"),
            &[first, functions, names],
            &[],
        )?;
        let (of_functions, of_names, of_numbers) = (field(28)?, field(32)?, field(36)?);
        found.cover(self.address(of_functions), functions.checked_mul(4)?);
        found.cover(self.address(of_names), names.checked_mul(4)?);
        found.cover(self.address(of_numbers), names.checked_mul(2)?);
        for i in 0..functions {
            let target = self.field(self.address(of_functions), 4 * i)?;
            found.push("exported function", &[], &[self.address(target)])?;
        }
        for i in 0..names {
            let name = self.field(self.address(of_names), 4 * i)?;
            let at = self.address(of_numbers).checked_add(2 * i)?;
            let name = self.text(name, found)?;
            found.push(format!("export {name}"), &[number(self.image, at, 2)?], &[])?;
        }
        Some(())
    }

    /// The unwind tables of amd64: what a function with a handler of its own does with an exception. Other architectures pack theirs otherwise.
    fn exceptions(&self, found: &mut Statements) -> Option<()> {
        const HAS_HANDLER: u64 = 3;
        const CHAINED: u64 = 4;
        if self.image.arch != Some("amd64") {
            return Some(());
        }
        for i in 0..self.size / 12 {
            let at = self.start.checked_add(12 * i)?;
            let (from, to, unwind) = (self.field(at, 0)?, self.field(at, 4)?, self.field(at, 8)?);
            let info = self.address(unwind);
            let head = number(self.image, info, 4)?;
            let (flags, codes) = ((head & 0xff) >> 3, head >> 16 & 0xff);
            let size = 4 + 2 * codes.next_multiple_of(2);
            found.cover(at, 12);
            found.cover(info, size);
            let mut numbers: Vec<u64> = vec![to.wrapping_sub(from)];
            let bytes = self.image.bytes(info, size)?;
            numbers.extend(bytes.iter().map(|byte| u64::from(*byte)));
            let mut addresses = vec![self.address(from)];
            if flags & (HAS_HANDLER | CHAINED) != 0 {
                let handler = self.field(info, size)?;
                found.cover(info.checked_add(size)?, 4);
                addresses.push(self.address(handler));
            }
            found.push("unwind information", &numbers, &addresses)?;
        }
        Some(())
    }

    fn base_relocations(&self, found: &mut Statements) -> Option<()> {
        let mut at = self.start;
        let end = self.start.checked_add(self.size)?;
        while at < end {
            let (page, size) = (self.field(at, 0)?, self.field(at, 4)?);
            let entries = self.image.bytes(at.checked_add(8)?, size.checked_sub(8)?)?;
            found.cover(at, size);
            for entry in entries.chunks_exact(2) {
                let entry = self.image.number(entry);
                let (kind, offset) = (entry >> 12, entry & 0xfff);
                // Kind 0 fills up the block.
                if kind != 0 {
                    let place = self.address(page).wrapping_add(offset);
                    found.push("base relocation", &[kind], &[place])?;
                }
            }
            at = at.checked_add(size)?;
        }
        Some(())
    }

    /// Thread storage, and the functions that run before the entry point.
    fn thread_storage(&self, found: &mut Statements) -> Option<()> {
        let word = self.image.pointer_size();
        let field = |i: u64| number(self.image, self.start.checked_add(i * word)?, word);
        let (from, to, index, callbacks) = (field(0)?, field(1)?, field(2)?, field(3)?);
        let rest = self.start.checked_add(4 * word)?;
        let numbers = [
            to.wrapping_sub(from),
            self.field(rest, 0)?,
            self.field(rest, 4)?,
        ];
        found.cover(self.start, 4 * word + 8);
        found.push("thread storage", &numbers, &[from, index, callbacks])?;
        for i in 0..u64::from(callbacks != 0) * ENTRIES_LIMIT {
            match number(self.image, callbacks.wrapping_add(i * word), word)? {
                0 => break,
                function => found.push("function that runs first", &[], &[function])?,
            }
        }
        Some(())
    }
}
