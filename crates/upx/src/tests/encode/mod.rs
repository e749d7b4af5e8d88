//! Packers for tests: they write what UPX would write.

mod elf;
mod nrv;
mod pe;

pub use elf::{PLAIN, Style, elf, elf_original, macho};
pub use nrv::nrv;
pub use pe::pe;

use crate::header::{Adler, MAGIC};

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

pub fn adler(data: &[u8]) -> u32 {
    let mut adler = Adler::new();
    adler.add(data);
    adler.value()
}

/// The 32-byte record with its checksum.
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

/// Bytes that look like x86 code, with calls inside, and the offsets of the calls.
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

/// Applies filters 0x24 to 0x49.
pub fn mark_calls(code: &mut [u8], calls: &[usize], cto: u8, add: u32) {
    for at in calls {
        let field = &mut code[at + 1..at + 5];
        let relative = u32::from_le_bytes(field.try_into().unwrap());
        let target =
            relative.wrapping_add(*at as u32 + 1).wrapping_add(add) + (u32::from(cto) << 24);
        field.copy_from_slice(&target.to_be_bytes());
    }
}
