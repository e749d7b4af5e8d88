//! The formats of `scan`: a table, and one writer that streams or collects as the format needs.

use super::document::{Document, Support, SupportTable};
use super::model::{KnowledgeDate, Line, Run, SCHEMA, Tool};
use super::style::Look;
use super::{card, csv, html, json, ndjson, table};
use std::io::{self, Write};

/// What the caller knows and the record does not.
#[derive(Clone, Debug)]
pub struct Options {
    /// Width, colour and glyphs for formats that people read.
    pub look: Look,
    /// Support of Go releases.
    pub support: SupportTable,
}

/// How a format is written.
#[derive(Clone, Copy)]
enum Render {
    /// Line by line.
    Stream(fn(&Line, &mut dyn Write) -> io::Result<()>),
    /// All at the end.
    Whole(fn(&Document, &Options, &mut dyn Write) -> io::Result<()>),
}

/// One output format.
pub struct Format {
    /// As given to `--format`.
    pub name: &'static str,
    /// Extension of a file that holds it, without the dot.
    pub extension: &'static str,
    /// Made for people: width and colour matter.
    pub human: bool,
    /// One line for `--help`.
    pub doc: &'static str,
    render: Render,
}

impl Format {
    /// Lines are written as they come, so memory does not grow with the scan.
    pub fn streams(&self) -> bool {
        matches!(self.render, Render::Stream(_))
    }
}

/// The formats of `scan`.
pub static SCAN: &[Format] = &[
    Format {
        name: "card",
        extension: "txt",
        human: true,
        doc: "everything about each binary, for reading",
        render: Render::Whole(cards),
    },
    Format {
        name: "table",
        extension: "txt",
        human: true,
        doc: "one row for each binary, then a summary",
        render: Render::Whole(|document, options, out| {
            table::write(document, &options.support, &options.look, out)
        }),
    },
    Format {
        name: "json",
        extension: "json",
        human: false,
        doc: "one document",
        render: Render::Whole(|document, _, out| json::write(document, out)),
    },
    Format {
        name: "ndjson",
        extension: "ndjson",
        human: false,
        doc: "one JSON object a line, as binaries are found; `records:` reads it back",
        render: Render::Stream(ndjson::write),
    },
    Format {
        name: "csv",
        extension: "csv",
        human: false,
        doc: "one row for each binary, for spreadsheets and databases",
        render: Render::Stream(csv::write),
    },
    Format {
        name: "html",
        extension: "html",
        human: false,
        doc: "one page that needs no network, with charts and details",
        render: Render::Whole(|document, options, out| {
            html::write(document, &options.support, out)
        }),
    },
];

/// Finds a format of `scan` by name.
pub fn find(name: &str) -> Option<&'static Format> {
    SCAN.iter().find(|format| format.name == name)
}

fn cards(document: &Document, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    for (index, binary) in document.binaries.iter().enumerate() {
        if index > 0 {
            out.write_all(b"\n")?;
        }
        card::write(binary, &options.support, &options.look, out)?;
    }
    if document.binaries.len() == 1
        && document.unexamined.is_empty()
        && document.end.reach.files <= 1
    {
        return Ok(());
    }
    let mut text = String::new();
    if !document.binaries.is_empty() {
        text.push('\n');
    }
    super::reach::write(
        &document.end,
        &document.unexamined,
        &options.look,
        &mut text,
    );
    out.write_all(options.look.finish(&text).as_bytes())
}

/// Takes the lines of a scan and writes them in a format.
pub struct Writer<'a> {
    format: &'static Format,
    options: Options,
    document: Document,
    out: &'a mut dyn Write,
}

impl<'a> Writer<'a> {
    /// A writer for one scan.
    pub fn new(format: &'static Format, options: Options, out: &'a mut dyn Write) -> Self {
        let none = || String::new();
        let run = Run {
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
            facts: none(),
        };
        Self {
            format,
            options,
            document: Document::new(run),
            out,
        }
    }

    /// Learns about the support of a Go release, before `end`.
    pub fn learn(&mut self, release: &str, support: impl FnOnce() -> Support) {
        let table = &mut self.options.support;
        if !self.format.streams() && !table.contains_key(release) {
            table.insert(release.to_owned(), support());
        }
    }

    /// Takes the next line; `end` completes the output.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn line(&mut self, line: Line) -> io::Result<()> {
        match self.format.render {
            Render::Stream(write) => {
                write(&line, self.out)?;
                if matches!(line, Line::End(_)) {
                    self.out.flush()
                } else {
                    Ok(())
                }
            }
            Render::Whole(write) => {
                let last = matches!(line, Line::End(_));
                self.document.push(line);
                if !last {
                    return Ok(());
                }
                write(&self.document, &self.options, self.out)?;
                self.out.flush()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn output(name: &str, lines: Vec<Line>) -> Vec<u8> {
        let options = Options {
            look: Look::PLAIN,
            support: sample::support(),
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
    fn streams_write_before_the_end_and_the_rest_after_it() {
        for format in SCAN {
            let mut lines = sample::lines();
            let end = lines.pop().unwrap();
            let early = output(format.name, lines.clone());
            assert_eq!(!early.is_empty(), format.streams(), "{}", format.name);
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
