//! The diff as one self-contained page: figures, the changes to look at first, and all changes, sortable and searchable.

use super::{compared, path, size};
use crate::html::{Bar, Chart, Page, Row, Table, Tile, Tone};
use gospect_audit::diff::{Change, Class, Diff, Pair};
use std::io::{self, Write};

/// Writes the page; `names` are the two targets.
///
/// # Errors
/// Those of the writer.
pub fn render(diff: &Diff, names: [&str; 2], out: &mut dyn Write) -> io::Result<()> {
    let clean = |text: &str| super::super::findings::clean(text).into_owned();
    let worse = diff.changes().filter(|c| c.worse).count();
    let tile = |label: &str, value: usize, tone| Tile {
        label: label.to_owned(),
        value: value.to_string(),
        tone: if value == 0 { Tone::Plain } else { tone },
        filter: None,
    };
    let bars = Class::ALL
        .into_iter()
        .map(|class| (class, diff.count(class)))
        .filter(|(_, n)| *n > 0)
        .map(|(class, n)| Bar {
            label: class.name().to_owned(),
            value: n as u64,
            text: n.to_string(),
            ..Bar::default()
        })
        .collect::<Vec<_>>();
    let changes = |only_worse: bool| {
        let rows = diff.pairs.iter().flat_map(|p| {
            p.changes
                .iter()
                .filter(move |c| c.worse || !only_worse)
                .map(move |c| row(p, c))
        });
        rows.collect::<Vec<_>>()
    };
    let columns = ["program", "port", "class", "what", "old", "new", "way"];
    let table = |title: &str, rows| Table {
        title: title.to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows,
    };
    let programs = Table {
        title: "Programs".to_owned(),
        columns: [
            "program", "port", "old Go", "new Go", "changes", "parts", "size",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: diff.pairs.iter().map(program).collect(),
    };
    Page {
        title: format!("{} → {}", clean(names[0]), clean(names[1])),
        about: vec![format!("{}.", super::summary(diff))],
        tiles: vec![
            tile("programs changed", compared(diff), Tone::Plain),
            tile("programs unchanged", diff.unchanged as usize, Tone::Good),
            tile("changes", diff.changes().count(), Tone::Plain),
            tile("to look at first", worse, Tone::Bad),
        ],
        charts: vec![Chart {
            title: "Changes by class".to_owned(),
            bars,
        }]
        .into_iter()
        .filter(|chart| !chart.bars.is_empty())
        .collect(),
        tables: [
            table("Look at these first", changes(true)),
            programs,
            table("Changes", changes(false)),
        ]
        .into_iter()
        .filter(|table| !table.rows.is_empty())
        .collect(),
        ..Page::default()
    }
    .write(out)
}

fn row(pair: &Pair, change: &Change) -> Row {
    let text = |value: &Option<String>| {
        let value = value.as_deref().unwrap_or("");
        super::super::findings::clean(&gospect_audit::shorten(value)).into_owned()
    };
    Row {
        tone: if change.worse { Tone::Bad } else { Tone::Plain },
        cells: vec![
            super::super::findings::clean(path(pair)).into_owned(),
            pair.port.clone(),
            change.class.name().to_owned(),
            super::super::findings::clean(&change.key).into_owned(),
            text(&change.old),
            text(&change.new),
            format!("{:?}", change.direction).to_lowercase(),
        ],
        binary: None,
    }
}

fn program(pair: &Pair) -> Row {
    let go = |side: &Option<gospect_audit::diff::Side>| {
        side.as_ref()
            .and_then(|s| s.go_version.clone())
            .unwrap_or_default()
    };
    let tone = match (&pair.old, &pair.new) {
        (None, _) => Tone::Good,
        (_, None) => Tone::Warn,
        _ => Tone::Plain,
    };
    Row {
        tone,
        cells: vec![
            super::super::findings::clean(path(pair)).into_owned(),
            pair.port.clone(),
            go(&pair.old),
            go(&pair.new),
            pair.changes.len().to_string(),
            pair.parts.as_deref().unwrap_or_default().join(", "),
            size(pair),
        ],
        binary: None,
    }
}
