//! amd64 and 386: instructions side by side, with their displacements and immediates compared as addresses where they are some.

use gospect_go::calls::decode::Code;
use iced_x86::{Decoder, DecoderOptions, Instruction, OpKind};
use std::ops::Range;

/// Compares two pieces of code; `pair` gets the addresses that stand in the same place, and whether they are
/// addresses for certain. Gives the offset of the first instruction that differs.
///
/// `are_addresses` says whether two values may be addresses of the two programs.
pub fn compare(
    (old, new): (Code<'_>, Code<'_>),
    bits: u32,
    are_addresses: &dyn Fn(u64, u64) -> bool,
    pair: &mut dyn FnMut(u64, u64, bool),
) -> Result<(), usize> {
    let mut left = Decoder::with_ip(bits, old.bytes, old.start, DecoderOptions::NONE);
    let mut right = Decoder::with_ip(bits, new.bytes, new.start, DecoderOptions::NONE);
    let (mut a, mut b) = (Instruction::default(), Instruction::default());
    while left.can_decode() && right.can_decode() {
        let at = left.position();
        left.decode_out(&mut a);
        right.decode_out(&mut b);
        let range = at..left.position();
        let (x, y) = (old.bytes.get(range.clone()), new.bytes.get(range.clone()));
        let (Some(x), Some(y)) = (x, y) else {
            return Err(at);
        };
        if right.position() != range.end {
            return Err(at);
        }
        let offsets = left.get_constant_offsets(&a);
        let mut holes: [Option<Range<usize>>; 2] = [None, None];
        if is_near_branch(&a) && is_near_branch(&b) {
            pair(a.near_branch_target(), b.near_branch_target(), true);
            holes[0] = Some(
                offsets.immediate_offset()..offsets.immediate_offset() + offsets.immediate_size(),
            );
        } else {
            if offsets.has_displacement()
                && a.is_ip_rel_memory_operand()
                && b.is_ip_rel_memory_operand()
            {
                pair(a.ip_rel_memory_address(), b.ip_rel_memory_address(), true);
                holes[0] = Some(
                    offsets.displacement_offset()
                        ..offsets.displacement_offset() + offsets.displacement_size(),
                );
            } else if offsets.has_displacement() && offsets.displacement_size() >= 4 {
                let (p, q) = (a.memory_displacement64(), b.memory_displacement64());
                let (p, q) = match bits {
                    32 => (p & 0xffff_ffff, q & 0xffff_ffff),
                    _ => (p, q),
                };
                if are_addresses(p, q) {
                    pair(p, q, p != q);
                    holes[0] = Some(
                        offsets.displacement_offset()
                            ..offsets.displacement_offset() + offsets.displacement_size(),
                    );
                }
            }
            if offsets.has_immediate() && offsets.immediate_size() >= 4 {
                let (p, q) = (immediate(&a), immediate(&b));
                if let (Some(p), Some(q)) = (p, q)
                    && are_addresses(p, q)
                {
                    pair(p, q, p != q);
                    holes[1] = Some(
                        offsets.immediate_offset()
                            ..offsets.immediate_offset() + offsets.immediate_size(),
                    );
                }
            }
        }
        let is_hole = |i: usize| holes.iter().flatten().any(|hole| hole.contains(&i));
        if x != y
            && x.iter()
                .zip(y)
                .enumerate()
                .any(|(i, (x, y))| x != y && !is_hole(i))
        {
            return Err(at);
        }
    }
    match left.can_decode() == right.can_decode() {
        true => Ok(()),
        false => Err(left.position().min(right.position())),
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
