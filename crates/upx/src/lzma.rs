//! LZMA as UPX stores it: two property bytes, then the range-coded data of a raw stream whose length is known.
//!
//! Sources: the LZMA specification in the LZMA SDK (`lzma-specification.txt`); UPX `compress_lzma.cpp` for the two
//! bytes: `(lc + lp) << 3 | pb` and `lp << 4 | lc`.

use super::UnpackError;
use super::sink::{Flaw, Sink};

const STREAM: &str = "an LZMA stream";
const SHORT: Flaw = Flaw::Short;
const BAD: Flaw = Flaw::Bad;

const STATES: usize = 12;
const HALF: u16 = 1 << 10;

struct Range<'a> {
    src: &'a [u8],
    at: usize,
    range: u32,
    code: u32,
}

impl Range<'_> {
    #[inline(always)]
    fn pull(&mut self) -> Result<(), Flaw> {
        if self.range < 1 << 24 {
            let byte = *self.src.get(self.at).ok_or(SHORT)?;
            self.at += 1;
            self.range <<= 8;
            self.code = self.code << 8 | u32::from(byte);
        }
        Ok(())
    }

    #[inline(always)]
    fn bit(&mut self, p: &mut u16) -> Result<usize, Flaw> {
        self.pull()?;
        let bound = (self.range >> 11) * u32::from(*p);
        if self.code < bound {
            self.range = bound;
            *p += (2048 - *p) >> 5;
            Ok(0)
        } else {
            self.range -= bound;
            self.code -= bound;
            *p -= *p >> 5;
            Ok(1)
        }
    }

    /// A number of `n` bits from a tree of probabilities, highest bit first.
    fn tree(&mut self, tree: &mut [u16], n: u32) -> Result<usize, Flaw> {
        let mut at = 1;
        for _ in 0..n {
            at = at << 1 | self.bit(tree.get_mut(at).ok_or(BAD)?)?;
        }
        Ok(at - (1 << n))
    }

    /// As `tree`, lowest bit first.
    fn reverse(&mut self, tree: &mut [u16], n: u32) -> Result<u32, Flaw> {
        let (mut at, mut value) = (1, 0);
        for i in 0..n {
            let bit = self.bit(tree.get_mut(at).ok_or(BAD)?)?;
            at = at << 1 | bit;
            value |= (bit as u32) << i;
        }
        Ok(value)
    }

    /// A number of `n` bits that are equally likely.
    fn direct(&mut self, n: u32) -> Result<u32, Flaw> {
        let mut value = 0;
        for _ in 0..n {
            self.pull()?;
            self.range >>= 1;
            let bit = u32::from(self.code >= self.range);
            self.code -= self.range * bit;
            value = value << 1 | bit;
        }
        Ok(value)
    }
}

/// Probabilities of the match lengths.
struct Lengths {
    choice: [u16; 2],
    low: [[u16; 8]; 16],
    mid: [[u16; 8]; 16],
    high: [u16; 256],
}

impl Lengths {
    fn new() -> Self {
        Self {
            choice: [HALF; 2],
            low: [[HALF; 8]; 16],
            mid: [[HALF; 8]; 16],
            high: [HALF; 256],
        }
    }

    /// The length minus two.
    fn read(&mut self, rc: &mut Range<'_>, pos: usize) -> Result<usize, Flaw> {
        if rc.bit(&mut self.choice[0])? == 0 {
            rc.tree(&mut self.low[pos], 3)
        } else if rc.bit(&mut self.choice[1])? == 0 {
            Ok(8 + rc.tree(&mut self.mid[pos], 3)?)
        } else {
            Ok(16 + rc.tree(&mut self.high, 8)?)
        }
    }
}

/// Probabilities of literals: one table for each context.
struct Literals {
    /// The number of each context's table; 0 before its first use.
    table_of: Vec<u16>,
    /// The tables. Made when first used, so that a stream of many tiny blocks does not cost megabytes for each.
    tables: Vec<u16>,
}

impl Literals {
    const TABLE: usize = 0x300;

    fn new(contexts: usize) -> Self {
        Self {
            table_of: vec![0; contexts],
            tables: Vec::new(),
        }
    }

    /// One byte. After a match, `hint` is the byte that would have continued it: it determines the first bits.
    #[inline(always)]
    fn read(&mut self, rc: &mut Range<'_>, context: usize, hint: Option<u8>) -> Result<u8, Flaw> {
        let table = self.table_of.get_mut(context).ok_or(BAD)?;
        if *table == 0 {
            let len = self.tables.len() + Self::TABLE;
            self.tables.resize(len, HALF);
            *table = (len / Self::TABLE) as u16;
        }
        let end = usize::from(*table) * Self::TABLE;
        let tree = self.tables.get_mut(end - Self::TABLE..end).ok_or(BAD)?;
        let mut symbol = 1;
        if let Some(hint) = hint {
            let mut hint = usize::from(hint);
            while symbol < 0x100 {
                let expected = hint >> 7 & 1;
                hint <<= 1;
                let bit = rc.bit(&mut tree[(1 + expected) << 8 | symbol])?;
                symbol = symbol << 1 | bit;
                if bit != expected {
                    break;
                }
            }
        }
        while symbol < 0x100 {
            symbol = symbol << 1 | rc.bit(&mut tree[symbol])?;
        }
        Ok(symbol as u8)
    }
}

