//! WebAssembly (core specification 2.0, 5.4): calls name functions by number, and addresses are constants
//! (src/cmd/link/internal/wasm/asm.go: a function value is its number, shifted by 16 bits).

use super::{Code, Reference};

/// `funcValueOffset` of the linker: the number of the first function that a Go module defines, in the upper bits of its address.
pub const FIRST: u64 = 0x1000;
/// Bits of an address that tell the place in a function.
pub const PLACE_BITS: u32 = 16;

/// Visits the references of one body: its locals, then its instructions.
pub fn decode(code: Code<'_>, visit: &mut dyn FnMut(u64, Reference)) {
    let mut body = Body { rest: code.bytes };
    // Stops at the first instruction that is not known: its length is not known either.
    let _ = body.references(code.imported, &mut |reference| visit(code.start, reference));
}

struct Body<'b> {
    rest: &'b [u8],
}

impl Body<'_> {
    fn references(&mut self, imported: u64, visit: &mut dyn FnMut(Reference)) -> Option<()> {
        for _ in 0..self.unsigned()? {
            self.unsigned()?;
            self.byte()?;
        }
        while !self.rest.is_empty() {
            match self.byte()? {
                // block, loop, if: a type.
                0x02..=0x04 => {
                    self.signed()?;
                }
                // call.
                0x10 => {
                    if let Some(number) = self.unsigned()?.checked_sub(imported) {
                        let address = number.checked_add(FIRST)?.checked_shl(PLACE_BITS)?;
                        visit(Reference::Call(address));
                    }
                }
                // call_indirect: a type and a table.
                0x11 => self.numbers(2)?,
                // br_table.
                0x0e => {
                    let count = self.unsigned()?;
                    for _ in 0..=count.min(self.rest.len() as u64) {
                        self.unsigned()?;
                    }
                }
                // select with types.
                0x1c => {
                    for _ in 0..self.unsigned()?.min(self.rest.len() as u64) {
                        self.byte()?;
                    }
                }
                // br, br_if, locals, globals, tables, memory.size, memory.grow, ref.func.
                0x0c | 0x0d | 0x20..=0x26 | 0x3f | 0x40 | 0xd0 | 0xd2 => self.numbers(1)?,
                // Loads and stores: alignment and offset.
                0x28..=0x3e => self.numbers(2)?,
                // i32.const, i64.const.
                0x41 | 0x42 => {
                    if let Ok(value) = u64::try_from(self.signed()?) {
                        visit(Reference::Address(value));
                    }
                }
                0x43 => self.skip(4)?,
                0x44 => self.skip(8)?,
                // Saturating conversions, and bulk memory.
                0xfc => match self.unsigned()? {
                    0..=7 => {}
                    8 | 10 | 12 | 14 => self.numbers(2)?,
                    9 | 11 | 13 | 15..=17 => self.numbers(1)?,
                    _ => return None,
                },
                // Control, parameters and arithmetic have no operands of their own.
                0x00 | 0x01 | 0x05 | 0x0b | 0x0f | 0x1a | 0x1b | 0x45..=0xc4 | 0xd1 => {}
                _ => return None,
            }
        }
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.rest = self.rest.get(bytes..)?;
        Some(())
    }

    fn numbers(&mut self, count: usize) -> Option<()> {
        for _ in 0..count {
            self.unsigned()?;
        }
        Some(())
    }

    /// LEB128.
    fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let mut value = 0i64;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            value |= i64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte < 0x80 {
                let unused = 64u32.saturating_sub(shift + 7);
                return Some((value << unused) >> unused);
            }
        }
        None
    }
}
