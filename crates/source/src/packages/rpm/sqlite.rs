//! SQLite, as far as needed for one table of blobs: schema, table trees, overflow pages, write-ahead log.
//!
//! Layout: "Database File Format" of the SQLite documentation. rpm's table is `Packages` (rpm: `lib/backend/sqlite.cc`): `hnum` is
//! the row number, `blob` the only other column.

use super::{Fault, Headers};
use gospect_bytes::ReadAt;
use std::collections::HashMap;

const MAGIC: &[u8] = b"SQLite format 3\0";
/// Length of the database header, which precedes the first page's own header.
const HEAD: usize = 100;
/// Most pages from the root of a table to a row.
const DEPTH: u32 = 20;
/// Types of pages in table trees.
const INTERIOR: u8 = 5;
const LEAF: u8 = 13;
/// Most frames of the log that are read.
const FRAMES: u64 = 1 << 20;

/// An open database.
pub struct SqliteFile<'f> {
    file: &'f dyn ReadAt,
    log: Option<&'f dyn ReadAt>,
    /// Position in the log of the newest copy of each page.
    logged: HashMap<u32, u64>,
    page: usize,
    /// Usable bytes of a page.
    usable: usize,
    pages: u64,
    root: u32,
    most: u64,
}

/// Called with each row of a tree: page, index of the cell, row number.
type RowVisitor<'v> = dyn FnMut(u32, usize, &[u8]) -> bool + 'v;

impl<'f> SqliteFile<'f> {
    /// Reads the header and finds the table.
    pub fn open(
        file: &'f dyn ReadAt,
        log: Option<&'f dyn ReadAt>,
        most: u64,
    ) -> Result<Self, Fault> {
        let mut head = [0; HEAD];
        if file.read_at(&mut head, 0).unwrap_or(0) < HEAD || !head.starts_with(MAGIC) {
            return Err(Fault::NotSqlite);
        }
        let page = match be16(&head, 16) {
            1 => 65_536,
            page => page,
        };
        let reserved = head.get(20).copied().map_or(0, usize::from);
        if !page.is_power_of_two() || !(512..=65_536).contains(&page) || page - reserved < 480 {
            return Err(Fault::PageSize(page));
        }
        let mut database = Self {
            file,
            log,
            logged: HashMap::new(),
            page,
            usable: page - reserved,
            pages: file.len() / page as u64,
            root: 1,
            most,
        };
        if let Some(log) = log {
            database.read_log(log);
        }
        database.root = database.table(b"Packages")?;
        Ok(database)
    }

    /// Finds the pages of all committed transactions in the log (section 4 of the format).
    fn read_log(&mut self, log: &dyn ReadAt) {
        let mut head = [0; 32];
        if log.read_at(&mut head, 0).unwrap_or(0) < head.len()
            || be32(&head, 0) & !1 != 0x377f_0682
            || be32(&head, 8) as usize != self.page
        {
            return;
        }
        let salts = head.get(16..24).unwrap_or_default();
        let step = 24 + self.page as u64;
        let mut open = Vec::new();
        for frame in 0..FRAMES {
            let at = 32 + frame * step;
            let mut head = [0; 24];
            // The rest belongs to an older log.
            if at + step > log.len()
                || log.read_at(&mut head, at).unwrap_or(0) < head.len()
                || head.get(8..16) != Some(salts)
            {
                return;
            }
            open.push((be32(&head, 0), at + 24));
            let size = be32(&head, 4);
            if size > 0 {
                self.logged.extend(open.drain(..));
                self.pages = self.pages.max(u64::from(size));
            }
        }
    }

    fn read(&self, number: u32) -> Result<Vec<u8>, Fault> {
        let fault = Fault::UnreadablePage(number);
        let mut page = vec![0; self.page];
        let read = match (self.logged.get(&number), self.log) {
            (Some(at), Some(log)) => log.read_at(&mut page, *at),
            _ => {
                let before = number.checked_sub(1).ok_or(fault.clone())?;
                self.file
                    .read_at(&mut page, u64::from(before) * self.page as u64)
            }
        };
        match read {
            Ok(read) if read == self.page => Ok(page),
            _ => Err(fault),
        }
    }

    /// The root page of a table, from the schema: type, name, table name, root page, SQL.
    fn table(&self, name: &[u8]) -> Result<u32, Fault> {
        let mut root = None;
        self.walk(1, &mut |_, _, row| {
            let columns = columns(row, 4);
            if let [Some(kind), Some(own), _, Some(page)] = columns.as_slice()
                && *kind == b"table"
                && *own == name
            {
                let number = page.iter().fold(0_u64, |n, b| n << 8 | u64::from(*b));
                root = u32::try_from(number).ok();
            }
            root.is_none()
        })?;
        root.ok_or(Fault::NoTable)
    }

