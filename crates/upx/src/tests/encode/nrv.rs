//! NRV encoders.

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

    /// For each binary digit except the first: a value bit, then a stop bit.
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

/// Compresses with UPX's method 2 to 10; of a few candidates it takes the nearest match.
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
