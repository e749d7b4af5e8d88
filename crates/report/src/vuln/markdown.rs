//! Markdown for a job page or a comment: counts, what to do, a table.

use super::Options;
use super::statement::versions;
use crate::findings::markdown::cell;
use gospect_vuln::Report;
use std::io::{self, Write};

/// Most rows; comments and summaries have size limits (GitHub: 64 KiB per comment).
const LISTED: usize = 100;

pub(super) fn render(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## gospect vuln\n")?;
    for line in super::text::footer(report, options.level) {
        writeln!(out, "{}  ", cell(&line))?;
    }
    let actions = report.actions(options.level);
    if actions.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n### What to do\n")?;
    for action in &actions {
        writeln!(out, "- {}: {}", cell(&action.what()), action.ends.len())?;
    }
    // The column exists only if severities are known.
    let (head, line) = match report.is_rated() {
        true => (" severity |", "---|"),
        false => ("", ""),
    };
    writeln!(
        out,
        "\n| | vulnerability |{head} linked | fixed in | program |\n|---|---|{line}---|---|---|"
    )?;
    let places = actions.iter().flat_map(|a| a.by_severity());
    let rows = places.flatten();
    let total = rows.clone().count();
    for (program, finding) in rows.take(LISTED) {
        let name = match finding.cve() {
            Some(cve) => format!("{} {cve}", finding.id),
            None => finding.id.clone(),
        };
        let severity = match report.is_rated() {
            true => {
                let text = finding.severity.map(|s| s.to_string());
                format!(" {} |", cell(&text.unwrap_or_default()))
            }
            false => String::new(),
        };
        writeln!(
            out,
            "| {} | {} |{severity} {} | {} | {} |",
            finding.level.name(),
            cell(&name),
            cell(&versions(finding)),
            cell(finding.fixed.as_deref().unwrap_or("no version")),
            cell(&program.path)
        )?;
    }
    if total > LISTED {
        writeln!(out, "\n{} more are not listed here.", total - LISTED)?;
    }
    Ok(())
}
