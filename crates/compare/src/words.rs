//! Architectures whose instructions have a fixed length, or a length given by their first bits: compares code without the bits that are part of an address.
//!
//! The decoders of `gospect_go::calls` follow addresses that two instructions make up, and report the address at the second one. So where two
//! instructions differ, they count as equal if the bits outside of the operand are equal, and the decoder reports an address for the instruction; for
//! the first one of a pair, if it reports one for the next instruction that uses the register. Otherwise the bits are a number of the source.

use gospect_go::calls::decode::{Code, Decoder, Reference};

/// The offset of an instruction, and the reference in it.
pub type ReferenceAt = (usize, Reference);

/// The bits of an instruction that hold part of an address.
#[derive(Clone, Copy)]
pub enum Operand {
    /// The upper part, which goes to a register; the next instruction that uses the register has the lower part.
    Upper { bits: u64, register: u64 },
    /// All of it, or the lower part.
    Whole(u64),
}

/// Instructions between the two of a pair.
const BETWEEN: usize = 16;

/// The first instructions of pairs that differ, until the second one is seen: the register, the offset, and the instructions since then.
#[derive(Default)]
struct Pending(Vec<(u64, usize, usize)>);

impl Pending {
    /// Looks at an instruction that may use registers. `Err` has the offset of a first instruction of which no address was made.
    fn next(&mut self, uses: [u64; 2], has_reference: bool) -> Result<(), usize> {
        let mut wrong = None;
        self.0.retain_mut(|(register, at, since)| {
            *since += 1;
            let is_used = uses.contains(register);
            if (is_used && !has_reference) || *since > BETWEEN {
                wrong.get_or_insert(*at);
            }
            !is_used
        });
        wrong.map_or(Ok(()), Err)
    }

    fn add(&mut self, register: u64, at: usize) {
        self.0.push((register, at, 0));
    }

    /// `Err` has the offset of a first instruction of which no address was made.
    fn end(&self) -> Result<(), usize> {
        self.0.first().map_or(Ok(()), |(_, at, _)| Err(*at))
    }
}

/// Architectures whose code has absolute addresses.
const ABSOLUTE: [&str; 7] = [
    "arm", "mips", "mipsle", "mips64", "mips64le", "ppc64", "ppc64le",
];

/// How the instructions of an architecture are taken apart.
struct InstructionSet {
    /// Length of the instruction at the start of some bytes.
    length: fn(&[u8]) -> usize,
    /// Whether instructions are big-endian; `None`: as the program.
    big_endian: Option<bool>,
    /// The bits of an instruction that may be part of an address.
    operand: fn(u64) -> Option<Operand>,
    /// Where instructions have the numbers of the registers that they read: the bit of the lowest of five, first that of the base of an address.
    reads: [u32; 2],
    /// Whether words between the instructions hold addresses.
    has_literals: bool,
}

fn four(_: &[u8]) -> usize {
    4
}

fn instruction_set(arch: &str) -> Option<InstructionSet> {
    let four = |operand| InstructionSet {
        length: four,
        big_endian: None,
        operand,
        reads: [0, 0],
        has_literals: false,
    };
    Some(match arch {
        "arm64" => InstructionSet {
            big_endian: Some(false),
            reads: [5, 16],
            ..four(arm64)
        },
        "arm" => InstructionSet {
            has_literals: true,
            ..four(arm)
        },
        "loong64" => InstructionSet {
            reads: [5, 10],
            ..four(loong64)
        },
        "mips" | "mipsle" | "mips64" | "mips64le" => InstructionSet {
            reads: [21, 16],
            ..four(mips)
        },
        "ppc64" | "ppc64le" => InstructionSet {
            reads: [16, 11],
            ..four(ppc64)
        },
        "riscv64" => InstructionSet {
            length: |bytes| match bytes.first() {
                Some(first) if first & 3 != 3 => 2,
                _ => 4,
            },
            reads: [15, 20],
            ..four(riscv64)
        },
        "s390x" => InstructionSet {
            length: |bytes| match bytes.first().map(|first| first >> 6) {
                Some(0) => 2,
                Some(1 | 2) => 4,
                _ => 6,
            },
            ..four(s390x)
        },
        _ => return None,
    })
}

