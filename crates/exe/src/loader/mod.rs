//! The instructions of a file for its loader: which names to bind to which places, which functions to run before the entry point, what to load besides.
//!
//! Two builds of the same source have these tables at other addresses, so each statement has its addresses apart from what does not depend on them. Which
//! address of one program corresponds to which of another is known to the caller.

mod elf;
mod elf_symbols;
mod elf_tags;
mod macho;
mod pe;
mod pe_resources;

use crate::image::Image;
use crate::layout::Format;
use std::ops::Range;

/// One instruction for the loader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// What kind of thing, with its names: `relocation 7 of free@GLIBC_2.2.5`.
    pub what: String,
    /// Numbers that do not depend on addresses.
    pub numbers: Vec<u64>,
    /// Addresses in the memory of the program; 0: none.
    pub addresses: Vec<u64>,
}

/// Most statements to collect; a large program with C has some ten thousand.
const STATEMENTS_LIMIT: usize = 1 << 20;
/// Longest name.
const NAME_LIMIT: u64 = 4096;
/// Longest table that is compared byte by byte.
const TABLE_LIMIT: u64 = 1 << 16;

/// The statements of a file, in its order.
#[derive(Debug, Default)]
pub struct Statements {
    /// All of them, or the first.
    pub all: Vec<Statement>,
    /// The first thing that cannot be read; then they are not all.
    pub missing: Option<String>,
    /// Addresses of the loaded bytes that the statements were read from: all that these bytes mean is in them.
    pub tables: Vec<Range<u64>>,
}

impl Statements {
    /// Adds one; `None` when there are too many.
    fn push(&mut self, what: impl Into<String>, numbers: &[u64], addresses: &[u64]) -> Option<()> {
        if self.all.len() >= STATEMENTS_LIMIT {
            self.lack("what the loader is told, which is more than any linker writes");
            return None;
        }
        self.all.push(Statement {
            what: what.into(),
            numbers: numbers.to_vec(),
            addresses: addresses.to_vec(),
        });
        Some(())
    }

    /// Notes that the bytes at an address are taken apart.
    fn cover(&mut self, address: u64, size: u64) {
        self.tables.push(address..address.saturating_add(size));
    }

    /// Notes that loaded bytes of the file are taken apart. What no segment loads is left out.
    fn cover_in_file(&mut self, image: &Image<'_>, offset: u64, size: u64) {
        for segment in &image.segments {
            let end = segment.offset.saturating_add(segment.size);
            let (from, to) = (
                offset.max(segment.offset),
                offset.saturating_add(size).min(end),
            );
            if from < to {
                let address = segment.address.wrapping_add(from - segment.offset);
                self.cover(address, to - from);
            }
        }
    }

    /// Notes what cannot be read; the first such thing is kept.
    fn lack(&mut self, what: &str) {
        self.missing.get_or_insert_with(|| what.to_owned());
    }

    /// Adds the table that `read` reads; `what` is missing when it cannot.
    fn table(&mut self, what: &str, read: impl FnOnce(&mut Self) -> Option<()>) {
        if read(self).is_none() {
            self.lack(what);
        }
    }
}

/// Reads the instructions of a file for its loader. Formats without a dynamic loader of their own have none.
pub fn statements(image: &Image<'_>) -> Statements {
    let mut found = Statements::default();
    match image.format {
        Format::Elf => elf::read(image, &mut found),
        Format::Pe => pe::read(image, &mut found),
        Format::MachO => macho::read(image, &mut found),
        _ => {}
    }
    found
}

/// The text at an address, up to its zero.
fn text(image: &Image<'_>, address: u64) -> Option<String> {
    text_bytes(image, address).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

/// The bytes of the text at an address, without its zero.
fn text_bytes<'i>(image: &'i Image<'_>, address: u64) -> Option<&'i [u8]> {
    let bytes = image.bytes_upto(address, NAME_LIMIT)?;
    bytes.get(..memchr::memchr(0, bytes)?)
}

/// The bytes of a table, as numbers.
fn bytes(bytes: &[u8]) -> Option<Vec<u64>> {
    let is_short = bytes.len() as u64 <= TABLE_LIMIT;
    is_short.then(|| bytes.iter().map(|byte| u64::from(*byte)).collect())
}

/// The bytes of a table of any length, in words of eight bytes, with their count in front.
fn words(image: &Image<'_>, bytes: &[u8]) -> Vec<u64> {
    let words = bytes.chunks(8).map(|chunk| image.number(chunk));
    [bytes.len() as u64].into_iter().chain(words).collect()
}

/// The number of `size` bytes at an address.
fn number(image: &Image<'_>, address: u64, size: u64) -> Option<u64> {
    image.bytes(address, size).map(|bytes| image.number(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gospect_bytes::Window;
    use test_support::fixtures::fixtures;

    fn read(bytes: &[u8]) -> Option<Statements> {
        let window = Window::new(&bytes, 64 << 20);
        Some(statements(&crate::open(&window).ok()?))
    }

    fn names(found: &Statements) -> Vec<&str> {
        found.all.iter().map(|s| s.what.as_str()).collect()
    }

    #[test]
    fn every_stored_program_is_read_to_its_end() {
        for fixture in fixtures().filter(|f| !f.is_lying()) {
            if let Some(found) = read(&fixture.bytes()) {
                assert_eq!(found.missing, None, "{}", fixture.id);
            }
        }
    }

    #[test]
    fn bindings_have_their_names() {
        let cgo = test_support::fixtures::fixture("1.27-linux-amd64-cgo");
        let found = read(&cgo).unwrap();
        let has = |part: &str| names(&found).iter().any(|name| name.contains(part));
        for part in ["free@GLIBC_2.2.5", "dynamic tag 0x1 libc.so.6", "version "] {
            assert!(has(part), "{part}: {:?}", names(&found));
        }
    }

    /// Damaged tables are said to be unreadable, or read otherwise; nothing panics or takes long.
    #[test]
    fn damaged_programs_are_read_or_refused() {
        let mut state = 7u64;
        let mut random = move |n: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize % n
        };
        for fixture in fixtures() {
            let bytes = fixture.bytes();
            for _ in 0..2 {
                let mut edited = bytes.to_vec();
                for _ in 0..64 {
                    // Headers and tables of the loader are mostly near the start.
                    let at = random(edited.len().min(8192));
                    edited[at] = random(256) as u8;
                }
                read(&edited);
                read(&edited[..random(edited.len())]);
            }
        }
    }
}
