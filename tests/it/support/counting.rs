//! A file that readers must read, and that counts the reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gospect::bytes::ReadAt;

pub struct Counting {
    bytes: Arc<Vec<u8>>,
    reads: AtomicU64,
    read: AtomicU64,
}

impl Counting {
    pub fn new(bytes: Arc<Vec<u8>>) -> Self {
        Self {
            bytes,
            reads: AtomicU64::new(0),
            read: AtomicU64::new(0),
        }
    }

    /// Calls so far.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// Bytes returned so far.
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

impl ReadAt for Counting {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> std::io::Result<usize> {
        let n = self.bytes.read_at(buf, offset)?;
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}
