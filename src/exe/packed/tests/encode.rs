//! Packers for tests: NRV encoders, forward filters, and the containers that UPX writes.

use crate::exe::packed::header::{Adler, MAGIC};

/// A small generator of repeatable noise (xorshift64).
pub struct Noise(pub u64);

impl Noise {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// Bytes with repeats near and far, runs, and noise.
pub fn sample(len: usize, seed: u64) -> Vec<u8> {
    let mut noise = Noise(seed | 1);
    let mut out: Vec<u8> = Vec::new();
    while out.len() < len {
        match noise.below(4) {
            0 => out.extend((0..noise.below(40)).map(|_| noise.next() as u8)),
            1 => out.extend(std::iter::repeat_n(noise.next() as u8, noise.below(300))),
            _ if !out.is_empty() => {
                let back = 1 + noise.below(out.len());
                let from = out.len() - back;
                for i in 0..noise.below(60) {
                    out.push(out[from + i]);
                }
            }
            _ => {}
        }
    }
    out.truncate(len);
    out
}

/// Control bits in words of `width` bytes, placed where their first bit is needed.
struct Bits {
    out: Vec<u8>,
    width: usize,
    word_at: usize,
    used: usize,
}

impl Bits {
    fn bit(&mut self, bit: u32) {
        if self.used == self.width * 8 {
            self.word_at = self.out.len();
            self.out.resize(self.out.len() + self.width, 0);
            self.used = 0;
        }
        let from_top = self.width * 8 - 1 - self.used;
        self.out[self.word_at + from_top / 8] |= (bit as u8) << (from_top % 8);
        self.used += 1;
    }

    /// A value bit, then a stop bit, for each binary digit but the first.
    fn gamma(&mut self, n: u32) {
        for i in (0..n.ilog2()).rev() {
            self.bit(n >> i & 1);
            self.bit(u32::from(i == 0));
        }
    }

