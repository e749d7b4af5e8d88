//! One row for each program, with stable columns, for spreadsheets and databases.
//!
//! The format is RFC 4180: commas, CRLF, a header row, quotes where needed and doubled inside. A spreadsheet would run a cell
//! that begins with `=`, `+`, `-`, `@`, a tab or a carriage return as a formula, so it gets a leading `'` (`-s -w` becomes `'-s
//! -w`). So does a cell with such a sign, or its full-width form, after blanks or invisible characters, and a cell that begins
//! with `'`: without one leading `'` it is the original text. Invisible format characters are written out (`\u{1d173}`). An
//! unknown value is an empty cell. Lists are joined by a space, notes by `; `.

mod columns;

pub use columns::{COLUMNS, Column};

#[cfg(feature = "formats")]
use gospect_bytes::escape::clean;
use gospect_bytes::escape::needs_escape;
use gospect_record::Line;
use std::borrow::Cow;
use std::io::{self, Write};

/// Writes one line for a terminal: control characters are replaced.
///
/// # Errors
/// Those of the writer.
#[cfg(feature = "formats")]
pub(crate) fn write_harmless(line: &Line, out: &mut dyn Write) -> io::Result<()> {
    let mut bytes = Vec::new();
    write(line, &mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let Some(row) = text.strip_suffix("\r\n") else {
        return out.write_all(&bytes);
    };
    out.write_all(clean(row).as_bytes())?;
    out.write_all(b"\r\n")
}

/// Writes one line of the stream: the header row for `run`, a row for `binary`, nothing for the others.
///
/// # Errors
/// Those of the writer.
pub fn write(line: &Line, out: &mut dyn Write) -> io::Result<()> {
    match line {
        Line::Run(_) => row(COLUMNS.iter().map(|c| c.name.to_owned()), out),
        Line::Binary(binary) => row(
            COLUMNS.iter().map(|c| c.of(binary).unwrap_or_default()),
            out,
        ),
        Line::Image(_) | Line::Unexamined(_) | Line::End(_) => Ok(()),
    }
}

pub(super) fn row(cells: impl Iterator<Item = String>, out: &mut dyn Write) -> io::Result<()> {
    let mut text = String::new();
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            text.push(',');
        }
        push_cell(&mut text, &cell);
    }
    text.push_str("\r\n");
    out.write_all(text.as_bytes())
}

/// Whether a spreadsheet may take a cell for a formula. It may skip leading blanks, and takes full-width signs for plain ones.
fn is_formula(cell: &str) -> bool {
    const BLANK: [char; 3] = ['\u{feff}', '\u{a0}', '\u{2800}'];
    let first = cell
        .chars()
        .find(|c| !(c.is_whitespace() || needs_escape(*c) || BLANK.contains(c)));
    cell.starts_with(['\t', '\r', '\n', '\''])
        || matches!(
            first,
            Some(
                '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '−' | '﹢' | '﹣' | '﹦' | '﹫'
            )
        )
}

/// Replaces format characters, which are invisible in a spreadsheet, with their escapes. Control characters stay: a cell with a
/// line end is quoted.
fn with_visible_format_characters(cell: &str) -> Cow<'_, str> {
    let hides = |c: char| needs_escape(c) && !c.is_control();
    if !cell.contains(hides) {
        return Cow::Borrowed(cell);
    }
    let mut out = String::with_capacity(cell.len() + 16);
    for c in cell.chars() {
        match hides(c) {
            true => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            false => out.push(c),
        }
    }
    Cow::Owned(out)
}

fn push_cell(text: &mut String, cell: &str) {
    let guard = if is_formula(cell) { "'" } else { "" };
    let cell = &*with_visible_format_characters(cell);
    if cell.contains([',', '"', '\r', '\n']) {
        text.push('"');
        text.push_str(guard);
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(guard);
        text.push_str(cell);
    }
}

#[cfg(test)]
mod guards {
    use super::*;

