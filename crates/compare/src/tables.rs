//! The function tables: names, lines and stack maps of functions whose code is equal.

use super::align::{Alignment, Piece, Words, align};
use super::loading::AreSame;
use super::side::Side;
use gospect_go::tables::pclntab::{Layout, Pclntab};
use gospect_record::rebuild::{Difference, DifferentPart};
use std::ops::ControlFlow;

/// Compares the tables. When functions differ, so do their tables, and only other paths are reported.
pub fn compare(
    old: &Side<'_, '_>,
    new: &Side<'_, '_>,
    is_same_code: bool,
    are_same: &AreSame<'_>,
) -> Vec<Difference> {
    let mut all = Vec::new();
    let tables = (old.tables.pclntab(), new.tables.pclntab());
    let (Some(old_table), Some(new_table)) = tables else {
        return all;
    };
    let (old_files, new_files) = (files(old, old_table), files(new, new_table));
    let paths = paths(&old_files, &new_files);
    if let Paths::Normalised(count, example) = &paths {
        let length = |files: &[Vec<u8>]| files.iter().map(Vec::len).sum::<usize>();
        all.push(Difference {
            part: DifferentPart::Paths,
            bytes: length(&old_files).abs_diff(length(&new_files)) as u64,
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
    // Since Go 1.18 the tables hold offsets and no addresses (src/cmd/link/internal/ld/pcln.go).
    let has_addresses = matches!(old_table.layout, Layout::Go12 | Layout::Go116);
    let is_equal = |old_part: (u64, u64), new_part: (u64, u64)| {
        are_equal_bytes((old, new), old_part, new_part)
            || has_addresses && are_equal_words((old, new), old_part, new_part, are_same)
    };
    if old_table.layout != new_table.layout {
        differ("another layout", 0);
    } else if old_table.layout == Layout::Go12 {
        // Names, files and lines are scattered; with other paths every offset differs.
        let range = |side: &Side<'_, '_>| {
            let addresses = side.function_table();
            (addresses.start, addresses.end - addresses.start)
        };
        if matches!(paths, Paths::Equal) && !is_equal(range(old), range(new)) {
            differ("other lines or stack maps", 0);
        }
    } else {
        let same_files = old_files.len() == new_files.len();
        let tables = ((old, old_table), (new, new_table));
        for (what, bytes) in different_parts(tables, same_files, &is_equal) {
            differ(what, bytes);
        }
    }
    all
}

/// The parts of two function tables since Go 1.16 that differ, and their sizes. `same_files`: whether both have as many source files.
fn different_parts(
    ((old, old_table), (new, new_table)): ((&Side<'_, '_>, &Pclntab), (&Side<'_, '_>, &Pclntab)),
    same_files: bool,
    is_equal: &dyn Fn((u64, u64), (u64, u64)) -> bool,
) -> Vec<(&'static str, u64)> {
    let old_parts = TableParts::of(old, old_table);
    let new_parts = TableParts::of(new, new_table);
    let same_numbers = || {
        let of_old = file_numbers(old, old_table, old_parts.units);
        let of_new = file_numbers(new, new_table, new_parts.units);
        same_files && of_old.is_some() && of_old == of_new
    };
    let parts = [
        ("other names", old_table.names, new_table.names),
        (
            "other lines or stack maps",
            old_parts.pc_values,
            new_parts.pc_values,
        ),
        (
            "other entries of functions",
            old_parts.functions,
            new_parts.functions,
        ),
    ];
    let unequal = parts
        .into_iter()
        .filter(|(_, from, to)| !is_equal(*from, *to));
    let mut all: Vec<(&'static str, u64)> = unequal.map(|(what, from, _)| (what, from.1)).collect();
    if !is_equal(old_parts.units, new_parts.units) && !same_numbers() {
        all.push(("other files of functions", old_parts.units.1));
    }
    all
}

/// The parts of a function table since Go 1.16: address and size each (src/cmd/link/internal/ld/pcln.go).
struct TableParts {
    /// `cutab`: for each compilation unit the offsets of its files in the file table.
    units: (u64, u64),
    /// `pctab`: lines, files and stack maps by address.
    pc_values: (u64, u64),
    /// `functab` and the `_func` of each function.
    functions: (u64, u64),
}

impl TableParts {
    fn of(side: &Side<'_, '_>, table: &Pclntab) -> Self {
        let between = |start: u64, end: u64| (start, end.saturating_sub(start));
        let names_end = table.names.0 + table.names.1;
        let files_end = table.file_table.0 + table.file_table.1;
        Self {
            units: between(names_end, table.file_table.0),
            pc_values: between(files_end, table.function_table.0),
            functions: between(table.function_table.0, side.function_table().end),
        }
    }
}

/// Whether two ranges, given by address and size, have the same bytes. The shorter one may end earlier by padding.
fn are_equal_bytes(
    (old, new): (&Side<'_, '_>, &Side<'_, '_>),
    (old_start, old_size): (u64, u64),
    (new_start, new_size): (u64, u64),
) -> bool {
    const PADDING: u64 = 64;
    let size = old_size.min(new_size);
    let bytes = (
        old.image.bytes_upto(old_start, size),
        new.image.bytes_upto(new_start, size),
    );
    let is_padding = |side: &Side<'_, '_>, start: u64, whole: u64| {
        let bytes = side.image.bytes_upto(start + size, whole - size);
        bytes.unwrap_or_default().iter().all(|byte| *byte == 0)
    };
    bytes.0.is_some()
        && bytes.0 == bytes.1
        && old_size.abs_diff(new_size) <= PADDING
        && is_padding(old, old_start, old_size)
        && is_padding(new, new_start, new_size)
}

/// Whether two ranges, given by address and size, have the same bytes but for addresses, which lead to the same things.
fn are_equal_words(
    (old, new): (&Side<'_, '_>, &Side<'_, '_>),
    (old_start, old_size): (u64, u64),
    (new_start, new_size): (u64, u64),
    are_same: &AreSame<'_>,
) -> bool {
    let bytes = (
        old.image.bytes_upto(old_start, old_size),
        new.image.bytes_upto(new_start, new_size),
    );
    let (Some(old_bytes), Some(new_bytes)) = bytes else {
        return false;
    };
    let mut alignment = Alignment::default();
    let words = Words {
        size: usize::try_from(old.image.pointer_size().max(1)).unwrap_or(8),
        number: &|bytes| old.image.number(bytes),
        are_pointers: &|old_value, new_value| old.holds(old_value) && new.holds(new_value),
    };
    let piece = |bytes, start| Piece { bytes, start };
    align(
        &piece(old_bytes, old_start),
        &piece(new_bytes, new_start),
        &[],
        &words,
        &mut alignment,
    );
    // Equal words may be numbers.
    let mut addresses = alignment.pointers.iter().filter(|p| p.old != p.new);
    alignment.different.is_empty() && addresses.all(|p| are_same(p.old, p.new))
}

/// The files of all compilation units, by their numbers in the file table. With other paths the offsets in the table differ, the numbers do not.
fn file_numbers(
    side: &Side<'_, '_>,
    table: &Pclntab,
    units: (u64, u64),
) -> Option<Vec<Option<usize>>> {
    let known_offsets = name_offsets(side, table)?;
    let bytes = side.image.bytes(units.0, units.1)?;
    let offsets = bytes.chunks_exact(4).map(|chunk| side.image.number(chunk));
    let numbers = offsets.map(|offset| known_offsets.binary_search(&offset).ok());
    Some(numbers.collect())
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
    for (old_file, new_file) in old.iter().zip(new) {
        if old_file == new_file {
            continue;
        }
        if !is_same_file(old_file, new_file) {
            return Paths::Other;
        }
        count += 1;
        if example.is_empty() {
            example = format!(
                "{} is {}",
                String::from_utf8_lossy(old_file),
                String::from_utf8_lossy(new_file)
            );
        }
    }
    Paths::Normalised(count, example)
}

/// Whether two paths end in the same name.
fn is_same_file(old: &[u8], new: &[u8]) -> bool {
    let name = |path: &[u8]| -> Vec<u8> {
        let mut parts = path.rsplit(|byte| matches!(byte, b'/' | b'\\'));
        parts.next().unwrap_or_default().to_vec()
    };
    name(old) == name(new)
}
