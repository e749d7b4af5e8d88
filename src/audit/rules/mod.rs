//! Rules: what is looked for. One file a rule, one row in [`registry`].
//!
//! A rule reads records and reports; it does not know levels, waivers or formats. To add one: write
//! `rules/<family>/<name>.rs` with `META` and `check`, add its row to the table in `registry.rs`, run the tests.
//!
//! Must never: read a file, look at a clock, depend on the order in which binaries come.

pub(crate) mod context;
mod debug_settings;
pub(crate) mod meta;
pub mod registry;
pub(crate) mod report;

pub(crate) mod completeness;
pub(crate) mod deployment;
pub(crate) mod experiments;
pub(crate) mod fleet;
pub(crate) mod godebug;
pub(crate) mod goroot;
pub(crate) mod image;
pub(crate) mod integrity;
pub(crate) mod linkage;
pub(crate) mod policy;
pub(crate) mod settings;
pub(crate) mod source;
pub(crate) mod toolchain;

use super::options::Options;
use super::policy::Effective;
use context::{Ctx, FileCtx, ImageCtx, RunCtx};
use meta::{Family, Meta};
use report::Sink;

/// When a rule looks, and at what.
#[derive(Clone, Copy)]
pub enum Check {
    /// At each binary.
    Binary(fn(&Ctx, &mut Sink)),
    /// At each image, when all its binaries are known.
    Image(fn(&ImageCtx, &mut Sink)),
    /// At everything, once, at the end.
    Run(fn(&RunCtx, &mut Sink)),
    /// At each deployment file.
    Deployment(fn(&FileCtx, &mut Sink)),
    /// Reported by the engine itself (waivers, expectations).
    Engine,
}

/// One row of the registry.
pub struct Rule {
    /// What it is about: its folder.
    pub family: Family,
    /// What it is.
    pub meta: &'static Meta,
    /// How it looks.
    pub check: Check,
}

impl Rule {
    /// What the rule reads of the options that hold for it.
    pub(in crate::audit) fn options<'a>(&self, row: &'a Effective) -> Options<'a> {
        Options {
            specs: self.meta.options,
            set: &row.options,
        }
    }
}

/// What nearly every rule file needs.
pub mod prelude {
    pub use super::context::{Ctx, FileCtx, ImageCtx, RunCtx};
    pub use super::meta::{ERROR, Meta, NOTE, OFF, WARN, levels};
    pub use super::report::{Report, Sink};
    pub use crate::audit::finding::Level;
    pub use crate::audit::fix::{Change, List, drop, set, without_definition};
    pub use crate::audit::options::{Default as D, Kind, OptionSpec, allow};
}
