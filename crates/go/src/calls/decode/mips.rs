//! mips and mips64 of both byte orders (MIPS32 and MIPS64 Architecture For Programmers, volume II; R_CALLMIPS and R_ADDRMIPS of
//! src/cmd/link/internal/mips/asm.go).

use super::{Code, Reference, Registers, signed};

/// 32-bit programs.
pub fn decode_32(code: Code<'_>, visit: &mut dyn FnMut(u64, Reference)) {
    decode(code, 0xffff_ffff, visit);
}

/// 64-bit programs.
pub fn decode_64(code: Code<'_>, visit: &mut dyn FnMut(u64, Reference)) {
    decode(code, u64::MAX, visit);
}

fn decode(code: Code<'_>, mask: u64, visit: &mut dyn FnMut(u64, Reference)) {
    let pointer = if mask == u64::MAX { 8 } else { 4 };
    let mut registers = Registers::new();
    for (pc, word) in code.words() {
        let opcode = word >> 26;
        let (from, to) = (word >> 21 & 31, word >> 16 & 31);
        let low = signed(word & 0xffff, 16);
        let delay = pc.wrapping_add(4);
        match opcode {
            // J and JAL stay within 256 MiB.
            2 | 3 => {
                let target = delay & !0xfff_ffff | u64::from(word & 0x3ff_ffff) << 2;
                visit(
                    pc,
                    match opcode {
                        3 => Reference::Call(target),
                        _ => Reference::Jump(target),
                    },
                );
            }
            // BEQ, BNE, BLEZ, BGTZ, and BAL, which is BGEZAL with register 0.
            4..=7 => visit(
                pc,
                Reference::Jump(delay.wrapping_add_signed(low << 2) & mask),
            ),
            1 => {
                let target = delay.wrapping_add_signed(low << 2) & mask;
                visit(
                    pc,
                    match to {
                        0x11 if from == 0 => Reference::Call(target),
                        _ => Reference::Jump(target),
                    },
                );
            }
            // LUI.
            15 => registers.set(
                to,
                Some(0u64.wrapping_add_signed(signed(word << 16, 32)) & mask),
            ),
            // ADDI, ADDIU, DADDI, DADDIU, ORI.
            8 | 9 | 24 | 25 => {
                if let Some(base) = registers.get(from) {
                    visit(pc, Reference::Address(base.wrapping_add_signed(low) & mask));
                }
                registers.set(to, None);
            }
            13 => {
                if let Some(base) = registers.get(from) {
                    visit(pc, Reference::Address(base | u64::from(word & 0xffff)));
                }
                registers.set(to, None);
            }
            // Loads, then stores, then those of floating-point registers.
            32..=39 | 55 => {
                if let Some(base) = registers.get(from) {
                    let address = base.wrapping_add_signed(low) & mask;
                    visit(pc, Reference::access(address, width(opcode), pointer));
                }
                registers.set(to, None);
            }
            40..=46 | 63 | 49 | 53 | 57 | 61 => {
                if let Some(base) = registers.get(from) {
                    let address = base.wrapping_add_signed(low) & mask;
                    visit(pc, Reference::access(address, width(opcode), pointer));
                }
            }
            // ADDU and DADDU of R28, which holds the upper half of addresses, here 0 (src/runtime/asm_mips64x.s); other
            // arithmetic.
            0 => {
                let sum = match (word & 0x3f, from, to) {
                    (0x21 | 0x2d, 28, other) | (0x21 | 0x2d, other, 28) => registers.get(other),
                    _ => None,
                };
                registers.set(word >> 11 & 31, sum);
            }
            _ => {}
        }
    }
}

/// Bytes that a load or store reads or writes.
fn width(opcode: u32) -> u64 {
    match opcode {
        32 | 36 | 40 => 1,
        33 | 37 | 41 => 2,
        // LDC1, LD, SDC1, SD.
        53 | 55 | 61 | 63 => 8,
        _ => 4,
    }
}
