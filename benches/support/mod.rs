//! Helpers of the benches: processor time, random text that compresses, tar headers.
#![allow(dead_code)] // every bench is a crate of its own and uses a part

use rustix::time::{ClockId, clock_gettime};

/// Seconds of processor time that this process used during `work`.
pub fn processor_time(work: &dyn Fn()) -> f64 {
    let now = || {
        let t = clock_gettime(ClockId::ProcessCPUTime);
        t.tv_sec as f64 + t.tv_nsec as f64 / 1e9
    };
    let start = now();
    work();
    now() - start
}

pub fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The number on the command line, if any.
pub fn rounds(usual: usize) -> usize {
    std::env::args()
        .find_map(|a| a.parse().ok())
        .unwrap_or(usual)
        .max(1)
}

/// A seeded generator (xorshift).
pub struct Noise(pub u64);

impl Noise {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }

    /// Words of a small vocabulary; like text they compress to about a third.
    pub fn text(&mut self, len: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(len + 16);
        while out.len() < len {
            let word = self.next() % 4000;
            let letters = 2 + word % 9;
            let mut state = word.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            for _ in 0..letters {
                out.push(b'a' + (state % 26) as u8);
                state /= 26;
            }
            out.push(if self.next().is_multiple_of(12) {
                b'\n'
            } else {
                b' '
            });
        }
        out.truncate(len);
        out
    }
}

/// The ustar header of a file.
pub fn header(name: &str, len: usize) -> [u8; 512] {
    let mut header = [0u8; 512];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, b"0000755\x000000000\x000000000\x00");
    put(
        124,
        format!("{len:011o}\x0000000000000\x00        0").as_bytes(),
    );
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}