    fn prefix(&mut self, mut n: u32) {
        let mut steps = vec![n & 1];
        while n >> 1 != 1 {
            n >>= 1;
            steps.push(n & 1);
            n = (n >> 1) + 1;
            steps.push(n & 1);
        }
        steps.reverse();
        self.bit(steps[0]);
        for pair in steps[1..].chunks(2) {
            self.bit(0);
            self.bit(pair[0]);
            self.bit(pair[1]);
        }
        self.bit(1);
    }
}

/// Compresses with UPX's method number 2 to 10, with the nearest of a few candidates as matches.
pub fn nrv(method: u8, data: &[u8]) -> Vec<u8> {
    let variant = (method - 2) / 3;
    let width = [4, 1, 2][usize::from((method - 2) % 3)];
    let mut bits = Bits {
        out: Vec::new(),
        width,
        word_at: 0,
        used: width * 8,
    };
    let far = if variant == 0 { 0xd00 } else { 0x500 };
    let mut seen = std::collections::HashMap::new();
    let (mut at, mut last) = (0, 1_usize);
    while at < data.len() {
        let key = data.get(at..at + 3);
        let candidate = key
            .and_then(|key| seen.insert(key, at))
            .map_or(last, |from| at - from);
        let mut best = (0, 0);
        for back in [last, candidate] {
            let len = if back > at {
                0
            } else {
                (at..data.len())
                    .take_while(|i| data[*i] == data[*i - back])
                    .count()
            };
            best = best.max((len, back));
        }
        let (len, back) = best;
        if len < 4 {
            bits.bit(1);
            bits.out.push(data[at]);
            at += 1;
            continue;
        }
        bits.bit(0);
        let length = (len - 1 - usize::from(back > far)) as u32;
        let flag = match variant {
            1 => u32::from((2..4).contains(&length)),
            2 => u32::from(length <= 2),
            _ => 0,
        };
        if back == last {
            if variant == 0 {
                bits.gamma(2)
            } else {
                bits.prefix(2)
            }
            if variant > 0 {
                bits.bit(flag);
            }
        } else {
            let offset = back as u32 - 1;
            let raw = if variant == 0 {
                offset
            } else {
                offset << 1 | (1 - flag)
            };
            if variant == 0 {
                bits.gamma((raw >> 8) + 3)
            } else {
                bits.prefix((raw >> 8) + 3)
            }
            bits.out.push(raw as u8);
            last = back;
        }
        match (variant, length) {
            (0, 1..4) => {
                bits.bit(length >> 1);
                bits.bit(length & 1);
            }
            (1, 1..4) => bits.bit(length & 1),
            (0, 4..) => {
                bits.bit(0);
                bits.bit(0);
                bits.gamma(length - 2);
            }
            (1, 4..) => {
                bits.bit(0);
                bits.gamma(length - 2);
            }
            (2, 1..3) => bits.bit(length - 1),
            (2, 3..5) => {
                bits.bit(1);
                bits.bit(length - 3);
            }
            _ => {
                bits.bit(0);
                bits.gamma(length - 3);
            }
        }
        at += len;
    }
    bits.bit(0);
    if variant == 0 {
        bits.gamma(0x0100_0002)
    } else {
        bits.prefix(0x0100_0002)
    }
    bits.out.push(0xff);
    bits.out
}

fn adler(data: &[u8]) -> u32 {
    let mut adler = Adler::new();
    adler.add(data);
    adler.value()
}

/// The 32-byte record with its own checksum.
pub fn record(
    format: u8,
    method: u8,
    adlers: [u32; 2],
    lens: [u32; 2],
    filter: [u8; 2],
) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend([13, format, method, 9]);
    let big = format >= 128;
    let order = if big { [lens, adlers] } else { [adlers, lens] };
    for n in order.concat().into_iter().chain([lens[0]]) {
        out.extend(if big {
            n.to_be_bytes()
        } else {
            n.to_le_bytes()
        });
    }
    out.extend([filter[0], filter[1], 0]);
    let sum: u32 = out[4..].iter().map(|b| u32::from(*b)).sum();
    out.push((sum % 251) as u8);
    out
}

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
    /// The stub follows the end mark instead.
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

/// Writes integers in a style's order and width.
pub struct Writer {
    pub out: Vec<u8>,
    pub style: Style,
}

impl Writer {
    pub fn half(&mut self, n: u16) -> &mut Self {
        self.out.extend(if self.style.big {
            n.to_be_bytes()
        } else {
            n.to_le_bytes()
        });
        self
    }

    pub fn int(&mut self, n: u32) -> &mut Self {
        self.out.extend(if self.style.big {
            n.to_be_bytes()
        } else {
            n.to_le_bytes()
        });
        self
    }

    pub fn word(&mut self, n: u64) -> &mut Self {
        if !self.style.wide {
            return self.int(n as u32);
        }
        self.out.extend(if self.style.big {
            n.to_be_bytes()
        } else {
            n.to_le_bytes()
        });
        self
    }
}

/// An ELF header with program headers for `parts` (offset, size), and a section table said to be at `sections`.
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

/// A program with two loaded parts, a gap between them and a section table behind.
pub fn elf_original(style: Style) -> (Vec<u8>, Vec<(usize, usize)>) {
    let parts = vec![(0, 3000), (4096, 2500)];
    let mut image = sample(7200, 7);
    let headers = elf_headers(style, &parts, 6800);
    image[..headers.len()].copy_from_slice(&headers);
    image[3000..4096].fill(0);
    (image, parts)
}

/// Packs a file with these loaded parts as UPX packs ELF programs; `headers` is the length of the first block and
/// `front` what stands before the stream.
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

/// A Mach-O program packed in this style, and the original; the segment with the higher address comes first.
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

/// Addresses in [`pe`]'s original.
pub const PE_BASE: usize = 0x1000;
/// Places (from the first section) of absolute addresses in it.
pub const PE_POINTERS: [usize; 4] = [0x1008, 0x1010, 0x1020, 0x1ff0];