    /// Visits the rows of a table in order.
    fn walk(&self, root: u32, visit: &mut RowVisitor<'_>) -> Result<(), Fault> {
        let mut stack = vec![(root, 0)];
        // A page is in a tree only once; a file that says otherwise ends here.
        let mut left = self.pages.saturating_add(1);
        let mut bytes = self.file.len().saturating_mul(4).saturating_add(1 << 20);
        let mut fault = None;
        while let Some((number, depth)) = stack.pop() {
            left = left.checked_sub(1).ok_or(Fault::Circle)?;
            let page = match self.read(number) {
                Ok(page) => page,
                Err(what) => {
                    fault.get_or_insert(what);
                    continue;
                }
            };
            let from = if number == 1 { HEAD } else { 0 };
            let cells = be16(&page, from + 3);
            match page.get(from) {
                Some(&INTERIOR) if depth < DEPTH => {
                    stack.push((be32(&page, from + 8), depth + 1));
                    for cell in (0..cells.min(self.page / 2)).rev() {
                        let at = be16(&page, from + 12 + 2 * cell);
                        stack.push((be32(&page, at), depth + 1));
                    }
                    if stack.len() as u64 > self.pages.saturating_mul(2) + 64 {
                        return Err(Fault::Circle);
                    }
                }
                Some(&LEAF) => {
                    for cell in 0..cells.min(self.page / 2) {
                        match self.row(&page, from, cell) {
                            Ok(row) => {
                                bytes = bytes
                                    .checked_sub(row.len() as u64)
                                    .ok_or(Fault::Overlap("rows"))?;
                                if !visit(number, cell, &row) {
                                    return Ok(());
                                }
                            }
                            Err(what) => {
                                fault.get_or_insert(what);
                            }
                        }
                    }
                }
                _ => {
                    fault.get_or_insert(Fault::NotTablePage(number));
                }
            }
        }
        fault.map_or(Ok(()), Err)
    }

    /// A row of a leaf, with its overflow pages.
    fn row(&self, page: &[u8], from: usize, cell: usize) -> Result<Vec<u8>, Fault> {
        let at = be16(page, from + 8 + 2 * cell);
        let (len, at) = varint(page, at).ok_or(Fault::BrokenRow)?;
        let (_, at) = varint(page, at).ok_or(Fault::BrokenRow)?;
        let longest = self.pages.saturating_mul(self.page as u64);
        if len > self.most || len > longest {
            return Err(Fault::TooLong {
                what: "row",
                bytes: len,
            });
        }
        let len = len as usize;
        // Section 1.6: how much of a row is on the leaf.
        let (most, least) = (self.usable - 35, (self.usable - 12) * 32 / 255 - 23);
        let here = if len <= most {
            len
        } else {
            let fit = least + (len - least) % (self.usable - 4);
            if fit <= most { fit } else { least }
        };
        let mut row = page.get(at..at + here).ok_or(Fault::BrokenRow)?.to_vec();
        let mut next = if here < len { be32(page, at + here) } else { 0 };
        while row.len() < len {
            if next == 0 {
                return Err(Fault::BrokenRow);
            }
            let page = self.read(next)?;
            let piece = (len - row.len()).min(self.usable - 4);
            row.extend_from_slice(page.get(4..4 + piece).ok_or(Fault::BrokenRow)?);
            next = be32(&page, 0);
        }
        Ok(row)
    }
}

impl Headers for SqliteFile<'_> {
    fn each(&self, visit: &mut dyn FnMut(u64, &[u8]) -> bool) -> Result<(), Fault> {
        self.walk(self.root, &mut |page, cell, row| {
            let columns = columns(row, 2);
            match columns.get(1).copied().flatten() {
                Some(blob) => visit(u64::from(page) << 16 | cell as u64, blob),
                None => true,
            }
        })
    }

    fn load(&self, number: u64) -> Option<Vec<u8>> {
        let page = u32::try_from(number >> 16).ok()?;
        let bytes = self.read(page).ok()?;
        let from = if page == 1 { HEAD } else { 0 };
        if bytes.get(from) != Some(&LEAF) {
            return None;
        }
        let row = self.row(&bytes, from, (number & 0xffff) as usize).ok()?;
        columns(&row, 2)
            .get(1)
            .copied()
            .flatten()
            .map(<[u8]>::to_vec)
    }
}

/// The first columns of a row as bytes; `None` for NULL and truncated values.
fn columns(row: &[u8], count: usize) -> Vec<Option<&[u8]>> {
    let mut all = Vec::with_capacity(count);
    let Some((head, mut at)) = varint(row, 0) else {
        return all;
    };
    let head = usize::try_from(head).unwrap_or(usize::MAX).min(row.len());
    let mut body = head;
    while all.len() < count && at < head {
        let Some((kind, next)) = varint(row, at) else {
            break;
        };
        at = next;
        // Section 2.1: serial types.
        let len = match kind {
            0 | 8 | 9 | 10 | 11 => 0,
            1..=4 => kind as usize,
            5 => 6,
            6 | 7 => 8,
            _ => usize::try_from((kind - 12) / 2).unwrap_or(usize::MAX),
        };
        let value = body.checked_add(len).and_then(|end| row.get(body..end));
        all.push(value.filter(|_| kind != 0));
        body = body.saturating_add(len);
    }
    all
}

/// Seven bits in each byte, highest first, at most nine bytes; the ninth has eight bits.
fn varint(bytes: &[u8], mut at: usize) -> Option<(u64, usize)> {
    let mut number = 0;
    for nth in 0..9 {
        let byte = *bytes.get(at)?;
        at += 1;
        if nth == 8 {
            return Some((number << 8 | u64::from(byte), at));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            break;
        }
    }
    Some((number, at))
}

fn be16(bytes: &[u8], at: usize) -> usize {
    let number = bytes.get(at..).and_then(|rest| rest.first_chunk());
    number.map_or(0, |number| usize::from(u16::from_be_bytes(*number)))
}

fn be32(bytes: &[u8], at: usize) -> u32 {
    let number = bytes.get(at..).and_then(|rest| rest.first_chunk());
    number.map_or(0, |number| u32::from_be_bytes(*number))
}
