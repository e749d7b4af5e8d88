//! Reads the stream back, for `records:` targets.
//!
//! A stream must begin with its `run` line and end with its `end` line. Anything else is refused with the number of the line,
//! because the verdict on half a scan would look like the verdict on all of it.

use super::{Line, Run, SCHEMA};
use serde::Deserialize;
use std::io::{self, BufRead, Read};

/// Longest line, in bytes: far longer than any real record. Bounds the memory for a file without line ends.
const MAX_LINE: u64 = 256 << 20;

/// What is wrong with a stream, and in which line.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {source}")]
pub struct ReadError {
    /// Line number, starting at 1.
    pub line: u64,
    /// What is wrong in that line.
    pub source: ReadErrorKind,
}

/// What is wrong with a line, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ReadErrorKind {
    /// The stream is empty.
    #[error("nothing is there; `gospect scan --format ndjson` writes records")]
    Nothing,
    /// The first line is not a `run` line.
    #[error(
        "not the `run` line that records begin with; `gospect scan --format ndjson` writes records"
    )]
    NotRecords,
    /// Another version of gospect wrote it.
    #[error("its schema is `{0}`, this gospect reads `{SCHEMA}`; scan again with this gospect")]
    Schema(String),
    /// The line is not JSON, or not a record.
    #[error("not a record: {}", .0.to_string().replace("at line 1 column", "at column"))]
    NotARecord(#[source] serde_json::Error),
    /// The line is longer than any record.
    #[error("longer than {} MiB, so it is not a record", MAX_LINE >> 20)]
    TooLong,
    /// The stream could not be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    /// The `end` line is missing.
    #[error(
        "the records stop without their `end` line: the scan or the copy was cut short; scan again"
    )]
    NoEnd,
    /// More lines follow the `end` line.
    #[error("something follows the `end` line; give each stream as a target of its own")]
    BehindEnd,
    /// A second `run` line.
    #[error("a second `run` line before the `end` line; give each stream as a target of its own")]
    SecondRun,
}

impl ReadErrorKind {
    fn at(self, line: u64) -> ReadError {
        ReadError { line, source: self }
    }
}

/// The keys of a `run` line that identify it.
#[derive(Deserialize)]
struct Head {
    r#type: Option<String>,
    schema: Option<String>,
}

/// The two forms in which `scan` writes records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// A stream of lines, which [`Records`] reads.
    Records,
    /// One JSON document, which is not read back.
    Document,
}

/// Recognises what `scan` wrote by the first bytes of a file: both forms begin with keys that nothing else has.
pub fn written_as(head: &[u8]) -> Option<Written> {
    // Both forms name the schema before any text that may be long.
    const MOST: usize = 128;
    let start = head.get(..MOST).unwrap_or(head);
    let text: Vec<u8> = start
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    if text.starts_with(br#"{"type":"run","schema":"gospect/"#) {
        return Some(Written::Records);
    }
    text.starts_with(br#"{"schema":"gospect/"#)
        .then_some(Written::Document)
}

/// A stream whose `run` line was read.
pub struct Records<R> {
    input: R,
    /// Number of the last line read.
    number: u64,
    run: Run,
    ended: bool,
    over: bool,
}

impl<R: BufRead> Records<R> {
    /// Reads the `run` line.
    ///
    /// # Errors
    /// When the stream cannot be read, does not begin with a `run` line, or has another schema.
    pub fn open(mut input: R) -> Result<Self, ReadError> {
        let mut number = 0;
        let Some(bytes) = next_line(&mut input, &mut number)? else {
            return Err(ReadErrorKind::Nothing.at(1));
        };
        match serde_json::from_slice::<Head>(&bytes) {
            Ok(Head {
                r#type: Some(t),
                schema: Some(schema),
            }) if t == "run" => {
                if schema != SCHEMA {
                    return Err(ReadErrorKind::Schema(schema).at(number));
                }
            }
            _ => return Err(ReadErrorKind::NotRecords.at(number)),
        }
        let Line::Run(run) = parse(&bytes, number)? else {
            return Err(ReadErrorKind::NotRecords.at(number));
        };
        Ok(Self {
            input,
            number,
            run,
            ended: false,
            over: false,
        })
    }

    /// The `run` line.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// Whether nothing more can be read, because an error affects the whole stream and not only one line.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// The next line; `None` after `end`.
    ///
    /// # Errors
    /// When the stream cannot be read, stops without its `end` line, continues after it, or has a line that is not a record.
    #[expect(
        clippy::should_implement_trait,
        reason = "an error may end the stream or not, which an iterator cannot say"
    )]
    pub fn next(&mut self) -> Result<Option<Line>, ReadError> {
        let read = next_line(&mut self.input, &mut self.number);
        self.over = !matches!(read, Ok(Some(_)));
        let bytes = read?;
        match (bytes, self.ended) {
            (None, true) => Ok(None),
            (None, false) => Err(ReadErrorKind::NoEnd.at(self.number + 1)),
            (Some(_), true) => Err(ReadErrorKind::BehindEnd.at(self.number)),
            (Some(bytes), false) => match parse(&bytes, self.number)? {
                Line::Run(_) => Err(ReadErrorKind::SecondRun.at(self.number)),
                line => {
                    self.ended = matches!(line, Line::End(_));
                    Ok(Some(line))
                }
            },
        }
    }
}

/// What a line is about. A line has other keys besides.
#[derive(Deserialize)]
struct Typed {
    r#type: LineType,
}

/// The variants of [`Line`].
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum LineType {
    Run,
    Image,
    Binary,
    Unexamined,
    End,
}

fn parse(bytes: &[u8], line: u64) -> Result<Line, ReadError> {
    read_line(bytes).map_err(|e| ReadErrorKind::NotARecord(e).at(line))
}

