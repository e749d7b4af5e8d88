//! The variables that machine code reads: absolute addresses in amd64 and arm64 instructions, in the forms that the Go compiler
//! uses for package variables (src/cmd/link/internal/amd64/asm.go R_PCREL, src/cmd/link/internal/arm64/asm.go R_ADDRARM64, Go
//! 1.18 to 1.27).

use std::collections::BTreeSet;

/// The addresses that code refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// Addresses of variables of two words, such as strings, of which both words are read, in the order of the code.
    pub pairs: Vec<u64>,
    words: BTreeSet<u64>,
}

impl References {
    /// Decodes code that starts at an address; `None` for unsupported architectures.
    pub fn of(arch: &str, code: &[u8], start: u64) -> Option<Self> {
        let mut found = Self::default();
        match arch {
            "amd64" => found.amd64(code, start),
            "arm64" => found.arm64(code, start),
            _ => return None,
        }
        Some(found)
    }

    /// Records that a word of 8 bytes is read or written.
    fn word(&mut self, address: u64) {
        if !self.words.insert(address) {
            return;
        }
        for (first, other) in [
            (address.wrapping_sub(8), address.wrapping_sub(8)),
            (address, address.wrapping_add(8)),
        ] {
            if self.words.contains(&other) {
                self.pairs.push(first);
            }
        }
    }

    /// Looks at every offset whose bytes form an instruction with an operand relative to the next instruction: mode 00,
    /// register 101 (Intel SDM volume 2, table 2-2). Instruction boundaries are not known, so other bytes may add a wrong
    /// address.
    fn amd64(&mut self, code: &[u8], start: u64) {
        for (i, window) in code.windows(7).enumerate() {
            let [prefix, opcode, mode, d0, d1, d2, d3] = *window else {
                return;
            };
            if mode & 0xc7 != 0x05 {
                continue;
            }
            let wide = prefix & 0xf8 == 0x48;
            let after = start.wrapping_add(i as u64 + 7);
            let distance = i64::from(i32::from_le_bytes([d0, d1, d2, d3]));
            let target =
                |immediate: u64| after.wrapping_add(immediate).wrapping_add_signed(distance);
            match opcode {
                // MOV, CMP, TEST of a whole word.
                0x8b | 0x89 | 0x3b | 0x39 | 0x85 if wide => {
                    self.word(target(0));
                }
                // CMP and MOV with an immediate of one or four bytes.
                0x83 if wide => {
                    self.word(target(1));
                }
                0x81 | 0xc7 if wide => {
                    self.word(target(4));
                }
                // MOVUPS, with any prefix.
                0x10 | 0x11 if prefix == 0x0f => {
                    self.word(target(0));
                    self.word(target(0).wrapping_add(8));
                }
                _ => {}
            }
        }
    }

    /// ADRP, then an addition or a load on its register soon after (Arm ARM, C4.1).
    fn arm64(&mut self, code: &[u8], start: u64) {
        /// How many instructions to remember a page for: the linker puts the two instructions close together.
        const KEPT: usize = 6;
        let mut known = [(0u64, usize::MAX); 32];
        for (i, word) in code.chunks_exact(4).enumerate() {
            let word = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
            let pc = start.wrapping_add(4 * i as u64);
            let (to, from) = (word & 31, word >> 5 & 31);
            let value = known
                .get(from as usize)
                .filter(|k| k.1 != usize::MAX && i - k.1 <= KEPT)
                .map(|k| k.0);
            let mut set = None;
            if word & 0x9f00_0000 == 0x9000_0000 {
                let pages = i64::from(word >> 5 & 0x7_ffff) << 2 | i64::from(word >> 29 & 3);
                // 21 bits, signed.
                let pages = (pages << 43) >> 43;
                set = Some((pc & !0xfff).wrapping_add_signed(pages << 12));
            } else if let Some(base) = value {
                let twelve = u64::from(word >> 10 & 0xfff);
                if word & 0xff80_0000 == 0x9100_0000 {
                    let shift = if word >> 22 & 1 == 1 { 12 } else { 0 };
                    let address = base.wrapping_add(twelve << shift);
                    set = Some(address);
                } else if word & 0xff80_0000 == 0xf900_0000 {
                    self.word(base.wrapping_add(twelve * 8));
                } else if word & 0xff80_0000 == 0xa900_0000 {
                    let seven = (i64::from(word >> 15 & 0x7f) << 57) >> 57;
                    let address = base.wrapping_add_signed(seven * 8);
                    self.word(address);
                    self.word(address.wrapping_add(8));
                }
            }
            if let Some(known) = known.get_mut(to as usize) {
                match set {
                    Some(value) => *known = (value, i),
                    // Stores name the register that they read; forgetting it costs only a pair that is split by a store.
                    None if word & 0xffc0_0000 == 0xf940_0000 => *known = (0, usize::MAX),
                    None => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_read_word_by_word() {
        // mov rax, [rip+0x100]; mov rbx, [rip+0x101]: the next addresses are 0x1007 and 0x100e.
        let code = [
            0x48, 0x8b, 0x05, 0x00, 0x01, 0, 0, 0x48, 0x8b, 0x1d, 0x01, 0x01, 0, 0,
        ];
        let found = References::of("amd64", &code, 0x1000).unwrap();
        assert_eq!(found.pairs, [0x1107]);
    }

    #[test]
    fn a_string_read_in_one_move_and_the_order_of_two() {
        let mut code = vec![0x0f, 0x10, 0x05, 0x00, 0x01, 0, 0];
        let found = References::of("amd64", &code, 0x1000).unwrap();
        assert_eq!(found.pairs, [0x1107]);
        code.extend([0x0f, 0x10, 0x05, 0x00, 0x00, 0, 0]);
        let found = References::of("amd64", &code, 0x1000).unwrap();
        assert_eq!(found.pairs, [0x1107, 0x100e]);
        // The address alone does not read the value.
        let code = [0x48, 0x8d, 0x05, 0x00, 0x01, 0, 0];
        let found = References::of("amd64", &code, 0x1000).unwrap();
        assert!(found.pairs.is_empty());
    }

    #[test]
    fn pages_and_offsets() {
        // adrp x0, 0x12000; ldr x1, [x0, #0x18]; adrp x0, 0x12000; ldr x2, [x0, #0x20]
        // 0x11 pages on: the low two bits are encoded separately.
        let adrp = 0x9000_0000u32 | (0x11 >> 2) << 5 | (0x11 & 3) << 29;
        let load = |to: u32, at: u32| 0xf940_0000 | (at / 8) << 10 | to;
        let words = [adrp, load(1, 0x18), adrp, load(2, 0x20)];
        let code: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        let found = References::of("arm64", &code, 0x1004).unwrap();
        assert_eq!(found.pairs, [0x12018]);
        // adrp, add, ldp
        let add = 0x9100_0000 | 0x18 << 10;
        let ldp = 0xa940_0000u32 | 2 << 10 | 1;
        let code: Vec<u8> = [adrp, add, ldp]
            .iter()
            .flat_map(|w: &u32| w.to_le_bytes())
            .collect();
        let found = References::of("arm64", &code, 0x1004).unwrap();
        assert_eq!(found.pairs, [0x12018]);
    }

    #[test]
    fn other_architectures_and_truncated_code_give_no_references() {
        assert_eq!(References::of("s390x", &[0; 64], 0), None);
        for cut in 0..7 {
            let code = [0x48, 0x8b, 0x05, 0, 1, 0, 0];
            let found = References::of("amd64", &code[..cut], 0).unwrap();
            assert_eq!(found, References::default());
        }
    }
}
