//! Findings about deployment files as an HTML page: figures, then a table.

use crate::html::{Page, Row, Table, Tile, Tone};
use gospect_audit::{Audit, Finding, Level};

/// The page.
pub fn page(audit: &Audit) -> Page<'static> {
    let tile = |label: &str, n: u64, tone: Tone| Tile {
        label: label.to_owned(),
        value: n.to_string(),
        tone: if n == 0 { Tone::Plain } else { tone },
        filter: None,
    };
    let c = &audit.counts;
    Page {
        title: "Lint of deployment files".to_owned(),
        about: vec![format!("profile {}, {}", audit.profile, audit.today)],
        tiles: vec![
            tile("files", audit.files, Tone::Plain),
            tile("errors", c.error, Tone::Bad),
            tile("warnings", c.warning, Tone::Warn),
            tile("notes", c.note, Tone::Plain),
            tile("waived", c.waived, Tone::Plain),
            tile("accepted", c.accepted, Tone::Plain),
        ],
        tables: vec![Table {
            title: "Findings".to_owned(),
            columns: ["level", "rule", "place", "finding", "line", "fix"]
                .map(str::to_owned)
                .to_vec(),
            rows: audit
                .findings
                .iter()
                .filter(|f| f.counts())
                .map(row)
                .collect(),
        }],
        ..Page::default()
    }
}

fn row(f: &Finding) -> Row {
    let (place, line) = match &f.region {
        Some(r) => (format!("{}:{}:{}", f.path, r.line, r.column), r.text.trim()),
        None => (f.path.clone(), ""),
    };
    Row {
        tone: match f.level {
            Level::Error => Tone::Bad,
            Level::Warning => Tone::Warn,
            Level::Note => Tone::Plain,
        },
        cells: vec![
            f.level.name().to_owned(),
            format!("{} ({})", f.rule, f.code),
            place,
            f.message.clone(),
            line.to_owned(),
            f.help.clone(),
        ],
        binary: None,
    }
}
