//! One self-contained HTML file: figures, charts, tables, and a table of programs whose details open on demand.
//!
//! Nothing is fetched: style, script and data are inline, and a content security policy allows only this style and script, by
//! hash. The data is a JSON block in which `<` is escaped, and the script inserts text only as text, so a name in a file cannot
//! become markup. Modules, settings and texts are stored once, in tables to which the programs refer.

mod charts;
mod data;
mod maps;
mod rebuilt;
mod tables;

#[cfg(test)]
mod tests;

pub use maps::PackageMap;
pub use rebuilt::{NotRebuilt, Rebuilt};
#[cfg(feature = "verify")]
pub(crate) use tables::of_unexamined as unexamined;

use super::document::{Remark, SupportTable};
use gospect_bytes::base64;
use gospect_bytes::number::thousands;
use gospect_record::Document;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The page around the content; `{{...}}` marks where something is inserted.
const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = concat!(
    "\"use strict\";\n// Draws the page from the data block. Foreign text only ever goes into text nodes.\n(() => {\n",
    include_str!("script/parts.js"),
    include_str!("script/tables.js"),
    include_str!("script/findings.js"),
    include_str!("script/programs.js"),
    include_str!("script/maps.js"),
    include_str!("script/page.js"),
    "})();\n"
);

/// The meaning of a figure, bar or row; each has a colour in both themes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// Neither good nor bad.
    #[default]
    Plain,
    /// Fine.
    Good,
    /// Needs attention.
    Warn,
    /// Wrong.
    Bad,
}

/// A figure at the top of the page.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tile {
    /// What it counts.
    pub label: String,
    /// The number.
    pub value: String,
    /// Its colour.
    pub tone: Tone,
    /// The filter that a click sets in the table of programs; `None`: not clickable.
    pub filter: Option<String>,
}

/// A bar chart.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Chart {
    /// Heading.
    pub title: String,
    /// Bars, longest or newest first.
    pub bars: Vec<Bar>,
}

/// One bar.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Bar {
    /// Its label.
    pub label: String,
    /// Its length.
    pub value: u64,
    /// The text after it.
    pub text: String,
    /// Its colour.
    pub tone: Tone,
    /// The filter that a click sets in the table of programs.
    pub filter: Option<String>,
}

/// A plain table, sortable and searchable. A column whose cells are numbers or sizes sorts by amount.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Heading.
    pub title: String,
    /// Column headings.
    pub columns: Vec<String>,
    /// The last column, with the places of each row; `None`: the rows have none.
    pub places: Option<Places>,
    /// Rows.
    pub rows: Vec<Row>,
}

/// A row of a [`Table`].
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Colour of the first cell.
    pub tone: Tone,
    /// Texts, one for each column.
    pub cells: Vec<String>,
    /// The program that a click opens.
    pub binary: Option<usize>,
    /// The programs that the row is about, or other places; several are listed when asked for.
    pub places: Vec<Place>,
    /// What stands for several places until they are listed; `None`: how many there are.
    pub summary: Option<String>,
}

/// The column of places.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Places {
    /// Its heading.
    pub heading: &'static str,
    /// The word for several of them.
    pub many: &'static str,
}

/// A program that a row is about, or another place.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// What holds for this program alone.
    pub note: String,
}

impl Tile {
    /// A figure with the word that fits its number; nothing to see is plain.
    pub fn of(number: u64, one: &str, many: &str, tone: Tone) -> Self {
        Self {
            label: if number == 1 { one } else { many }.to_owned(),
            value: thousands(number),
            tone: if number == 0 { Tone::Plain } else { tone },
            filter: None,
        }
    }
}

/// A page: figures, charts and tables, then the programs if it is about a scan.
#[derive(Default)]
pub struct Page<'a> {
    /// Heading and window title.
    pub title: String,
    /// Lines under the heading.
    pub about: Vec<String>,
    /// Figures.
    pub tiles: Vec<Tile>,
    /// Charts.
    pub charts: Vec<Chart>,
    /// Tables above that of the programs.
    pub tables: Vec<Table>,
    /// The packages of programs.
    pub maps: Vec<PackageMap>,
    /// The scan.
    pub document: Option<&'a Document>,
    /// Support of Go releases.
    pub support: SupportTable,
    /// Findings, shown with their programs.
    pub remarks: &'a [Remark],
    /// Words of tables that are links, with their addresses. No address may come from a file.
    pub links: BTreeMap<String, String>,
    /// Texts of the rules that have findings, as Markdown, by id.
    pub rules: BTreeMap<String, String>,
}

impl<'a> Page<'a> {
    /// The page of a scan, or of an audit if there are findings.
    pub fn of_scan(document: &'a Document, support: &SupportTable, remarks: &'a [Remark]) -> Self {
        charts::page(document, support, remarks)
    }

    /// Writes the page.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
            base64::encode(&Sha256::digest(STYLE)),
            base64::encode(&Sha256::digest(SCRIPT))
        );
        let mut rest = TEMPLATE;
        while let Some((before, after)) = rest.split_once("{{") {
            out.write_all(before.as_bytes())?;
            let (name, after) = after.split_once("}}").unwrap_or((after, ""));
            match name {
                "policy" => out.write_all(policy.as_bytes())?,
                "title" => out.write_all(escape(&self.title).as_bytes())?,
                "style" => out.write_all(STYLE.as_bytes())?,
                "script" => out.write_all(SCRIPT.as_bytes())?,
                _ => serde_json::to_writer(Guard(&mut *out), &data::of_page(self))
                    .map_err(io::Error::from)?,
            }
            rest = after;
        }
        out.write_all(rest.as_bytes())
    }
}

/// Writes the page of a scan.
///
/// # Errors
/// Those of the writer.
pub fn write(document: &Document, support: &SupportTable, out: &mut dyn Write) -> io::Result<()> {
    Page::of_scan(document, support, &[]).write(out)
}

/// Escapes `<` in JSON, where it can only be inside strings, so that neither `</script>` nor `<!--` can appear.
struct Guard<'a>(&'a mut dyn Write);

impl Write for Guard<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for (index, part) in bytes.split(|byte| *byte == b'<').enumerate() {
            if index > 0 {
                self.0.write_all(b"\\u003c")?;
            }
            self.0.write_all(part)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
