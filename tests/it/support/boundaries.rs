//! Offsets where a structure of an executable begins or ends: cuts at these places are most likely to be mishandled. For valid
//! files only.

use super::derive::Layout;

/// Every structural offset in the file, sorted and unique, always including some in the first bytes.
pub fn header_boundaries(file: &[u8]) -> Vec<usize> {
    let mut cuts = vec![0, 1, 3, 4, 8, 15, 16, 20, 31, 32, 40, 52, 63, 64];
    match file {
        [0x7f, b'E', b'L', b'F', ..] => elf(file, &mut cuts),
        [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => macho(file, &mut cuts),
        [b'M', b'Z', ..] => pe(file, &mut cuts),
        [0x01, 0xdf | 0xf7, ..] => xcoff(file, &mut cuts),
        [0x64, 0x86 | 0xaa, ..] => coff(file, &mut cuts),
        [0, b'a', b's', b'm', ..] => wasm(file, &mut cuts),
        [b'!', b'<', b'a', b'r', ..] => ar(file, &mut cuts),
        _ => plan9(file, &mut cuts),
    }
    cuts.retain(|&at| at < file.len());
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

const LE: Layout = Layout {
    big: false,
    wide: true,
};
const BE: Layout = Layout {
    big: true,
    wide: true,
};

/// A field of `size` bytes as an offset or count.
fn at(l: Layout, file: &[u8], offset: usize, size: usize) -> usize {
    l.get(file, offset, size) as usize
}

/// An object: file header, optional header, section headers, and the contents, relocations and symbols that they refer to.
fn coff(file: &[u8], cuts: &mut Vec<usize>) {
    let start = 20 + at(LE, file, 16, 2);
    let (symbols, count) = (at(LE, file, 8, 4), at(LE, file, 12, 4));
    cuts.extend([start, symbols, symbols + 18, symbols + 18 * count]);
    for header in (0..at(LE, file, 2, 2)).map(|n| start + n * 40) {
        let (size, from) = (at(LE, file, header + 16, 4), at(LE, file, header + 20, 4));
        cuts.extend([header, from, from + size, at(LE, file, header + 24, 4)]);
    }
}

fn elf(file: &[u8], cuts: &mut Vec<usize>) {
    let l = Layout::of_elf(file);
    let word = l.pick(4, 8);
    let tables = [
        (l.pick(28, 32), l.pick(42, 54), l.pick(4, 8)),
        (l.pick(32, 40), l.pick(46, 58), l.pick(16, 24)),
    ];
    for (i, (table, counts, offset_field)) in tables.into_iter().enumerate() {
        let (start, size, count) = (
            at(l, file, table, word),
            at(l, file, counts, 2),
            at(l, file, counts + 2, 2),
        );
        cuts.extend((0..=count).map(|n| start + n * size));
        for header in (0..count).map(|n| start + n * size) {
            let length_field = match i {
                0 => l.pick(16, 32),
                _ => l.pick(20, 32),
            };
            let from = at(l, file, header + offset_field, word);
            cuts.extend([from, from + at(l, file, header + length_field, word)]);
        }
    }
}

fn macho(file: &[u8], cuts: &mut Vec<usize>) {
    let mut offset = if file[0] == 0xcf { 32 } else { 28 };
    for _ in 0..at(LE, file, 16, 4) {
        cuts.push(offset);
        if at(LE, file, offset, 4) == 0x19 {
            let from = at(LE, file, offset + 40, 8);
            cuts.extend([from, from + at(LE, file, offset + 48, 8)]);
        }
        offset += at(LE, file, offset + 4, 4);
    }
    cuts.push(offset);
}

fn pe(file: &[u8], cuts: &mut Vec<usize>) {
    let coff = at(LE, file, 0x3c, 4) + 4;
    let sections = coff + 20 + at(LE, file, coff + 16, 2);
    let count = at(LE, file, coff + 2, 2);
    cuts.extend([coff - 4, coff, coff + 20]);
    for header in (0..=count).map(|n| sections + 40 * n) {
        cuts.push(header);
        if header < sections + 40 * count {
            let from = at(LE, file, header + 20, 4);
            cuts.extend([from, from + at(LE, file, header + 16, 4)]);
        }
    }
}

fn xcoff(file: &[u8], cuts: &mut Vec<usize>) {
    let sections = 24 + at(BE, file, 16, 2);
    for header in (0..at(BE, file, 2, 2)).map(|n| sections + 72 * n) {
        let from = at(BE, file, header + 32, 8);
        cuts.extend([
            header,
            header + 72,
            from,
            from + at(BE, file, header + 24, 8),
        ]);
    }
    cuts.push(at(BE, file, 8, 8));
}

fn wasm(file: &[u8], cuts: &mut Vec<usize>) {
    let mut offset = 8;
    while offset < file.len() {
        cuts.extend([offset, offset + 1]);
        let (mut len, mut shift) = (0, 0);
        loop {
            offset += 1;
            len |= usize::from(file[offset] & 0x7f) << shift;
            shift += 7;
            if file[offset] < 0x80 {
                break;
            }
        }
        cuts.push(offset + 1);
        offset += 1 + len;
    }
}

fn ar(file: &[u8], cuts: &mut Vec<usize>) {
    let mut offset = 8;
    while offset + 60 <= file.len() {
        let size: usize = std::str::from_utf8(&file[offset + 48..offset + 58])
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        cuts.extend([offset, offset + 30, offset + 60, offset + 60 + size]);
        offset += 60 + size.next_multiple_of(2);
    }
}

/// Text starts after the header of 32 bytes, or 40 with a 64-bit entry; data, symbols and line tables follow.
fn plan9(file: &[u8], cuts: &mut Vec<usize>) {
    let mut offset = if file[2] & 0x80 != 0 { 40 } else { 32 };
    for field in [4, 8, 16, 24, 28] {
        offset += at(BE, file, field, 4);
        cuts.push(offset);
    }
}
