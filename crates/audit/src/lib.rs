//! Audit: judges the facts.
//!
//! A [`Policy`] says how much each of the [`rules`] matters. An [`Auditor`] takes records one by one and returns an [`Audit`]:
//! the findings, with waivers and the baseline applied, and what they mean for the exit code.
//!
//! ```
//! use gospect_audit::{Auditor, Date, Level, Policy};
//! use gospect_record::Binary;
//!
//! let policy = Policy::load("[rules]\ndirty-tree = \"error\"", "gospect.toml").unwrap();
//! let mut auditor = Auditor::new(&policy, Date::parse("2026-11-22").unwrap());
//! auditor.binary(&Binary::default());
//! let audit = auditor.finish();
//! // Nothing in an empty record says whether the work tree was clean: a rule that is asked for by name does not pass then.
//! let dirty = audit.findings.iter().find(|finding| finding.rule == "dirty-tree").unwrap();
//! assert!(dirty.unanswered);
//! assert!(audit.fails(Level::Error));
//! ```
//!
//! Must never read bytes or files, look at a clock, or print.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

mod assumed;
pub(crate) mod baseline;
mod capabilities;
mod date;
pub mod diff;
pub mod explain;
pub(crate) mod facts;
mod finding;
mod findings;
pub(crate) mod fix;
pub(crate) mod fleet;
pub(crate) mod glob;
pub(crate) mod judge;
pub(crate) mod keys;
pub(crate) mod known;
mod majors;
pub(crate) mod options;
pub mod policy;
pub mod rules;
pub(crate) mod secrets;
mod spelling;
#[cfg(test)]
extern crate self as gospect_audit;
#[cfg(test)]
#[path = "../../test-support/src/audits.rs"]
pub(crate) mod testing;

pub use assumed::Assumed;
pub use baseline::{Baseline, BaselineError};
pub use date::Date;
pub use facts::shorten;
pub use finding::{Evidence, Finding, Level, PolicyRef, Region, Waived, fingerprint, identity};
pub use fix::Build;
pub use judge::{Audit, Auditor, Counts, Expected, NotRead};
pub use known::newest_release;
pub use policy::{Diagnostic, Policy};

/// Readers of single values for the fuzzers.
#[doc(hidden)]
pub mod fuzzing {
    #[doc(hidden)]
    pub mod glob {
        pub use crate::glob::{check, matches};
    }
    #[doc(hidden)]
    pub mod known {
        pub use crate::known::{ignored_value, malformed_memory_limit};
    }
    #[doc(hidden)]
    pub mod secrets {
        pub use crate::secrets::{credentials, is_secret_name, redact};
    }
}
