//! amd64 and 386: compares instructions one by one. Displacements and immediates that are addresses are not compared, but reported as pairs.

use gospect_go::calls::decode::Code;
use iced_x86::{ConstantOffsets, Decoder, DecoderOptions, Instruction, OpKind, Register};
use std::ops::Range;

/// Which operands may be absolute addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absolute {
    /// 386: immediates and displacements.
    Of386,
    /// Code of C compilers for amd64: the same.
    OfC,
    /// Code of the Go assembler and compiler for amd64: displacements without a base register. All other addresses are relative to
    /// the instruction, so immediates are numbers (src/cmd/internal/obj/x86/asm6.go, `oclass` and `useAbs`).
    OfGo,
}

impl Absolute {
    fn bits(self) -> u32 {
        match self {
            Self::Of386 => 32,
            Self::OfC | Self::OfGo => 64,
        }
    }
}

/// Compares two pieces of code. `pair` gets the addresses that equal instructions use, and whether they are certainly addresses.
/// `Err` has the offset of the first instruction that differs.
///
/// `are_addresses` says whether two values may be addresses of the two programs, `kind` which operands may hold them.
pub fn compare(
    (old, new): (Code<'_>, Code<'_>),
    kind: Absolute,
    are_addresses: &dyn Fn(u64, u64) -> bool,
    pair: &mut dyn FnMut(u64, u64, bool),
) -> Result<(), usize> {
    let bits = kind.bits();
    let mut old_decoder = Decoder::with_ip(bits, old.bytes, old.start, DecoderOptions::NONE);
    let mut new_decoder = Decoder::with_ip(bits, new.bytes, new.start, DecoderOptions::NONE);
    let (mut old_instruction, mut new_instruction) =
        (Instruction::default(), Instruction::default());
    while old_decoder.can_decode() && new_decoder.can_decode() {
        let at = old_decoder.position();
        old_decoder.decode_out(&mut old_instruction);
        new_decoder.decode_out(&mut new_instruction);
        let range = at..old_decoder.position();
        let bytes = (old.bytes.get(range.clone()), new.bytes.get(range.clone()));
        let (Some(old_bytes), Some(new_bytes)) = bytes else {
            return Err(at);
        };
        if new_decoder.position() != range.end {
            return Err(at);
        }
        let offsets = old_decoder.get_constant_offsets(&old_instruction);
        let both = (&old_instruction, &new_instruction);
        let addresses = address_bytes(both, &offsets, kind, are_addresses, pair);
        let is_address = |offset: usize| {
            let mut ranges = addresses.iter().flatten();
            ranges.any(|range| range.contains(&offset))
        };
        let mut bytes = old_bytes.iter().zip(new_bytes).enumerate();
        if bytes.any(|(offset, (old_byte, new_byte))| old_byte != new_byte && !is_address(offset)) {
            return Err(at);
        }
    }
    match old_decoder.can_decode() == new_decoder.can_decode() {
        true => Ok(()),
        false => Err(old_decoder.position().min(new_decoder.position())),
    }
}

/// Reports the addresses that two instructions use to `pair`, and returns where they are in the bytes of the old one.
fn address_bytes(
    (old, new): (&Instruction, &Instruction),
    offsets: &ConstantOffsets,
    kind: Absolute,
    are_addresses: &dyn Fn(u64, u64) -> bool,
    pair: &mut dyn FnMut(u64, u64, bool),
) -> [Option<Range<usize>>; 2] {
    let displacement =
        offsets.displacement_offset()..offsets.displacement_offset() + offsets.displacement_size();
    let immediate =
        offsets.immediate_offset()..offsets.immediate_offset() + offsets.immediate_size();
    if is_near_branch(old) && is_near_branch(new) {
        pair(old.near_branch_target(), new.near_branch_target(), true);
        return [Some(immediate), None];
    }
    let mut all = [None, None];
    let are_relative = old.is_ip_rel_memory_operand() && new.is_ip_rel_memory_operand();
    if offsets.has_displacement() && are_relative {
        pair(
            old.ip_rel_memory_address(),
            new.ip_rel_memory_address(),
            true,
        );
        all[0] = Some(displacement);
    } else if offsets.has_displacement()
        && displacement.len() >= 4
        && (kind != Absolute::OfGo || old.memory_base() == Register::None)
    {
        let value = |instruction: &Instruction| match kind.bits() {
            32 => instruction.memory_displacement64() & 0xffff_ffff,
            _ => instruction.memory_displacement64(),
        };
        let (old_value, new_value) = (value(old), value(new));
        if are_addresses(old_value, new_value) {
            pair(old_value, new_value, old_value != new_value);
            all[0] = Some(displacement);
        }
    }
    if offsets.has_immediate()
        && immediate.len() >= 4
        && kind != Absolute::OfGo
        && let (Some(old_value), Some(new_value)) = (immediate_value(old), immediate_value(new))
        && are_addresses(old_value, new_value)
    {
        pair(old_value, new_value, old_value != new_value);
        all[1] = Some(immediate);
    }
    all
}

