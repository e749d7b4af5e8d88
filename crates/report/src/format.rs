//! The formats of `scan`: a table of them, and a writer that passes the lines to one.

use super::card::Cards;
use super::document::Support;
use super::json::Json;
pub use super::render::Options;
use super::render::Render;
use super::table::Rows;
use super::{csv, html};
use gospect_bytes::{Budget, Use};
use gospect_record::Document;
use gospect_record::write;
use gospect_record::{KnowledgeDate, Line, Run, SCHEMA, Tool, Word};
use std::io::{self, Write};

/// When a format writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// A line for each thing found, complete in itself: of use even if the scan is interrupted.
    Lines,
    /// Each program as it comes, and more at the end.
    Binaries,
    /// Everything at the end.
    End,
}

/// One output format.
pub struct Format {
    /// The name for `--format`.
    pub name: &'static str,
    /// File name extension, without the dot.
    pub extension: &'static str,
    /// Whether people read it, so that width and colour matter.
    pub human: bool,
    /// When it writes, which determines how much it keeps.
    pub pace: Pace,
    /// One line for `--help`.
    pub doc: &'static str,
    start: fn() -> Box<dyn Render>,
}

/// The formats of `scan`.
pub static SCAN: &[Format] = &[
    Format {
        name: "card",
        extension: "txt",
        human: true,
        pace: Pace::Binaries,
        doc: "everything about each binary, for reading",
        start: || Box::new(Cards::default()),
    },
    Format {
        name: "table",
        extension: "txt",
        human: true,
        pace: Pace::End,
        doc: "one row for each binary, then a summary",
        start: || Box::new(Rows::default()),
    },
    Format {
        name: "json",
        extension: "json",
        human: false,
        pace: Pace::Binaries,
        doc: "one document",
        start: || Box::new(Json::default()),
    },
    Format {
        name: "ndjson",
        extension: "ndjson",
        human: false,
        pace: Pace::Lines,
        doc: "one JSON object a line, as binaries are found; for `records:`",
        start: || Box::new(LineByLine(write::write)),
    },
    Format {
        name: "csv",
        extension: "csv",
        human: false,
        pace: Pace::Lines,
        doc: "one row for each binary, for spreadsheets and databases",
        start: || Box::new(Csv),
    },
    Format {
        name: "html",
        extension: "html",
        human: false,
        pace: Pace::End,
        doc: "one page that needs no network, with charts and details",
        start: || {
            Box::new(PageFormat {
                budget: None,
                document: Document::new(unknown_run()),
            })
        },
    },
];

/// A format that writes each line independently.
struct LineByLine(fn(&Line, &mut dyn Write) -> io::Result<()>);

impl Render for LineByLine {
    fn line(&mut self, line: Line, _: &Options, out: &mut dyn Write) -> io::Result<()> {
        (self.0)(&line, out)
    }
}

/// A format that writes rows; on a terminal control characters are replaced.
struct Csv;

impl Render for Csv {
    fn line(&mut self, line: Line, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        match options.look.width {
            Some(_) => csv::write_harmless(&line, out),
            None => csv::write(&line, out),
        }
    }
}

impl Render for Json {
    fn line(&mut self, line: Line, _: &Options, out: &mut dyn Write) -> io::Result<()> {
        self.take(line, out)
    }
}

/// How many times the memory of its records a page takes: the records, and the texts made of them.
pub const PAGE: u64 = 2;

/// A format that collects everything for a page.
struct PageFormat {
    budget: Option<Budget>,
    document: Document,
}

impl Render for PageFormat {
    fn line(&mut self, line: Line, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        let is_last = matches!(line, Line::End(_));
        let budget = self
            .budget
            .get_or_insert_with(|| Budget::of(options.memory, Use::Page));
        budget.spend(PAGE * line.size_in_memory())?;
        self.document.push(line);
        if is_last {
            html::write(&self.document, &options.support, out)?;
        }
        Ok(())
    }
}

/// The run of a document before its `run` line.
fn unknown_run() -> Run {
    let none = String::new;
    Run {
        schema: SCHEMA.to_owned(),
        tool: Tool {
            name: none(),
            version: none(),
        },
        knowledge: KnowledgeDate {
            newest_go: none(),
            date: none(),
        },
        targets: Vec::new(),
        facts: Word::default(),
    }
}

/// The format of `scan` with this name.
pub fn find(name: &str) -> Option<&'static Format> {
    SCAN.iter().find(|format| format.name == name)
}

/// Writes the lines of a scan in a format.
pub struct Writer<'a> {
    render: Box<dyn Render>,
    options: Options,
    out: &'a mut dyn Write,
}

impl<'a> Writer<'a> {
    /// A writer for one scan.
    pub fn new(format: &Format, options: Options, out: &'a mut dyn Write) -> Self {
        Self {
            render: (format.start)(),
            options,
            out,
        }
    }

    /// Adds the support of a Go release; must come before the first program of that release.
    pub fn add_support(&mut self, release: &str, support: impl FnOnce() -> Support) {
        let table = &mut self.options.support;
        if !table.contains_key(release) {
            table.insert(release.to_owned(), support());
        }
    }

    /// Adds the next line; `end` completes the output.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn line(&mut self, line: Line) -> io::Result<()> {
        let is_last = matches!(line, Line::End(_));
        self.render.line(line, &self.options, self.out)?;
        if is_last { self.out.flush() } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::Look;
    use test_support::records as sample;

    fn output(name: &str, lines: Vec<Line>) -> Vec<u8> {
        let options = Options {
            look: Look::PLAIN,
            support: crate::document::sample::support(),
            memory: 64 << 20,
        };
        let mut out = Vec::new();
        let mut writer = Writer::new(find(name).unwrap(), options, &mut out);
        for line in lines {
            writer.line(line).unwrap();
        }
        out
    }

    #[test]
    fn names_are_unique_and_found() {
        for format in SCAN {
            assert!(
                std::ptr::eq(find(format.name).unwrap(), format),
                "{}",
                format.name
            );
            assert!(!format.doc.is_empty() && !format.extension.is_empty());
        }
        assert!(find("yaml").is_none());
    }

    #[test]
    fn every_format_names_every_binary() {
        for format in SCAN {
            let text = String::from_utf8(output(format.name, sample::lines())).unwrap();
            for part in ["usr/bin/hello", "all/server", "lib/libold.so", "go1.21.13"] {
                assert!(text.contains(part), "{}: {part}", format.name);
            }
        }
    }

    #[test]
    fn only_formats_that_need_the_end_wait_for_it() {
        for format in SCAN {
            let mut lines = sample::lines();
            let end = lines.pop().unwrap();
            let early = output(format.name, lines.clone());
            assert_eq!(
                early.is_empty(),
                format.pace == Pace::End,
                "{}",
                format.name
            );
            lines.push(end);
            assert!(!output(format.name, lines).is_empty());
        }
    }

    #[test]
    fn one_named_binary_is_a_card_without_a_summary() {
        let mut lines = sample::lines();
        let Some(Line::End(mut end)) = lines.pop() else {
            panic!()
        };
        lines.truncate(3);
        lines.remove(1);
        end.reach.files = 1;
        lines.push(Line::End(end));
        let text = String::from_utf8(output("card", lines)).unwrap();
        assert!(
            text.starts_with("usr/bin/hello\n") && !text.contains("Looked at"),
            "{text}"
        );
        assert!(
            String::from_utf8(output("card", sample::lines()))
                .unwrap()
                .contains("Looked at")
        );
    }
}
