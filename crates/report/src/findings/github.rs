//! GitHub workflow commands: one annotation per finding, escaped so that no text from a file can end it or start another.

use super::builds::Builds;
use super::subject::Subject;
use super::{Options, clean, file};
use gospect_audit::{Audit, Finding, Level};
use std::io::{self, Write};

/// Writes the annotations of the findings that count.
pub fn render(audit: &Audit, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    let counting: Vec<&Finding> = audit.findings.iter().filter(|f| f.counts()).collect();
    let builds = Builds::of(&counting);
    for (index, finding) in counting.iter().enumerate() {
        let command = match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "notice",
        };
        let mut text = format!("{}: {}", clean(&finding.path), clean(&finding.message));
        for evidence in &finding.evidence {
            text += &format!("\n{}: {}", clean(&evidence.source), clean(&evidence.value));
        }
        if !finding.help.is_empty() {
            let help = builds.help(finding, LAST);
            text += &format!("\nfix: {}", clean(&help));
        }
        writeln!(
            out,
            "::{command} file={}{},title={}::{}",
            property(&clean(file(finding))),
            place(finding),
            property(&format!("{} ({})", finding.rule, finding.code)),
            data(&text)
        )?;
        // The build stands after the last finding of its program.
        let subject = Subject::of(finding);
        let rest = counting.get(index + 1..).unwrap_or_default();
        if rest.iter().any(|later| Subject::of(later) == subject) {
            continue;
        }
        for line in builds.lines(&subject) {
            writeln!(
                out,
                "::notice file={},title=build::{}",
                property(&clean(file(finding))),
                data(&format!("{}: {line}", clean(&finding.path)))
            )?;
        }
    }
    Ok(())
}

/// Where the command of a build is.
const LAST: &str = "the build of the annotation `build`";

/// Line and columns, if the finding has them; columns only within one line, as GitHub requires.
fn place(finding: &Finding) -> String {
    match &finding.region {
        Some(region) if region.line == region.end_line && region.end_column > region.column => {
            format!(
                ",line={},endLine={},col={},endColumn={}",
                region.line, region.end_line, region.column, region.end_column
            )
        }
        Some(region) => format!(
            ",line={},endLine={}",
            region.line,
            region.end_line.max(region.line)
        ),
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
