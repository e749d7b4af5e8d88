//! Findings about deployment files as an HTML page: figures, findings, and the texts of their rules.

use super::remarks::rules;
use crate::document::Remark;
use crate::html::{Page, Tile, Tone};
use gospect_audit::Audit;

/// The page; the remarks are those of [`of_files`](super::remarks::of_files).
pub fn page<'a>(audit: &Audit, remarks: &'a [Remark]) -> Page<'a> {
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
        remarks,
        rules: rules(audit),
        ..Page::default()
    }
}
