//! NRV2B, NRV2D and NRV2E: the byte-and-bit LZ77 formats of the UCL library (1.03, `n2b_d.c`, `n2d_d.c`, `n2e_d.c`).
//!
//! Control bits come in words of 8, 16 or 32 bits, highest bit first. Each word is among the literal and offset bytes, where
//! the first of its bits is needed.

use super::UnpackError;
use super::sink::{Flaw, Sink};

/// The formats as compile-time numbers: there is one decoder for each format and width of control words.
const B: u8 = b'B';
const D: u8 = b'D';
const E: u8 = b'E';

/// One of the three formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variant {
    B,
    D,
    E,
}

/// The stream: control words of `W` bytes among the literal and offset bytes.
struct Bits<'a, const W: usize> {
    src: &'a [u8],
    at: usize,
    /// The remaining bits of the current word, at the top; zeros below.
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

    /// The next control word, with its bits at the top; 0 at the end of the stream.
    #[inline(always)]
    fn next_word(&self) -> u32 {
        let rest = self.src.get(self.at..).unwrap_or_default();
        let Some(raw) = rest.first_chunk::<W>() else {
            return 0;
        };
        let mut word = [0; 4];
        word[4 - W..].copy_from_slice(raw);
        u32::from_le_bytes(word)
    }

    /// The bits of this word and the next, at the top. Valid until a byte is read, which would move the next word.
    #[inline(always)]
    fn ahead(&self) -> u64 {
        u64::from(self.word) << 32 | u64::from(self.next_word()) << 32 >> self.left
    }

    /// Consumes the first `used` of the bits in [`Self::ahead`]: at most those of this word and the next.
    #[inline(always)]
    fn skip(&mut self, used: u32) -> Result<(), Flaw> {
        if used <= self.left {
            self.word <<= used & 31;
            self.left -= used;
            return Ok(());
        }
        let next = self.next_word();
        self.at += W;
        self.word = next << (used - self.left);
        self.left += 8 * W as u32 - used;
        if self.at > self.src.len() {
            return Err(Flaw::Short);
        }
        Ok(())
    }

    #[inline(always)]
    fn bit(&mut self) -> Result<u32, Flaw> {
        let bit = (self.ahead() >> 63) as u32;
        self.skip(1)?;
        Ok(bit)
    }

    /// The literals up to the next match: as many as there are ones, each a byte of the stream.
    #[inline(always)]
    fn literals(&mut self, out: &mut Sink<'_>) -> Result<(), Flaw> {
        loop {
            let run = (!self.word).leading_zeros().min(self.left);
            out.extend(self.src, self.at, run as usize)?;
            self.at += run as usize;
            if run < self.left {
                // Also consume the zero that ends the run.
                self.word = self.word << run << 1;
                self.left -= run + 1;
                return Ok(());
            }
            self.word = self.next_word();
            self.left = 8 * W as u32;
            self.at += W;
            if self.at > self.src.len() {
                return Err(Flaw::Short);
            }
        }
    }

    /// A number of any length: a leading one, then value bits, each followed by a stop bit.
    #[inline(always)]
    fn gamma(&mut self) -> Result<u32, Flaw> {
        let mut n = 1_u32;
        loop {
            n = n.checked_mul(2).ok_or(Flaw::Bad)? + self.bit()?;
            if self.bit()? == 1 {
                return Ok(n);
            }
        }
    }

    /// The number of any length in NRV2D and NRV2E: n becomes 2n + a bit and, unless a stop bit follows, 2(n - 1) + another
    /// bit.
    #[inline(always)]
    fn prefix(&mut self) -> Result<u32, Flaw> {
        // The stop bits of nine rounds, enough for offsets of 32 MiB; longer numbers occur only as the end mark.
        const STOPS: u64 = 0b010_010_010_010_010_010_010_010_010 << 37;
        let ahead = self.ahead();
        let stop = (ahead & STOPS).leading_zeros();
        if stop > 25 || W < 4 {
            return self.long_prefix();
        }
        self.skip(stop + 1)?;
        let values = VALUES[(ahead >> 55) as usize] as u32;
        let values = values << 6 | VALUES[(ahead >> 46 & 0x1ff) as usize] as u32;
        let values = values << 6 | VALUES[(ahead >> 37 & 0x1ff) as usize] as u32;
        let bits = 2 * (stop / 3) + 1;
        // Twice the sum of the 2 * 4^i that the rounds before the last subtract.
        let less = ((1 << (bits - 1)) - 1) / 3 * 4;
        Ok((1 << bits) + (values >> (18 - bits)) - less)
    }

    /// As [`Self::prefix`], bit by bit.
    #[cold]
    fn long_prefix(&mut self) -> Result<u32, Flaw> {
        let mut n = 1_u32;
        loop {
            n = n.checked_mul(2).ok_or(Flaw::Bad)? + self.bit()?;
            if self.bit()? == 1 {
                return Ok(n);
            }
            n = (n - 1).checked_mul(2).ok_or(Flaw::Bad)? + self.bit()?;
        }
    }
}

/// The value bits among the nine bits of three rounds: all except the middle one of each.
static VALUES: [u8; 512] = {
    let mut table = [0; 512];
    let mut bits = 0;
    while bits < 512 {
        let mut round = 0;
        while round < 3 {
            let three = bits >> (3 * round) & 7;
            table[bits] |= ((three >> 2 << 1 | three & 1) << (2 * round)) as u8;
            round += 1;
        }
        bits += 1;
    }
    table
};

/// Lengths in NRV2E by the first bit, which is in the offset, and the next eight: how many of these are used (0: more than
/// eight), and the length.
static LENGTHS: [(u8, u8); 512] = {
    let mut table = [(0, 0); 512];
    let mut index = 0;
    while index < 512 {
        let (first, second, third) = (index >> 8, index >> 7 & 1, index >> 6 & 1);
        table[index] = match (first, second) {
            (1, _) => (1, 1 + second as u8),
            (_, 1) => (2, 3 + third as u8),
            _ => {
                let (mut used, mut n) = (1, 1);
                loop {
                    n = n << 1 | (index >> (7 - used) & 1);
                    let is_last = index >> (6 - used) & 1 == 1;
                    used += 2;
                    if is_last {
                        break (used as u8, 3 + n as u8);
                    }
                    if used + 2 > 8 {
                        break (0, 0);
                    }
                }
            }
        };
        index += 1;
    }
    table
};

/// Expands `src`, a stream of exactly `want` bytes, or the first `until` of them, and appends them to `out`. `width` is the
/// number of bytes of a control word.
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
            let (used, short) = LENGTHS[(len as usize) << 8 | (bits.ahead() >> 56) as usize];
            if used > 0 {
                bits.skip(u32::from(used))?;
                u32::from(short)
            } else {
                bits.skip(1)?;
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
