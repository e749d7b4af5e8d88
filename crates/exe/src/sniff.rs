//! What a file is, from its first bytes alone.

/// The format of a file, as its magic number tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileType {
    /// ELF, any class and byte order.
    Elf,
    /// Thin Mach-O, any width and byte order.
    MachO,
    /// Universal Mach-O with 32- or 64-bit offsets.
    FatMachO,
    /// MZ file, PE or not.
    Pe,
    /// COFF object as Go's linker writes it for the Windows ports.
    Coff,
    /// XCOFF, 32 or 64 bits.
    Xcoff,
    /// Plan 9 a.out.
    Plan9,
    /// WebAssembly module.
    Wasm,
    /// `ar` archive.
    Archive,
}

/// Magic numbers of Plan 9 executables (src/debug/plan9obj/plan9obj.go, Go 1.27): 386, amd64, arm.
pub(super) const PLAN9_MAGIC: [(u32, &str, bool); 3] = [
    (0x1eb, "386", false),
    (0x8a97, "amd64", true),
    (0x647, "arm", false),
];

/// The format of a file by its first bytes, at least 16; `None` for anything that cannot hold a Go program.
///
/// Java class files share the magic number of universal Mach-O files; their next field is a version, far above any number of
/// slices.
pub fn sniff(head: &[u8]) -> Option<FileType> {
    let first = *head.first_chunk::<8>()?;
    let be = |at: usize| {
        head.get(at..at + 4)
            .map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
    };
    let shape = match first {
        [0x7f, b'E', b'L', b'F', ..] => FileType::Elf,
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => {
            FileType::MachO
        }
        [0xca, 0xfe, 0xba, 0xbe | 0xbf, ..] if matches!(be(4)?, 1..=30) => FileType::FatMachO,
        [b'M', b'Z', ..] => FileType::Pe,
        [0x01, 0xdf | 0xf7, ..] => FileType::Xcoff,
        [0x00, b'a', b's', b'm', 1, 0, 0, 0] => FileType::Wasm,
        [b'!', b'<', b'a', b'r', b'c', b'h', b'>', b'\n'] => FileType::Archive,
        [b'<', b'b', b'i', b'g', b'a', b'f', b'>', b'\n'] => FileType::Archive,
        _ if is_coff(head) => FileType::Coff,
        _ if PLAN9_MAGIC.iter().any(|m| be(0) == Some(m.0)) => FileType::Plan9,
        _ => return None,
    };
    Some(shape)
}

/// A COFF object starts with two bytes of machine type, too short for a magic number. So the rest of the header must be as Go's
/// linker writes it: no time stamp, a symbol table, and the size of an optional header, which other linkers leave out of
/// objects (src/cmd/link/internal/ld/pe.go, Go 1.10 to 1.27).
fn is_coff(head: &[u8]) -> bool {
    let Some(head) = head.first_chunk::<20>() else {
        return false;
    };
    let u16 = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
    let optional = match u16(0) {
        0x8664 | 0xaa64 => 240,
        0x014c | 0x01c4 => 224,
        _ => return false,
    };
    u16(16) == optional && matches!(u16(2), 1..=64) && head[4..8] == [0; 4] && head[8..12] != [0; 4]
}