/// An instruction that writes the upper part of an address to the register whose number begins at a bit.
fn upper(word: u64, bits: u64, register: u32) -> Operand {
    Operand::Upper {
        bits,
        register: register_at(word, register),
    }
}

fn register_at(word: u64, bit: u32) -> u64 {
    word >> bit & 31
}

fn arm64(word: u64) -> Option<Operand> {
    match word {
        _ if word & 0x7c00_0000 == 0x1400_0000 => Some(Operand::Whole(0x03ff_ffff)),
        _ if word & 0x9f00_0000 == 0x9000_0000 => Some(upper(word, 0x60ff_ffe0, 0)),
        _ if word & 0xff80_0000 == 0x9100_0000 => Some(Operand::Whole(0x003f_fc00)),
        _ if word & 0x3b00_0000 == 0x3900_0000 => Some(Operand::Whole(0x003f_fc00)),
        _ => None,
    }
}

fn arm(word: u64) -> Option<Operand> {
    let is_branch = word >> 28 != 0xf && word & 0x0e00_0000 == 0x0a00_0000;
    is_branch.then_some(Operand::Whole(0x00ff_ffff))
}

fn loong64(word: u64) -> Option<Operand> {
    match (word >> 26, word >> 25, word >> 22) {
        (0b01_0101 | 0b01_0100, ..) => Some(Operand::Whole(0x03ff_ffff)),
        (0b01_0011, ..) => Some(Operand::Whole(0x03ff_fc00)),
        (_, 0b000_1101 | 0b000_1110 | 0b000_1111 | 0b000_1010, _) => {
            Some(upper(word, 0x01ff_ffe0, 0))
        }
        (_, _, 0b00_0000_1010 | 0b00_0000_1011 | 0b00_1010_0000..=0b00_1010_1111) => {
            Some(Operand::Whole(0x003f_fc00))
        }
        _ => None,
    }
}

fn mips(word: u64) -> Option<Operand> {
    match word >> 26 {
        2 | 3 => Some(Operand::Whole(0x03ff_ffff)),
        15 => Some(upper(word, 0xffff, 16)),
        8 | 9 | 24 | 25 | 13 | 32..=39 | 55 | 40..=46 | 63 | 49 | 53 | 57 | 61 => {
            Some(Operand::Whole(0xffff))
        }
        _ => None,
    }
}

fn ppc64(word: u64) -> Option<Operand> {
    match word >> 26 {
        18 => Some(Operand::Whole(0x03ff_fffc)),
        // An instruction of eight bytes: its address is reported here, and its second word is part of it.
        1 => Some(Operand::Whole(0x0003_ffff)),
        15 => Some(upper(word, 0xffff, 21)),
        58 | 62 => Some(Operand::Whole(0xfffc)),
        14 | 32 | 34 | 40 | 42 | 36 | 38 | 44 | 48 | 50 | 52 | 54 => Some(Operand::Whole(0xffff)),
        _ => None,
    }
}

fn riscv64(word: u64) -> Option<Operand> {
    match word & 0x7f {
        0x6f => Some(Operand::Whole(0xffff_f000)),
        0x17 | 0x37 => Some(upper(word, 0xffff_f000, 7)),
        0x67 | 0x13 | 0x03 | 0x07 => Some(Operand::Whole(0xfff0_0000)),
        0x23 | 0x27 => Some(Operand::Whole(0xfe00_0f80)),
        _ => None,
    }
}

fn s390x(word: u64) -> Option<Operand> {
    matches!(word >> 40, 0xc0 | 0xc4 | 0xc6).then_some(Operand::Whole(0xffff_ffff))
}

