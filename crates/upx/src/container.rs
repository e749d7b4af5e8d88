//! The executable formats that packers pack, by their first bytes.

/// The executable formats that packers pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    Elf,
    Pe,
    MachO,
}

impl Container {
    /// The format by the first bytes.
    pub fn of(head: &[u8]) -> Option<Self> {
        match head.get(..4)? {
            [0x7f, b'E', b'L', b'F'] => Some(Self::Elf),
            [b'M', b'Z', ..] => Some(Self::Pe),
            [0xfe, 0xed, 0xfa, 0xce | 0xcf] | [0xce | 0xcf, 0xfa, 0xed, 0xfe] => Some(Self::MachO),
            _ => None,
        }
    }
}
