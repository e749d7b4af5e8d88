//! Packs a program into UPX's container, with its blocks stored uncompressed, as UPX does with blocks that do not shrink
//! (`p_unix.cpp`, `p_lx_elf.cpp`). Little-endian 64-bit ELF only.

use super::derive::Layout;

const MAGIC: &[u8] = b"UPX!";
/// UPX's number for ELF on amd64, and of its first method.
const FORMAT: u8 = 22;
const METHOD: u8 = 2;

/// The packed form of an ELF program.
pub fn pack(file: &[u8]) -> Vec<u8> {
    let l = Layout::of_elf(file);
    assert!(l.wide && !l.big, "not a 64-bit little-endian ELF");
    let count = l.get(file, 56, 2) as usize;
    let headers = 64 + 56 * count;
    let parts: Vec<(usize, usize)> = (0..count)
        .map(|i| 64 + 56 * i)
        .filter(|at| l.get(file, *at, 4) == 1 && l.get(file, at + 32, 8) > 0)
        .map(|at| {
            (
                l.get(file, at + 8, 8) as usize,
                l.get(file, at + 32, 8) as usize,
            )
        })
        .collect();
    let mut out = file[..64].to_vec();
    l.put(&mut out, 40, 8, 0);
    l.put(&mut out, 56, 2, 2);
    out[60..64].fill(0);
    // The stub's own two parts, whose content readers do not use.
    for _ in 0..2 {
        let mut part = [0u8; 56];
        part[0] = 1;
        part[4] = 5;
        l.put(&mut part, 16, 8, 0x40_0000);
        l.put(&mut part, 24, 8, 0x40_0000);
        l.put(&mut part, 32, 8, 4096);
        l.put(&mut part, 40, 8, 4096);
        out.extend(part);
    }
    out.extend(0x1234_5678_u32.to_le_bytes());
    out.extend(MAGIC);
    out.extend([0, 0, 13, FORMAT]);
    let start = out.len() as u32;
    let total = file.len() as u32;
    out.extend([0, total, total].map(u32::to_le_bytes).concat());
    let mut sum = (1, 0);
    let mut block = |out: &mut Vec<u8>, bytes: &[u8]| {
        if bytes.is_empty() {
            return;
        }
        let len = bytes.len() as u32;
        out.extend([len, len].map(u32::to_le_bytes).concat());
        out.extend([METHOD, 0, 0, 0]);
        out.extend(bytes);
        for byte in bytes {
            sum.0 = (sum.0 + u32::from(*byte)) % 65521;
            sum.1 = (sum.1 + sum.0) % 65521;
        }
    };
    block(&mut out, &file[..headers]);
    for (i, (offset, size)) in parts.iter().enumerate() {
        block(
            &mut out,
            &file[offset + if i == 0 { headers } else { 0 }..offset + size],
        );
    }
    for (i, (offset, size)) in parts.iter().enumerate() {
        let next = parts.get(i + 1).map_or(file.len(), |part| part.0);
        block(&mut out, &file[offset + size..next]);
    }
    let adler = sum.1 << 16 | sum.0;
    out.extend(0_u32.to_le_bytes());
    out.extend(MAGIC);
    out.extend(0_u32.to_le_bytes());
    let mut record = [MAGIC, &[13, FORMAT, METHOD, 9]].concat();
    record.extend(
        [adler, adler, total, total, total]
            .map(u32::to_le_bytes)
            .concat(),
    );
    record.extend([0, 0, 0]);
    let check: u32 = record[4..].iter().map(|b| u32::from(*b)).sum();
    record.push((check % 251) as u8);
    out.extend(record);
    out.extend(start.to_le_bytes());
    out
}
