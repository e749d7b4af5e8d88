//! The whole diff as one JSON document.

use crate::audit::diff::{Class, Diff};
use serde_json::{Map, json};
use std::io::{self, Write};

/// Writes the document: `pairs` with every change, `counts` by class, `unchanged`.
pub fn render(diff: &Diff, out: &mut dyn Write) -> io::Result<()> {
    let counts: Map<String, serde_json::Value> = Class::ALL
        .into_iter()
        .map(|c| (c.name().to_string(), diff.count(c).into()))
        .collect();
    let document = json!({ "schema": "gospect-diff/1", "counts": counts, "unchanged": diff.unchanged, "pairs": diff.pairs });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}