    #[test]
    fn formulas_are_escaped_behind_blanks_and_invisible_characters() {
        for (cell, want) in [
            ("=1", "'=1"),
            ("\u{feff}=1", "'\\u{feff}=1"),
            ("\u{a0}+1", "'\u{a0}+1"),
            (" \t@x", "' \t@x"),
            ("＝1", "'＝1"),
            ("＋1", "'＋1"),
            ("－1", "'－1"),
            ("＠x", "'＠x"),
            ("\u{1d173}=1", "'\\u{1d173}=1"),
            ("a\u{110bd}b", "a\\u{110bd}b"),
            ("a=1", "a=1"),
            ("", ""),
            ("世界", "世界"),
        ] {
            let mut text = String::new();
            push_cell(&mut text, cell);
            assert_eq!(text, want, "{cell:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use test_support::records as sample;

    fn rows(lines: &[Line]) -> Vec<Vec<String>> {
        let mut out = Vec::new();
        for line in lines {
            write(line, &mut out).unwrap();
        }
        parse(&String::from_utf8(out).unwrap())
    }

    /// A reader of RFC 4180 that is independent of the writer.
    fn parse(text: &str) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut cell, mut quoted) =
            (Vec::new(), Vec::new(), String::new(), false);
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if quoted && chars.peek() == Some(&'"') => cell.push(chars.next().unwrap()),
                '"' => quoted = !quoted,
                ',' if !quoted => row.push(std::mem::take(&mut cell)),
                '\r' if !quoted => {
                    assert_eq!(chars.next(), Some('\n'));
                    row.push(std::mem::take(&mut cell));
                    rows.push(std::mem::take(&mut row));
                }
                c => cell.push(c),
            }
        }
        assert!(!quoted && row.is_empty() && cell.is_empty());
        rows
    }

    #[test]
    fn a_header_then_one_row_a_binary_all_of_one_width() {
        let lines = sample::lines();
        let rows = rows(&lines);
        let binaries = lines
            .iter()
            .filter(|l| matches!(l, Line::Binary(_)))
            .count();
        assert_eq!(rows.len(), binaries + 1);
        assert!(rows.iter().all(|row| row.len() == COLUMNS.len()));
        assert_eq!(&rows[0][..3], ["path", "go_version", "main_package"]);
    }

    #[test]
    fn columns_have_unique_names_and_a_doc() {
        let names: BTreeSet<_> = COLUMNS.iter().map(|c| c.name).collect();
        assert_eq!(names.len(), COLUMNS.len());
        assert!(COLUMNS.iter().all(|c| !c.doc.is_empty()));
    }

    /// The guide lists the columns. To update it, copy what this test prints.
    #[test]
    fn the_guide_lists_every_column_in_order() {
        let path = test_support::root().join("docs/csv-columns.md");
        let mut wanted = String::from("| column | holds |\n|---|---|\n");
        for column in COLUMNS {
            wanted += &format!("| `{}` | {} |\n", column.name, column.doc);
        }
        let guide = std::fs::read_to_string(path).unwrap();
        assert!(
            guide.contains(&wanted),
            "docs/csv-columns.md should hold:\n{wanted}"
        );
    }

    #[test]
    fn hostile_cells_neither_break_rows_nor_run() {
        let name = "=cmd|'/c calc'!A1,\"x\"\r\nsecond";
        let mut binary = sample::clean();
        binary.path = name.to_owned();
        binary.main_package = Some("@SUM(1)".into());
        binary.go_vendor = Some("\t=1".into());
        let rows = rows(&[sample::lines()[0].clone(), Line::Binary(Box::new(binary))]);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[1][0], format!("'{name}"));
        assert_eq!(rows[1][2], "'@SUM(1)");
        let mut text = String::new();
        push_cell(&mut text, "'quoted");
        assert_eq!(text, "''quoted", "taking one off gives the exact text");
        for cell in &rows[1] {
            assert!(
                !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
                "{cell:?}"
            );
        }
    }

    #[test]
    fn unknown_values_are_empty_cells_and_false_is_not() {
        let rows = rows(&[
            sample::lines()[0].clone(),
            Line::Binary(Box::new(sample::clean())),
        ]);
        let cell =
            |name: &str| rows[1][COLUMNS.iter().position(|c| c.name == name).unwrap()].as_str();
        assert_eq!(cell("go_symbols"), "false");
        assert_eq!(cell("sha256"), "");
        assert_eq!(cell("fips_mode"), "");
        assert_eq!(cell("ldflags"), "'-s -w");
        assert_eq!(cell("claims_contradicted"), "");
        assert_eq!(cell("claims_confirmed"), "1");
    }
}
