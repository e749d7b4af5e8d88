//! The references of machine code: the functions that it calls and jumps to, and the addresses that it takes or reads. There is
//! a file for each architecture; the table `DECODERS` lists them.

mod arm;
mod arm64;
mod loong64;
mod mips;
mod ppc64;
mod riscv64;
mod s390x;
pub mod wasm;
mod x86;

pub use wasm::{FIRST_FUNCTION, PLACE_BITS};

/// A reference of one instruction, or of a pair that belongs together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// A direct call of this address.
    Call(u64),
    /// A direct jump to this address. Only a jump out of its function matters.
    Jump(u64),
    /// This address is computed, read or written.
    Address(u64),
}

/// The code of a function, or part of it.
#[derive(Clone, Copy, Debug)]
pub struct Code<'c> {
    /// The instructions.
    pub bytes: &'c [u8],
    /// Address of the first instruction.
    pub start: u64,
    /// Byte order of the program.
    pub big_endian: bool,
    /// Address in register 2, which points to the table of contents (ppc64); `None`: there is none, or it is unknown.
    pub toc: Option<u64>,
    /// Number of functions that a WebAssembly module imports.
    pub imported: u64,
}

impl Code<'_> {
    /// The instructions and their addresses, for an architecture whose instructions all have four bytes.
    fn words(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        let big_endian = self.big_endian;
        let start = self.start;
        self.bytes
            .chunks_exact(4)
            .enumerate()
            .map(move |(i, bytes)| {
                let bytes = [bytes[0], bytes[1], bytes[2], bytes[3]];
                let word = match big_endian {
                    true => u32::from_be_bytes(bytes),
                    false => u32::from_le_bytes(bytes),
                };
                (start.wrapping_add(4 * i as u64), word)
            })
    }
}

/// Reports each reference with the address of its instruction.
pub type Decoder = fn(Code<'_>, &mut dyn FnMut(u64, Reference));

/// Decoders by Go's name of the architecture.
const DECODERS: [(&str, Decoder); 15] = [
    ("386", x86::decode_386),
    ("amd64", x86::decode_amd64),
    ("arm", arm::decode),
    ("arm64", arm64::decode),
    ("loong64", loong64::decode),
    ("mips", mips::decode_32),
    ("mipsle", mips::decode_32),
    ("mips64", mips::decode_64),
    ("mips64le", mips::decode_64),
    ("ppc64", ppc64::decode),
    ("ppc64le", ppc64::decode),
    ("riscv64", riscv64::decode),
    ("s390x", s390x::decode),
    ("wasm", wasm::decode),
    ("amd64p32", x86::decode_amd64),
];

/// The decoder of an architecture, by Go's name.
pub fn decoder(arch: &str) -> Option<Decoder> {
    DECODERS.iter().find(|d| d.0 == arch).map(|d| d.1)
}

/// The lowest `bits` bits of a word as a signed number.
fn signed(word: u32, bits: u32) -> i64 {
    let shift = 64 - bits;
    (i64::from(word) << shift) >> shift
}

/// Partial addresses in registers: the instruction that sets the upper half and the one that adds the lower need not be
/// adjacent.
struct Registers {
    values: [Option<u64>; 32],
}

impl Registers {
    fn new() -> Self {
        Self { values: [None; 32] }
    }

    /// The known value of a register.
    fn get(&self, register: u32) -> Option<u64> {
        *self.values.get(register as usize)?
    }

    fn set(&mut self, register: u32, value: Option<u64>) {
        if let Some(known) = self.values.get_mut(register as usize) {
            *known = value;
        }
    }

    /// Forgets all values, after a call or where a jump may arrive.
    fn forget(&mut self) {
        self.values = [None; 32];
    }
}
