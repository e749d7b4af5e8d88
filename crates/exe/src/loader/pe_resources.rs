//! PE: the resource directory, a tree of tables whose leaves are data (Microsoft PE format, "The .rsrc Section"). The system reads a manifest there before it
//! loads libraries, which says which of them to load and which rights to ask for.

use super::{Statements, number, words};
use crate::image::Image;

/// Tables are of types, names and languages.
const DEPTH: u64 = 3;
/// Most entries of all tables together.
const ENTRIES_LIMIT: u64 = 1 << 16;
/// The highest bit of a name says that it is a text, that of an offset, that it leads to another table.
const FLAG: u64 = 1 << 31;

struct Resources<'i, 'w> {
    image: &'i Image<'w>,
    /// Where the image is loaded: data is counted from there.
    base: u64,
    /// Where the directory starts: tables and names are counted from there.
    start: u64,
    entries_left: u64,
    /// Bytes of data that may still be read: leaves may share data, so that a small file could have any amount.
    bytes_left: u64,
}

/// Reads the tree that starts at an address.
pub(super) fn read(
    image: &Image<'_>,
    (base, start): (u64, u64),
    found: &mut Statements,
) -> Option<()> {
    let mut resources = Resources {
        image,
        base,
        start,
        entries_left: ENTRIES_LIMIT,
        bytes_left: image.window().len(),
    };
    resources.table(0, 1, found)
}

impl Resources<'_, '_> {
    /// The table at an offset: characteristics, time, version, numbers of named and of numbered entries, then the entries.
    fn table(&mut self, offset: u64, depth: u64, found: &mut Statements) -> Option<()> {
        const HEAD: u64 = 16;
        const ENTRY: u64 = 8;
        let at = self.start.checked_add(offset)?;
        let field = |distance: u64, size: u64| number(self.image, at.checked_add(distance)?, size);
        let (named, numbered) = (field(12, 2)?, field(14, 2)?);
        let head = [
            depth,
            field(0, 4)?,
            field(4, 4)?,
            field(8, 4)?,
            named,
            numbered,
        ];
        found.push("table of resources", &head, &[])?;
        found.cover(at, HEAD + ENTRY * (named + numbered));
        self.entries_left = self.entries_left.checked_sub(named + numbered)?;
        for i in 0..named + numbered {
            let at = at.checked_add(HEAD + ENTRY * i)?;
            let name = number(self.image, at, 4)?;
            let to = number(self.image, at.checked_add(4)?, 4)?;
            match name & FLAG {
                0 => found.push("resource", &[name], &[])?,
                _ => {
                    let at = self.start.checked_add(name & !FLAG)?;
                    let size = 2 + 2 * number(self.image, at, 2)?;
                    let text = words(self.image, self.image.bytes(at, size)?);
                    found.cover(at, size);
                    found.push("resource with a name", &text, &[])?;
                }
            }
            match to & FLAG {
                0 => self.data(to, found)?,
                _ if depth < DEPTH => self.table(to & !FLAG, depth + 1, found)?,
                _ => return None,
            }
        }
        Some(())
    }

    /// A leaf: where its data is, the size of it, code page, a reserved word.
    fn data(&mut self, offset: u64, found: &mut Statements) -> Option<()> {
        let at = self.start.checked_add(offset)?;
        let field = |i: u64| number(self.image, at.checked_add(4 * i)?, 4);
        let (place, size) = (self.base.checked_add(field(0)?)?, field(1)?);
        self.bytes_left = self.bytes_left.checked_sub(size)?;
        found.push("data of a resource", &[field(2)?, field(3)?], &[])?;
        let bytes = self.image.bytes(place, size)?;
        found.cover(at, 16);
        found.cover(place, size);
        found.push("contents of a resource", &words(self.image, bytes), &[])
    }
}
