//! The symbol table of programs of Go 1.0 to 1.2, made for their own stack traces: names of functions and variables, and the
//! source files (src/debug/gosym/symtab.go, Go 1.27, `walksymtab`; written by src/cmd/ld/symtab.c of Go 1.0 to 1.2).
//!
//! ```text
//! Go 1.0        entries only, big-endian: value (4 bytes), type letter with the high bit set, name and NUL, Go type (4 bytes)
//! Go 1.1, 1.2   fd ff ff ff 00 00 00, pointer size, then entries: a byte of type (6 bits), wide value (0x40), Go type follows (0x80);
//!               value as pointer or LEB128; Go type as pointer; name and NUL
//! ```
//!
//! Types `z` and `Z` have a path instead of a name: a NUL, then big-endian pairs of bytes up to a pair of zeros. Each pair is
//! the value of a symbol of type `f` whose name is one path element. A file comes before the functions that are from it.

use gospect_exe::{Format, Image};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// Largest table to read; the largest known program of Go 1.2 has 8 MB.
const SIZE_LIMIT: u64 = 64 << 20;
/// A table with fewer entries is not that of a program.
const MIN_ENTRIES: u64 = 100;
/// Longest path of a source file, in bytes.
const PATH_LIMIT: usize = 4096;
/// Most bytes of paths to put together, counting repeated ones.
const FILES_LIMIT: usize = 32 << 20;

/// Sections that hold nothing but the table.
const SECTIONS: [&[u8]; 2] = [b".gosymtab", b"__gosymtab"];

/// A table in which every entry is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gosymtab {
    /// Virtual address.
    pub address: u64,
    /// Bytes up to the end of its last entry.
    pub size: u64,
    /// Whether it has the form of Go 1.0.
    pub is_first: bool,
    /// Number of functions.
    pub functions: u64,
}

/// One entry.
struct Entry<'b> {
    kind: u8,
    value: u64,
    name: &'b [u8],
}

/// The source files in the table.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Paths of the Go, C and assembly files, each once, in table order.
    pub files: Vec<String>,
    /// The file of `main.main`.
    pub main: Option<String>,
}

impl Gosymtab {
    /// Finds the table: in its section, or by its header if the format has no such section. The symbols of PE files of Go 1.1
    /// name it, but their values do not match their sections.
    pub fn find(image: &Image<'_>) -> Option<Self> {
        let named = SECTIONS.iter().find_map(|n| image.section(n));
        match named {
            Some(section) => Self::parse(image, section.address, section.size),
            None if image.format == Format::Pe
                && image.has_symbol(b"symtab")
                && image.has_symbol(b"epclntab") =>
            {
                Self::scan(image)
            }
            None => None,
        }
    }

    fn scan(image: &Image<'_>) -> Option<Self> {
        const MAGIC: &[u8] = &[0xfd, 0xff, 0xff, 0xff, 0, 0, 0];
        let finder = memchr::memmem::Finder::new(MAGIC);
        let segments = image.segments.iter().filter(|s| !s.writable);
        segments.into_iter().find_map(|segment| {
            let mut places = Vec::new();
            image.scan::<()>(segment, MAGIC.len(), &mut |base, bytes| {
                places.extend(finder.find_iter(bytes).map(|at| base + at as u64));
                match places.len() {
                    0..8 => ControlFlow::Continue(()),
                    _ => ControlFlow::Break(()),
                }
            });
            places.dedup();
            let table = |at: &u64| Self::parse(image, *at, segment.end().saturating_sub(*at));
            places.iter().find_map(table)
        })
    }

    fn parse(image: &Image<'_>, address: u64, size: u64) -> Option<Self> {
        let bytes = image.bytes(address, size.min(SIZE_LIMIT))?;
        let mut table = Self {
            address,
            size,
            is_first: header(bytes, image).is_none(),
            functions: 0,
        };
        let (mut entries, mut functions, mut proof) = (0, 0, false);
        let whole = table.visit(image, &mut |entry| {
            entries += 1;
            if matches!(entry.kind, b'T' | b't') {
                functions += 1;
                proof |= entry.name == b"runtime.goexit" || entry.name == b"main.main";
            }
        });
        table.functions = functions;
        // Without a section that gives its size, the table ends before the first invalid entry.
        let is_whole = whole.is_some() || image.format == Format::Pe;
        (entries >= MIN_ENTRIES && proof && is_whole).then_some(table)
    }

