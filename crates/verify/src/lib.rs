//! Checks whether a Go program is what it claims to be: compares its record with checksums of modules, with provenance documents, and with a checkout.
//!
//! [`sums::judge`] compares the recorded checksums of modules with those of go.sum files and of a checksum database. A [`Program`] contains all results
//! for one program; [`Program::outcome`] sums them up for the exit code.
//!
//! Must never: read files, use the network, look at a clock. The caller provides go.sum files, answers of databases and checkouts.
//!
//! ```
//! use gospect_verify::go_sum::GoSum;
//!
//! let sums = GoSum::parse("golang.org/x/text v0.3.0 h1:g61tztE5qeGQ89tm6NTjjM9VPIm088od1l6aSorWRWg=\n")?;
//! assert_eq!(sums.of("golang.org/x/text", "v0.3.0").count(), 1);
//! # Ok::<(), gospect_verify::go_sum::GoSumError>(())
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod check;
pub mod go_sum;
mod outcome;
mod program;
pub mod provenance;
pub mod source;
pub mod sums;

pub use outcome::Outcome;
pub use program::{Program, SCHEMA};
