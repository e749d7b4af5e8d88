//! Variants of the stored programs: with headers removed, edited, wrapped, damaged. Every function panics if it cannot make its
//! change, so that no test runs on an unchanged copy.

use memchr::memmem;
use object::{BinaryFormat, Object, ObjectSymbol};

use super::rng::Rng;

/// First 14 bytes of the build-info header (Go 1.13+, `cmd/link/internal/ld/data.go`).
pub const MAGIC: &[u8] = b"\xff Go buildinf:";

/// Integers of a file at the width and byte order of its header.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    pub big: bool,
    pub wide: bool,
}

impl Layout {
    /// Of an ELF file.
    pub fn of_elf(file: &[u8]) -> Self {
        assert_eq!(&file[..4], b"\x7fELF");
        Self {
            big: file[5] == 2,
            wide: file[4] == 2,
        }
    }

    pub fn get(self, file: &[u8], at: usize, size: usize) -> u64 {
        let fold = |n, &b: &u8| n << 8 | u64::from(b);
        let bytes = &file[at..at + size];
        if self.big {
            bytes.iter().fold(0, fold)
        } else {
            bytes.iter().rev().fold(0, fold)
        }
    }

    pub fn put(self, file: &mut [u8], at: usize, size: usize, value: u64) {
        for i in 0..size {
            let shift = 8 * if self.big { size - 1 - i } else { i };
            file[at + i] = (value >> shift) as u8;
        }
    }

    /// Picks an ELF header field by class.
    pub fn pick<T>(self, narrow: T, wide: T) -> T {
        if self.wide { wide } else { narrow }
    }
}

/// An ELF file whose header names no section table; the table itself is overwritten.
pub fn drop_section_headers(file: &[u8]) -> Vec<u8> {
    let mut out = file.to_vec();
    let l = Layout::of_elf(file);
    let table = l.get(file, l.pick(32, 40), l.pick(4, 8)) as usize;
    let counts = l.pick(46, 58);
    let len = (l.get(file, counts, 2) * l.get(file, counts + 2, 2)) as usize;
    assert!(table > 0 && len > 0, "no section table to drop");
    out[table..table + len].fill(0);
    l.put(&mut out, l.pick(32, 40), l.pick(4, 8), 0);
    out[counts..counts + 6].fill(0);
    out
}

/// A file with one section renamed; the new name must not be longer. ELF keeps names in the section string table, Mach-O in load
/// commands, PE in the section table.
pub fn rename_section(file: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert!(to.len() <= from.len());
    let mut out = file.to_vec();
    let range = if file.starts_with(b"\x7fELF") {
        let l = Layout::of_elf(file);
        let table = l.get(file, l.pick(32, 40), l.pick(4, 8)) as usize;
        let (size, index) = (
            l.get(file, l.pick(46, 58), 2) as usize,
            l.get(file, l.pick(50, 62), 2) as usize,
        );
        let header = table + size * index;
        let start = l.get(file, header + l.pick(16, 24), l.pick(4, 8)) as usize;
        start..start + l.get(file, header + l.pick(20, 32), l.pick(4, 8)) as usize
    } else {
        0..4096.min(file.len())
    };
    let name = [from.as_bytes(), b"\0"].concat();
    let at = range.start + memmem::find(&file[range], &name).expect("section name");
    out[at..at + from.len()].fill(0);
    out[at..at + to.len()].copy_from_slice(to.as_bytes());
    out
}

/// A universal Mach-O of these files, with 32-bit offsets.
pub fn fat(slices: &[&[u8]]) -> Vec<u8> {
    universal(slices, false)
}

/// A universal Mach-O of these files, with 64-bit offsets.
pub fn fat64(slices: &[&[u8]]) -> Vec<u8> {
    universal(slices, true)
}