/// PE headers up to the end of the section table.
fn pe_headers(
    wide: bool,
    sections: &[(&[u8; 8], usize, usize, usize)],
    directories: &[(usize, u32, u32)],
) -> Vec<u8> {
    let len = if wide { 264 } else { 248 };
    let mut out = vec![0; len];
    let mut put = |at: usize, bytes: &[u8]| out[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"PE\0\0");
    put(4, &(if wide { 0x8664_u16 } else { 0x14c }).to_le_bytes());
    put(6, &(sections.len() as u16).to_le_bytes());
    put(20, &(len as u16 - 24).to_le_bytes());
    put(22, &0x22_u16.to_le_bytes());
    put(24, &(if wide { 0x20b_u16 } else { 0x10b }).to_le_bytes());
    put(28, &0x800_u32.to_le_bytes());
    put(44, &(PE_BASE as u32).to_le_bytes());
    if wide {
        put(48, &0x1_4000_0000_u64.to_le_bytes());
    } else {
        put(52, &0x40_0000_u32.to_le_bytes());
    }
    put(len - 132, &16_u32.to_le_bytes());
    for (n, at, size) in directories {
        put(len - 128 + n * 8, &at.to_le_bytes());
        put(len - 124 + n * 8, &size.to_le_bytes());
    }
    for (name, address, size, raw) in sections {
        out.extend(*name);
        for n in [*size, *address, *size, *raw, 0, 0, 0, 0] {
            out.extend((n as u32).to_le_bytes());
        }
    }
    out
}

fn dos_stub() -> Vec<u8> {
    let mut out = b"MZ".to_vec();
    out.resize(0x80, 0);
    out[60] = 0x80;
    out
}

