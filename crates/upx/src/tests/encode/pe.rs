//! PE programs: one stream, with the data to undo calls, addresses and imports.

use super::*;

/// Addresses in the original of [`pe`].
pub const PE_BASE: usize = 0x1000;

/// Offsets (from the first section) of absolute addresses in it.
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

/// A PE program packed by method `method`, and the original: code with filtered calls, data with relocated addresses, one
/// import by name and one by number.
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

    // What UPX does before compression.
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