/// `struct fat_header` and `fat_arch` or `fat_arch_64` of Apple's `mach-o/fat.h`: big-endian, slices on 16 KiB.
fn universal(slices: &[&[u8]], wide: bool) -> Vec<u8> {
    const ALIGN: usize = 14;
    let entry = if wide { 32 } else { 20 };
    let mut out = Vec::new();
    out.extend_from_slice(&(0xcafe_babe + u32::from(wide)).to_be_bytes());
    out.extend_from_slice(&(slices.len() as u32).to_be_bytes());
    let mut start = (8 + entry * slices.len()).next_multiple_of(1 << ALIGN);
    for slice in slices {
        let word = |at: usize| u32::from_le_bytes(slice[at..at + 4].try_into().unwrap());
        assert!(
            matches!(word(0), 0xfeed_face | 0xfeed_facf),
            "not a thin little-endian Mach-O"
        );
        for cpu in [word(4), word(8)] {
            out.extend_from_slice(&cpu.to_be_bytes());
        }
        for n in [start, slice.len()] {
            let bytes = (n as u64).to_be_bytes();
            out.extend_from_slice(&bytes[if wide { 0 } else { 4 }..]);
        }
        out.extend_from_slice(&(ALIGN as u32).to_be_bytes());
        out.resize(out.len() + if wide { 4 } else { 0 }, 0);
        start = (start + slice.len()).next_multiple_of(1 << ALIGN);
    }
    for slice in slices {
        out.resize(out.len().next_multiple_of(1 << ALIGN), 0);
        out.extend_from_slice(slice);
    }
    out
}

/// The inline build-info blob (Go 1.18+) of a linked program: its place and its two strings.
#[derive(Debug, Clone)]
pub struct Blob {
    pub start: usize,
    /// End of the strings and of the zero padding after them.
    pub end: usize,
    pub version: Vec<u8>,
    /// Module text with its 16-byte sentinels.
    pub modinfo: Vec<u8>,
}

/// The first blob of a file. Not for wasm, whose data is cut into segments.
pub fn find_blob(file: &[u8]) -> Blob {
    let start = memmem::find_iter(file, MAGIC)
        .find(|&at| {
            file.len() > at + 32 && file[at + 15] & 2 != 0 && file[at + 16..at + 32] == [0; 16]
        })
        .expect("an inline blob");
    let mut at = start + 32;
    let mut string = || {
        let (mut len, mut shift) = (0, 0);
        loop {
            let b = file[at];
            at += 1;
            len |= usize::from(b & 0x7f) << shift;
            shift += 7;
            if b < 0x80 {
                break;
            }
        }
        at += len;
        file[at - len..at].to_vec()
    };
    let (version, modinfo) = (string(), string());
    let end = start + (at - start).next_multiple_of(16);
    Blob {
        start,
        end,
        version,
        modinfo,
    }
}

/// Changes the strings of the blob with `edit` and writes it back in place; the linker's copies in ordinary string variables stay
/// unchanged. The result must not be longer.
pub fn rewrite_blob(file: &[u8], edit: impl FnOnce(&mut Blob)) -> Vec<u8> {
    let mut blob = find_blob(file);
    let (start, end) = (blob.start, blob.end);
    edit(&mut blob);
    let mut text = Vec::new();
    for s in [&blob.version, &blob.modinfo] {
        let mut len = s.len();
        while len >= 0x80 {
            text.push(len as u8 | 0x80);
            len >>= 7;
        }
        text.push(len as u8);
        text.extend_from_slice(s);
    }
    assert!(
        text.len() <= end - start - 32,
        "the edited blob does not fit"
    );
    let mut out = file.to_vec();
    out[start + 32..end].fill(0);
    out[start + 32..start + 32 + text.len()].copy_from_slice(&text);
    assert_ne!(out, file, "nothing was edited");
    out
}

/// Replaces text inside the blob only, as a forger with a hex editor would: the first occurrence in either string.
pub fn edit_blob(file: &[u8], from: &str, to: &str) -> Vec<u8> {
    rewrite_blob(file, |blob| {
        let text = [&mut blob.version, &mut blob.modinfo]
            .into_iter()
            .find(|s| memmem::find(s, from.as_bytes()).is_some())
            .expect("text in the blob");
        let at = memmem::find(text, from.as_bytes()).unwrap();
        text.splice(at..at + from.len(), to.bytes());
    })
}

/// Changes the lines of the recorded text with `edit`.
pub fn edit_lines(file: &[u8], edit: impl FnOnce(&mut Vec<String>)) -> Vec<u8> {
    rewrite_blob(file, |blob| {
        let end = blob.modinfo.len() - 16;
        let text = String::from_utf8(blob.modinfo[16..end].to_vec()).unwrap();
        let mut lines = text.lines().map(str::to_owned).collect();
        edit(&mut lines);
        let text = lines.iter().map(|l| format!("{l}\n")).collect::<String>();
        blob.modinfo.splice(16..end, text.into_bytes());
    })
}

