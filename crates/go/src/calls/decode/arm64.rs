//! arm64 (Arm ARM, C4.1; R_CALLARM64 and R_ADDRARM64 of src/cmd/link/internal/arm64/asm.go).

use super::{Code, Reference, Registers, signed};

pub fn decode(code: Code<'_>, visit: &mut dyn FnMut(u64, Reference)) {
    // Instructions are little-endian in programs of either byte order.
    let code = Code {
        big_endian: false,
        ..code
    };
    let mut registers = Registers::new();
    for (pc, word) in code.words() {
        let (to, from) = (word & 31, word >> 5 & 31);
        match word >> 26 {
            0b100101 => {
                visit(pc, Reference::Call(branch(pc, word, 26)));
                registers.forget();
                continue;
            }
            0b000101 => {
                visit(pc, Reference::Jump(branch(pc, word, 26)));
                registers.forget();
                continue;
            }
            _ => {}
        }
        let page = |imm: i64| (pc & !0xfff).wrapping_add_signed(imm << 12);
        let near = signed((word >> 5 & 0x7_ffff) << 2 | word >> 29 & 3, 21);
        if word & 0x9f00_0000 == 0x9000_0000 {
            // ADRP.
            registers.set(to, Some(page(near)));
        } else if word & 0x9f00_0000 == 0x1000_0000 {
            // ADR.
            let address = pc.wrapping_add_signed(near);
            visit(pc, Reference::Address(address));
            registers.set(to, None);
        } else if word & 0xff80_0000 == 0x9100_0000 {
            // ADD with an immediate of twelve bits.
            let shift = if word >> 22 & 1 == 1 { 12 } else { 0 };
            let sum = registers
                .get(from)
                .map(|base| base.wrapping_add(u64::from(word >> 10 & 0xfff) << shift));
            if let Some(address) = sum {
                visit(pc, Reference::Address(address));
            }
            registers.set(to, None);
        } else if word & 0x3b00_0000 == 0x3900_0000 {
            // Loads and stores with an unsigned offset, scaled by their size.
            let size = match word & 0x0480_0000 {
                0x0480_0000 => 4,
                _ => word >> 30,
            };
            if let Some(base) = registers.get(from) {
                let address = base.wrapping_add(u64::from(word >> 10 & 0xfff) << size);
                visit(pc, Reference::access(address, 1 << size, 8));
            }
            let is_load = word >> 22 & 3 != 0 && word & 0x0400_0000 == 0;
            if is_load {
                registers.set(to, None);
            }
        } else if word & 0xbf00_0000 == 0x1800_0000 {
            // LDR of a literal.
            let address = pc.wrapping_add_signed(signed(word >> 5 & 0x7_ffff, 19) << 2);
            visit(pc, Reference::access(address, 4 << (word >> 30 & 1), 8));
            registers.set(to, None);
        } else if word & 0xff00_0010 == 0x5400_0000 || word & 0x7e00_0000 == 0x3400_0000 {
            // B.cond, CBZ, CBNZ.
            let target = pc.wrapping_add_signed(signed(word >> 5 & 0x7_ffff, 19) << 2);
            visit(pc, Reference::Jump(target));
        }
    }
}

fn branch(pc: u64, word: u32, bits: u32) -> u64 {
    pc.wrapping_add_signed(signed(word, bits) << 2)
}