/// Probabilities of match distances.
struct Distances {
    slots: [[u16; 64]; 4],
    special: [[u16; 32]; 14],
    align: [u16; 16],
}

impl Distances {
    fn new() -> Self {
        Self {
            slots: [[HALF; 64]; 4],
            special: [[HALF; 32]; 14],
            align: [HALF; 16],
        }
    }

    /// The distance minus one of a match of `len` bytes. All ones end the stream.
    #[inline(always)]
    fn read(&mut self, rc: &mut Range<'_>, len: usize) -> Result<u32, Flaw> {
        let slot = rc.tree(&mut self.slots[(len - 2).min(3)], 6)?;
        if slot < 4 {
            return Ok(slot as u32);
        }
        let low = (slot >> 1) as u32 - 1;
        let high = (2 | slot as u32 & 1) << low;
        if slot < 14 {
            return Ok(high + rc.reverse(&mut self.special[slot], low)?);
        }
        // The sum fits in 32 bits.
        Ok(high
            .wrapping_add(rc.direct(low - 4)? << 4)
            .wrapping_add(rc.reverse(&mut self.align, 4)?))
    }
}

/// Expands `src`, a stream of exactly `want` bytes, or the first `until` of them, and appends them to `out`.
pub(super) fn expand(
    src: &[u8],
    (want, until): (usize, usize),
    out: &mut Vec<u8>,
) -> Result<(), UnpackError> {
    let mut sink = Sink::new(out, want, until).map_err(|flaw| flaw.of(STREAM))?;
    let result = decode(src, &mut sink);
    let finished = sink.finish();
    result.and(finished).map_err(|flaw| flaw.of(STREAM))
}

fn decode(src: &[u8], out: &mut Sink<'_>) -> Result<(), Flaw> {
    let (head, src) = src.split_at_checked(2).ok_or(SHORT)?;
    let (pb, lp, lc) = (
        u32::from(head[0] & 7),
        u32::from(head[1] >> 4),
        u32::from(head[1] & 15),
    );
    if pb > 4 || lp > 4 || lc > 8 || u32::from(head[0] >> 3) != lc + lp {
        return Err(BAD);
    }
    let code = src
        .get(1..5)
        .and_then(|raw| raw.try_into().ok())
        .ok_or(SHORT)?;
    let mut rc = Range {
        src,
        at: 5,
        range: u32::MAX,
        code: u32::from_be_bytes(code),
    };

    let mut literals = Literals::new(1 << (lc + lp));
    let mut is_match = [[HALF; 16]; STATES];
    let mut is_rep = [HALF; STATES];
    let mut is_rep_n = [[HALF; STATES]; 3];
    let mut is_rep0_long = [[HALF; 16]; STATES];
    let mut distances = Distances::new();
    let (mut lengths, mut rep_lengths) = (Lengths::new(), Lengths::new());
    let mut reps = [0_usize; 4];
    let mut state = 0_usize;

    while !out.is_full() && !out.is_partial_and_enough() {
        let done = out.done();
        let pos = done & ((1 << pb) - 1);
        if rc.bit(&mut is_match[state][pos])? == 0 {
            let before = usize::from(out.before(1));
            let context = (done & ((1 << lp) - 1)) << lc | before >> (8 - lc);
            let hint = (state >= 7).then(|| out.before(reps[0] + 1));
            out.push(literals.read(&mut rc, context, hint)?)?;
            state = match state {
                0..4 => 0,
                4..10 => state - 3,
                _ => state - 6,
            };
            continue;
        }
        let len;
        if rc.bit(&mut is_rep[state])? == 0 {
            len = lengths.read(&mut rc, pos)? + 2;
            state = if state < 7 { 7 } else { 10 };
            let distance = distances.read(&mut rc, len)?;
            if distance == u32::MAX {
                break;
            }
            reps = [distance as usize, reps[0], reps[1], reps[2]];
        } else {
            if rc.bit(&mut is_rep_n[0][state])? == 0 {
                if rc.bit(&mut is_rep0_long[state][pos])? == 0 {
                    out.copy(reps[0] + 1, 1)?;
                    state = if state < 7 { 9 } else { 11 };
                    continue;
                }
            } else {
                let n = match rc.bit(&mut is_rep_n[1][state])? {
                    0 => 1,
                    _ => 2 + rc.bit(&mut is_rep_n[2][state])?,
                };
                reps[..=n].rotate_right(1);
            }
            len = rep_lengths.read(&mut rc, pos)? + 2;
            state = if state < 7 { 8 } else { 11 };
        }
        out.copy(reps[0] + 1, len)?;
    }
    Ok(())
}