/// Flips one bit of the integrity checksum of the FIPS 140 module, after its magic bytes (`crypto/internal/fips140/check`, Go 1.24
/// and newer).
pub fn spoil_fips_sum(file: &[u8]) -> Vec<u8> {
    let magic = b"\xff Go fipsinfo \xff\0";
    let at = memmem::find(file, magic).expect("FIPS 140 module") + magic.len();
    let mut out = file.to_vec();
    out[at] ^= 1;
    out
}

/// A thin 64-bit Mach-O without its signature, as after `codesign --remove-signature`, except for the bytes at the end.
pub fn unsign(file: &[u8]) -> Vec<u8> {
    const LC_CODE_SIGNATURE: u32 = 0x1d;
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let (count, size) = (word(16), word(20));
    let mut at = 32;
    while word(at) != LC_CODE_SIGNATURE {
        at += word(at + 4) as usize;
        assert!(at < 32 + size as usize, "no signature");
    }
    let (end, len) = (32 + size as usize, word(at + 4) as usize);
    let mut out = file.to_vec();
    out.copy_within(at + len..end, at);
    out[end - len..end].fill(0);
    out[16..20].copy_from_slice(&(count - 1).to_le_bytes());
    out[20..24].copy_from_slice(&(size - len as u32).to_le_bytes());
    out
}

/// Overwrites every copy of the build-info magic.
pub fn erase_magic(file: &[u8]) -> Vec<u8> {
    let mut out = file.to_vec();
    let found: Vec<usize> = memmem::find_iter(file, MAGIC).collect();
    assert!(!found.is_empty(), "no magic to erase");
    for at in found {
        out[at..at + MAGIC.len()].copy_from_slice(b"\xff No buildinf:");
    }
    out
}

/// Changes the inline blob into that of Go 1.13 to 1.17: instead of strings, two pointers to the string variables
/// `runtime.buildVersion` and `runtime.modinfo`, which every linked program still has. Those releases used this layout for a
/// program without relocations (`cmd/link/internal/ld/data.go` and `debug/buildinfo` of 1.17); everything around it stays as the
/// newer release wrote it. Needs an ELF with a symbol table.
pub fn pointer_format(file: &[u8]) -> Vec<u8> {
    let l = Layout::of_elf(file);
    let parsed = object::File::parse(file).unwrap();
    assert_eq!(parsed.format(), BinaryFormat::Elf);
    let address = |name| {
        parsed
            .symbols()
            .find(|s| s.name() == Ok(name))
            .expect("symbol")
            .address()
    };
    let (blob, size) = (find_blob(file), l.pick(4, 8));
    let mut out = file.to_vec();
    out[blob.start + 14..blob.end].fill(0);
    out[blob.start + 14] = size as u8;
    out[blob.start + 15] = u8::from(l.big);
    l.put(
        &mut out,
        blob.start + 16,
        size,
        address("runtime.buildVersion"),
    );
    l.put(
        &mut out,
        blob.start + 16 + size,
        size,
        address("runtime.modinfo"),
    );
    out
}

pub fn truncate(file: &[u8], len: usize) -> Vec<u8> {
    file[..len].to_vec()
}

/// Flips `count` bits in `file[range]`, chosen by the seed.
pub fn flip_bits(file: &[u8], range: std::ops::Range<usize>, seed: u64, count: usize) -> Vec<u8> {
    let mut out = file.to_vec();
    let mut rng = Rng::new(seed);
    for _ in 0..count {
        let at = range.start + rng.below(range.len());
        out[at] ^= 1 << rng.below(8);
    }
    out
}

/// A shell stub before the program, as in self-extracting installers.
pub fn prefix_junk(file: &[u8]) -> Vec<u8> {
    [b"#!/bin/sh\nexit 0\n".as_slice(), file].concat()
}

/// Bytes after the end, like payloads and signatures.
pub fn trailing_junk(file: &[u8]) -> Vec<u8> {
    [file, &[0; 4096], b"PK\x03\x04junk"].concat()
}

pub fn gzip(file: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut w = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    w.write_all(file).unwrap();
    w.finish().unwrap()
}

/// One member of an `ar` archive, such as `go.o` of a c-archive.
pub fn ar_member(archive: &[u8], name: &str) -> Vec<u8> {
    let parsed = object::read::archive::ArchiveFile::parse(archive).unwrap();
    let member = parsed
        .members()
        .map(Result::unwrap)
        .find(|m| m.name() == name.as_bytes())
        .expect("member");
    member.data(archive).unwrap().to_vec()
}
