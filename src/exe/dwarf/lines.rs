//! The file tables in front of the line programs (DWARF 5, section 6.2.4; DWARF 4, section 6.2.4 for the form before).

use super::{Bytes, LINE, SECTION_LIMIT, Strings, Value, Widths};
use crate::exe::image::Image;
use std::ops::ControlFlow;

/// Bytes of one table. The largest packages have some thousand files.
const TABLE_LIMIT: u64 = 4 << 20;
/// Entries of one table; each takes at least a byte.
const ENTRIES_LIMIT: usize = 1 << 20;

/// The source files of one unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileTable<'d> {
    /// Directories as recorded. The first is that of the compilation: empty up to DWARF 4, which keeps it elsewhere.
    pub directories: Vec<&'d [u8]>,
    /// Names, and the index of the directory of each.
    pub files: Vec<(&'d [u8], usize)>,
    /// Up to DWARF 4.
    pub is_old: bool,
}

/// Content types of DWARF 5 (section 6.2.4.1).
const PATH: u64 = 1;
const DIRECTORY: u64 = 2;

pub(super) fn visit<B>(
    image: &Image<'_>,
    visit: &mut dyn FnMut(&FileTable<'_>) -> ControlFlow<B>,
) -> Option<B> {
    let mut stream = LINE.open(image, SECTION_LIMIT)?;
    let strings = Strings::new(image);
    let mut buf = Vec::new();
    loop {
        let (mut left, offset) = stream.unit_length(&mut buf)?;
        if left < 2 {
            stream.skip(left)?;
            continue;
        }
        let version = stream.number(2, &mut buf)?;
        left -= 2;
        if (2..=5).contains(&version) {
            let mut head = offset as u64;
            let mut address = 0;
            if version == 5 {
                left = left.checked_sub(2)?;
                address = stream.number(1, &mut buf)?;
                stream.skip(1)?;
            }
            left = left.checked_sub(head)?;
            head = stream.number(head, &mut buf)?.min(left);
            let table = head.min(TABLE_LIMIT);
            stream.take(table, &mut buf)?;
            left -= table;
            let bytes = Bytes {
                rest: &buf,
                big_endian: stream.big_endian,
            };
            let widths = Widths {
                offset,
                address: usize::try_from(address).ok()?,
                version,
            };
            if let Some(table) = read(bytes, widths, &strings)
                && let ControlFlow::Break(found) = visit(&table)
            {
                return Some(found);
            }
        }
        stream.skip(left)?;
    }
}

fn read<'d>(
    mut bytes: Bytes<'d>,
    widths: Widths,
    strings: &'d Strings<'_>,
) -> Option<FileTable<'d>> {
    // Least instruction length, and for DWARF 4 the operations of one; is_stmt, line base, line range; lengths of the opcodes.
    bytes.take(if widths.version >= 4 { 5 } else { 4 })?;
    let opcodes = bytes.number(1)?;
    bytes.take(usize::try_from(opcodes).ok()?.saturating_sub(1))?;
    if widths.version == 5 {
        let directories = entries(&mut bytes, widths, strings)?;
        let files = entries(&mut bytes, widths, strings)?;
        return Some(FileTable {
            directories: directories.into_iter().map(|d| d.0).collect(),
            files,
            is_old: false,
        });
    }
    let mut table = FileTable {
        directories: vec![b""],
        is_old: true,
        ..FileTable::default()
    };
    loop {
        match bytes.text()? {
            b"" => break,
            directory => table.directories.push(directory),
        }
    }
    // A table that ends early still names the files before.
    while let Some(name) = bytes.text().filter(|n| !n.is_empty()) {
        let (Some(directory), Some(_), Some(_)) = (bytes.uleb(), bytes.uleb(), bytes.uleb()) else {
            break;
        };
        table
            .files
            .push((name, usize::try_from(directory).unwrap_or(usize::MAX)));
    }
    Some(table)
}

/// A list of entries of DWARF 5, behind the description of what each is made of.
fn entries<'d>(
    bytes: &mut Bytes<'d>,
    widths: Widths,
    strings: &'d Strings<'_>,
) -> Option<Vec<(&'d [u8], usize)>> {
    let mut format = Vec::new();
    for _ in 0..bytes.number(1)? {
        format.push((bytes.uleb()?, bytes.uleb()?));
    }
    let count = bytes.uleb()?;
    let mut all = Vec::new();
    // Entries without content would go on for ever.
    if format.is_empty() {
        return (count == 0).then_some(all);
    }
    for _ in 0..count {
        let before = bytes.rest.len();
        let (mut path, mut directory) = (&b""[..], 0);
        for &(content, form) in &format {
            let value = bytes.value(form, widths)?;
            match (content, value) {
                (PATH, value) => path = strings.text(value),
                (DIRECTORY, Value::Number(n)) => {
                    directory = usize::try_from(n).unwrap_or(usize::MAX)
                }
                _ => {}
            }
        }
        if bytes.rest.len() == before || all.len() >= ENTRIES_LIMIT {
            return None;
        }
        all.push((path, directory));
    }
    Some(all)
}
