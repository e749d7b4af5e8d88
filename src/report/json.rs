//! One JSON document for a whole scan.

use super::document::Document;
use std::io::{self, Write};

/// Writes the document, indented, with a newline at the end.
///
/// # Errors
/// Those of the writer.
pub fn write(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, document).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn keys_of_run_and_end_are_at_the_top_and_nothing_is_lost() {
        let document = sample::document();
        let mut out = Vec::new();
        write(&document, &mut out).unwrap();
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
