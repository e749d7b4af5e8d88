//! Rebuilds and comparisons of code as a page.

use super::{counts, sentence, tone};
use crate::html::{self, Page, Row, Table, Tile};
use crate::style::{self, clean};
use gospect_bytes::number::thousands;
use gospect_record::rebuild::{Comparison, Difference, FunctionDifference, Outcome, Rebuild};
use gospect_record::why::shown;
use std::io::{self, Write};

/// Writes the result of a rebuild as a page.
///
/// # Errors
/// Those of the writer.
pub fn html(result: &Rebuild, out: &mut dyn Write) -> io::Result<()> {
    let mut about = vec![format!("Released sha256 {}", result.sha256.released)];
    about.extend(
        result
            .sha256
            .rebuilt
            .iter()
            .map(|sum| format!("Rebuilt sha256 {sum}")),
    );
    let is_built = result.verdict != Outcome::NotBuilt;
    if let Some(counts) = result.functions.filter(|_| is_built) {
        about.push(format!("{}.", sentence(counts, &result.differences)));
    }
    about.extend(
        result
            .why
            .iter()
            .chain(&result.explanations)
            .map(|line| clean(line).into_owned()),
    );
    let mut tiles = vec![verdict(result.verdict)];
    if let Some(counts) = result.functions.filter(|_| is_built) {
        let unequal = counts.all.saturating_sub(counts.equal);
        tiles.push(Tile::of(
            counts.equal,
            "function equal",
            "functions equal",
            html::Tone::Good,
        ));
        tiles.push(Tile::of(
            unequal,
            "function differs",
            "functions differ",
            html::Tone::Bad,
        ));
    }
    Page {
        title: format!("Rebuild of {}", clean(&result.program)),
        about,
        tiles,
        tables: [
            differences(&result.differences),
            functions(&result.changed, 0),
            lines(
                "Assumed, because the program does not say",
                "assumption",
                &result.assumed,
            ),
        ]
        .into_iter()
        .filter(|table| !table.rows.is_empty())
        .collect(),
        ..Page::default()
    }
    .write(out)
}

/// What a comparison of code adds to a page: a line with the verdict, and tables that have rows.
pub(crate) fn comparison(result: &Comparison) -> (Vec<String>, Tile, Vec<Table>) {
    let mut about = vec![format!(
        "Code: {}; {}.",
        result.verdict.as_str(),
        sentence(counts(result), &result.differences)
    )];
    about.extend(
        result
            .explanations
            .iter()
            .map(|line| clean(line).into_owned()),
    );
    let tables = [
        differences(&result.differences),
        functions(&result.changed, result.more_changed),
    ];
    let tables = tables.into_iter().filter(|table| !table.rows.is_empty());
    (about, verdict(result.verdict), tables.collect())
}

fn verdict(verdict: Outcome) -> Tile {
    Tile {
        label: "verdict".to_owned(),
        value: verdict.as_str().to_owned(),
        tone: match tone(verdict) {
            style::Tone::Good => html::Tone::Good,
            style::Tone::Warn => html::Tone::Warn,
            _ => html::Tone::Bad,
        },
        filter: None,
    }
}

fn table(title: &str, columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Table {
    Table {
        title: title.to_owned(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        places: None,
        rows: rows
            .map(|cells| Row {
                cells,
                ..Row::default()
            })
            .collect(),
    }
}

fn differences(all: &[Difference]) -> Table {
    let rows = all.iter().map(|difference| {
        // Zero: the difference is not one of bytes.
        let bytes = match difference.bytes {
            0 => String::new(),
            bytes => thousands(bytes),
        };
        vec![
            difference.part.as_str().to_owned(),
            bytes,
            clean(&difference.what).into_owned(),
        ]
    });
    table("Differences", &["part", "bytes", "what"], rows)
}

fn functions(all: &[FunctionDifference], more: u64) -> Table {
    let rows = all.iter().map(|function| {
        let place = function.place.as_deref().unwrap_or_default();
        vec![
            function.change.as_str().to_owned(),
            clean(&shown(&function.function)).into_owned(),
            clean(place).into_owned(),
            clean(&function.what).into_owned(),
        ]
    });
    let title = match more {
        0 => "Functions that differ".to_owned(),
        more => format!("Functions that differ, without {} more", thousands(more)),
    };
    table(&title, &["change", "function", "where", "what"], rows)
}

fn lines(title: &str, column: &str, all: &[String]) -> Table {
    table(
        title,
        &[column],
        all.iter().map(|line| vec![clean(line).into_owned()]),
    )
}