/// A PE program packed by method `method`, and the original: code with filtered calls, data with relocated addresses
/// and one import by name and one by number.
pub fn pe(method: u8, wide: bool) -> (Vec<u8>, Vec<u8>) {
    let sections: [(&[u8; 8], usize, usize, usize); 3] = [
        (b".text\0\0\0", 0x1000, 0x1000, 0x400),
        (b".data\0\0\0", 0x2000, 0x1000, 0x1400),
        (b".reloc\0\0", 0x3000, 0x200, 0x2400),
    ];
    let directories = [(1, 0x2800, 0x80), (5, 0x3000, 28)];
    let headers = pe_headers(wide, &sections, &directories);
    let (mut memory, calls) = code(0x800);
    memory.resize(0x1000, 0);
    memory.extend(sample(0x1000, 3));
    memory.resize(0x2200, 0);
    let width = if wide { 8 } else { 4 };
    memory[0x1800..0x1980].fill(0);
    let mut put = |at: usize, bytes: &[u8]| memory[at..at + bytes.len()].copy_from_slice(bytes);
    let image_base: u64 = if wide { 0x1_4000_0000 } else { 0x40_0000 };
    for at in PE_POINTERS {
        put(
            at,
            &(image_base + 0x1234 + at as u64).to_le_bytes()[..width],
        );
    }
    // The import directory: one descriptor, its table, then names.
    put(0x1800 + 12, &0x2840_u32.to_le_bytes());
    put(0x1800 + 16, &0x2900_u32.to_le_bytes());
    put(0x1840, b"DLL.dll\0");
    put(0x184a, b"Call\0");
    put(0x1900, &0x2848_u32.to_le_bytes());
    put(0x1900 + width, &7_u32.to_le_bytes());
    put(0x1900 + 2 * width - 1, &[0x80]);
    put(0x1852, b"Exit\0");
    put(0x1900 + 2 * width, &0x2850_u32.to_le_bytes());
    // The relocation table: two pages.
    put(0x2000, &0x2000_u32.to_le_bytes());
    put(0x2004, &16_u32.to_le_bytes());
    for (i, at) in PE_POINTERS.iter().enumerate() {
        let kind = if wide { 0xa000 } else { 0x3000 };
        put(0x2008 + 2 * i, &(kind | (at & 0xfff) as u16).to_le_bytes());
    }
    let mut original = dos_stub();
    original.extend(&headers);
    for (_, address, size, raw) in sections {
        original.resize(raw, 0);
        original.extend(&memory[address - PE_BASE..address - PE_BASE + size]);
    }

    // What UPX does before it compresses.
    mark_calls(&mut memory[..0x800], &calls, 0x7e, 0);
    let mut list = Vec::new();
    let mut last = -4_i64;
    for at in PE_POINTERS {
        let value = 0x1234 + at as u64 - PE_BASE as u64;
        memory[at..at + width].copy_from_slice(&value.to_be_bytes()[8 - width..]);
        let step = at as i64 - last;
        if step < 0xf0 {
            list.push(step as u8);
        } else {
            list.extend([0xf0 | (step >> 16) as u8, step as u8, (step >> 8) as u8]);
        }
        last = at as i64;
    }
    list.push(0);
    memory[0x1800..0x1920].fill(0);
    memory[0x2000..0x2020].fill(0);
    let imports = memory.len() as u32;
    memory.extend(0x20_u32.to_le_bytes());
    memory.extend(0x1900_u32.to_le_bytes());
    memory.extend(b"\x01Call\0\xff\x07\0\x01Exit\0\0\0\0\0\0");
    let relocations = memory.len() as u32;
    memory.extend(&list);
    let notes = memory.len() as u32;
    memory.extend(&headers);
    memory.extend(imports.to_le_bytes());
    memory.extend(0x2840_u32.to_le_bytes());
    memory.extend(relocations.to_le_bytes());
    memory.push(0);
    memory.extend(notes.to_le_bytes());

    let stored = nrv(method, &memory);
    let adlers = [adler(&memory), adler(&stored)];
    let lens = [memory.len() as u32, stored.len() as u32];
    let record = record(
        if wide { 36 } else { 9 },
        method,
        adlers,
        lens,
        [0x26, 0x7e],
    );
    let body = 0x220 + stored.len();
    let end = body.next_multiple_of(0x200) + 0x200;
    let sections: [(&[u8; 8], usize, usize, usize); 3] = [
        (b"UPX0\0\0\0\0", 0x1000, 0, 0x200),
        (b"UPX1\0\0\0\0", 0x5000, end - 0x200, 0x200),
        (b".rsrc\0\0\0", 0x9000, 0x200, end),
    ];
    let mut packed = dos_stub();
    packed.extend(pe_headers(wide, &sections, &[(1, 0x9000, 0x80)]));
    packed.resize(0x200 - 5, 0);
    packed.extend(b"3.96\0");
    packed.extend(record);
    packed.extend(stored);
    packed.resize(end + 0x20, 0);
    packed.extend(b"DLL.dll\0");
    packed.resize(end + 0x200, 0);
    (packed, original)
}

/// x86-like bytes with calls to places inside, and where the calls are.
pub fn code(len: usize) -> (Vec<u8>, Vec<usize>) {
    let mut noise = Noise(99);
    let mut out: Vec<u8> = (0..len)
        .map(|_| 0x10 + (noise.next() % 0x40) as u8)
        .collect();
    let calls: Vec<usize> = (0..len - 16).step_by(23).collect();
    for at in &calls {
        out[*at] = 0xe8;
        let target = noise.below(len) as u32;
        out[at + 1..at + 5].copy_from_slice(&target.wrapping_sub(*at as u32 + 1).to_le_bytes());
    }
    (out, calls)
}

/// The forward direction of filters 0x24 to 0x49.
pub fn mark_calls(code: &mut [u8], calls: &[usize], cto: u8, add: u32) {
    for at in calls {
        let field = &mut code[at + 1..at + 5];
        let relative = u32::from_le_bytes(field.try_into().unwrap());
        let target =
            relative.wrapping_add(*at as u32 + 1).wrapping_add(add) + (u32::from(cto) << 24);
        field.copy_from_slice(&target.to_be_bytes());
    }
}
