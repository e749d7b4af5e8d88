//! ELF and Mach-O programs, block by block.

use super::*;

/// How to pack.
#[derive(Clone, Copy)]
pub struct Style {
    pub method: u8,
    pub wide: bool,
    pub big: bool,
    /// Largest block.
    pub block: usize,
    /// Bytes of stub between the loaded parts and the gaps.
    pub stub: usize,
    /// Bytes of notes before the stream.
    pub notes: usize,
    /// Whether the stub follows the end mark instead.
    pub late: bool,
}

pub const PLAIN: Style = Style {
    method: 8,
    wide: true,
    big: false,
    block: 1 << 20,
    stub: 200,
    notes: 0,
    late: false,
};

/// An ELF header with program headers for `parts` (offset, size), and a section table at `sections`.
pub fn elf_headers(style: Style, parts: &[(usize, usize)], sections: usize) -> Vec<u8> {
    let mut w = Writer {
        out: Vec::new(),
        style,
    };
    w.out.extend(b"\x7fELF");
    w.out.extend([
        1 + u8::from(style.wide),
        1 + u8::from(style.big),
        1,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
    ]);
    w.half(2).half(if style.wide { 62 } else { 40 }).int(1);
    w.word(0x40_1000)
        .word(if style.wide { 64 } else { 52 })
        .word(sections as u64)
        .int(0);
    let [header, entry, section] = if style.wide {
        [64, 56, 64]
    } else {
        [52, 32, 40]
    };
    w.half(header)
        .half(entry)
        .half(parts.len() as u16)
        .half(section)
        .half(3)
        .half(2);
    for (offset, size) in parts {
        let (offset, size) = (*offset as u64, *size as u64);
        w.int(1);
        if style.wide {
            w.int(5);
        }
        w.word(offset)
            .word(0x40_0000 + offset)
            .word(0x40_0000 + offset)
            .word(size)
            .word(size);
        if !style.wide {
            w.int(5);
        }
        w.word(0x1000);
    }
    w.out
}

/// A program with two loaded parts, a gap between them and a section table at the end.
pub fn elf_original(style: Style) -> (Vec<u8>, Vec<(usize, usize)>) {
    let parts = vec![(0, 3000), (4096, 2500)];
    let mut image = sample(7200, 7);
    let headers = elf_headers(style, &parts, 6800);
    image[..headers.len()].copy_from_slice(&headers);
    image[3000..4096].fill(0);
    (image, parts)
}

/// Packs a file with these loaded parts as UPX packs ELF programs. `headers` is the length of the first block, `front` are the
/// bytes before the stream.
pub fn stream(
    style: Style,
    front: Vec<u8>,
    original: &[u8],
    headers: usize,
    parts: &[(usize, usize)],
    id: u8,
) -> Vec<u8> {
    let mut w = Writer { out: front, style };
    w.out.resize(w.out.len() + style.notes, b'n');
    w.int(0x1234_5678).out.extend(MAGIC);
    w.half(style.stub as u16).out.extend([13, id]);
    let start = w.out.len();
    w.int(0).int(original.len() as u32).int(style.block as u32);
    let (mut stored_sum, mut sum) = (Adler::new(), Adler::new());
    let mut block = |w: &mut Writer, bytes: &[u8]| {
        let packed = nrv(style.method, bytes);
        let stored = if packed.len() < bytes.len() {
            &packed[..]
        } else {
            bytes
        };
        w.int(bytes.len() as u32).int(stored.len() as u32);
        w.out.extend([
            if stored.len() < bytes.len() {
                style.method
            } else {
                0
            },
            0,
            0,
            0,
        ]);
        w.out.extend(stored);
        stored_sum.add(stored);
        sum.add(bytes);
    };
    block(&mut w, &original[..headers]);
    for (i, (offset, size)) in parts.iter().enumerate() {
        let skip = if i == 0 { headers } else { 0 };
        for piece in original[offset + skip..offset + size].chunks(style.block) {
            block(&mut w, piece);
        }
    }
    if !style.late {
        add_stub(&mut w);
    }
    for (i, (offset, size)) in parts.iter().enumerate() {
        let next = parts.get(i + 1).map_or(original.len(), |part| part.0);
        for piece in original[offset + size..next].chunks(style.block) {
            block(&mut w, piece);
        }
    }
    w.int(0).out.extend(MAGIC);
    w.int(0);
    if style.late {
        add_stub(&mut w);
    }
    let len = original.len() as u32;
    w.out.extend(record(
        id,
        style.method,
        [sum.value(), stored_sum.value()],
        [len, len],
        [0, 0],
    ));
    w.int(start as u32);
    w.out
}

fn add_stub(w: &mut Writer) {
    if w.style.stub > 0 {
        w.out.resize(w.out.len().next_multiple_of(4), 0);
        let end = w.out.len() + w.style.stub;
        w.out.extend(b"$Info: UPX! $\n$Id: UPX 9.87 Copyright $\n");
        w.out.resize(end, 0x90);
    }
}

/// An ELF program packed in this style, and the original.
pub fn elf(style: Style) -> (Vec<u8>, Vec<u8>) {
    let (original, parts) = elf_original(style);
    let front = elf_headers(style, &[(0, 4096), (0, 9000)], 0);
    let headers = front.len();
    let format = if style.big { 132 } else { 22 };
    (
        stream(style, front, &original, headers, &parts, format),
        original,
    )
}

/// A Mach-O program packed in this style, and the original. The segment with the higher address comes first.
pub fn macho(style: Style) -> (Vec<u8>, Vec<u8>) {
    let parts = [(3000_usize, 2000_usize, 0x9000_u64), (0, 3000, 0x1000)];
    let mut w = Writer {
        out: Vec::new(),
        style,
    };
    let (segment, header) = if style.wide { (72, 32) } else { (56, 28) };
    w.int(if style.wide { 0xfeed_facf } else { 0xfeed_face })
        .int(7)
        .int(3)
        .int(2);
    w.int(2).int(2 * segment).int(0);
    w.out.resize(header, 0);
    for (offset, size, address) in parts {
        w.int(if style.wide { 0x19 } else { 1 }).int(segment);
        w.out.extend([0; 16]);
        w.word(address)
            .word(0x3000)
            .word(offset as u64)
            .word(size as u64);
        w.out.extend([0; 16]);
    }
    let front = w.out;
    let mut original = sample(5300, 9);
    original[..front.len()].copy_from_slice(&front);
    let headers = front.len();
    let parts = [(0, 3000), (3000, 2000)];
    (
        stream(
            style,
            front,
            &original,
            headers,
            &parts,
            if style.big { 131 } else { 29 },
        ),
        original,
    )
}
