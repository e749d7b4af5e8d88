//! amd64 and 386: compares instructions one by one. Displacements and immediates that are addresses are not compared, but reported as pairs.

use gospect_go::calls::decode::Code;
use iced_x86::{Decoder, DecoderOptions, Instruction, OpKind};
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
        let (x, y) = (old.bytes.get(range.clone()), new.bytes.get(range.clone()));
        let (Some(x), Some(y)) = (x, y) else {
            return Err(at);
        };
        if new_decoder.position() != range.end {
            return Err(at);
        }
        let offsets = old_decoder.get_constant_offsets(&old_instruction);
        let mut address_bytes: [Option<Range<usize>>; 2] = [None, None];
        if is_near_branch(&old_instruction) && is_near_branch(&new_instruction) {
            pair(
                old_instruction.near_branch_target(),
                new_instruction.near_branch_target(),
                true,
            );
            address_bytes[0] = Some(
                offsets.immediate_offset()..offsets.immediate_offset() + offsets.immediate_size(),
            );
        } else {
            if offsets.has_displacement()
                && old_instruction.is_ip_rel_memory_operand()
                && new_instruction.is_ip_rel_memory_operand()
            {
                pair(
                    old_instruction.ip_rel_memory_address(),
                    new_instruction.ip_rel_memory_address(),
                    true,
                );
                address_bytes[0] = Some(
                    offsets.displacement_offset()
                        ..offsets.displacement_offset() + offsets.displacement_size(),
                );
            } else if offsets.has_displacement() && offsets.displacement_size() >= 4 {
                let (old_value, new_value) = (
                    old_instruction.memory_displacement64(),
                    new_instruction.memory_displacement64(),
                );
                let (old_value, new_value) = match bits {
                    32 => (old_value & 0xffff_ffff, new_value & 0xffff_ffff),
                    _ => (old_value, new_value),
                };
                if are_addresses(old_value, new_value) {
                    pair(old_value, new_value, old_value != new_value);
                    address_bytes[0] = Some(
                        offsets.displacement_offset()
                            ..offsets.displacement_offset() + offsets.displacement_size(),
                    );
                }
            }
            if offsets.has_immediate() && offsets.immediate_size() >= 4 {
                let (old_value, new_value) =
                    (immediate(&old_instruction), immediate(&new_instruction));
                if let (Some(old_value), Some(new_value)) = (old_value, new_value)
                    && are_addresses(old_value, new_value)
                {
                    pair(old_value, new_value, old_value != new_value);
                    address_bytes[1] = Some(
                        offsets.immediate_offset()
                            ..offsets.immediate_offset() + offsets.immediate_size(),
                    );
                }
            }
        }
        let is_address = |i: usize| {
            address_bytes
                .iter()
                .flatten()
                .any(|range| range.contains(&i))
        };
        if x != y
            && x.iter()
                .zip(y)
                .enumerate()
                .any(|(i, (x, y))| x != y && !is_address(i))
        {
            return Err(at);
        }
    }
    match old_decoder.can_decode() == new_decoder.can_decode() {
        true => Ok(()),
        false => Err(old_decoder.position().min(new_decoder.position())),
    }
}

fn is_near_branch(instruction: &Instruction) -> bool {
    matches!(
        instruction.op0_kind(),
        OpKind::NearBranch64 | OpKind::NearBranch32 | OpKind::NearBranch16
    )
}

fn immediate(instruction: &Instruction) -> Option<u64> {
    (0..instruction.op_count()).find_map(|i| match instruction.op_kind(i) {
        OpKind::Immediate32 => Some(u64::from(instruction.immediate32())),
        OpKind::Immediate64 => Some(instruction.immediate64()),
        OpKind::Immediate32to64 => Some(instruction.immediate(i)),
        _ => None,
    })
}
