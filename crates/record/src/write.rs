//! Writes the stream: one JSON object per line, as results arrive.

use super::Line;
use std::io::{self, BufWriter, Write};

/// Writes one line. The hundreds of small pieces of a line are buffered.
///
/// # Errors
/// Those of the writer.
pub fn write(line: &Line, out: &mut dyn Write) -> io::Result<()> {
    let mut pieces = BufWriter::new(out);
    serde_json::to_writer(&mut pieces, line).map_err(io::Error::from)?;
    pieces.write_all(b"\n")?;
    // `flush` would reach the file with every line.
    pieces.into_inner()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn every_line_is_one_object_with_its_type_and_reads_back() {
        let mut out = Vec::new();
        let lines = sample::lines();
        for line in &lines {
            write(line, &mut out).unwrap();
        }
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text.lines().count(),
            lines.len(),
            "hostile names must not start a line"
        );
        let mut types = Vec::new();
        for (raw, line) in text.lines().zip(&lines) {
            let value: serde_json::Value = serde_json::from_str(raw).unwrap();
            types.push(value["type"].as_str().unwrap().to_owned());
            assert_eq!(&serde_json::from_str::<Line>(raw).unwrap(), line);
        }
        types.dedup();
        assert_eq!(types, ["run", "image", "binary", "unexamined", "end"]);
    }

    #[test]
    fn the_caller_sees_a_closed_pipe() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let error = write(&sample::lines()[0], &mut Closed).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
