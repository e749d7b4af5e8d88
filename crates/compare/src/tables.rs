//! The function tables: names, lines and stack maps of functions whose code is equal.

use super::align::{Alignment, Piece, Words, align};
use super::side::Side;
use gospect_go::tables::pclntab::{Layout, Pclntab};
use gospect_record::rebuild::{Difference, DifferentPart};
use std::ops::ControlFlow;

/// Compares the tables. When functions differ, so do their tables, and only other paths are reported.
pub fn compare(old: &Side<'_, '_>, new: &Side<'_, '_>, is_same_code: bool) -> Vec<Difference> {
    let mut all = Vec::new();
    let (Some(a), Some(b)) = (old.tables.pclntab(), new.tables.pclntab()) else {
        return all;
    };
    let files = (files(old, a), files(new, b));
    let paths = paths(&files.0, &files.1);
    if let Paths::Normalised(count, example) = &paths {
        all.push(Difference {
            part: DifferentPart::Paths,
            bytes: files
                .0
                .iter()
                .map(Vec::len)
                .sum::<usize>()
                .abs_diff(files.1.iter().map(Vec::len).sum()) as u64,
            what: format!("{count} source files have other folders in front: {example}"),
        });
    }
    if !is_same_code {
        return all;
    }
    let mut differ = |what: &str, bytes: u64| {
        all.push(Difference {
            part: DifferentPart::Data,
            bytes,
            what: format!("the function table has {what}"),
        });
    };
    if let Paths::Other = paths {
        differ("other source files", 0);
    }
    if a.layout != b.layout {
        differ("another layout", 0);
    } else if a.layout == Layout::Go12 {
        // Names, files and lines are scattered; with other paths every offset differs.
        let (x, y) = (old.function_table(), new.function_table());
        if matches!(paths, Paths::Equal)
            && !is_equal(old, new, x.start, x.end - x.start, y.start, y.end - y.start)
        {
            differ("other lines or stack maps", 0);
        }
    } else {
        let units = |t: &Pclntab| {
            (
                t.names.0 + t.names.1,
                t.file_table.0.saturating_sub(t.names.0 + t.names.1),
            )
        };
        let pcs = |t: &Pclntab| {
            (
                t.file_table.0 + t.file_table.1,
                t.function_table
                    .0
                    .saturating_sub(t.file_table.0 + t.file_table.1),
            )
        };
        let rows = |side: &Side<'_, '_>, t: &Pclntab| {
            (
                t.function_table.0,
                side.function_table().end.saturating_sub(t.function_table.0),
            )
        };
        let check = |x: (u64, u64), y: (u64, u64)| is_equal(old, new, x.0, x.1, y.0, y.1);
        if !check(a.names, b.names) {
            differ("other names", a.names.1);
        }
        if !check(pcs(a), pcs(b)) {
            differ("other lines or stack maps", pcs(a).1);
        }
        if !check(rows(old, a), rows(new, b)) {
            differ("other entries of functions", rows(old, a).1);
        }
        if !check(units(a), units(b))
            && !has_same_files(old, new, (a, units(a)), (b, units(b)), &files)
        {
            differ("other files of functions", units(a).1);
        }
    }
    all
}

/// Whether two ranges have the same bytes but for pointers.
fn is_equal(
    old: &Side<'_, '_>,
    new: &Side<'_, '_>,
    a: u64,
    a_size: u64,
    b: u64,
    b_size: u64,
) -> bool {
    // The tables of the last function end with the segment; the padding after them is not compared.
    let size = a_size.min(b_size);
    if a_size.abs_diff(b_size) > 64 {
        return false;
    }
    let (Some(x), Some(y)) = (old.image.bytes_upto(a, size), new.image.bytes_upto(b, size)) else {
        return false;
    };
    if x == y {
        return true;
    }
    let mut alignment = Alignment::default();
    let words = Words {
        size: usize::try_from(old.image.pointer_size().max(1)).unwrap_or(8),
        number: &|bytes| old.image.number(bytes),
        are_pointers: &|x, y| old.holds(x) && new.holds(y),
    };
    align(
        &Piece { bytes: x, start: a },
        &Piece { bytes: y, start: b },
        &[],
        &words,
        &mut alignment,
    );
    alignment.different.is_empty()
}

/// Whether the compilation units have the same files, by their numbers in the file tables.
fn has_same_files(
    old: &Side<'_, '_>,
    new: &Side<'_, '_>,
    (a, a_units): (&Pclntab, (u64, u64)),
    (b, b_units): (&Pclntab, (u64, u64)),
    files: &(Vec<Vec<u8>>, Vec<Vec<u8>>),
) -> bool {
    let numbers =
        |side: &Side<'_, '_>, units: (u64, u64), table: &Pclntab| -> Option<Vec<Option<usize>>> {
            let known_offsets = name_offsets(side, table)?;
            let bytes = side.image.bytes(units.0, units.1)?;
            let offsets = bytes.chunks_exact(4).map(|chunk| side.image.number(chunk));
            Some(
                offsets
                    .map(|offset| known_offsets.binary_search(&offset).ok())
                    .collect(),
            )
        };
    let (x, y) = (numbers(old, a_units, a), numbers(new, b_units, b));
    files.0.len() == files.1.len() && x.is_some() && x == y
}

/// Offsets of the names in the file table.
fn name_offsets(side: &Side<'_, '_>, table: &Pclntab) -> Option<Vec<u64>> {
    let bytes = side.image.bytes(table.file_table.0, table.file_table.1)?;
    let ends = memchr::memchr_iter(0, bytes).map(|end| end as u64 + 1);
    Some([0].into_iter().chain(ends).collect())
}

/// The source files of the file table.
fn files(side: &Side<'_, '_>, table: &Pclntab) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    table.source_files::<()>(side.image, &mut |file| {
        all.push(file.to_vec());
        ControlFlow::Continue(())
    });
    all
}

/// How the lists of source files compare.
enum Paths {
    Equal,
    /// Number of files whose folders differ, and one of them.
    Normalised(usize, String),
    Other,
}

/// Compares lists of source files; the same file may be in another folder.
fn paths(old: &[Vec<u8>], new: &[Vec<u8>]) -> Paths {
    if old == new {
        return Paths::Equal;
    }
    if old.len() != new.len() {
        return Paths::Other;
    }
    let mut count = 0;
    let mut example = String::new();
    for (a, b) in old.iter().zip(new) {
        if a == b {
            continue;
        }
        if !is_same_file(a, b) {
            return Paths::Other;
        }
        count += 1;
        if example.is_empty() {
            example = format!(
                "{} is {}",
                String::from_utf8_lossy(a),
                String::from_utf8_lossy(b)
            );
        }
    }
    Paths::Normalised(count, example)
}

/// Whether two paths end in the same name.
fn is_same_file(a: &[u8], b: &[u8]) -> bool {
    let name = |path: &[u8]| -> Vec<u8> {
        let mut parts = path.rsplit(|byte| matches!(byte, b'/' | b'\\'));
        parts.next().unwrap_or_default().to_vec()
    };
    name(a) == name(b)
}
