//! The card of one program: what an auditor asks first, then modules, settings and notes.
//!
//! On a terminal long values wrap under their label; nothing is cut.

use super::document::SupportTable;
use super::style::{Look, Tone, clean};
use gospect_record::{Binary, ImageRecord};
use std::fmt::Write as _;
use std::io::{self, Write};

mod fields;
mod many;
mod sections;
#[cfg(test)]
mod tests;

pub(super) use many::Cards;

/// Bytes that hold most cards.
const TYPICAL_SIZE: usize = 8 << 10;
/// The column where values begin.
const INDENT: usize = 15;

/// What each row has access to.
struct Context<'a> {
    binary: &'a Binary,
    /// The image that holds it, if its record came before.
    image: Option<&'a ImageRecord>,
    support: &'a SupportTable,
    look: &'a Look,
}

impl Context<'_> {
    fn bad(&self, text: &str) -> String {
        self.look.paint(Tone::Bad, text)
    }
    fn warn(&self, text: &str) -> String {
        self.look.paint(Tone::Warn, text)
    }
    fn good(&self, text: &str) -> String {
        self.look.paint(Tone::Good, text)
    }
    fn dim(&self, text: &str) -> String {
        self.look.paint(Tone::Dim, text)
    }
}

/// Writes the card.
///
/// # Errors
/// Those of the writer.
pub fn write(
    binary: &Binary,
    image: Option<&ImageRecord>,
    support: &SupportTable,
    look: &Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    let context = Context {
        binary,
        image,
        support,
        look,
    };
    let mut text = String::with_capacity(TYPICAL_SIZE);
    look.wrap(&mut text, "", &look.paint(Tone::Title, &binary.path));
    for (label, read) in fields::FIELDS {
        if let Some(value) = read(&context) {
            field(look, &mut text, label, &value);
        }
    }
    for (title, lines) in [
        ("contradictions", sections::contradictions(&context)),
        ("godebug in force", sections::effective(&context)),
        ("build-host paths", sections::paths(&context)),
    ] {
        section(look, &mut text, title, &lines);
    }
    sections::modules(&context, &mut text);
    let stand_ins = sections::stand_ins(&context);
    let title = format!("in the function table ({})", stand_ins.len());
    section(look, &mut text, &title, &stand_ins);
    let (title, largest) = sections::largest_packages(&context);
    section(look, &mut text, &title, &largest);
    sections::settings(&context, &mut text);
    section(look, &mut text, "notes", &notes(binary));
    out.write_all(look.finish(&text).as_bytes())
}

/// The content of the card, for a page with a layout of its own.
pub struct CardContent {
    /// Label and text of each row.
    pub rows: Vec<(&'static str, String)>,
    /// Title and lines of each list, except modules and settings.
    pub lists: Vec<(&'static str, Vec<String>)>,
}

/// The content of the card without layout; control characters are already replaced.
pub fn content(binary: &Binary, support: &SupportTable) -> CardContent {
    let context = Context {
        binary,
        image: None,
        support,
        look: &Look::PLAIN,
    };
    let rows = fields::FIELDS
        .iter()
        .filter_map(|(label, read)| Some((*label, read(&context)?)));
    let lists = [
        ("evidence", sections::claims(&context)),
        ("godebug in force", sections::effective(&context)),
        ("build-host paths", sections::paths(&context)),
        ("in the function table", sections::stand_ins(&context)),
        ("notes", notes(binary)),
    ];
    CardContent {
        rows: rows.collect(),
        lists: lists
            .into_iter()
            .filter(|(_, lines)| !lines.is_empty())
            .collect(),
    }
}

fn notes(binary: &Binary) -> Vec<String> {
    binary
        .notes
        .iter()
        .map(|note| clean(note).into_owned())
        .collect()
}

fn field(look: &Look, out: &mut String, label: &str, value: &str) {
    let head = format!(
        "  {}{:pad$}",
        look.paint(Tone::Label, label),
        "",
        pad = INDENT - 2 - label.len().min(INDENT - 3)
    );
    look.wrap(out, &head, value);
}

fn section(look: &Look, out: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n  {}", look.paint(Tone::Title, title));
    for line in lines {
        look.entry(out, 4, line);
    }
}

fn joined(parts: Vec<String>) -> Option<String> {
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn safe(text: &str) -> String {
    clean(text).into_owned()
}
