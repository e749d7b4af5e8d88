//! Rules. Each has one file, and one row in [`registry`].
//!
//! A rule reads records and reports; it does not know levels, waivers or formats. To add one, write `rules/<family>/<name>.rs`
//! with `META` and `check`, add its row to the table in `registry.rs`, and run the tests.
//!
//! Must never read a file, look at a clock, or depend on the order of the programs.

pub(crate) mod context;
mod debug_settings;
pub(crate) mod meta;
pub mod registry;
pub(crate) mod report;

mod capabilities;
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
pub(crate) mod vulnerabilities;

use super::options::Options;
use super::policy::Effective;
use context::{Ctx, FileCtx, ImageCtx, RunCtx};
use meta::{Family, Meta};
use report::Sink;

/// When a rule runs, and on what.
#[derive(Clone, Copy)]
pub enum Check {
    /// On each program.
    Binary(fn(&Ctx, &mut Sink)),
    /// On each image, once all its programs are known.
    Image(fn(&ImageCtx, &mut Sink)),
    /// Once, on everything, at the end.
    Run(fn(&RunCtx, &mut Sink)),
    /// On each deployment file.
    Deployment(fn(&FileCtx, &mut Sink)),
    /// Never: the auditor itself reports it (waivers, expectations).
    Engine,
}

/// One row of the registry.
pub struct Rule {
    /// Its family, which is its folder.
    pub family: Family,
    /// Its description.
    pub meta: &'static Meta,
    /// When it runs, and its function.
    pub check: Check,
}

impl Rule {
    /// The options of the rule, from its settings for the subject.
    pub(crate) fn options<'a>(&self, row: &'a Effective) -> Options<'a> {
        Options {
            specs: self.meta.options,
            set: &row.options,
        }
    }
}

/// Names that nearly every rule file needs.
pub(crate) mod prelude {
    pub use super::context::{Ctx, FileCtx, ImageCtx, RunCtx};
    pub use super::meta::{ERROR, Meta, NOTE, OFF, WARN, levels};
    pub use super::report::{Report, Sink};
    pub use crate::finding::Level;
    pub(crate) use crate::fix::argument;
    pub use crate::fix::{BuildChange, ListSetting, drop, set, without_definition};
    pub use crate::options::{Default as D, OptionSpec, ValueKind, allow, allow_texts};
    pub(crate) use crate::policy::allow_line;
}
