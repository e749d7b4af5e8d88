//! Many binaries, one row each, then the summary and how far the scan reached.
//!
//! On a terminal the table fits the width: paths and packages lose their directories, other texts their end. The name of a file is what a
//! reader types next, so it stays whole as long as its column takes no more than `NAMES` of the width; of a longer one both ends are left,
//! which tell versions and platforms apart. Elsewhere nothing is cut.
//! A column that is empty in every row is left out.

use super::document::{Support, SupportTable};
use super::format::{Options, Render};
use super::model::{Binary, Line};
use super::reach::{self, Reasons};
use super::style::{Look, Tone, clean, width};
use super::terms::{self, Loudness};
use comfy_table::{LineStyle, Table, TableStyle};
use std::io::{self, Write};

/// Columns of space between columns.
const GAP: usize = 2;
/// The part of the width that whole names may take, in tenths.
const NAMES: usize = 3;
/// No terminal is wider; keeps one absurd value from padding every row.
const MOST: usize = 4096;

/// A cell: pieces of text with the tone of each, joined by a space.
type Cell = Vec<(String, Option<Tone>)>;

/// One column of the table.
struct Column {
    header: &'static str,
    /// Narrowest useful width; a column at or below is not shrunk.
    least: usize,
    cut: Cut,
    value: fn(&Binary, &SupportTable) -> Cell,
}

/// What to lose when a column is too wide.
enum Cut {
    /// Directories, then the middle.
    Name,
    /// Directories, then the version.
    Package,
    /// The end.
    End,
}

const COLUMNS: &[Column] = &[
    Column {
        header: "image",
        least: 10,
        cut: Cut::Name,
        value: image,
    },
    Column {
        header: "path",
        least: 18,
        cut: Cut::Name,
        value: path,
    },
    Column {
        header: "go",
        least: 9,
        cut: Cut::End,
        value: go,
    },
    Column {
        header: "program",
        least: 14,
        cut: Cut::Package,
        value: program,
    },
    Column {
        header: "port",
        least: 15,
        cut: Cut::End,
        value: port,
    },
    Column {
        header: "notes",
        least: 10,
        cut: Cut::End,
        value: notes,
    },
];

fn plain(text: impl Into<String>) -> Cell {
    vec![(text.into(), None)]
}

fn image(binary: &Binary, _: &SupportTable) -> Cell {
    binary
        .location
        .image
        .as_ref()
        .map_or_else(Cell::new, |image| plain(image.reference.clone()))
}

fn path(binary: &Binary, _: &SupportTable) -> Cell {
    let slice = binary.location.slice.as_deref();
    plain(slice.map_or_else(
        || binary.path.clone(),
        |slice| format!("{} ({slice})", binary.path),
    ))
}

fn go(binary: &Binary, support: &SupportTable) -> Cell {
    let Some(version) = &binary.go_version else {
        return Cell::new();
    };
    let tone = match support.get(version) {
        Some(Support {
            supported: Some(true),
            ..
        }) => Some(Tone::Good),
        Some(Support {
            supported: Some(false),
            ..
        }) => Some(Tone::Warn),
        _ => None,
    };
    vec![(version.clone(), tone)]
}

fn program(binary: &Binary, _: &SupportTable) -> Cell {
    let version = binary.shown_version().unwrap_or_default();
    let path = terms::main_module(binary)
        .map(|m| m.path.as_str())
        .or(binary.main_package.as_deref());
    path.map_or_else(Cell::new, |path| plain(terms::at_version(path, version)))
}

fn port(binary: &Binary, _: &SupportTable) -> Cell {
    terms::port(binary).map_or_else(Cell::new, plain)
}

fn notes(binary: &Binary, _: &SupportTable) -> Cell {
    let tone = |loudness| match loudness {
        Loudness::Alarm => Some(Tone::Bad),
        Loudness::Notice => Some(Tone::Warn),
        Loudness::Plain => None,
    };
    terms::flags(binary)
        .into_iter()
        .map(|(text, loudness)| (text, tone(loudness)))
        .collect()
}

