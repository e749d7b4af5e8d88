//! A Berkeley DB of the hash type: pages of keys and values, with long values on chains of overflow pages.
//!
//! Layout: Berkeley DB 5.3, `src/dbinc/db_page.h` (`DBMETA`, `HMETA33`, `PAGE`, `HOFFPAGE`). The byte order is that of the machine
//! that wrote it; the magic number shows it.

use super::{Fault, Headers};
use gospect_bytes::ReadAt;

const MAGIC: u32 = 0x0006_1561;
/// Length of a page header.
const HEAD: usize = 26;
/// Types of pages.
const HASH_UNSORTED: u8 = 2;
const OVERFLOW: u8 = 7;
const HASH: u8 = 13;
/// Types of items.
const HERE: u8 = 1;
const ELSEWHERE: u8 = 3;

/// An open database.
pub struct BerkeleyDb<'f> {
    file: &'f dyn ReadAt,
    page: usize,
    last: u32,
    big: bool,
    most: u64,
}

impl<'f> BerkeleyDb<'f> {
    /// Reads the first page.
    pub fn open(file: &'f dyn ReadAt, most: u64) -> Result<Self, Fault> {
        let mut head = [0; 512];
        let read = file.read_at(&mut head, 0).unwrap_or(0);
        let mut database = Self {
            file,
            page: 0,
            last: 0,
            big: false,
            most,
        };
        if read < head.len() {
            return Err(Fault::EndsInside("first page"));
        }
        if database.u32(&head, 12) != MAGIC {
            database.big = true;
        }
        if database.u32(&head, 12) != MAGIC {
            return Err(Fault::NotBerkeleyDb);
        }
        if head.get(24).is_some_and(|algorithm| *algorithm != 0) {
            return Err(Fault::Encrypted);
        }
        let page = database.u32(&head, 20);
        // db_page.h: DB_MIN_PGSIZE, DB_MAX_PGSIZE.
        if !page.is_power_of_two() || !(512..=65_536).contains(&page) {
            return Err(Fault::PageSize(page as usize));
        }
        database.page = page as usize;
        let pages = file.len() / u64::from(page);
        let last = database.u32(&head, 32);
        if u64::from(last) >= pages {
            return Err(Fault::Pages {
                pages,
                stated: u64::from(last) + 1,
            });
        }
        database.last = last;
        Ok(database)
    }

    fn u32(&self, bytes: &[u8], at: usize) -> u32 {
        let number = bytes.get(at..).and_then(|rest| rest.first_chunk());
        number.map_or(0, |number| match self.big {
            true => u32::from_be_bytes(*number),
            false => u32::from_le_bytes(*number),
        })
    }

    fn u16(&self, bytes: &[u8], at: usize) -> usize {
        let number = bytes.get(at..).and_then(|rest| rest.first_chunk());
        let number = number.map_or(0, |number| match self.big {
            true => u16::from_be_bytes(*number),
            false => u16::from_le_bytes(*number),
        });
        usize::from(number)
    }

    fn read(&self, number: u32, page: &mut Vec<u8>) -> bool {
        page.resize(self.page, 0);
        let at = u64::from(number) * self.page as u64;
        number <= self.last
            && self
                .file
                .read_at(page, at)
                .is_ok_and(|read| read == self.page)
    }

    /// The item with this index on a page.
    fn item<'p>(&self, page: &'p [u8], number: usize) -> Option<&'p [u8]> {
        let offset = |number: usize| self.u16(page, HEAD + 2 * number);
        let end = if number == 0 {
            self.page
        } else {
            offset(number - 1)
        };
        // Pages of 64 KiB store 0 as their end.
        let end = if end == 0 { self.page } else { end };
        page.get(offset(number)..end)
    }

    /// A value, stored on the page or on a chain of pages.
    fn value(&self, item: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        match item.split_first() {
            Some((&HERE, value)) => Ok(Some(value.to_vec())),
            Some((&ELSEWHERE, _)) => {
                let (first, len) = (self.u32(item, 4), u64::from(self.u32(item, 8)));
                if len > self.most || len > self.file.len() {
                    return Err(Fault::TooLong {
                        what: "value",
                        bytes: len,
                    });
                }
                self.chain(first, len as usize).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn chain(&self, first: u32, len: usize) -> Result<Vec<u8>, Fault> {
        let mut value = Vec::new();
        let (mut number, mut page) = (first, Vec::new());
        while value.len() < len {
            if number == 0 || !self.read(number, &mut page) || page.get(25) != Some(&OVERFLOW) {
                return Err(Fault::NotOverflowPage(number));
            }
            let have = self.u16(&page, 22);
            let piece = page
                .get(HEAD..HEAD + have)
                .filter(|piece| !piece.is_empty());
            let piece = piece.ok_or(Fault::OverflowSize {
                page: number,
                bytes: have,
            })?;
            value.extend_from_slice(piece);
            number = self.u32(&page, 16);
        }
        value.truncate(len);
        Ok(value)
    }
}

impl Headers for BerkeleyDb<'_> {
    fn each(&self, visit: &mut dyn FnMut(u64, &[u8]) -> bool) -> Result<(), Fault> {
        let (mut page, mut fault) = (Vec::new(), None);
        // Overlapping chains may not cause more work than reading the file four times.
        let mut left = self.file.len().saturating_mul(4);
        for number in 1..=self.last {
            if !self.read(number, &mut page) {
                return Err(Fault::UnreadablePage(number));
            }
            if !matches!(page.get(25), Some(&HASH | &HASH_UNSORTED)) {
                continue;
            }
            let items = self.u16(&page, 20);
            for at in (1..items.min(self.page / 4)).step_by(2) {
                let Some(item) = self.item(&page, at) else {
                    fault.get_or_insert(Fault::BrokenPage(number));
                    break;
                };
                match self.value(item) {
                    // Key 0 holds the number of the next package.
                    Ok(Some(value)) if value.len() <= 4 => {}
                    Ok(Some(value)) => {
                        left = left
                            .checked_sub(value.len() as u64)
                            .ok_or(Fault::Overlap("values"))?;
                        if !visit(u64::from(number) << 16 | at as u64, &value) {
                            return fault.map_or(Ok(()), Err);
                        }
                    }
                    Ok(None) => {}
                    Err(what) => {
                        fault.get_or_insert(what);
                    }
                }
            }
        }
        fault.map_or(Ok(()), Err)
    }

    fn load(&self, number: u64) -> Option<Vec<u8>> {
        let mut page = Vec::new();
        self.read(u32::try_from(number >> 16).ok()?, &mut page)
            .then_some(())?;
        self.value(self.item(&page, (number & 0xffff) as usize)?)
            .ok()?
    }
}
