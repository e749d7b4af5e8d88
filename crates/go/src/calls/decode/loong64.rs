//! loong64 (LoongArch reference manual, volume 1, chapter 2; R_CALLLOONG64 and R_LOONG64_ADDR_HI of src/cmd/link/internal/loong64/asm.go).

use super::{Code, Reference, Registers, signed};

pub fn decode(code: Code<'_>, visit: &mut dyn FnMut(u64, Reference)) {
    let mut registers = Registers::new();
    for (pc, word) in code.words() {
        let (to, from) = (word & 31, word >> 5 & 31);
        let far = || {
            let distance = (word & 0x3ff) << 16 | word >> 10 & 0xffff;
            pc.wrapping_add_signed(signed(distance, 26) << 2)
        };
        match word >> 26 {
            // BL, B.
            0b010101 => {
                visit(pc, Reference::Call(far()));
                registers.forget();
                continue;
            }
            0b010100 => {
                visit(pc, Reference::Jump(far()));
                registers.forget();
                continue;
            }
            // BEQ, BNE, BLT, BGE, BLTU, BGEU.
            0b010110..=0b011011 => {
                let target = pc.wrapping_add_signed(signed(word >> 10 & 0xffff, 16) << 2);
                visit(pc, Reference::Jump(target));
                continue;
            }
            // BEQZ, BNEZ.
            0b010000 | 0b010001 => {
                let distance = (word & 31) << 16 | word >> 10 & 0xffff;
                visit(
                    pc,
                    Reference::Jump(pc.wrapping_add_signed(signed(distance, 21) << 2)),
                );
                continue;
            }
            // JIRL: the second half of a far call, after PCADDU18I.
            0b010011 => {
                if let Some(base) = registers.get(from) {
                    let target = base.wrapping_add_signed(signed(word >> 10 & 0xffff, 16) << 2);
                    visit(
                        pc,
                        match to {
                            0 => Reference::Jump(target),
                            _ => Reference::Call(target),
                        },
                    );
                }
                registers.forget();
                continue;
            }
            _ => {}
        }
        let upper = signed(word >> 5 & 0xf_ffff, 20);
        match word >> 25 {
            // PCALAU12I, PCADDU12I, PCADDU18I, LU12I.W.
            0b0001101 => registers.set(to, Some((pc & !0xfff).wrapping_add_signed(upper << 12))),
            0b0001110 => registers.set(to, Some(pc.wrapping_add_signed(upper << 12))),
            0b0001111 => registers.set(to, Some(pc.wrapping_add_signed(upper << 18))),
            0b0001010 => registers.set(to, Some(0u64.wrapping_add_signed(upper << 12))),
            _ => {
                let twelve = word >> 10 & 0xfff;
                let base = registers.get(from);
                let address = base.map(|base| base.wrapping_add_signed(signed(twelve, 12)));
                match word >> 22 {
                    // ADDI.W, ADDI.D.
                    0b00_0000_1010 | 0b00_0000_1011 => {
                        if let Some(address) = address {
                            visit(pc, Reference::Address(address));
                        }
                        registers.set(to, None);
                    }
                    // Loads, then stores.
                    0b00_1010_0000..=0b00_1010_0011 | 0b00_1010_1000..=0b00_1010_1010 => {
                        if let Some(address) = address {
                            visit(pc, Reference::access(address, width(word), 8));
                        }
                        registers.set(to, None);
                    }
                    0b00_1010_0100..=0b00_1010_0111 | 0b00_1010_1100..=0b00_1010_1111 => {
                        if let Some(address) = address {
                            visit(pc, Reference::access(address, width(word), 8));
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

/// Bytes that a load or store reads or writes.
fn width(word: u32) -> u64 {
    match word >> 22 & 0xf {
        // FLD.S, FST.S, FLD.D, FST.D.
        0xc | 0xd => 4,
        0xe | 0xf => 8,
        integer => 1 << (integer & 3),
    }
}
