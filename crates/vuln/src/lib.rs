//! Known vulnerabilities: a database of facts about modules, and the judgement of records by it.
//!
//! [`judge`] compares a record with a [`database::Database`] and gives a [`Program`]; [`vex::apply`] marks findings that VEX documents dismiss; a [`Report`]
//! contains all programs of a run.
//!
//! Must never: read files, use the network, look at a clock. The caller provides the database.
//!
//! ```
//! use gospect_vuln::database::Database;
//!
//! let database = Database::builtin()?;
//! let affected = database.for_module("golang.org/x/net")?;
//! assert!(affected.iter().all(|one| one.module == "golang.org/x/net"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod database;
pub mod distribution;
mod expand;
mod finding;
pub mod go_mod;
mod judge;
mod linked;
mod modules;
mod owner_fix;
mod report;
pub mod severity;
#[cfg(test)]
extern crate self as gospect_vuln;
#[cfg(test)]
#[path = "../../test-support/src/vulns.rs"]
mod testing;
#[cfg(test)]
mod tests;
pub mod version;
pub mod vex;
pub mod why;

pub use expand::ExpandError;
pub use finding::{
    Finding, Level, Precision, Program, Status, Unjudged, UnjudgedReason, VersionFrom, Vex, is_go,
    release_to_use,
};
pub use judge::{judge, question};
pub use owner_fix::OwnerFix;
pub use report::{Action, Report, SCHEMA as REPORT_SCHEMA, Source};

/// What the database calls the standard library.
pub const STDLIB: &str = "stdlib";
/// What the database calls the commands of the Go distribution.
pub const TOOLCHAIN: &str = "toolchain";
