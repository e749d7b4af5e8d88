//! Verified programs as a page: figures, findings by rule, and what was not examined.

use super::text::database_line;
use super::{Database, Summary, counts};
use crate::findings::remarks;
use crate::html::{self, Page, Tile, Tone};
use crate::style::clean;
use gospect_audit::{Audit, Finding};
use gospect_record::Unexamined;
use std::io::{self, Write};

pub(super) fn render(
    summary: Summary,
    database: &Database,
    findings: Vec<Finding>,
    unexamined: &[Unexamined],
    out: &mut dyn Write,
) -> io::Result<()> {
    let figures = [
        (summary.programs, ["program", "programs"], Tone::Plain),
        (summary.different, ["different"; 2], Tone::Bad),
        (summary.incomplete, ["not wholly known"; 2], Tone::Warn),
        (summary.equal, ["equal"; 2], Tone::Good),
        (
            summary.nothing_to_compare,
            ["with nothing to compare"; 2],
            Tone::Plain,
        ),
    ];
    let figures = figures.into_iter().enumerate();
    let tiles = figures
        .filter(|(index, (number, ..))| *index == 0 || *number > 0)
        .map(|(_, (number, [one, many], tone))| Tile::of(number, one, many, tone));
    let messages = database.messages.iter();
    let about = std::iter::once(counts(summary))
        .chain(database_line(database))
        .chain(messages.map(|message| clean(message).into_owned()));
    let audit = Audit {
        findings,
        ..Audit::default()
    };
    let remarks = remarks::of_programs(&audit);
    Page {
        title: "Programs and what they claim".to_owned(),
        about: about.collect(),
        tiles: tiles.collect(),
        tables: html::unexamined(unexamined).into_iter().collect(),
        remarks: &remarks,
        rules: remarks::rules(&audit),
        ..Page::default()
    }
    .write(out)
}
