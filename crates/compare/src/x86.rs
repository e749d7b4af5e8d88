//! amd64 and 386: compares instructions one by one. Displacements and immediates that are addresses are not compared, but reported as pairs.

use gospect_go::calls::decode::Code;
use iced_x86::{ConstantOffsets, Decoder, DecoderOptions, Instruction, OpKind};
use std::ops::Range;

/// Compares two pieces of code. `pair` gets the addresses that equal instructions use, and whether they are certainly addresses.
/// `Err` has the offset of the first instruction that differs.
///
/// `are_addresses` says whether two values may be addresses of the two programs.
pub fn compare(
    (old, new): (Code<'_>, Code<'_>),
    bits: u32,
    are_addresses: &dyn Fn(u64, u64) -> bool,
    pair: &mut dyn FnMut(u64, u64, bool),
) -> Result<(), usize> {
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
        let addresses = address_bytes(both, &offsets, bits, are_addresses, pair);
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
    bits: u32,
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
    } else if offsets.has_displacement() && displacement.len() >= 4 {
        let value = |instruction: &Instruction| match bits {
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
