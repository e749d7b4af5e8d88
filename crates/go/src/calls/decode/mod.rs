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
    /// This address is computed, or a pointer or more is read or written at it.
    Address(u64),
    /// Fewer bytes than a pointer has are read or written at this address, so no pointer is taken from there.
    Part(u64),
}

impl Reference {
    /// The reference of an instruction that reads or writes `bytes` bytes in a program whose pointers have `pointer` bytes.
    fn access(address: u64, bytes: u64, pointer: u64) -> Self {
        match bytes < pointer {
            true => Self::Part(address),
            false => Self::Address(address),
        }
    }
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
    ("amd64p32", x86::decode_amd64p32),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The references of some instructions at 0x1000.
    fn references(arch: &str, bytes: &[u8]) -> Vec<Reference> {
        let code = Code {
            bytes,
            start: 0x1000,
            big_endian: matches!(arch, "ppc64" | "mips" | "mips64" | "s390x"),
            toc: Some(0x2000),
            imported: 0,
        };
        let mut all = Vec::new();
        decoder(arch).unwrap()(code, &mut |_, reference| all.push(reference));
        all
    }

    /// A word that is read in part is a number, although it may look like the address of a function.
    #[test]
    fn only_an_access_as_wide_as_a_pointer_takes_one() {
        use Reference::{Address, Part};
        for (arch, bytes, expected) in [
            // MOVL, MOVQ, LEAQ, CMPB, MOVUPS with an address after RIP.
            ("amd64", &[0x8b, 5, 0, 1, 0, 0][..], Part(0x1106)),
            ("amd64", &[0x48, 0x8b, 5, 0, 1, 0, 0], Address(0x1107)),
            ("amd64", &[0x48, 0x8d, 5, 0, 1, 0, 0], Address(0x1107)),
            ("amd64", &[0x80, 0x3d, 0, 1, 0, 0, 0], Part(0x1107)),
            ("amd64", &[0x0f, 0x10, 5, 0, 1, 0, 0], Address(0x1107)),
            ("amd64p32", &[0x8b, 5, 0, 1, 0, 0], Address(0x1106)),
            // MOVL and MOVB of an absolute address.
            ("386", &[0x8b, 5, 0, 0x20, 0, 0], Address(0x2000)),
            ("386", &[0x8a, 5, 0, 0x20, 0, 0], Part(0x2000)),
            // ADRP X0; then LDR W1, LDR X1 at X0+8.
            ("arm64", &[0, 0, 0, 0x90, 1, 8, 0x40, 0xb9], Part(0x1008)),
            ("arm64", &[0, 0, 0, 0x90, 1, 4, 0x40, 0xf9], Address(0x1008)),
            // AUIPC X5; then LW, LD at X5+8.
            ("riscv64", &[0x97, 2, 0, 0, 3, 0xa3, 0x82, 0], Part(0x1008)),
            (
                "riscv64",
                &[0x97, 2, 0, 0, 3, 0xb3, 0x82, 0],
                Address(0x1008),
            ),
            // PCADDU12I R5; then LD.W, LD.D at R5+8.
            (
                "loong64",
                &[5, 0, 0, 0x1c, 0xa6, 0x20, 0x80, 0x28],
                Part(0x1008),
            ),
            (
                "loong64",
                &[5, 0, 0, 0x1c, 0xa6, 0x20, 0xc0, 0x28],
                Address(0x1008),
            ),
            // LWZ, LD, LWA at R2+8.
            ("ppc64", &[0x80, 0x62, 0, 8], Part(0x2008)),
            ("ppc64", &[0xe8, 0x62, 0, 8], Address(0x2008)),
            ("ppc64", &[0xe8, 0x62, 0, 0xa], Part(0x2008)),
            // LUI R5; then LW, LD at R5+8; LW and LBU of a 32-bit program.
            ("mips64", &[0x3c, 5, 0, 1, 0x8c, 0xa6, 0, 8], Part(0x1_0008)),
            (
                "mips64",
                &[0x3c, 5, 0, 1, 0xdc, 0xa6, 0, 8],
                Address(0x1_0008),
            ),
            (
                "mips",
                &[0x3c, 5, 0, 1, 0x8c, 0xa6, 0, 8],
                Address(0x1_0008),
            ),
            ("mips", &[0x3c, 5, 0, 1, 0x90, 0xa6, 0, 8], Part(0x1_0008)),
            // LRL, LGRL.
            ("s390x", &[0xc4, 0x1d, 0, 0, 0, 0x80], Part(0x1100)),
            ("s390x", &[0xc4, 0x18, 0, 0, 0, 0x80], Address(0x1100)),
        ] {
            assert_eq!(references(arch, bytes), [expected], "{arch} {bytes:x?}");
        }
    }
}