/// Compares two pieces of code of the same length. `pair` gets the addresses that equal instructions use, and whether they are certainly
/// addresses. `Err` has the offset of the first instruction that differs.
pub fn compare(
    (old, new): (Code<'_>, Code<'_>),
    (arch, decoder): (&str, Decoder),
    are_addresses: &dyn Fn(u64, u64) -> bool,
    pair: &mut dyn FnMut(u64, u64, bool),
) -> Result<(), usize> {
    let set = instruction_set(arch).ok_or(0usize)?;
    let (old_references, new_references) = (references(old, decoder), references(new, decoder));
    let number = |bytes: &[u8]| {
        let fold = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        match set.big_endian.unwrap_or(old.big_endian) {
            true => bytes.iter().fold(0, fold),
            false => bytes.iter().rev().fold(0, fold),
        }
    };
    let mut at = 0;
    let mut is_second = false;
    let mut pending = Pending::default();
    while let Some(rest) = old.bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let length = (set.length)(rest).min(rest.len());
        let bytes = (
            old.bytes.get(at..at + length),
            new.bytes.get(at..at + length),
        );
        let (Some(old_bytes), Some(new_bytes)) = bytes else {
            return Err(at);
        };
        let (old_word, new_word) = (number(old_bytes), number(new_bytes));
        let has_reference = || {
            let place = old_references.binary_search_by_key(&at, |reference| reference.0);
            place.is_ok()
        };
        if !pending.0.is_empty() {
            let uses = set.reads.map(|bit| register_at(old_word, bit));
            pending.next(uses, has_reference())?;
        }
        if old_bytes != new_bytes {
            let are_equal_but_for = |bits: u64| old_word & !bits == new_word & !bits;
            let is_operand = match (set.operand)(old_word) {
                _ if is_second => old_word >> 16 == new_word >> 16,
                Some(Operand::Upper { bits, register }) => {
                    pending.add(register, at);
                    are_equal_but_for(bits)
                }
                Some(Operand::Whole(bits)) => has_reference() && are_equal_but_for(bits),
                None => false,
            };
            if !is_operand {
                if !(set.has_literals && are_addresses(old_word, new_word)) {
                    return Err(at);
                }
                pair(old_word, new_word, old_word != new_word);
            }
        }
        let is_prefix = arch.starts_with("ppc64") && old_word >> 26 == 1;
        is_second = is_prefix && !is_second;
        at += length;
    }
    pending.end()?;
    compare_references(
        (&old_references, &new_references),
        !ABSOLUTE.contains(&arch),
        are_addresses,
        pair,
    )
}

/// Compares the references that the decoder found. `is_relative`: addresses are relative to the instruction, so a number that is equal in both
/// programs is an address too.
fn compare_references(
    (old, new): (&[ReferenceAt], &[ReferenceAt]),
    is_relative: bool,
    are_addresses: &dyn Fn(u64, u64) -> bool,
    pair: &mut dyn FnMut(u64, u64, bool),
) -> Result<(), usize> {
    if old.len() != new.len() {
        return Err(first_unequal(old, new));
    }
    for ((at, old_reference), (new_at, new_reference)) in old.iter().zip(new) {
        let (old_address, new_address) = match (at == new_at, old_reference, new_reference) {
            (true, Reference::Call(old_target), Reference::Call(new_target))
            | (true, Reference::Jump(old_target), Reference::Jump(new_target))
            | (true, Reference::Address(old_target), Reference::Address(new_target))
            | (true, Reference::Part(old_target), Reference::Part(new_target)) => {
                (*old_target, *new_target)
            }
            _ => return Err(*at),
        };
        let is_equal = old_address == new_address;
        match are_addresses(old_address, new_address) {
            true => pair(old_address, new_address, !is_equal || is_relative),
            false if is_equal => {}
            false => return Err(*at),
        }
    }
    Ok(())
}

