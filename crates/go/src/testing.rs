//! What the tests of several modules share.

use gospect_bytes::ReadAt;

/// A file that is read piece by piece: it does not offer its bytes as a slice.
pub struct File(pub Vec<u8>);

impl ReadAt for File {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> std::io::Result<usize> {
        self.0.as_slice().read_at(buf, offset)
    }
}
