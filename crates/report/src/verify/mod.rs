//! Results of verifying programs, with a file for each format. Programs are written one by one; only findings are kept for the end.
//!
//! Must never judge, read a file, or print.

mod findings;
mod json;
mod markdown;
mod page;
mod text;

use crate::findings::sarif;
use crate::style::Look;
use gospect_audit::{Audit, Counts, Finding};
use gospect_record::Unexamined;
use gospect_verify::{Outcome, Program};
use serde::Serialize;
use std::io::{self, Write};

/// The formats, with a line for `--help` each.
pub static FORMATS: &[(&str, Format, &str)] = &[
    (
        "text",
        Format::Text,
        "what is different and what is not known, then counts",
    ),
    ("json", Format::Json, "everything, one document"),
    ("sarif", Format::Sarif, "SARIF 2.1.0, for code scanning"),
    (
        "markdown",
        Format::Markdown,
        "verdict for a job page or a comment",
    ),
    ("html", Format::Html, "one page that needs no network"),
];

/// A format of `verify`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One document with everything.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// Markdown.
    Markdown,
    /// A page.
    Html,
}

/// The format with this name.
pub fn format(name: &str) -> Option<Format> {
    let row = FORMATS
        .iter()
        .find(|(format_name, ..)| *format_name == name);
    row.map(|(_, format, _)| *format)
}

/// The checksum database that was used, and statistics of the look-ups.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Database {
    /// Its name; `None`: no database was used.
    pub name: Option<String>,
    /// `auto`, `offline` or `off`.
    pub mode: String,
    /// Number of module versions that were looked up.
    pub asked: u64,
    /// Number of those without an answer, or with an answer that failed verification.
    pub failed: u64,
    /// What went wrong, in one line each.
    pub messages: Vec<String>,
}

/// The number of programs by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// All.
    pub programs: u64,
    /// Everything that could be compared is equal.
    pub equal: u64,
    /// Nothing could be compared.
    pub nothing_to_compare: u64,
    /// Something is unknown.
    pub incomplete: u64,
    /// Something is different.
    pub different: u64,
}

/// Writes programs one by one.
pub struct Writer<'o> {
    format: Format,
    look: Look,
    all: bool,
    out: &'o mut dyn Write,
    /// The counts so far.
    pub summary: Summary,
    findings: Vec<Finding>,
    unexamined: Vec<Unexamined>,
}

impl<'o> Writer<'o> {
    /// Starts the output.
    ///
    /// # Errors
    /// Those of the writer, here and below.
    pub fn new(format: Format, look: Look, out: &'o mut dyn Write) -> io::Result<Self> {
        if format == Format::Json {
            json::begin(out)?;
        }
        Ok(Self {
            format,
            look,
            all: false,
            out,
            summary: Summary::default(),
            findings: Vec::new(),
            unexamined: Vec::new(),
        })
    }

    /// Sets whether the text lists every unknown sum, however many there are.
    pub fn with_all(self, all: bool) -> Self {
        Self { all, ..self }
    }

    /// Writes a program.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn program(&mut self, program: &Program) -> io::Result<()> {
        let first = self.summary.programs == 0;
        self.summary.programs += 1;
        match program.outcome() {
            Outcome::NothingToCompare => self.summary.nothing_to_compare += 1,
            Outcome::Equal => self.summary.equal += 1,
            Outcome::Incomplete => self.summary.incomplete += 1,
            Outcome::Different => self.summary.different += 1,
        }
        match self.format {
            Format::Text => text::program(program, self.all, self.look, self.out),
            Format::Json => json::program(program, first, self.out),
            Format::Sarif | Format::Markdown | Format::Html => {
                self.findings.extend(findings::of(program));
                Ok(())
            }
        }
    }

    /// Notes something that was not examined.
    pub fn unexamined(&mut self, thing: Unexamined) {
        if matches!(self.format, Format::Json | Format::Html) {
            self.unexamined.push(thing);
        }
    }

    /// Bytes of memory that it holds.
    pub fn size_in_memory(&self) -> u64 {
        let findings = self.findings.len() * (size_of::<Finding>() + 1024);
        let unexamined = self.unexamined.iter().map(Unexamined::size_in_memory);
        findings as u64 + unexamined.sum::<u64>()
    }

    /// Writes what comes after the last program.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn end(self, database: &Database) -> io::Result<Summary> {
        let summary = self.summary;
        match self.format {
            Format::Text => text::end(summary, database, self.look, self.out)?,
            Format::Json => json::end(summary, database, &self.unexamined, self.out)?,
            Format::Markdown => markdown::render(summary, database, &self.findings, self.out)?,
            Format::Html => {
                page::render(summary, database, self.findings, &self.unexamined, self.out)?
            }
            Format::Sarif => {
                let audit = Audit {
                    counts: Counts::of(&self.findings),
                    findings: self.findings,
                    binaries: summary.programs,
                    ..Audit::default()
                };
                sarif::log(&audit, findings::rules(), self.out)?;
            }
        }
        Ok(summary)
    }
}

/// `2 programs: 1 equal, 1 different`.
fn counts(summary: Summary) -> String {
    let programs = gospect_bytes::number::count(summary.programs, "program", "programs");
    let parts = [
        (summary.equal, "equal"),
        (summary.different, "different"),
        (summary.incomplete, "not wholly known"),
        (summary.nothing_to_compare, "with nothing to compare"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    match parts.is_empty() {
        true => programs,
        false => format!("{programs}: {}", parts.join(", ")),
    }
}

#[cfg(test)]
mod tests;