/// The offset of the first reference that only one of the programs has.
fn first_unequal(old: &[ReferenceAt], new: &[ReferenceAt]) -> usize {
    let mut offsets = old.iter().zip(new).map(|(old, new)| (old.0, new.0));
    let first = offsets.find(|(old_at, new_at)| old_at != new_at);
    let longer = if old.len() > new.len() { old } else { new };
    let extra = longer.get(old.len().min(new.len())).map(|extra| extra.0);
    first
        .map(|(old_at, new_at)| old_at.min(new_at))
        .or(extra)
        .unwrap_or(0)
}

/// All references of a piece of code, in order.
fn references(code: Code<'_>, decoder: Decoder) -> Vec<ReferenceAt> {
    let mut all = Vec::new();
    decoder(code, &mut |pc, reference| {
        let at = usize::try_from(pc.wrapping_sub(code.start)).unwrap_or(usize::MAX);
        all.push((at, reference));
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use gospect_go::calls::decode::decoder;

    fn compared(arch: &str, old: &[u32], new: &[u32]) -> Result<Vec<(u64, u64)>, usize> {
        let bytes = |words: &[u32]| -> Vec<u8> {
            words.iter().flat_map(|word| word.to_le_bytes()).collect()
        };
        let (old, new) = (bytes(old), bytes(new));
        let code = |bytes| Code {
            bytes,
            start: 0x10000,
            big_endian: false,
            toc: None,
            imported: 0,
        };
        let mut pairs = Vec::new();
        compare(
            (code(&old), code(&new)),
            (arch, decoder(arch).unwrap()),
            &|address, _| address < 0x20000,
            &mut |old, new, _| pairs.push((old, new)),
        )?;
        Ok(pairs)
    }

    /// Half of a number is written by the same instructions as half of an address.
    #[test]
    fn half_of_a_number_of_the_source_is_compared() {
        // riscv64: lui a0, N; addi a0, a0, 0x678. The decoder reports the number, which is no address.
        let number = |upper: u32| [upper << 12 | 10 << 7 | 0x37, 0x6785_0513];
        assert_eq!(
            compared("riscv64", &number(0x12345), &number(0x12345)),
            Ok(vec![])
        );
        assert_eq!(
            compared("riscv64", &number(0x12345), &number(0x22345)),
            Err(4)
        );
        // mipsle: lui $4, N; nothing uses the register.
        let alone = |upper: u32| [15 << 26 | 4 << 16 | upper, 0];
        assert_eq!(compared("mipsle", &alone(0x1234), &alone(0x1235)), Err(0));
        // loong64: lu12i.w $r4, N; ori $r4, $r4, 0x678.
        let number = |upper: u32| [0b000_1010 << 25 | upper << 5 | 4, 0x0399_e084];
        assert_eq!(
            compared("loong64", &number(0x12345), &number(0x12346)),
            Err(0)
        );
        // ppc64le: addis r4, r0, N; add r5, r4, r4.
        let number = |upper: u32| [15 << 26 | 4 << 21 | upper, 0x7ca4_2214];
        assert_eq!(
            compared("ppc64le", &number(0x1234), &number(0x1235)),
            Err(0)
        );
    }

    #[test]
    fn half_of_an_address_is_compared_as_the_address() {
        // riscv64: auipc a0, N; then another register, addi a0, a0, 8.
        let address = |upper: u32| [upper << 12 | 10 << 7 | 0x17, 0x0015_8593, 0x0085_0513];
        let pairs = Ok(vec![(0x11008, 0x12008)]);
        assert_eq!(compared("riscv64", &address(1), &address(2)), pairs);
        // The upper half is used before it is an address: xor a1, a0, a0.
        let used = |upper: u32| [upper << 12 | 10 << 7 | 0x17, 0x00a5_45b3, 0x0085_0513];
        assert_eq!(compared("riscv64", &used(1), &used(2)), Err(0));
    }
}
