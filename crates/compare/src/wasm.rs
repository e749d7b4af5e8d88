//! WebAssembly: instructions side by side. Functions are called by number, and addresses are constants, or offsets of loads and stores.

use gospect_go::calls::decode::Code;
use gospect_go::calls::decode::wasm::{Instructions, Operand, address_of};

/// Compares two bodies; `pair` gets the addresses that stand in the same place, and whether they are addresses for certain. Gives the offset of
/// the first instruction that differs.
pub fn compare(
    (old, new): (Code<'_>, Code<'_>),
    are_addresses: &dyn Fn(u64, u64) -> bool,
    pair: &mut dyn FnMut(u64, u64, bool),
) -> Result<(), usize> {
    let (mut left, mut right) = (Instructions::of(old.bytes), Instructions::of(new.bytes));
    if left.locals() != right.locals() {
        return Err(0);
    }
    loop {
        let at = old.bytes.len() - left.rest().len();
        let (a, b) = match (left.next(), right.next()) {
            (Some(a), Some(b)) if a.bytes.first() == b.bytes.first() => (a, b),
            // Behind an instruction that is not known, bytes are compared.
            (None, None) if left.rest() == right.rest() => return Ok(()),
            _ => return Err(at),
        };
        let numbers = match (a.operand, b.operand) {
            (Operand::Function(x), Operand::Function(y)) => {
                match (address_of(x, old.imported), address_of(y, new.imported)) {
                    (Some(x), Some(y)) => {
                        pair(x, y, true);
                        continue;
                    }
                    (None, None) if x == y => continue,
                    _ => return Err(at),
                }
            }
            (Operand::Constant(x), Operand::Constant(y)) => (x, y),
            (Operand::Memory(x, offset), Operand::Memory(y, other)) if x == y => {
                (offset.cast_signed(), other.cast_signed())
            }
            _ if a.bytes == b.bytes => continue,
            _ => return Err(at),
        };
        let is_pair = match (u64::try_from(numbers.0), u64::try_from(numbers.1)) {
            (Ok(x), Ok(y)) if are_addresses(x, y) => {
                // The same number in both may be one that means something else.
                pair(x, y, x != y);
                true
            }
            _ => false,
        };
        if !is_pair && numbers.0 != numbers.1 {
            return Err(at);
        }
    }
}
