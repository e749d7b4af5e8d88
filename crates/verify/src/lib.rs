//! Whether a Go program is what it claims to be: its record held against sums of modules, provenance of others, and a checkout.
//!
//! [`sums::judge`] compares the recorded sums of modules with what go.sum files and a checksum database have. A [`Program`] has everything that is said
//! of one program; a rule for the exit code is [`Program::outcome`].
//!
//! Must never: read files, ask a network, look at a clock. Where go.sum files, answers of databases and checkouts come from is the caller's business.
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
