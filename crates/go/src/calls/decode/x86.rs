//! amd64 and 386, whose instructions differ in length: decoded by `iced-x86`.

use super::{Code, Reference};
use iced_x86::{Decoder, DecoderOptions, Instruction, MemorySize, Mnemonic, OpKind, Register};
use std::cell::Cell;

/// amd64: branches and addresses are relative to the next instruction (R_CALL and R_PCREL of src/cmd/link/internal/amd64/asm.go).
pub fn decode_amd64(code: Code<'_>, visit: &mut dyn FnMut(u64, Reference)) {
    decode_64(8, code, visit);
}

/// amd64p32, the port to Native Client that Go had until 1.13: the same with pointers of four bytes.
pub fn decode_amd64p32(code: Code<'_>, visit: &mut dyn FnMut(u64, Reference)) {
    decode_64(4, code, visit);
}

fn decode_64(pointer: u64, code: Code<'_>, visit: &mut dyn FnMut(u64, Reference)) {
    each(64, code, visit, &|instruction, visit| {
        if instruction.is_ip_rel_memory_operand() {
            visit(access(
                instruction,
                instruction.ip_rel_memory_address(),
                pointer,
            ));
        } else {
            immediate(instruction, visit);
        }
    });
}

/// 386: addresses are absolute, as displacements or immediates. Position-independent code calls `__x86.get_pc_thunk.cx`, which
/// returns the address after the call, and adds the distance from there.
pub fn decode_386(code: Code<'_>, visit: &mut dyn FnMut(u64, Reference)) {
    let behind_call = Cell::new(None);
    each(32, code, visit, &|instruction, visit| {
        if instruction.mnemonic() == Mnemonic::Call {
            behind_call.set(Some(instruction.next_ip()));
        }
        let has_memory =
            (0..instruction.op_count()).any(|i| instruction.op_kind(i) == OpKind::Memory);
        let displacement = instruction.memory_displacement32();
        if has_memory && displacement >= LOWEST as u32 {
            visit(access(instruction, u64::from(displacement), 4));
            if let Some(base) = behind_call.get().filter(|_| has_base(instruction)) {
                let sum = (base as u32).wrapping_add(displacement);
                visit(access(instruction, u64::from(sum), 4));
            }
        }
        immediate(instruction, visit);
    });
}

/// The reference of a memory operand. LEA reads nothing: it computes the address.
fn access(instruction: &Instruction, address: u64, pointer: u64) -> Reference {
    let bytes = match instruction.memory_size() {
        MemorySize::UInt8 | MemorySize::Int8 => 1,
        MemorySize::UInt16 | MemorySize::Int16 => 2,
        MemorySize::UInt32 | MemorySize::Int32 | MemorySize::Float32 => 4,
        _ => return Reference::Address(address),
    };
    Reference::access(address, bytes, pointer)
}

fn has_base(instruction: &Instruction) -> bool {
    instruction.memory_base() != Register::None
}

/// Neither code nor data is below this address.
const LOWEST: u64 = 0x1000;

/// Immediates may be addresses in programs that are loaded at a fixed address. They are last among the operands.
fn immediate(instruction: &Instruction, visit: &mut dyn FnMut(Reference)) {
    let Some(last) = instruction.op_count().checked_sub(1) else {
        return;
    };
    let value = match instruction.op_kind(last) {
        OpKind::Immediate32 => u64::from(instruction.immediate32()),
        OpKind::Immediate64 => instruction.immediate64(),
        OpKind::Immediate32to64 => instruction.immediate(last),
        _ => return,
    };
    if value >= LOWEST {
        visit(Reference::Address(value));
    }
}

type Operands<'o> = dyn Fn(&Instruction, &mut dyn FnMut(Reference)) + 'o;

fn each(bits: u32, code: Code<'_>, visit: &mut dyn FnMut(u64, Reference), operands: &Operands<'_>) {
    let mut decoder = Decoder::with_ip(bits, code.bytes, code.start, DecoderOptions::NONE);
    let mut instruction = Instruction::default();
    while decoder.can_decode() {
        decoder.decode_out(&mut instruction);
        let pc = instruction.ip();
        match instruction.op0_kind() {
            OpKind::NearBranch64 | OpKind::NearBranch32 if instruction.op_count() == 1 => {
                let target = instruction.near_branch_target();
                visit(
                    pc,
                    match instruction.mnemonic() {
                        Mnemonic::Call => Reference::Call(target),
                        _ => Reference::Jump(target),
                    },
                );
            }
            _ => {}
        }
        operands(&instruction, &mut |reference| visit(pc, reference));
    }
}
