//! The interface of a `scan` format: it takes lines and writes output.

use super::document::SupportTable;
use super::style::Look;
use gospect_record::Line;
use std::io::{self, Write};

/// What the caller knows and the record does not contain.
#[derive(Clone, Debug)]
pub struct Options {
    /// Width, colour and glyphs for formats that people read.
    pub look: Look,
    /// Support of Go releases.
    pub support: SupportTable,
    /// Memory, in bytes, for formats that write everything at the end.
    pub memory: u64,
}

/// A format while it writes. It keeps only what it needs of earlier lines.
pub(crate) trait Render {
    /// Adds the next line; `end` completes the output.
    fn line(&mut self, line: Line, options: &Options, out: &mut dyn Write) -> io::Result<()>;
}
