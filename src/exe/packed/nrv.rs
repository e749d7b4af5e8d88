//! NRV2B, NRV2D and NRV2E: the byte-and-bit LZ77 formats of the UCL library (1.03, `n2b_d.c`, `n2d_d.c`, `n2e_d.c`).
//!
//! Control bits come in words of 8, 16 or 32 bits, highest bit first, that lie between the literal and offset bytes at
//! the place where the first of their bits is needed.

use super::UnpackError;
use super::sink::{Flaw, Sink};

/// The formats, as compile-time numbers: one decoder is made of each, with each width of control words.
const B: u8 = b'B';
const D: u8 = b'D';
const E: u8 = b'E';

/// Which of the three formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variant {
    B,
    D,
    E,
}

/// The stream: control words of `W` bytes among the bytes of literals and offsets.
struct Bits<'a, const W: usize> {
    src: &'a [u8],
    at: usize,
    /// Bits of the current word that are left, at the top.
    word: u32,
    left: u32,
}

impl<const W: usize> Bits<'_, W> {
    #[inline(always)]
    fn byte(&mut self) -> Result<u32, Flaw> {
        let byte = *self.src.get(self.at).ok_or(Flaw::Short)?;
        self.at += 1;
        Ok(u32::from(byte))
    }

    #[inline(always)]
    fn refill(&mut self) -> Result<(), Flaw> {
        let raw = self.src.get(self.at..self.at + W).ok_or(Flaw::Short)?;
        let word = raw
            .iter()
            .rev()
            .fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        self.word = word << (32 - 8 * W);
        self.at += W;
        self.left = 8 * W as u32;
        Ok(())
    }

    #[inline(always)]
    fn bit(&mut self) -> Result<u32, Flaw> {
        if self.left == 0 {
            self.refill()?;
        }
        let bit = self.word >> 31;
        self.word <<= 1;
        self.left -= 1;
        Ok(bit)
    }

    /// The literals up to the next match: as many as there are ones, each a byte of the stream.
    #[inline(always)]
    fn literals(&mut self, out: &mut Sink<'_>) -> Result<(), Flaw> {
        loop {
            if self.left == 0 {
                self.refill()?;
            }
            let run = (!self.word).leading_zeros().min(self.left);
            if run > 0 {
                out.extend(self.src, self.at, run as usize)?;
                self.at += run as usize;
                self.left -= run;
                self.word = self.word.checked_shl(run).unwrap_or(0);
            }
            if self.left > 0 {
                // The zero that ends the run.
                self.word <<= 1;
                self.left -= 1;
                return Ok(());
            }
        }
    }

    /// A number that ends within the next bits, if it is in the table and they are all here.
    #[inline(always)]
    fn short(&mut self, table: &[(u8, u8); 256]) -> Option<u32> {
        let (used, number) = *table.get(self.word as usize >> 24)?;
        let used = u32::from(used);
        if used == 0 || used > self.left {
            return None;
        }
        self.word <<= used;
        self.left -= used;
        Some(u32::from(number))
    }

    /// An open-ended number: a value bit, then a stop bit, from a leading one.
    #[inline(always)]
    fn gamma(&mut self) -> Result<u32, Flaw> {
        static SHORT: [(u8, u8); 256] = short_numbers(false);
        if let Some(n) = self.short(&SHORT) {
            return Ok(n);
        }
        let mut n: u32 = 1;
        loop {
            n = n.checked_mul(2).ok_or(Flaw::Bad)? + self.bit()?;
            if self.bit()? == 1 {
                return Ok(n);
            }
        }
    }

    /// The offset prefix of NRV2D and NRV2E: as [`Bits::gamma`], with a second value bit a round.
    #[inline(always)]
    fn prefix(&mut self) -> Result<u32, Flaw> {
        static SHORT: [(u8, u8); 256] = short_numbers(true);
        if let Some(n) = self.short(&SHORT) {
            return Ok(n);
        }
        let mut n: u32 = 1;
        loop {
            n = n.checked_mul(2).ok_or(Flaw::Bad)? + self.bit()?;
            if self.bit()? == 1 {
                return Ok(n);
            }
            n = (n - 1).checked_mul(2).ok_or(Flaw::Bad)? + self.bit()?;
        }
    }
}

