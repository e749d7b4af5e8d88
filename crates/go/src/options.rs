//! What a caller asks for.

use gospect_bytes::{Budget, Limits};
pub use gospect_record::Level;

/// How to inspect a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'o> {
    /// How much to find out.
    pub level: Level,
    /// Make every effort even when nothing looks like Go; set for files that a user named.
    pub named: bool,
    /// Bounds.
    pub limits: Limits,
    /// List the packages of the function table even if the build info lists modules.
    pub packages: bool,
    /// Name all linked functions too ([`Binary::functions`](gospect_record::Binary::functions)).
    pub symbols: bool,
    /// Value of `GODEBUG` to assume at run time.
    pub godebug: Option<&'o str>,
    /// Memory shared with inspections of other files.
    pub budget: Option<&'o Budget>,
    /// Give up a file whose records are much larger than those of real programs, and set
    /// [`Inspection::too_large`](super::Inspection::too_large). The caller then inspects it again while no other such file is
    /// read.
    pub refuse_large: bool,
    /// Also find out which part of the program each byte of the file belongs to.
    pub parts: bool,
}