/// Reads the type of a line, then the line as that type. The derived reader of [`Line`] would keep a copy of every value of the line in memory until
/// it knows the type, and its errors would name no column.
fn read_line(bytes: &[u8]) -> serde_json::Result<Line> {
    let Typed { r#type } = serde_json::from_slice(bytes)?;
    Ok(match r#type {
        LineType::Run => Line::Run(serde_json::from_slice(bytes)?),
        LineType::Image => Line::Image(serde_json::from_slice(bytes)?),
        LineType::Binary => Line::Binary(serde_json::from_slice(bytes)?),
        LineType::Unexamined => Line::Unexamined(serde_json::from_slice(bytes)?),
        LineType::End => Line::End(serde_json::from_slice(bytes)?),
    })
}

/// The next line that is not blank, without its line end.
fn next_line(input: &mut impl BufRead, number: &mut u64) -> Result<Option<Vec<u8>>, ReadError> {
    loop {
        let mut bytes = Vec::new();
        let read = input
            .by_ref()
            .take(MAX_LINE + 1)
            .read_until(b'\n', &mut bytes);
        read.map_err(|e| ReadErrorKind::Unreadable(e).at(*number + 1))?;
        if bytes.len() as u64 > MAX_LINE {
            return Err(ReadErrorKind::TooLong.at(*number + 1));
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        *number += 1;
        if !bytes.trim_ascii().is_empty() {
            return Ok(Some(bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::write;

    fn stream() -> String {
        let mut out = Vec::new();
        for line in sample::lines() {
            write::write(&line, &mut out).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_a_scan_wrote_is_recognised_by_its_first_bytes() {
        let stream = stream();
        for (text, expected) in [
            (stream.as_str(), Some(Written::Records)),
            (&stream[..40], Some(Written::Records)),
            ("{\n  \"schema\": \"gospect/1\",\n", Some(Written::Document)),
            // Answers of other commands, and other files.
            ("{\"schema\": \"gospect-vuln/1\"}", None),
            ("{\"type\":\"run\"}", None),
            ("", None),
        ] {
            assert_eq!(written_as(text.as_bytes()), expected, "{text}");
        }
    }

    fn read(text: &[u8]) -> Result<Vec<Line>, ReadError> {
        let mut records = Records::open(text)?;
        let mut lines = vec![Line::Run(records.run().clone())];
        while let Some(line) = records.next()? {
            lines.push(line);
        }
        Ok(lines)
    }

    #[test]
    fn written_records_are_read_back() {
        assert_eq!(read(stream().as_bytes()).unwrap(), sample::lines());
        let spaced = stream().replace('\n', "\r\n\n");
        assert_eq!(read(spaced.as_bytes()).unwrap(), sample::lines());
    }

    #[test]
    fn words_of_newer_versions_are_read_and_written_again() {
        let mut text = stream();
        for (key, word) in [
            ("facts", "full"),
            ("reason", "unreadable"),
            ("format", "elf"),
            ("verdict", "contradicted"),
            ("build_info_source", "section"),
            ("status", "fatal"),
        ] {
            let known = format!("\"{key}\":\"{word}\"");
            assert!(text.contains(&known), "{known}");
            text = text.replace(&known, &format!("\"{key}\":\"{word}-of-2030\""));
        }
        let mut out = Vec::new();
        for line in read(text.as_bytes()).unwrap() {
            write::write(&line, &mut out).unwrap();
        }
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }

    #[test]
    fn anything_less_than_a_whole_stream_is_refused_at_its_line() {
        let text = stream();
        let lines: Vec<&str> = text.lines().collect();
        let last = lines.len() as u64;
        let without_end = lines[..lines.len() - 1].join("\n");
        let twice = format!("{text}{text}");
        let nested = format!("{without_end}\n{text}");
        let broken = text.replacen("{\"type\":\"image\"", "{\"type\":\"imagine\"", 1);
        for (text, line, word) in [
            ("", 1, "nothing"),
            ("\n\n", 1, "nothing"),
            ("{\n  \"schema\": \"gospect/1\"\n}", 1, "run"),
            ("\u{7f}ELF", 1, "run"),
            (lines[1], 1, "run"),
            (&text.replacen("gospect/1", "gospect/9", 1), 1, "gospect/9"),
            (lines[0], 2, "end"),
            (&without_end, last, "end"),
            (&twice, last + 1, "follows"),
            (&nested, last, "second"),
            (&broken, 2, "imagine"),
        ] {
            let problem = read(text.as_bytes()).unwrap_err();
            assert_eq!(problem.line, line, "{problem}");
            assert!(problem.source.to_string().contains(word), "{problem}");
        }
    }

    #[test]
    fn a_line_that_is_no_record_is_refused_with_its_column() {
        for (line, expected) in [
            (r#"{"type":"end","files":"#, "at column 22"),
            (r#"{"type":"end"}"#, "missing field"),
            (r#"{"files":1}"#, "missing field `type` at column 11"),
            (r#"{"type":"binary","path":7}"#, "at column 25"),
        ] {
            let problem = parse(line.as_bytes(), 3).unwrap_err().to_string();
            assert!(problem.starts_with("line 3: not a record: "), "{problem}");
            assert!(problem.contains(expected), "{problem}");
        }
    }

    #[test]
    fn a_stream_cut_at_any_byte_is_refused() {
        let text = stream();
        let whole = text.trim_end().len();
        for at in (0..whole).step_by(97).chain([whole - 1]) {
            assert!(read(&text.as_bytes()[..at]).is_err(), "{at}");
        }
        assert!(read(&text.as_bytes()[..whole]).is_ok());
    }
}
