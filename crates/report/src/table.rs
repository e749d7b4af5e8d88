//! Many programs with one row each, then the summary and how far the scan reached.
//!
//! On a terminal the table fits the width; docs/guide.md has what gives way, in this order: the notes, down to their least width; the
//! directories of images, paths and packages, the widest column first; the middle of names. A reader will type
//! the file name next, so it stays whole while its column takes at most `NAME_TENTHS` of the width. Of a longer name both ends stay,
//! because they tell versions and platforms apart. For a member of an archive both names stay. The version of a program and its port
//! stay whole. Where two rows would read alike, the part in which they differ is shown. Elsewhere nothing is cut. A column that is
//! empty in every row is left out.

mod alike;

use super::document::{Support, SupportTable};
use super::flags::{self, Importance};
use super::image;
use super::reach::{self, Reasons};
use super::render::{Options, Render};
use super::style::{Look, Tone, clean, width};
use super::terms;
use comfy_table::{LineStyle, Table, TableStyle};
use gospect_bytes::number::count;
use gospect_record::{Binary, Line};
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Blanks between columns.
const GAP: usize = 2;
/// Least width of the notes: of one as long as `no-modules`, with the sign for further ones.
const NOTES: usize = 12;
/// On a narrower terminal than this even the release is cut.
const NARROW: usize = 40;
/// Tenths of the width that whole names, or whole versions, may take.
const NAME_TENTHS: usize = 3;
/// Widest line, so that one very long value does not pad every row.
const MAX_WIDTH: usize = 4096;

/// A cell: pieces of text with their tones, joined by spaces.
type Cell = Vec<(String, Option<Tone>)>;

/// A column of the table.
struct Column {
    header: &'static str,
    /// Narrowest useful width; the column is not made narrower.
    least: usize,
    cut: Cut,
    /// Whether it shrinks before all others.
    gives_way: bool,
    value: fn(&Binary, &SupportTable) -> Cell,
}

/// How to shorten a text that is too wide.
enum Cut {
    /// Drop directories, then the middle.
    Name,
    /// Drop directories, then the version.
    Package,
    /// Drop the end.
    End,
}

const COLUMNS: &[Column] = &[
    Column {
        header: "image",
        least: 10,
        cut: Cut::Name,
        gives_way: false,
        value: image_of,
    },
    Column {
        header: "path",
        least: 18,
        cut: Cut::Name,
        gives_way: false,
        value: path,
    },
    Column {
        header: "layer",
        least: 5,
        cut: Cut::End,
        gives_way: false,
        value: layer,
    },
    Column {
        header: "go",
        least: 9,
        cut: Cut::End,
        gives_way: false,
        value: go,
    },
    Column {
        header: "program",
        least: 14,
        cut: Cut::Package,
        gives_way: false,
        value: program,
    },
    Column {
        header: "port",
        least: 15,
        cut: Cut::End,
        gives_way: false,
        value: port,
    },
    Column {
        header: "notes",
        least: NOTES,
        cut: Cut::End,
        gives_way: true,
        value: notes,
    },
];

fn plain(text: impl Into<String>) -> Cell {
    vec![(text.into(), None)]
}

