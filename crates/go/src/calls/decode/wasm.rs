//! WebAssembly (core specification 2.0, 5.4): calls name functions by number, and addresses are constants
//! (src/cmd/link/internal/wasm/asm.go: a function value is its number, shifted by 16 bits).

use super::{Code, Reference};

/// `funcValueOffset` of the linker: the number of the first function that a Go module defines, in the upper bits of its address.
pub const FIRST_FUNCTION: u64 = 0x1000;
/// Bits of an address that give the place in a function.
pub const PLACE_BITS: u32 = 16;

/// Visits the references of one body: its locals, then its instructions.
pub fn decode(code: Code<'_>, visit: &mut dyn FnMut(u64, Reference)) {
    // Stops at the first instruction that is not known: its length is not known either.
    for instruction in Instructions::of(code.bytes) {
        let reference = match instruction.operand {
            Operand::Function(number) => address_of(number, code.imported).map(Reference::Call),
            Operand::Constant(value) => u64::try_from(value).ok().map(Reference::Address),
            _ => None,
        };
        if let Some(reference) = reference {
            visit(code.start, reference);
        }
    }
}

/// The address of a function by its number; `None`: it is an imported one.
pub fn address_of(number: u64, imported: u64) -> Option<u64> {
    let own = number.checked_sub(imported)?;
    own.checked_add(FIRST_FUNCTION)?.checked_shl(PLACE_BITS)
}

/// The operand of an instruction, as far as it may be an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// The number of a function that is called.
    Function(u64),
    /// A constant.
    Constant(i64),
    /// Alignment and offset of a load or store.
    Memory(u64, u64),
    /// No operand, or one that cannot be an address.
    Other,
}

/// One instruction of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction<'b> {
    /// Where it begins in the body.
    pub at: usize,
    /// All its bytes.
    pub bytes: &'b [u8],
    /// Its operand.
    pub operand: Operand,
}

/// The instructions of a body; ends at its end, or at an instruction that is not known.
#[derive(Clone, Debug)]
pub struct Instructions<'b> {
    body: Body<'b>,
    whole: &'b [u8],
    locals: usize,
}

impl<'b> Instructions<'b> {
    /// The instructions after the locals of a body.
    pub fn of(whole: &'b [u8]) -> Self {
        let mut body = Body { rest: whole };
        if body.locals().is_none() {
            body.rest = &[];
        }
        let locals = whole.len() - body.rest.len();
        Self {
            body,
            whole,
            locals,
        }
    }

    /// The declaration of the locals.
    pub fn locals(&self) -> &'b [u8] {
        self.whole.get(..self.locals).unwrap_or_default()
    }

    /// What is not read yet; at the end, what could not be read.
    pub fn rest(&self) -> &'b [u8] {
        self.body.rest
    }
}

impl<'b> Iterator for Instructions<'b> {
    type Item = Instruction<'b>;

    fn next(&mut self) -> Option<Instruction<'b>> {
        let before = self.body.clone();
        let Some(operand) = self.body.instruction() else {
            self.body = before;
            return None;
        };
        let size = before.rest.len() - self.body.rest.len();
        Some(Instruction {
            at: self.whole.len() - before.rest.len(),
            bytes: before.rest.get(..size)?,
            operand,
        })
    }
}

#[derive(Clone, Debug)]
struct Body<'b> {
    rest: &'b [u8],
}

impl Body<'_> {
    fn locals(&mut self) -> Option<()> {
        for _ in 0..self.unsigned()? {
            self.unsigned()?;
            self.byte()?;
        }
        Some(())
    }

    fn instruction(&mut self) -> Option<Operand> {
        match self.byte()? {
            // block, loop, if: a type.
            0x02..=0x04 => {
                self.signed()?;
            }
            // call.
            0x10 => return Some(Operand::Function(self.unsigned()?)),
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
            0x28..=0x3e => return Some(Operand::Memory(self.unsigned()?, self.unsigned()?)),
            // i32.const, i64.const.
            0x41 | 0x42 => return Some(Operand::Constant(self.signed()?)),
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
        Some(Operand::Other)
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