fn is_near_branch(instruction: &Instruction) -> bool {
    matches!(
        instruction.op0_kind(),
        OpKind::NearBranch64 | OpKind::NearBranch32 | OpKind::NearBranch16
    )
}

fn immediate_value(instruction: &Instruction) -> Option<u64> {
    (0..instruction.op_count()).find_map(|i| match instruction.op_kind(i) {
        OpKind::Immediate32 => Some(u64::from(instruction.immediate32())),
        OpKind::Immediate64 => Some(instruction.immediate64()),
        OpKind::Immediate32to64 => Some(instruction.immediate(i)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Absolute, compare};
    use gospect_go::calls::decode::Code;

    /// The addresses of the program are from here on.
    const MEMORY: std::ops::Range<u64> = 0x40_0000..0x90_0000;

    type Pairs = Vec<(u64, u64, bool)>;

    fn compared(kind: Absolute, old: &[u8], new: &[u8]) -> Result<Pairs, usize> {
        let code = |bytes| Code {
            bytes,
            start: 0x40_1000,
            big_endian: false,
            toc: None,
            imported: 0,
        };
        let mut pairs = Vec::new();
        let are_addresses = |x: u64, y: u64| MEMORY.contains(&x) && MEMORY.contains(&y);
        compare(
            (code(old), code(new)),
            kind,
            &are_addresses,
            &mut |x, y, is_certain| pairs.push((x, y, is_certain)),
        )
        .map(|()| pairs)
    }

    /// `and eax, immediate`, as for `x & 0x7fffff`: the number is in the range of the addresses of a program of more than 4 MB.
    fn and(number: u32) -> Vec<u8> {
        let mut code = vec![0x25];
        code.extend(number.to_le_bytes());
        code
    }

    /// `mov eax, [displacement + rcx*8]` and `mov eax, [rdx + displacement]`.
    fn load(has_base: bool, displacement: u32) -> Vec<u8> {
        let mut code = match has_base {
            true => vec![0x8b, 0x82],
            false => vec![0x8b, 0x04, 0xcd],
        };
        code.extend(displacement.to_le_bytes());
        code
    }

    #[test]
    fn an_immediate_of_go_code_for_amd64_is_a_number() {
        assert_eq!(
            compared(Absolute::OfGo, &and(0x7f_ffff), &and(0x7f_ffff)),
            Ok(vec![])
        );
        assert_eq!(
            compared(Absolute::OfGo, &and(0x7f_ffff), &and(0x7f_fffe)),
            Err(0)
        );
    }

    #[test]
    fn an_immediate_elsewhere_may_be_an_address() {
        for kind in [Absolute::OfC, Absolute::Of386] {
            assert_eq!(
                compared(kind, &and(0x7f_ffff), &and(0x7f_fff0)),
                Ok(vec![(0x7f_ffff, 0x7f_fff0, true)])
            );
        }
    }

    #[test]
    fn a_displacement_of_go_code_is_an_address_only_without_a_base() {
        let kind = Absolute::OfGo;
        assert_eq!(
            compared(kind, &load(false, 0x50_0000), &load(false, 0x50_0020)),
            Ok(vec![(0x50_0000, 0x50_0020, true)])
        );
        assert_eq!(
            compared(kind, &load(true, 0x50_0000), &load(true, 0x50_0020)),
            Err(0)
        );
    }
}