fn image_of(binary: &Binary, _: &SupportTable) -> Cell {
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

fn layer(binary: &Binary, _: &SupportTable) -> Cell {
    let layer = binary.location.layer.as_ref();
    layer.map_or_else(Cell::new, |layer| plain(layer.index.to_string()))
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
    binary.port().map_or_else(Cell::new, plain)
}

fn notes(binary: &Binary, _: &SupportTable) -> Cell {
    let tone = |importance| match importance {
        Importance::Alarm => Some(Tone::Bad),
        Importance::Notice => Some(Tone::Warn),
        Importance::Plain => None,
    };
    flags::of(binary)
        .into_iter()
        .map(|(text, importance)| (text, tone(importance)))
        .collect()
}

/// The rows of the table so far.
#[derive(Default)]
pub(super) struct Rows {
    rows: Vec<Vec<Cell>>,
    /// The words that occur in the notes.
    words: BTreeSet<&'static str>,
    /// A line for each of the first images.
    images: Vec<String>,
    /// The number of all images.
    image_count: usize,
    unexamined: Reasons,
}

impl Render for Rows {
    fn line(&mut self, line: Line, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        match line {
            Line::Binary(binary) => {
                let notes = flags::of(&binary);
                let words = notes.iter().filter_map(|(text, _)| flags::meaning(text));
                self.words.extend(words.map(|(word, _)| word));
                self.rows.push(
                    COLUMNS
                        .iter()
                        .map(|column| cleaned((column.value)(&binary, &options.support)))
                        .collect(),
                );
            }
            Line::Unexamined(thing) => self.unexamined.add(thing),
            // Which target could not be read is said where messages are; nothing else is known.
            Line::End(end) if self.unexamined.say_it_all(&end) => {}
            Line::End(end) => {
                let mut text = String::new();
                if !self.rows.is_empty() {
                    write(&self.rows, &options.look, &mut text);
                    legend(&self.words, &options.look, &mut text);
                    text.push('\n');
                }
                self.images(&options.look, &mut text);
                reach::write(&end, &self.unexamined, &options.look, &mut text);
                out.write_all(options.look.finish(&text).as_bytes())?;
            }
            Line::Image(image) => {
                self.image_count += 1;
                if self.images.len() < IMAGES {
                    let name = options.look.paint(Tone::Label, &image::name(&image));
                    self.images.push(format!("{name}: {}", image::line(&image)));
                }
            }
            Line::Run(_) => {}
        }
        Ok(())
    }
}

impl Rows {
    /// Adds a line for each image to `out`: its ENTRYPOINT and CMD, USER, ENV, version and ID.
    fn images(&self, look: &Look, out: &mut String) {
        for image in &self.images {
            look.wrap(out, "", image);
        }
        if let more @ 1.. = self.image_count - self.images.len() {
            let more = format!(
                "and {} (--format json has all)",
                count(more as u64, "more image", "more images")
            );
            look.wrap(out, "", &look.paint(Tone::Dim, &more));
        }
        if !self.images.is_empty() {
            out.push('\n');
        }
    }
}

/// Adds a paragraph that explains the words of the notes to `out`.
fn legend(words: &BTreeSet<&str>, look: &Look, out: &mut String) {
    let known = flags::words().filter(|(word, _)| words.contains(word));
    let meanings: Vec<String> = known
        .map(|(word, meaning)| format!("{}: {meaning}", look.paint(Tone::Label, word)))
        .collect();
    if !meanings.is_empty() {
        out.push('\n');
        look.wrap(out, "", &format!("Notes: {}.", meanings.join("; ")));
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
                widest.max(column.header.len()).min(MAX_WIDTH)
            }
        })
        .collect();
    let widths = fit(&natural, &wanted(rows), look.width);
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
    let alike = alike::resolve(rows, &widths, look);
    for (number, row) in rows.iter().enumerate() {
        let columns = COLUMNS
            .iter()
            .zip(&widths)
            .zip(row)
            .enumerate()
            .filter(|(_, ((_, width), _))| **width > 0);
        table.add_row(
            columns
                .map(|(index, ((column, width), cell))| {
                    let other = alike.get(&(index, number));
                    other.map_or_else(|| paint(look, column, cell, *width), Clone::clone)
                })
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

/// A header with a rule below it, and no other lines.
fn frame(look: &Look) -> TableStyle {
    let fill = if look.unicode { '─' } else { '-' };
    TableStyle::new().header_separator(LineStyle::none().fill(fill))
}

/// Images that are described below the table.
const IMAGES: usize = 20;
/// Longest text of a cell, in bytes: all rows are kept in memory until the table is written.
const MAX_CELL: usize = 4096;

fn cleaned(cell: Cell) -> Cell {
    cell.into_iter()
        .map(|(mut text, tone)| {
            if text.len() > MAX_CELL {
                let end = (0..=MAX_CELL).rev().find(|at| text.is_char_boundary(*at));
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

/// For each column of names, the width at which what tells rows apart is whole: file names with those of their archives, and
/// versions with the beginning of a name; 0 for other columns.
fn wanted(rows: &[Vec<Cell>]) -> Vec<usize> {
    let of_column = |(index, column): (usize, &Column)| {
        let texts = rows.iter().filter_map(|row| row.get(index)?.first());
        let wanted = texts.map(|(text, _)| match (&column.cut, column.header) {
            (Cut::Name, "path") => file_names(text),
            (Cut::Package, _) => version_and_name(text),
            _ => 0,
        });
        wanted.max().unwrap_or_default()
    };
    COLUMNS.iter().enumerate().map(of_column).collect()
}

/// The width of a file name; in an archive that of both names with the mark between them.
fn file_names(path: &str) -> usize {
    let last = |path: &str| width(path.rsplit(['/', '!']).next().unwrap_or_default());
    match path.split_once('!') {
        Some((archive, member)) => last(archive) + 1 + last(member),
        None => last(path),
    }
}

/// The width of a version with four characters of the name in front.
fn version_and_name(package: &str) -> usize {
    const NAME: usize = 4;
    match package.rsplit_once('@') {
        Some((name, version)) => width(name).min(NAME) + 2 + width(version),
        None => 0,
    }
}

/// Distributes the width: while the table is too wide, first the columns that give way shrink, then the widest that still can.
fn fit(natural: &[usize], wanted: &[usize], total: Option<usize>) -> Vec<usize> {
    let mut widths = natural.to_vec();
    let Some(total) = total else { return widths };
    let gaps = GAP
        * widths
            .iter()
            .filter(|width| **width > 0)
            .count()
            .saturating_sub(1);
    for (column, width) in COLUMNS.iter().zip(&mut widths) {
        let excess = (natural.iter().sum::<usize>() + gaps).saturating_sub(total);
        if column.gives_way {
            let least = column.least.min(*width);
            *width = width.saturating_sub(excess).max(least);
        }
    }
    let max_wanted = total * NAME_TENTHS / 10;
    let mut floors: Vec<usize> = COLUMNS
        .iter()
        .zip(wanted)
        .map(|(column, wanted)| column.least.max(*wanted.min(&max_wanted)))
        .collect();
    let mut is_last_resort = false;
    loop {
        let excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(total);
        if excess == 0 {
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
                // Down to the width of the next widest at most, so that columns of equal width shrink together.
                let rival = widths
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| *other != index)
                    .map(|(_, width)| *width)
                    .max()
                    .unwrap_or(0);
                let (Some(width), Some(floor)) = (widths.get_mut(index), floors.get(index)) else {
                    return widths;
                };
                let step = width.saturating_sub(rival.max(*floor)).clamp(1, excess);
                *width -= step;
            }
            // Every column has its least useful width, but the terminal is narrower still. The release stays whole.
            None if !is_last_resort => {
                is_last_resort = true;
                for (column, floor) in COLUMNS.iter().zip(&mut floors) {
                    let keeps = column.header == "go" && total >= NARROW;
                    *floor = if keeps { column.least } else { 1 };
                }
            }
            None => return widths,
        }
    }
}

fn paint(look: &Look, column: &Column, cell: &Cell, max: usize) -> String {
    let mut out = String::new();
    let mut available = max;
    for (index, (text, tone)) in cell.iter().enumerate() {
        if index > 0 {
            if available < 2 {
                break;
            }
            out.push(' ');
            available -= 1;
        }
        let rest = cell.get(index + 1..).unwrap_or_default();
        // Leave space for the sign that the following words were cut.
        let reserve = if rest.is_empty() || width(text) + 1 + tail_width(rest) <= available {
            0
        } else {
            1 + width(look.ellipsis())
        };
        let fits = width(text) + reserve <= available;
        let shown = match column.cut {
            _ if fits => text.clone(),
            Cut::Name => look.cut_name(text, available),
            Cut::Package => look.cut_package(text, available),
            // Of later words only the sign that there is one is worth showing.
            Cut::End if index > 0 => look.cut_end(text, width(look.ellipsis()).min(available)),
            // The word fits, but the sign for those after it does not fit beside it.
            Cut::End if width(text) <= available => look.cut_end(&format!("{text}  "), available),
            Cut::End => look.cut_end(text, available),
        };
        available = available.saturating_sub(width(&shown));
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
mod tests;
