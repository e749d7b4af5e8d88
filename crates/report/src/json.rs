//! One JSON document for a whole scan. Programs are written as they come; lists that follow them are kept as text until the
//! end, in a temporary file if they are long. So memory does not grow with the document.

use gospect_bytes::SpillText;
use gospect_record::Document;
use gospect_record::{End, Line, Run};
use serde::Serialize;
use std::io::{self, BufWriter, Write};

/// A document that is being written.
#[derive(Default)]
pub(super) struct Json {
    /// The first keys, until they are written.
    run: Option<Run>,
    /// Whether a program was written.
    has_programs: bool,
    images: SpillText,
    unexamined: SpillText,
}

impl Json {
    /// Takes the next line; `end` completes the document.
    pub(super) fn take(&mut self, line: Line, out: &mut dyn Write) -> io::Result<()> {
        match line {
            Line::Run(run) => self.run = Some(run),
            Line::Image(image) => member(&*image, &mut self.images)?,
            Line::Unexamined(thing) => member(&thing, &mut self.unexamined)?,
            Line::Binary(binary) => {
                self.head(out)?;
                out.write_all(if self.has_programs {
                    b",\n    "
                } else {
                    b"\n    "
                })?;
                self.has_programs = true;
                pretty(&*binary, "    ", out)?;
            }
            Line::End(end) => self.end(&end, out)?,
        }
        Ok(())
    }

    /// Writes the keys of the run and the start of the list of programs.
    fn head(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let Some(run) = self.run.take() else {
            return Ok(());
        };
        let keys = serde_json::to_vec_pretty(&run)?;
        // Without the closing brace.
        out.write_all(keys.strip_suffix(b"\n}").unwrap_or(&keys))?;
        out.write_all(b",\n  \"binaries\": [")
    }

    fn end(&mut self, end: &End, out: &mut dyn Write) -> io::Result<()> {
        self.head(out)?;
        out.write_all(if self.has_programs { b"\n  ]" } else { b"]" })?;
        list("images", std::mem::take(&mut self.images), out)?;
        list("unexamined", std::mem::take(&mut self.unexamined), out)?;
        let keys = serde_json::to_vec_pretty(end)?;
        out.write_all(b",")?;
        // Without the opening brace.
        out.write_all(keys.strip_prefix(b"{").unwrap_or(&keys))?;
        out.write_all(b"\n")
    }
}

/// Adds a member to a list of the document.
fn member<T: Serialize>(value: &T, list: &mut SpillText) -> io::Result<()> {
    let before = if list.is_empty() { "\n    " } else { ",\n    " };
    list.write_all(before.as_bytes())?;
    pretty(value, "    ", list)
}

fn list(name: &str, members: SpillText, out: &mut dyn Write) -> io::Result<()> {
    let end = if members.is_empty() { "]" } else { "\n  ]" };
    write!(out, ",\n  \"{name}\": [")?;
    members.write_to(out)?;
    out.write_all(end.as_bytes())
}

/// Writes a value as it appears in a document, indented by `indent`.
fn pretty<T: Serialize + ?Sized>(value: &T, indent: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(Indented { indent, out });
    serde_json::to_writer_pretty(&mut out, value)?;
    // Not `flush`, which would also flush the output after every program.
    out.into_inner()?;
    Ok(())
}

/// Adds the indent after every line end. Strings in JSON contain no line ends.
struct Indented<'a> {
    indent: &'a str,
    out: &'a mut dyn Write,
}

impl Write for Indented<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.out.write_all(line)?;
            if line.ends_with(b"\n") {
                self.out.write_all(self.indent.as_bytes())?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes a whole document, indented, with a newline at the end.
///
/// # Errors
/// Those of the writer.
pub fn write(document: Document, out: &mut dyn Write) -> io::Result<()> {
    let mut json = Json::default();
    document.lines().try_for_each(|line| json.take(line, out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_support::records as sample;

    #[test]
    fn keys_of_run_and_end_are_at_the_top_and_nothing_is_lost() {
        let document = sample::document();
        let mut out = Vec::new();
        write(document.clone(), &mut out).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        for key in [
            "schema",
            "tool",
            "knowledge",
            "targets",
            "facts",
            "images",
            "binaries",
            "unexamined",
            "reach",
            "summary",
        ] {
            assert!(value.get(key).is_some(), "{key}");
        }
        assert!(
            value.get("type").is_none(),
            "lines are tagged, the document is not"
        );
        assert_eq!(serde_json::from_slice::<Document>(&out).unwrap(), document);
    }
}
