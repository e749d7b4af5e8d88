//! The diff for a pull request comment: a table of the important changes, the rest folded away, within the size limits of
//! forges.

use super::{packages, path, sign, size, summary, values};
use crate::findings::markdown::cell;
use gospect_audit::diff::{Class, Diff};
use gospect_bytes::number::count;
use std::io::{self, Write};

/// Most programs, and most changes of a program, to list.
const PROGRAMS: usize = 50;
const CHANGES: usize = 60;

/// Writes the comment.
pub fn render(diff: &Diff, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## gospect diff\n\n{}.\n", summary(diff))?;
    let counts: Vec<(Class, usize)> = Class::ALL
        .into_iter()
        .map(|c| (c, diff.count(c)))
        .filter(|(_, n)| *n > 0)
        .collect();
    if counts.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = counts.iter().map(|(c, _)| c.name()).collect();
    let numbers: Vec<String> = counts.iter().map(|(_, n)| n.to_string()).collect();
    writeln!(
        out,
        "| {} |\n|{}\n| {} |",
        names.join(" | "),
        "---|".repeat(names.len()),
        numbers.join(" | ")
    )?;
    let worse: Vec<_> = diff
        .pairs
        .iter()
        .flat_map(|p| p.changes.iter().filter(|c| c.worse).map(move |c| (p, c)))
        .collect();
    if !worse.is_empty() {
        writeln!(
            out,
            "\n### Look at these first\n\n| program | what | change |\n|---|---|---|"
        )?;
        for (p, c) in worse.iter().take(CHANGES) {
            writeln!(
                out,
                "| {} ({}) | {} {} | {} |",
                cell(path(p)),
                cell(&p.port),
                c.class.name(),
                cell(&c.key),
                cell(&values(c))
            )?;
        }
        if worse.len() > CHANGES {
            writeln!(out, "\n{} more.", worse.len() - CHANGES)?;
        }
    }
    for p in diff.pairs.iter().take(PROGRAMS) {
        writeln!(
            out,
            "\n<details><summary>{} ({}): {}</summary>\n",
            cell(path(p)),
            cell(&p.port),
            count(p.changes.len() as u64, "change", "changes")
        )?;
        writeln!(out, "| | what | key | change |\n|---|---|---|---|")?;
        for c in p.changes.iter().take(CHANGES) {
            writeln!(
                out,
                "| {} | {} | {} | {} |",
                cell(sign(c.direction)),
                c.class.name(),
                cell(&c.key),
                cell(&values(c))
            )?;
        }
        if p.changes.len() > CHANGES {
            writeln!(out, "\n{} more.", p.changes.len() - CHANGES)?;
        }
        let size = size(p);
        if !size.is_empty() {
            writeln!(out, "\nSize: {}", cell(&size))?;
        }
        for (sign, label, text) in p.packages.iter().flat_map(packages::lines) {
            writeln!(out, "\n{} {label} {}", cell(sign), cell(&text))?;
        }
        writeln!(out, "\n</details>")?;
    }
    if let Some(more @ 1..) = diff.pairs.len().checked_sub(PROGRAMS) {
        let more = count(more as u64, "more program", "more programs");
        writeln!(out, "\n{more}; `gospect diff --format json` has all.")?;
    }
    Ok(())
}
