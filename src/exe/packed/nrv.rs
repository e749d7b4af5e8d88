//! NRV2B, NRV2D and NRV2E: the byte-and-bit LZ77 formats of the UCL library (1.03, `n2b_d.c`, `n2d_d.c`, `n2e_d.c`).
//!
//! Control bits come in words of 8, 16 or 32 bits, highest bit first, that lie between the literal and offset bytes at
//! the place where the first of their bits is needed.

use super::UnpackError;

/// Which of the three formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variant {
    B,
    D,
    E,
}

const SHORT: UnpackError = UnpackError::Truncated("an NRV stream");
const BAD: UnpackError = UnpackError::Corrupt("an NRV stream");

struct Bits<'a> {
    src: &'a [u8],
    at: usize,
    width: usize,
    word: u32,
    left: usize,
}

impl Bits<'_> {
    fn byte(&mut self) -> Result<u32, UnpackError> {
        let byte = *self.src.get(self.at).ok_or(SHORT)?;
        self.at += 1;
        Ok(u32::from(byte))
    }

    fn bit(&mut self) -> Result<u32, UnpackError> {
        if self.left == 0 {
            let raw = self.src.get(self.at..self.at + self.width).ok_or(SHORT)?;
            self.word = raw
                .iter()
                .rev()
                .fold(0, |word, byte| word << 8 | u32::from(*byte));
            self.at += self.width;
            self.left = self.width * 8;
        }
        self.left -= 1;
        Ok(self.word >> self.left & 1)
    }

    /// An open-ended number: a value bit, then a stop bit, from a leading one.
    fn gamma(&mut self) -> Result<u32, UnpackError> {
        let mut n: u32 = 1;
        loop {
            n = n.checked_mul(2).ok_or(BAD)? + self.bit()?;
            if self.bit()? == 1 {
                return Ok(n);
            }
        }
    }

    /// The offset prefix of NRV2D and NRV2E: as [`Bits::gamma`], with a second value bit a round.
    fn prefix(&mut self) -> Result<u32, UnpackError> {
        let mut n: u32 = 1;
        loop {
            n = n.checked_mul(2).ok_or(BAD)? + self.bit()?;
            if self.bit()? == 1 {
                return Ok(n);
            }
            n = (n - 1).checked_mul(2).ok_or(BAD)? + self.bit()?;
        }
    }
}

/// Expands `src` to exactly `want` bytes, appended to `out`. `width`: bytes of a control word.
pub(super) fn expand(
    variant: Variant,
    width: usize,
    src: &[u8],
    want: usize,
    out: &mut Vec<u8>,
) -> Result<(), UnpackError> {
    let base = out.len();
    let end = base.checked_add(want).ok_or(BAD)?;
    let mut bits = Bits {
        src,
        at: 0,
        width,
        word: 0,
        left: 0,
    };
    let mut last: u32 = 1;
    loop {
        while bits.bit()? == 1 {
            if out.len() >= end {
                return Err(BAD);
            }
            out.push(bits.byte()? as u8);
        }
        let code = if variant == Variant::B {
            bits.gamma()?
        } else {
            bits.prefix()?
        };
        let mut len;
        if code == 2 {
            len = if variant == Variant::B {
                0
            } else {
                bits.bit()?
            };
        } else {
            // An offset of all ones ends the stream; anything longer than its 32 bits is an error.
            let high = code
                .checked_sub(3)
                .filter(|high| *high <= 0x00ff_ffff)
                .ok_or(BAD)?;
            let mut offset = high << 8 | bits.byte()?;
            if offset == u32::MAX {
                break;
            }
            len = 0;
            if variant != Variant::B {
                len = !offset & 1;
                offset >>= 1;
            }
            last = offset + 1;
        }
        let far = match variant {
            Variant::B => {
                len = bits.bit()?;
                0xd00
            }
            Variant::D | Variant::E => 0x500,
        };
        len = if variant == Variant::E {
            if len == 1 {
                1 + bits.bit()?
            } else if bits.bit()? == 1 {
                3 + bits.bit()?
            } else {
                bits.gamma()?.checked_add(3).ok_or(BAD)?
            }
        } else {
            match len * 2 + bits.bit()? {
                0 => bits.gamma()?.checked_add(2).ok_or(BAD)?,
                n => n,
            }
        };
        let len = len as usize + 1 + usize::from(last > far);
        let back = last as usize;
        if back > out.len() - base || len > end - out.len() {
            return Err(BAD);
        }
        copy_back(out, back, len);
    }
    if out.len() == end { Ok(()) } else { Err(BAD) }
}

/// Appends `len` bytes that start `back` bytes before the end; the two may overlap.
pub(super) fn copy_back(out: &mut Vec<u8>, back: usize, len: usize) {
    let mut left = len;
    while left > 0 {
        // Each round what was just appended extends the source, so it may be copied as one piece.
        let start = out.len() - back;
        let n = left.min(back);
        out.extend_from_within(start..start + n);
        left -= n;
    }
}
