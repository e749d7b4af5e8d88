//! Findings about deployment files as an HTML page: figures, findings, and the texts of their rules.

use super::remarks::rules;
use crate::document::Remark;
use crate::html::{Page, Tile, Tone};
use gospect_audit::Audit;

/// The page; the remarks are those of [`of_files`](super::remarks::of_files).
pub fn page<'a>(audit: &Audit, remarks: &'a [Remark]) -> Page<'a> {
    let counts = &audit.counts;
    Page {
        title: "Lint of deployment files".to_owned(),
        about: vec![format!("profile {}, {}", audit.profile, audit.today)],
        tiles: [
            Tile::of(audit.files, "file", "files", Tone::Plain),
            Tile::of(counts.error, "error", "errors", Tone::Bad),
            Tile::of(counts.warning, "warning", "warnings", Tone::Warn),
            Tile::of(counts.note, "note", "notes", Tone::Plain),
            Tile::of(counts.waived, "waived", "waived", Tone::Plain),
            Tile::of(counts.accepted, "accepted", "accepted", Tone::Plain),
        ]
        .into_iter()
        .enumerate()
        .filter(|(index, tile)| *index == 0 || tile.value != "0")
        .map(|(_, tile)| tile)
        .collect(),
        remarks,
        rules: rules(audit),
        ..Page::default()
    }
}
