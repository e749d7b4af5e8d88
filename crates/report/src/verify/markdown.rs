//! Markdown for a job page or a comment: the verdict, then a table of the differences.

use super::text::database_line;
use super::{Database, Summary, counts};
use crate::findings::markdown::cell;
use gospect_audit::{Finding, Level};
use std::io::{self, Write};

/// Most rows; comments and summaries have size limits (GitHub: 64 KiB per comment).
const LISTED: usize = 100;

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
    writeln!(out, "\n| | rule | program | finding |\n|---|---|---|---|")?;
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    for finding in sorted.iter().take(LISTED) {
        let mark = match finding.level {
            Level::Error => "❌ error",
            Level::Warning => "⚠️ warning",
            Level::Note => "ℹ️ note",
        };
        writeln!(
            out,
            "| {mark} | {} | {} | {} |",
            cell(&finding.rule),
            cell(&finding.path),
            cell(&finding.message)
        )?;
    }
    match sorted.len().checked_sub(LISTED) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(out, "\n{more} more are not listed here."),
    }
}
