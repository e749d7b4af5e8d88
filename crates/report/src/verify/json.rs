//! One JSON document with the keys of the contract.

use super::{Database, Summary};
use gospect_record::Unexamined;
use gospect_verify::{Outcome, Program, SCHEMA};
use serde::Serialize;
use std::io::{self, Write};

#[derive(Serialize)]
struct Row<'p> {
    #[serde(flatten)]
    program: &'p Program,
    verdict: Outcome,
}

pub(super) fn begin(out: &mut dyn Write) -> io::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    write!(
        out,
        "{{\n  \"schema\": \"{SCHEMA}\",\n  \"tool\": {{\n    \"name\": \"gospect\",\n    \"version\": \"{version}\"\n  }},\n  \"programs\": ["
    )
}

/// Writes a value two columns further right, as a member of the document.
fn indented(value: &impl Serialize, columns: usize, out: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    let blanks = " ".repeat(columns);
    write!(out, "{}", text.replace('\n', &format!("\n{blanks}")))
}

pub(super) fn program(program: &Program, first: bool, out: &mut dyn Write) -> io::Result<()> {
    let row = Row {
        program,
        verdict: program.outcome(),
    };
    write!(out, "{}\n    ", if first { "" } else { "," })?;
    indented(&row, 4, out)
}

pub(super) fn end(
    summary: Summary,
    database: &Database,
    unexamined: &[Unexamined],
    out: &mut dyn Write,
) -> io::Result<()> {
    let close = match summary.programs {
        0 => "]",
        _ => "\n  ]",
    };
    write!(out, "{close},\n  \"unexamined\": ")?;
    indented(&unexamined, 2, out)?;
    write!(out, ",\n  \"database\": ")?;
    indented(database, 2, out)?;
    write!(out, ",\n  \"summary\": ")?;
    indented(&summary, 2, out)?;
    writeln!(out, "\n}}")
}
