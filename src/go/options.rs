//! What a caller asks of the reader.

use crate::bytes::{Budget, Limits};
pub use crate::record::Level;

/// What to do with a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'o> {
    /// How much to find out.
    pub level: Level,
    /// Make every effort even when nothing looks like Go: for files that a user named.
    pub named: bool,
    /// Bounds.
    pub limits: Limits,
    /// List the packages of the function table also of programs whose record lists modules.
    pub packages: bool,
    /// Name all linked functions too ([`Binary::functions`](crate::record::Binary::functions)), and list the packages.
    pub symbols: bool,
    /// `GODEBUG` of the environment to assume at run time.
    pub godebug: Option<&'o str>,
    /// Memory that is shared with others who inspect at the same time.
    pub budget: Option<&'o Budget>,
    /// Give up a file whose records are much larger than honest ones, and say so in [`Inspection::too_large`](super::Inspection::too_large):
    /// the caller then inspects it while no other such file is read.
    pub refuse_large: bool,
    /// Also find out which bytes of the file belong to which part of the program.
    pub parts: bool,
}
