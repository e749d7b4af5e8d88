//! riscv64 (RISC-V unprivileged ISA, chapters 2 and 27; R_RISCV_CALL and R_RISCV_PCREL_ITYPE of src/cmd/link/internal/riscv64/asm.go).

use super::{Code, Reference, Registers, signed};

pub fn decode(code: Code<'_>, visit: &mut dyn FnMut(u64, Reference)) {
    let mut registers = Registers::new();
    let mut at = 0usize;
    while let Some(&[a, b]) = code.bytes.get(at..at + 2) {
        let pc = code.start.wrapping_add(at as u64);
        if a & 3 != 3 {
            // An instruction of two bytes.
            compressed(u16::from_le_bytes([a, b]), pc, &mut registers, visit);
            at += 2;
            continue;
        }
        let Some(&[a, b, c, d]) = code.bytes.get(at..at + 4) else {
            break;
        };
        at += 4;
        let word = u32::from_le_bytes([a, b, c, d]);
        let (opcode, to, from) = (word & 0x7f, word >> 7 & 31, word >> 15 & 31);
        let immediate = signed(word >> 20, 12);
        match opcode {
            // JAL.
            0x6f => {
                let distance = (word >> 31) << 20
                    | (word >> 12 & 0xff) << 12
                    | (word >> 20 & 1) << 11
                    | (word >> 21 & 0x3ff) << 1;
                branch(to, pc.wrapping_add_signed(signed(distance, 21)), pc, visit);
                registers.forget();
            }
            // JALR.
            0x67 => {
                if let Some(base) = registers.get(from) {
                    branch(to, base.wrapping_add_signed(immediate), pc, visit);
                }
                registers.forget();
            }
            // AUIPC, LUI.
            0x17 => registers.set(to, Some(pc.wrapping_add_signed(signed(word & !0xfff, 32)))),
            0x37 => registers.set(
                to,
                Some(0u64.wrapping_add_signed(signed(word & !0xfff, 32))),
            ),
            // ADDI.
            0x13 if word >> 12 & 7 == 0 => {
                if let Some(base) = registers.get(from) {
                    visit(pc, Reference::Address(base.wrapping_add_signed(immediate)));
                }
                registers.set(to, None);
            }
            // Loads.
            0x03 | 0x07 => {
                if let Some(base) = registers.get(from) {
                    let address = base.wrapping_add_signed(immediate);
                    visit(pc, Reference::access(address, 1 << (word >> 12 & 3), 8));
                }
                if opcode == 0x03 {
                    registers.set(to, None);
                }
            }
            // Stores.
            0x23 | 0x27 => {
                let immediate = signed((word >> 25) << 5 | word >> 7 & 31, 12);
                if let Some(base) = registers.get(from) {
                    let address = base.wrapping_add_signed(immediate);
                    visit(pc, Reference::access(address, 1 << (word >> 12 & 3), 8));
                }
            }
            // Branches.
            0x63 => {
                let distance = (word >> 31) << 12
                    | (word >> 7 & 1) << 11
                    | (word >> 25 & 0x3f) << 5
                    | (word >> 8 & 0xf) << 1;
                visit(
                    pc,
                    Reference::Jump(pc.wrapping_add_signed(signed(distance, 13))),
                );
            }
            // Arithmetic.
            0x13 | 0x1b | 0x33 | 0x3b => registers.set(to, None),
            _ => {}
        }
    }
}

/// C.J jumps; C.ADDI and C.LD may complete an address.
fn compressed(
    half: u16,
    pc: u64,
    registers: &mut Registers,
    visit: &mut dyn FnMut(u64, Reference),
) {
    let half = u32::from(half);
    let small = |at: u32| 8 + (half >> at & 7);
    match (half & 3, half >> 13) {
        (1, 5) => {
            let distance = (half >> 12 & 1) << 11
                | (half >> 11 & 1) << 4
                | (half >> 9 & 3) << 8
                | (half >> 8 & 1) << 10
                | (half >> 7 & 1) << 6
                | (half >> 6 & 1) << 7
                | (half >> 3 & 7) << 1
                | (half >> 2 & 1) << 5;
            visit(
                pc,
                Reference::Jump(pc.wrapping_add_signed(signed(distance, 12))),
            );
            registers.forget();
        }
        (1, 0) => {
            let to = half >> 7 & 31;
            let immediate = signed((half >> 12 & 1) << 5 | half >> 2 & 31, 6);
            if let Some(base) = registers.get(to) {
                visit(pc, Reference::Address(base.wrapping_add_signed(immediate)));
            }
            registers.set(to, None);
        }
        // C.LD, C.LW, C.SD, C.SW.
        (0, 2 | 3 | 6 | 7) => {
            if let Some(base) = registers.get(small(7)) {
                let offset = match half >> 13 & 1 {
                    1 => (half >> 10 & 7) << 3 | (half >> 5 & 3) << 6,
                    _ => (half >> 10 & 7) << 3 | (half >> 6 & 1) << 2 | (half >> 5 & 1) << 6,
                };
                let address = base.wrapping_add(u64::from(offset));
                visit(pc, Reference::access(address, 4 << (half >> 13 & 1), 8));
            }
            if half >> 15 == 0 {
                registers.set(small(2), None);
            }
        }
        // C.MV, C.ADD, C.LDSP.
        (2, 3 | 4) => registers.set(half >> 7 & 31, None),
        _ => {}
    }
}

/// A jump that stores a return address is a call. Go's prologues call the runtime with X5 (src/cmd/internal/obj/riscv/obj.go).
fn branch(link: u32, target: u64, pc: u64, visit: &mut dyn FnMut(u64, Reference)) {
    visit(
        pc,
        match link {
            0 => Reference::Jump(target),
            _ => Reference::Call(target),
        },
    );
}
