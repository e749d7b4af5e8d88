//! "ndb", rpm's own container: a table of slots, each with the position of a blob.
//!
//! Layout: rpm's `lib/backend/ndb/rpmpkg.cc`; all numbers are little-endian.

use super::{Fault, Headers};
use gospect_bytes::ReadAt;

const MAGIC: &[u8] = b"RpmP";
const SLOT: &[u8] = b"Slot";
const BLOB: &[u8] = b"BlbS";
const HEAD: u64 = 32;
const PAGE: u64 = 4096;
/// Size of a slot, and the unit of blob positions.
const UNIT: u64 = 16;

/// An open database.
pub struct NdbFile<'f> {
    file: &'f dyn ReadAt,
    slots: u64,
    most: u64,
}

impl<'f> NdbFile<'f> {
    /// Reads the header.
    pub fn open(file: &'f dyn ReadAt, most: u64) -> Result<Self, Fault> {
        let head = exact::<32>(file, 0).ok_or(Fault::EndsInside("head"))?;
        if !head.starts_with(MAGIC) || le(&head, 4) != 0 {
            return Err(Fault::NotNdb);
        }
        let bytes = u64::from(le(&head, 12)) * PAGE;
        if bytes < HEAD || bytes > file.len() {
            return Err(Fault::Slots);
        }
        Ok(Self {
            file,
            slots: (bytes - HEAD) / UNIT,
            most,
        })
    }

    fn blob(&self, slot: u64) -> Result<Option<Vec<u8>>, Fault> {
        let bytes = exact::<16>(self.file, HEAD + slot * UNIT);
        let Some(bytes) = bytes.filter(|bytes| bytes.starts_with(SLOT)) else {
            return Err(Fault::NotSlot(slot));
        };
        let package = le(&bytes, 4);
        if package == 0 || le(&bytes, 8) == 0 {
            return Ok(None);
        }
        let at = u64::from(le(&bytes, 8)) * UNIT;
        let head = exact::<16>(self.file, at)
            .filter(|head| head.starts_with(BLOB) && le(head, 4) == package)
            .ok_or(Fault::NoBlob { slot, package })?;
        let len = u64::from(le(&head, 12));
        if len > self.most || at + UNIT + len > self.file.len() {
            return Err(Fault::BlobSize {
                package,
                bytes: len,
            });
        }
        let mut blob = vec![0; len as usize];
        let read = self.file.read_at(&mut blob, at + UNIT).unwrap_or(0);
        if read < blob.len() {
            return Err(Fault::TruncatedBlob(package));
        }
        Ok(Some(blob))
    }
}

impl Headers for NdbFile<'_> {
    fn each(&self, visit: &mut dyn FnMut(u64, &[u8]) -> bool) -> Result<(), Fault> {
        let mut fault = None;
        // Overlapping blobs may be read once for each slot, but not more than four times the file in all.
        let mut left = self.file.len().saturating_mul(4);
        for slot in 0..self.slots {
            match self.blob(slot) {
                Ok(None) => {}
                Ok(Some(blob)) => {
                    left = left
                        .checked_sub(blob.len() as u64)
                        .ok_or(Fault::Overlap("blobs"))?;
                    if !visit(slot, &blob) {
                        break;
                    }
                }
                Err(what) => {
                    fault.get_or_insert(what);
                }
            }
        }
        fault.map_or(Ok(()), Err)
    }

    fn load(&self, number: u64) -> Option<Vec<u8>> {
        self.blob(number).ok()?
    }
}

fn exact<const N: usize>(file: &dyn ReadAt, at: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    (file.read_at(&mut bytes, at).ok()? == N).then_some(bytes)
}

fn le(bytes: &[u8], at: usize) -> u32 {
    let number = bytes.get(at..).and_then(|rest| rest.first_chunk());
    number.map_or(0, |number| u32::from_le_bytes(*number))
}