/// The table in the making: of each binary what its row shows.
#[derive(Default)]
pub(super) struct Rows {
    rows: Vec<Vec<Cell>>,
    unexamined: Reasons,
}

impl Render for Rows {
    fn line(&mut self, line: Line, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        match line {
            Line::Binary(binary) => self.rows.push(
                COLUMNS
                    .iter()
                    .map(|column| cleaned((column.value)(&binary, &options.support)))
                    .collect(),
            ),
            Line::Unexamined(thing) => self.unexamined.add(thing),
            Line::End(end) => {
                let mut text = String::new();
                if !self.rows.is_empty() {
                    write(&self.rows, &options.look, &mut text);
                    text.push('\n');
                }
                reach::write(&end, &self.unexamined, &options.look, &mut text);
                out.write_all(options.look.finish(&text).as_bytes())?;
            }
            Line::Run(_) | Line::Image(_) => {}
        }
        Ok(())
    }
}

/// Adds the table alone to `out`.
fn write(rows: &[Vec<Cell>], look: &Look, out: &mut String) {
    let natural: Vec<usize> = COLUMNS
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let widest = rows
                .iter()
                .filter_map(|row| row.get(index))
                .map(cell_width)
                .max()
                .unwrap_or_default();
            if widest == 0 {
                0
            } else {
                widest.max(column.header.len()).min(MOST)
            }
        })
        .collect();
    let widths = fit(&natural, &names(rows), look.width);
    let mut table = Table::new();
    table.load_style(frame(look));
    table.set_header(
        COLUMNS
            .iter()
            .zip(&widths)
            .filter(|(_, width)| **width > 0)
            .map(|(column, width)| look.paint(Tone::Title, &look.cut_end(column.header, *width)))
            .collect::<Vec<_>>(),
    );
    for row in rows {
        let columns = COLUMNS
            .iter()
            .zip(&widths)
            .zip(row)
            .filter(|((_, width), _)| **width > 0);
        table.add_row(
            columns
                .map(|((column, width), cell)| paint(look, column, cell, *width))
                .collect::<Vec<_>>(),
        );
    }
    let last = table.column_count().saturating_sub(1);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if index == last { 0 } else { GAP as u16 }));
    }
    for line in table.lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

/// A header with a rule below, no other lines.
fn frame(look: &Look) -> TableStyle {
    let fill = if look.unicode { '─' } else { '-' };
    TableStyle::new().header_separator(LineStyle::none().fill(fill))
}

/// Longest text of a cell, in bytes: the table holds all its rows until it is written.
const LONGEST: usize = 4096;

fn cleaned(cell: Cell) -> Cell {
    cell.into_iter()
        .map(|(mut text, tone)| {
            if text.len() > LONGEST {
                let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at));
                text.truncate(end.unwrap_or_default());
                text = format!("{text}...");
            }
            (clean(&text).into_owned(), tone)
        })
        .collect()
}

fn cell_width(cell: &Cell) -> usize {
    cell.iter()
        .map(|(text, _)| width(text) + 1)
        .sum::<usize>()
        .saturating_sub(1)
}

/// How wide the columns of names must be so that every name is whole, without its directories; 0 for other columns.
fn names(rows: &[Vec<Cell>]) -> Vec<usize> {
    let name = |(text, _): &(String, _)| {
        let name = text.rsplit(['/', '!']).next().unwrap_or_default();
        width(name)
    };
    let widest = |index: usize| {
        let cells = rows.iter().filter_map(|row| row.get(index)?.first());
        cells.map(name).max().unwrap_or_default()
    };
    COLUMNS
        .iter()
        .enumerate()
        .map(|(index, column)| {
            if column.header == "path" {
                widest(index)
            } else {
                0
            }
        })
        .collect()
}

