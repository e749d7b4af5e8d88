//! Markdown for a job page or a comment: the verdict, then a table of the differences.

use super::text::database_line;
use super::{Database, Summary, counts};
use crate::findings::markdown::{cell, table};
use gospect_audit::Finding;
use std::io::{self, Write};

pub(super) fn render(
    summary: Summary,
    database: &Database,
    findings: &[Finding],
    out: &mut dyn Write,
) -> io::Result<()> {
    let mark = match (summary.different, summary.incomplete, summary.equal) {
        (0, 0, 0) => "ℹ️ nothing to compare",
        (0, 0, _) => "✅ equal",
        (0, _, _) => "⚠️ not wholly known",
        _ => "❌ different",
    };
    writeln!(
        out,
        "## gospect verify: {mark}\n\n{}  ",
        cell(&counts(summary))
    )?;
    if let Some(line) = database_line(database) {
        writeln!(out, "{}  ", cell(&line))?;
    }
    for message in &database.messages {
        writeln!(out, "{}  ", cell(message))?;
    }
    if findings.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let findings: Vec<&Finding> = findings.iter().collect();
    if table("program", &findings, false, out)? {
        writeln!(out, "\n`--format json` names every program.")?;
    }
    Ok(())
}
