//! Findings as Markdown for a job summary or a pull request comment: counts, a table, details folded away.

use super::{Options, clean, text};
use gospect_audit::{Audit, Finding, Level};
use std::io::{self, Write};

/// Most findings to list; comments and summaries have size limits (GitHub: 64 KiB per comment).
const LISTED: usize = 100;

/// Writes the summary.
pub fn render(audit: &Audit, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    let counting: Vec<_> = audit.findings.iter().filter(|f| f.counts()).collect();
    let command = if audit.files > 0 { "lint" } else { "audit" };
    writeln!(
        out,
        "## gospect {command}\n\n{}\n",
        cell(&text::summary(audit))
    )?;
    if counting.is_empty() {
        return Ok(());
    }
    let subject = if audit.files > 0 { "file" } else { "program" };
    let sorted = table(subject, counting, out)?;
    writeln!(out, "\n<details><summary>How to fix</summary>\n")?;
    let mut said: Vec<(&str, &str)> = Vec::new();
    for f in sorted.iter().take(LISTED).filter(|f| !f.help.is_empty()) {
        if !said.contains(&(&f.rule, &f.help)) {
            said.push((&f.rule, &f.help));
            // The help text is ours and may contain code; names from files in it are escaped as in a cell.
            writeln!(out, "- **{}**: {}", cell(&f.rule), prose(&f.help))?;
        }
    }
    writeln!(out, "\n</details>")
}

/// Writes a table of findings, the worst first, and returns them in this order.
pub(crate) fn table<'f>(
    subject: &str,
    mut findings: Vec<&'f Finding>,
    out: &mut dyn Write,
) -> io::Result<Vec<&'f Finding>> {
    writeln!(out, "| | rule | {subject} | finding |\n|---|---|---|---|")?;
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    for finding in findings.iter().take(LISTED) {
        let mark = match finding.level {
            Level::Error => "❌ error",
            Level::Warning => "⚠️ warning",
            Level::Note => "ℹ️ note",
        };
        writeln!(
            out,
            "| {mark} | {} | {} | {} |",
            cell(&finding.rule),
            cell(&place(finding)),
            cell(&finding.message)
        )?;
    }
    if findings.len() > LISTED {
        let more = findings.len() - LISTED;
        writeln!(out, "\n{more} more are not listed here.")?;
    }
    Ok(findings)
}

/// The path, and the line if there is one.
fn place(f: &Finding) -> String {
    match &f.region {
        Some(r) => format!("{}:{}", f.path, r.line),
        None => f.path.clone(),
    }
}

/// Text from a file for a table cell: escaped, so that nothing in it is Markdown or HTML.
pub(crate) fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '!' | '|'
            | '~' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // Do not notify people.
            '@' => out.push_str("&#64;"),
            c => out.push(c),
        }
    }
    out
}

/// Help text: code between backquotes stays code, the rest is escaped.
fn prose(text: &str) -> String {
    let mut out = String::new();
    let parts: Vec<&str> = text.split('`').collect();
    for (i, part) in parts.iter().enumerate() {
        if i % 2 == 1 && i + 1 < parts.len() {
            out.push_str(&format!("`{}`", clean(part)));
        } else {
            out.push_str(&cell(part));
        }
    }
    out
}
