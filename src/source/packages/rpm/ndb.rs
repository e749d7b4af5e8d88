//! "ndb", rpm's own container: a table of slots, each with the position of a blob.
//!
//! Layout: rpm's `lib/backend/ndb/rpmpkg.cc`; all numbers are little-endian.

use super::{Fault, Headers};
use crate::bytes::ReadAt;

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
        let head = exact::<32>(file, 0).ok_or("it ends inside its head")?;
        if !head.starts_with(MAGIC) || le(&head, 4) != 0 {
            return Err("no rpm database of the form ndb, version 0".to_owned());
        }
        let bytes = u64::from(le(&head, 12)) * PAGE;
        if bytes < HEAD || bytes > file.len() {
            return Err("its slots do not fit into the file".to_owned());
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
            return Err(format!("slot {slot} is none"));
        };
        let package = le(&bytes, 4);
        if package == 0 || le(&bytes, 8) == 0 {
            return Ok(None);
        }
        let at = u64::from(le(&bytes, 8)) * UNIT;
        let head = exact::<16>(self.file, at)
            .filter(|head| head.starts_with(BLOB) && le(head, 4) == package)
            .ok_or_else(|| format!("slot {slot} leads to no blob of package {package}"))?;
        let len = u64::from(le(&head, 12));
        if len > self.most || at + UNIT + len > self.file.len() {
            return Err(format!("the blob of package {package} has {len} bytes"));
        }
        let mut blob = vec![0; len as usize];
        let read = self.file.read_at(&mut blob, at + UNIT).unwrap_or(0);
        if read < blob.len() {
            return Err(format!("the blob of package {package} is cut short"));
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
                        .ok_or("its blobs lie on each other")?;
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
