//! Integers at byte offsets, in the file's byte order; `None` past the end.

/// Bytes with a byte order.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub data: &'a [u8],
    pub big: bool,
}

impl<'a> View<'a> {
    pub fn little(data: &'a [u8]) -> Self {
        Self { data, big: false }
    }

    fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.data.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    pub fn slice(&self, at: usize, len: usize) -> Option<&'a [u8]> {
        self.data.get(at..at.checked_add(len)?)
    }

    pub fn u8(&self, at: usize) -> Option<u8> {
        self.data.get(at).copied()
    }

    pub fn u16(&self, at: usize) -> Option<u16> {
        let raw = self.array(at)?;
        Some(if self.big {
            u16::from_be_bytes(raw)
        } else {
            u16::from_le_bytes(raw)
        })
    }

    pub fn u32(&self, at: usize) -> Option<u32> {
        let raw = self.array(at)?;
        Some(if self.big {
            u32::from_be_bytes(raw)
        } else {
            u32::from_le_bytes(raw)
        })
    }

    pub fn u64(&self, at: usize) -> Option<u64> {
        let raw = self.array(at)?;
        Some(if self.big {
            u64::from_be_bytes(raw)
        } else {
            u64::from_le_bytes(raw)
        })
    }

    /// A 32-bit size or offset.
    pub fn size(&self, at: usize) -> Option<usize> {
        usize::try_from(self.u32(at)?).ok()
    }

    /// A size or offset in the word width of the file.
    pub fn word(&self, at: usize, wide: bool) -> Option<usize> {
        if wide {
            usize::try_from(self.u64(at)?).ok()
        } else {
            self.size(at)
        }
    }
}
