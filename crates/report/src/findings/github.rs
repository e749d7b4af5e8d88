//! GitHub workflow commands: one annotation per finding, escaped so that no text from a file can end it or start another.

use super::{Options, clean, file};
use gospect_audit::{Audit, Finding, Level};
use std::io::{self, Write};

/// Writes the annotations of the findings that count.
pub fn render(audit: &Audit, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    for f in audit.findings.iter().filter(|f| f.counts()) {
        let command = match f.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "notice",
        };
        let mut text = format!("{}: {}", clean(&f.path), clean(&f.message));
        for e in &f.evidence {
            text += &format!("\n{}: {}", clean(&e.source), clean(&e.value));
        }
        if !f.help.is_empty() {
            text += &format!("\nfix: {}", clean(&f.help));
        }
        writeln!(
            out,
            "::{command} file={}{},title={}::{}",
            property(&clean(file(f))),
            place(f),
            property(&format!("{} ({})", f.rule, f.code)),
            data(&text)
        )?;
    }
    Ok(())
}

/// Line and columns, if the finding has them; columns only within one line, as GitHub requires.
fn place(f: &Finding) -> String {
    match &f.region {
        Some(r) if r.line == r.end_line && r.end_column > r.column => format!(
            ",line={},endLine={},col={},endColumn={}",
            r.line, r.end_line, r.column, r.end_column
        ),
        Some(r) => format!(",line={},endLine={}", r.line, r.end_line.max(r.line)),
        None => String::new(),
    }
}

/// Escapes the message of a command (actions/toolkit, packages/core/src/command.ts).
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escapes a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
