//! Facts of one Go program, each with where it came from. No opinion.
//!
//! [`inspect()`] opens a file and hands each Go program in it to `record`, which lists the facts. Each of these modules uses
//! only those before it:
//!
//! 1. [`written`]: what the toolchain wrote about the build (build info, module text, build ID, marks of other compilers);
//! 2. [`tables`]: what the linker wrote for the program's own use (function table, moduledata, linker strings);
//! 3. `identify`: whether a program is Go, and the best copy of its build info;
//! 4. [`facts`]: the facts that are derived from these;
//! 5. `corroborate`: compares claims of the build info with evidence.
//!
//! [`calls`] stands beside them: it reads machine code, and says which function leads to which.
//!
//! Must never touch the file system, start threads, print or judge.
//!
//! ```
//! use gospect_exe::OpenError;
//! use gospect_go::{Options, inspect};
//!
//! let file: &[u8] = b"#!/bin/sh";
//! match inspect(&file, &Options::default()) {
//!     Ok(inspection) => {
//!         for found in inspection.found {
//!             println!("{:?}", found.record.go_version);
//!         }
//!     }
//!     Err(error) => assert_eq!(error, OpenError::NotExecutable),
//! }
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod calls;
mod corroborate;
// Modules that are hidden from the documentation are public for the fuzzers and benchmarks only.
#[doc(hidden)]
pub mod facts;
mod identify;
mod inspect;
mod options;
mod programs;
mod record;
#[doc(hidden)]
pub mod tables;
#[cfg(test)]
mod testing;
pub mod version;
#[doc(hidden)]
pub mod written;

pub use gospect_record::FoundProgram;
pub use inspect::{Inspection, inspect};
pub use options::{Asked, Digests, Level, NamesWanted, Options, Questions, RunLarge, Wanted};
pub use programs::programs;
pub use tables::Tables;
