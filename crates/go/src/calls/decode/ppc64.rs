//! ppc64 of both byte orders (Power ISA 3.1, book I; R_CALLPOWER and R_ADDRPOWER of src/cmd/link/internal/ppc64/asm.go).

use super::{Code, Reference, Registers, signed};

/// The register of the table of contents.
const TOC: u32 = 2;

pub fn decode(code: Code<'_>, visit: &mut dyn FnMut(u64, Reference)) {
    let mut registers = Registers::new();
    registers.set(TOC, code.toc);
    let mut prefix: Option<(u64, u32)> = None;
    for (pc, word) in code.words() {
        let opcode = word >> 26;
        let (to, from) = (word >> 21 & 31, word >> 16 & 31);
        let low = signed(word & 0xffff, 16);
        if let Some((start, first)) = prefix.take() {
            // An instruction of eight bytes; only those relative to the program counter matter (bit R).
            if first >> 20 & 1 == 1 {
                let distance = i64::from(first & 0x3_ffff) << 16 | i64::from(word & 0xffff);
                let distance = (distance << 30) >> 30;
                visit(
                    start,
                    Reference::Address(start.wrapping_add_signed(distance)),
                );
            }
            continue;
        }
        match opcode {
            1 => prefix = Some((pc, word)),
            // B and BL.
            18 => {
                let distance = signed(word & 0x3ff_fffc, 26);
                let base = if word & 2 == 0 { pc } else { 0 };
                let target = base.wrapping_add_signed(distance);
                visit(
                    pc,
                    match word & 1 {
                        1 => Reference::Call(target),
                        _ => Reference::Jump(target),
                    },
                );
                registers.forget();
                registers.set(TOC, code.toc);
            }
            // BC and BCL.
            16 => {
                let distance = signed(word & 0xfffc, 16);
                let base = if word & 2 == 0 { pc } else { 0 };
                visit(pc, Reference::Jump(base.wrapping_add_signed(distance)));
            }
            // ADDIS: without a register, or with that of the table of contents.
            15 => {
                let upper = low << 16;
                let sum = match from {
                    0 => Some(0u64.wrapping_add_signed(upper)),
                    _ => registers
                        .get(from)
                        .map(|base| base.wrapping_add_signed(upper)),
                };
                registers.set(to, sum);
            }
            // ADDI.
            14 => {
                if let Some(base) = registers.get(from).filter(|_| from != 0) {
                    visit(pc, Reference::Address(base.wrapping_add_signed(low)));
                }
                forget(&mut registers, to);
            }
            // LWZ, LBZ, LHZ, LHA, LWA, LD.
            32 | 34 | 40 | 42 | 58 => {
                let low = if opcode == 58 { low & !3 } else { low };
                if let Some(base) = registers.get(from) {
                    let address = base.wrapping_add_signed(low);
                    visit(pc, Reference::access(address, width(word), 8));
                }
                forget(&mut registers, to);
            }
            // STW, STB, STH, LFS, LFD, STFS, STFD, STD.
            36 | 38 | 44 | 48 | 50 | 52 | 54 | 62 => {
                let low = if opcode == 62 { low & !3 } else { low };
                if let Some(base) = registers.get(from) {
                    let address = base.wrapping_add_signed(low);
                    visit(pc, Reference::access(address, width(word), 8));
                }
            }
            _ => {}
        }
    }
}

/// Bytes that a load or store reads or writes.
fn width(word: u32) -> u64 {
    match word >> 26 {
        34 | 38 => 1,
        40 | 42 | 44 => 2,
        // LFD, STFD, STD.
        50 | 54 | 62 => 8,
        // LD, of which LWA is a form.
        58 if word & 3 != 2 => 8,
        _ => 4,
    }
}

/// Forgets a register with an unknown value; that of the table of contents is restored after calls.
fn forget(registers: &mut Registers, register: u32) {
    if register != TOC {
        registers.set(register, None);
    }
}
