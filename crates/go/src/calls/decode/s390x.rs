//! s390x (z/Architecture Principles of Operation, chapter 5, formats RIL and RI; R_PCRELDBL of
//! src/cmd/link/internal/s390x/asm.go). The first two bits of an instruction give its length.

use super::{Code, Reference};

pub fn decode(code: Code<'_>, visit: &mut dyn FnMut(u64, Reference)) {
    let mut at = 0usize;
    while let Some(&first) = code.bytes.get(at) {
        let length = match first >> 6 {
            0 => 2,
            1 | 2 => 4,
            _ => 6,
        };
        let Some(bytes) = code.bytes.get(at..at + length) else {
            break;
        };
        let pc = code.start.wrapping_add(at as u64);
        at += length;
        match *bytes {
            [first, second, a, b, c, d] if matches!(first, 0xc0 | 0xc4 | 0xc6) => {
                let halfwords = i64::from(i32::from_be_bytes([a, b, c, d]));
                let target = pc.wrapping_add_signed(halfwords * 2);
                match (first, second & 0xf) {
                    // BRASL, BRCL, LARL.
                    (0xc0, 5) => visit(pc, Reference::Call(target)),
                    (0xc0, 4) => visit(pc, Reference::Jump(target)),
                    // LGRL and STGRL; other relative loads and stores have four or two bytes.
                    (0xc0, 0) | (0xc4, 0x8 | 0xb) | (0xc6, _) => {
                        visit(pc, Reference::Address(target));
                    }
                    (0xc4, _) => visit(pc, Reference::Part(target)),
                    _ => {}
                }
            }
            // BRAS, BRC.
            [0xa7, second, a, b] => {
                let target = pc.wrapping_add_signed(i64::from(i16::from_be_bytes([a, b])) * 2);
                match second & 0xf {
                    5 => visit(pc, Reference::Call(target)),
                    4 => visit(pc, Reference::Jump(target)),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}