    /// Visits every entry; `None` when one is invalid.
    fn visit(&self, image: &Image<'_>, see: &mut dyn FnMut(Entry<'_>)) -> Option<()> {
        let bytes = image.bytes(self.address, self.size.min(SIZE_LIMIT))?;
        let pointer = match self.is_first {
            true => None,
            false => Some(header(bytes, image)?),
        };
        let mut rest = bytes.get(pointer.map_or(0, |_| 8)..)?;
        // Up to three bytes after the last entry pad it to a word.
        while rest.len() >= 4 {
            let (kind, value, goes_on) = match pointer {
                Some(pointer) => packed_head(&mut rest, pointer, image)?,
                None => first_head(&mut rest)?,
            };
            let end = memchr::memchr(0, rest)?;
            let mut name = rest.get(..end)?;
            rest = rest.get(end + 1..)?;
            if matches!(kind, b'z' | b'Z') {
                let pairs = rest.chunks_exact(2).position(|p| p == [0, 0])?;
                name = rest.get(..2 * pairs)?;
                rest = rest.get(2 * pairs + 2..)?;
            }
            if !goes_on {
                rest = rest.get(4..)?;
            }
            see(Entry { kind, value, name });
        }
        Some(())
    }

    /// Visits the names of the functions, in the order of the table.
    pub fn function_names(&self, image: &Image<'_>, visit: &mut dyn FnMut(&[u8])) {
        let _ = self.visit(image, &mut |entry| {
            if matches!(entry.kind, b'T' | b't') {
                visit(entry.name);
            }
        });
    }

    /// Visits the address and the name of each function, in the order of the table.
    pub fn functions(&self, image: &Image<'_>, visit: &mut dyn FnMut(u64, &[u8])) {
        let _ = self.visit(image, &mut |entry| {
            if matches!(entry.kind, b'T' | b't') {
                visit(entry.value, entry.name);
            }
        });
    }

    /// The source files.
    pub fn sources(&self, image: &Image<'_>) -> Sources {
        let mut elements: HashMap<u64, Vec<u8>> = HashMap::new();
        let _ = self.visit(image, &mut |entry| {
            if entry.kind == b'f' {
                elements.insert(entry.value, entry.name.to_vec());
            }
        });
        let mut sources = Sources::default();
        let mut seen = std::collections::HashSet::new();
        let (mut last, mut built) = (None, 0);
        let _ = self.visit(image, &mut |entry| match entry.kind {
            b'z' | b'Z' => {
                // An entry of a few bytes can require a path of thousands.
                if built >= FILES_LIMIT {
                    last = None;
                    return;
                }
                let Some(path) = path(entry.name, &elements, &mut built) else {
                    return;
                };
                last = Some(path.clone());
                if seen.insert(path.clone()) {
                    sources.files.push(path);
                }
            }
            b'T' if entry.name == b"main.main" => sources.main = last.clone(),
            _ => {}
        });
        sources
    }
}

/// The pointer size in the header of Go 1.1 and 1.2; `None` without such a header.
fn header(bytes: &[u8], image: &Image<'_>) -> Option<usize> {
    let magic: [u8; 4] = match image.big_endian {
        true => [0xff, 0xff, 0xff, 0xfd],
        false => [0xfd, 0xff, 0xff, 0xff],
    };
    let is_one = bytes.starts_with(&magic) && bytes.get(4..7) == Some(&[0; 3]);
    let pointer = usize::from(*bytes.get(7)?);
    (is_one && matches!(pointer, 4 | 8)).then_some(pointer)
}

/// Type and value of an entry of Go 1.1 and 1.2; nothing follows the name.
fn packed_head(rest: &mut &[u8], pointer: usize, image: &Image<'_>) -> Option<(u8, u64, bool)> {
    let (&first, tail) = rest.split_first()?;
    *rest = tail;
    let kind = match first & 0x3f {
        n @ 0..26 => b'A' + n,
        n @ 26..52 => b'a' + (n - 26),
        _ => return None,
    };
    let value = if first & 0x40 != 0 {
        let (value, tail) = rest.split_at_checked(pointer)?;
        *rest = tail;
        image.number(value)
    } else {
        let mut value = 0u64;
        let mut shift = 0;
        loop {
            let (&byte, tail) = rest.split_first()?;
            *rest = tail;
            if shift < 64 {
                value |= u64::from(byte & 0x7f) << shift;
            }
            shift += 7;
            if byte & 0x80 == 0 {
                break value;
            }
            if shift > 70 {
                return None;
            }
        }
    };
    if first & 0x80 != 0 {
        *rest = rest.get(pointer..)?;
    }
    Some((kind, value, true))
}

/// Type and value of an entry of Go 1.0; a Go type follows the name.
fn first_head(rest: &mut &[u8]) -> Option<(u8, u64, bool)> {
    let (head, tail) = rest.split_at_checked(5)?;
    *rest = tail;
    let value = u32::from_be_bytes(head.get(..4)?.try_into().ok()?);
    let kind = head.get(4)?;
    let letter = kind & 0x7f;
    (kind & 0x80 != 0 && letter.is_ascii_alphabetic()).then_some((letter, value.into(), false))
}

/// The path made of a list of elements; `None` for packages (`fmt.a`), ends of files and impossible paths. Adds the number of
/// copied bytes to `built`.
fn path(pairs: &[u8], elements: &HashMap<u64, Vec<u8>>, built: &mut usize) -> Option<String> {
    let mut out: Vec<u8> = Vec::new();
    for pair in pairs.chunks_exact(2) {
        let number = u64::from(u16::from_be_bytes([pair[0], pair[1]]));
        let element = elements.get(&number)?;
        // Checked before copying: one element can be as long as the table.
        if element.len() > PATH_LIMIT - out.len().min(PATH_LIMIT) {
            return None;
        }
        if !out.is_empty() && !out.ends_with(b"/") {
            out.push(b'/');
        }
        out.extend_from_slice(element);
        *built += element.len();
    }
    let name = out.rsplit(|b| *b == b'/').next()?;
    let source = [&b".go"[..], b".c", b".s", b".goc", b".h"];
    let is_source = source.iter().any(|end| name.ends_with(end));
    is_source.then(|| String::from_utf8(out).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_as_long_as_the_table_is_not_copied() {
        let elements = HashMap::from([
            (1, b"/src".to_vec()),
            (2, b"a.go".to_vec()),
            (3, vec![b'x'; 1 << 20]),
            (4, vec![b'y'; PATH_LIMIT - 1]),
        ]);
        let mut built = 0;
        let mut of = |pairs: &[u8]| path(pairs, &elements, &mut built);
        assert_eq!(of(&[0, 1, 0, 2]).as_deref(), Some("/src/a.go"));
        assert_eq!(of(&[0, 3, 0, 2]), None);
        assert_eq!(of(&[0, 4, 0, 4, 0, 2]), None);
        assert_eq!(built, 8 + PATH_LIMIT - 1);
    }
}