/// Shares the width out: while the table is too wide, the widest column that can still shrink does.
fn fit(natural: &[usize], names: &[usize], total: Option<usize>) -> Vec<usize> {
    let mut widths = natural.to_vec();
    let Some(total) = total else { return widths };
    let gaps = GAP * widths.iter().filter(|w| **w > 0).count().saturating_sub(1);
    let most = total * NAMES / 10;
    let mut floors: Vec<usize> = COLUMNS
        .iter()
        .zip(names)
        .map(|(column, name)| column.least.max(*name.min(&most)))
        .collect();
    loop {
        let over = (widths.iter().sum::<usize>() + gaps).saturating_sub(total);
        if over == 0 {
            return widths;
        }
        let candidates = widths
            .iter()
            .zip(&floors)
            .enumerate()
            .filter(|(_, (width, floor))| width > floor);
        match candidates
            .max_by_key(|(index, (width, _))| (**width, std::cmp::Reverse(*index)))
            .map(|(index, _)| index)
        {
            Some(index) => {
                // Down to the next widest at most, so that columns of one size shrink together.
                let rival = widths
                    .iter()
                    .enumerate()
                    .filter(|(i, _)| *i != index)
                    .map(|(_, w)| *w)
                    .max()
                    .unwrap_or(0);
                let (Some(width), Some(floor)) = (widths.get_mut(index), floors.get(index)) else {
                    return widths;
                };
                let step = width.saturating_sub(rival.max(*floor)).clamp(1, over);
                *width -= step;
            }
            // Every column is at its least: a terminal this narrow gets less than useful columns.
            None if floors.iter().any(|floor| *floor > 1) => {
                floors.iter_mut().for_each(|floor| *floor = 1)
            }
            None => return widths,
        }
    }
}

fn paint(look: &Look, column: &Column, cell: &Cell, max: usize) -> String {
    let mut out = String::new();
    let mut room = max;
    for (index, (text, tone)) in cell.iter().enumerate() {
        if index > 0 {
            if room < 2 {
                break;
            }
            out.push(' ');
            room -= 1;
        }
        let rest = cell.get(index + 1..).unwrap_or_default();
        // Words that follow need at least room for the sign that something was cut.
        let reserve = if rest.is_empty() || width(text) + 1 + tail_width(rest) <= room {
            0
        } else {
            1 + width(look.ellipsis())
        };
        let fits = width(text) + reserve <= room;
        let shown = match column.cut {
            _ if fits => text.clone(),
            Cut::Name => look.cut_name(text, room),
            Cut::Package => look.cut_package(text, room),
            // The start of a word that is not the first says no more than that there is one.
            Cut::End if index > 0 => look.cut_end(text, width(look.ellipsis()).min(room)),
            Cut::End => look.cut_end(text, room),
        };
        room = room.saturating_sub(width(&shown));
        out.push_str(&tone.map_or(shown.clone(), |tone| look.paint(tone, &shown)));
        if !fits {
            break;
        }
    }
    out
}

