//! arm (Arm ARM, A5; R_CALLARM of src/cmd/link/internal/arm/asm.go). Addresses are words after the code that loads them.

use super::{Code, Reference, signed};

pub fn decode(code: Code<'_>, visit: &mut dyn FnMut(u64, Reference)) {
    for (pc, word) in code.words() {
        // Any condition, but not the code of unconditional instructions.
        let has_condition = word >> 28 != 0xf;
        if has_condition && word & 0x0e00_0000 == 0x0a00_0000 {
            let target = 8u64
                .wrapping_add(pc)
                .wrapping_add_signed(signed(word, 24) << 2)
                & 0xffff_ffff;
            visit(
                pc,
                match word >> 24 & 1 {
                    1 => Reference::Call(target),
                    _ => Reference::Jump(target),
                },
            );
        } else if has_condition && word & 0x0f7f_0000 == 0x051f_0000 {
            // LDR of a word relative to the program counter.
            let distance = i64::from(word & 0xfff);
            let distance = if word >> 23 & 1 == 1 {
                distance
            } else {
                -distance
            };
            let literal = pc.wrapping_add(8).wrapping_add_signed(distance);
            let at = literal.wrapping_sub(code.start);
            let bytes = usize::try_from(at)
                .ok()
                .and_then(|at| code.bytes.get(at..at.checked_add(4)?));
            if let Some(&[a, b, c, d]) = bytes {
                let value = match code.big_endian {
                    true => u32::from_be_bytes([a, b, c, d]),
                    false => u32::from_le_bytes([a, b, c, d]),
                };
                visit(pc, Reference::Address(u64::from(value)));
            }
        }
    }
}
