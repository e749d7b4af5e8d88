//! WebAssembly: instructions side by side. Functions are called by number, and addresses are constants, or offsets of loads and stores.

use gospect_go::calls::decode::Code;
use gospect_go::calls::decode::wasm::{Instructions, Operand, address_of};

/// Compares two bodies. `pair` gets the addresses that equal instructions use, and whether they are certainly addresses.
/// `Err` has the offset of the first instruction that differs.
pub fn compare(
    (old, new): (Code<'_>, Code<'_>),
    are_addresses: &dyn Fn(u64, u64) -> bool,
    pair: &mut dyn FnMut(u64, u64, bool),
) -> Result<(), usize> {
    let mut old_instructions = Instructions::of(old.bytes);
    let mut new_instructions = Instructions::of(new.bytes);
    if old_instructions.locals() != new_instructions.locals() {
        return Err(0);
    }
    loop {
        let at = old.bytes.len() - old_instructions.rest().len();
        let (from_old, from_new) = match (old_instructions.next(), new_instructions.next()) {
            (Some(from_old), Some(from_new))
                if from_old.bytes.first() == from_new.bytes.first() =>
            {
                (from_old, from_new)
            }
            // After an instruction that is not known, bytes are compared.
            (None, None) if old_instructions.rest() == new_instructions.rest() => return Ok(()),
            _ => return Err(at),
        };
        let (old_number, new_number) = match (from_old.operand, from_new.operand) {
            (Operand::Function(old_function), Operand::Function(new_function)) => {
                let old_address = address_of(old_function, old.imported);
                let new_address = address_of(new_function, new.imported);
                match (old_address, new_address) {
                    (Some(old_address), Some(new_address)) => {
                        pair(old_address, new_address, true);
                        continue;
                    }
                    (None, None) if old_function == new_function => continue,
                    _ => return Err(at),
                }
            }
            (Operand::Constant(old_constant), Operand::Constant(new_constant)) => {
                (old_constant, new_constant)
            }
            (Operand::Memory(old_align, old_offset), Operand::Memory(new_align, new_offset))
                if old_align == new_align =>
            {
                (old_offset.cast_signed(), new_offset.cast_signed())
            }
            _ if from_old.bytes == from_new.bytes => continue,
            _ => return Err(at),
        };
        let is_pair = match (u64::try_from(old_number), u64::try_from(new_number)) {
            (Ok(old_address), Ok(new_address)) if are_addresses(old_address, new_address) => {
                // The same number in both may be one that means something else.
                pair(old_address, new_address, old_address != new_address);
                true
            }
            _ => false,
        };
        if !is_pair && old_number != new_number {
            return Err(at);
        }
    }
}