fn tail_width(rest: &[(String, Option<Tone>)]) -> usize {
    rest.iter()
        .map(|(text, _)| width(text) + 1)
        .sum::<usize>()
        .saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::Document;
    use crate::report::sample;

    fn table(document: &Document, look: Look) -> String {
        let options = Options {
            look,
            support: sample::support(),
            memory: 64 << 20,
        };
        let mut out = Vec::new();
        let mut rows = Rows::default();
        for line in document.clone().lines() {
            rows.line(line, &options, &mut out).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    fn look(width: Option<usize>) -> Look {
        Look {
            width,
            color: false,
            unicode: true,
        }
    }

    #[test]
    fn fits_the_terminal_at_every_width() {
        for columns in [20, 40, 80, 120, 200] {
            let text = table(&sample::document(), look(Some(columns)));
            for line in text.lines() {
                assert!(width(line) <= columns, "{columns}: {line}\n{text}");
            }
        }
    }

    #[test]
    fn a_text_that_no_cell_can_hold_is_cut_and_still_a_text() {
        let mut document = sample::document();
        document.binaries[0].path = "é".repeat(100_000);
        let text = table(&document, look(None));
        assert!(
            text.len() < 40_000 && text.contains("é..."),
            "{}",
            text.len()
        );
    }

    #[test]
    fn cuts_directories_of_paths_on_a_terminal_and_never_elsewhere() {
        let document = sample::document();
        let path = &document.binaries[1].path;
        let narrow = table(&document, look(Some(80)));
        assert!(!narrow.contains(path.as_str()));
        assert!(
            narrow.contains("all/server") && narrow.contains('…'),
            "{narrow}"
        );
        let piped = table(&document, look(None));
        assert!(piped.contains(path.as_str()) && !piped.contains('…'));
        assert!(
            piped.contains("!contradicted:go-version !godebug-fatal"),
            "{piped}"
        );
    }

    #[test]
    fn file_names_stay_whole_where_they_take_a_third_of_the_width_or_less() {
        let mut document = sample::document();
        let named = |name: &str| {
            let mut binary = sample::clean();
            binary.path = format!("a/directory/that/is/long/{name}");
            binary.main_package = Some("example.com/some/long/package/name".to_owned());
            binary
        };
        let (fits, wide) = (
            "containerd-shim-runc-v2",
            "sing-box-windows-amd64-v3-legacy.exe",
        );
        document.binaries = vec![named(fits), named(wide)];
        let text = table(&document, look(Some(80)));
        assert!(text.contains(fits), "{text}");
        assert!(
            text.contains("\nsing-box-wi…3-legacy.exe"),
            "both ends: {text}"
        );
        assert!(table(&document, look(Some(120))).contains(wide));
    }

    #[test]
    fn one_row_a_binary_then_the_summary() {
        let document = sample::document();
        let text = table(&document, look(None));
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[0].starts_with("image"), "{text}");
        assert!(lines[1].starts_with("──"));
        let blank = lines.iter().position(|line| line.is_empty()).unwrap();
        assert_eq!(blank, 2 + document.binaries.len());
        assert!(lines[blank + 1].starts_with("4 Go programs"));
        assert!(
            text.contains("example.com/hello@1.0.3"),
            "a claim beats (devel): {text}"
        );
    }

    #[test]
    fn columns_empty_everywhere_are_left_out() {
        let mut document = sample::document();
        document.binaries.truncate(1);
        let text = table(&document, look(Some(80)));
        assert!(text.starts_with("path"), "{text}");
        assert!(!text.lines().next().unwrap().contains("image"));
        document.binaries.clear();
        let text = table(&document, look(Some(80)));
        assert!(
            text.starts_with("4 Go programs"),
            "no header without rows: {text}"
        );
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        for columns in [Some(80), Some(200), None] {
            let plain = table(&sample::document(), look(columns));
            let colored = table(
                &sample::document(),
                Look {
                    color: true,
                    ..look(columns)
                },
            );
            assert!(!plain.contains('\u{1b}'));
            let mut bare = String::new();
            let mut rest = colored.as_str();
            while let Some((before, after)) = rest.split_once('\u{1b}') {
                bare.push_str(before);
                rest = after.split_once('m').unwrap().1;
            }
            bare.push_str(rest);
            assert_eq!(bare, plain);
            assert!(
                colored.contains("\u{1b}[35mgo1.21.13\u{1b}[0m"),
                "{colored}"
            );
        }
    }

    #[test]
    fn ascii_terminals_get_ascii_lines() {
        let mut document = sample::document();
        document.binaries.pop();
        assert!(
            table(
                &document,
                Look {
                    width: Some(80),
                    ..Look::PLAIN
                }
            )
            .is_ascii()
        );
    }

    #[test]
    fn one_absurd_value_does_not_pad_every_row() {
        let mut document = sample::document();
        document.binaries = vec![sample::clean(); 200];
        document.binaries[7].main_package = Some("x".repeat(5_000_000));
        document.binaries[7].build_info = None;
        assert!(table(&document, look(None)).len() < 2_000_000);
    }
}
