//! What every format of `scan` is: lines come in, an output goes out.

use super::document::SupportTable;
use super::style::Look;
use crate::record::Line;
use std::io::{self, Write};

/// What the caller knows and the record does not.
#[derive(Clone, Debug)]
pub struct Options {
    /// Width, colour and glyphs for formats that people read.
    pub look: Look,
    /// Support of Go releases.
    pub support: SupportTable,
    /// Bytes of memory for what is written when all of it is there.
    pub memory: u64,
}

/// An output in the making. It keeps of the lines no more than it needs for what it writes later.
pub(in crate::report) trait Render {
    /// Takes the next line; `end` completes the output.
    fn line(&mut self, line: Line, options: &Options, out: &mut dyn Write) -> io::Result<()>;
}
