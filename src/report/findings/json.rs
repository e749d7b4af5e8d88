//! Findings as one JSON document: `findings` as the contract has them, counts, what was judged by.

use super::Options;
use crate::audit::Audit;
use serde_json::json;
use std::io::{self, Write};

/// Writes the document.
pub fn render(audit: &Audit, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    let tool = json!({ "name": "gospect", "version": env!("CARGO_PKG_VERSION") });
    let document = json!({
        "schema": "gospect-audit/1", "tool": tool, "profile": audit.profile, "today": audit.today,
        "binaries": audit.binaries, "files": audit.files, "counts": audit.counts, "findings": audit.findings,
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}