/// For each eight bits how many of them make a whole number (0: none), and that number. `wide`: with the second value bit of a prefix.
const fn short_numbers(wide: bool) -> [(u8, u8); 256] {
    let mut table = [(0, 0); 256];
    let mut bits = 0;
    while bits < 256 {
        let (mut used, mut n) = (0, 1);
        while used + 2 <= 8 {
            n = n * 2 + (bits >> (7 - used) & 1);
            let stop = bits >> (6 - used) & 1;
            used += 2;
            if stop == 1 {
                table[bits] = (used as u8, n as u8);
                break;
            }
            if wide {
                if used == 8 {
                    break;
                }
                n = (n - 1) * 2 + (bits >> (7 - used) & 1);
                used += 1;
            }
        }
        bits += 1;
    }
    table
}

/// Expands `src`, a stream of exactly `want` bytes, or the first `until` of them, appended to `out`. `width`: bytes of a control word.
pub(super) fn expand(
    variant: Variant,
    width: usize,
    src: &[u8],
    (want, until): (usize, usize),
    out: &mut Vec<u8>,
) -> Result<(), UnpackError> {
    let decode = match (variant, width) {
        (Variant::B, 1) => decode::<B, 1>,
        (Variant::B, 2) => decode::<B, 2>,
        (Variant::B, _) => decode::<B, 4>,
        (Variant::D, 1) => decode::<D, 1>,
        (Variant::D, 2) => decode::<D, 2>,
        (Variant::D, _) => decode::<D, 4>,
        (Variant::E, 1) => decode::<E, 1>,
        (Variant::E, 2) => decode::<E, 2>,
        (Variant::E, _) => decode::<E, 4>,
    };
    let mut sink = Sink::new(out, want, until).map_err(|flaw| flaw.of(STREAM))?;
    let result = decode(src, &mut sink);
    let finished = sink.finish();
    result.and(finished).map_err(|flaw| flaw.of(STREAM))
}

const STREAM: &str = "an NRV stream";

fn decode<const V: u8, const W: usize>(src: &[u8], out: &mut Sink<'_>) -> Result<(), Flaw> {
    let mut bits = Bits::<W> {
        src,
        at: 0,
        word: 0,
        left: 0,
    };
    let mut last: u32 = 1;
    loop {
        bits.literals(out)?;
        let code = if V == B {
            bits.gamma()?
        } else {
            bits.prefix()?
        };
        let mut len;
        if code == 2 {
            len = if V == B { 0 } else { bits.bit()? };
        } else {
            // An offset of all ones ends the stream; anything longer than its 32 bits is an error.
            let high = code
                .checked_sub(3)
                .filter(|high| *high <= 0x00ff_ffff)
                .ok_or(Flaw::Bad)?;
            let mut offset = high << 8 | bits.byte()?;
            if offset == u32::MAX {
                return Ok(());
            }
            len = 0;
            if V != B {
                len = !offset & 1;
                offset >>= 1;
            }
            last = offset + 1;
        }
        let far = if V == B {
            len = bits.bit()?;
            0xd00
        } else {
            0x500
        };
        len = if V == E {
            if len == 1 {
                1 + bits.bit()?
            } else if bits.bit()? == 1 {
                3 + bits.bit()?
            } else {
                bits.gamma()?.checked_add(3).ok_or(Flaw::Bad)?
            }
        } else {
            match len * 2 + bits.bit()? {
                0 => bits.gamma()?.checked_add(2).ok_or(Flaw::Bad)?,
                n => n,
            }
        };
        out.copy(last as usize, len as usize + 1 + usize::from(last > far))?;
        if out.is_partial_and_enough() {
            return Ok(());
        }
    }
}
