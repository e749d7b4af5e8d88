//! gospect X-rays compiled Go programs: what they were built from, whether the record is true, and what they will do at run time.
//!
//! The pipeline goes one way, a module for each stage:
//!
//! 1. [`bytes`]: positioned reads over a file, memory or a spilled stream, under [`bytes::Limits`];
//! 2. `source` (feature `source`): where candidates come from, such as directories, archives, images, registries and processes;
//! 3. [`exe`]: every executable format as one address space;
//! 4. [`go`]: the facts of one program, with the help of [`knowledge`], into a [`record::Binary`];
//! 5. `audit` (feature `audit`): findings about records, by rules and a policy;
//! 6. [`report`]: the output formats.
//!
//! `scan` (feature `source`) joins 1 to 4 for whole trees. With `default-features = false` the reader of `&[u8]` remains.
//!
//! ```
//! // Any `ReadAt` will do; here the bytes of a file. A file that is not executable is an ordinary outcome.
//! let file: &[u8] = b"#!/bin/sh";
//! let options = gospect::go::Options::default();
//! match gospect::go::inspect(&file, &options) {
//!     Ok(inspection) => {
//!         for found in inspection.found {
//!             println!("{:?} {:?}", found.record.go_version, found.record.main_package);
//!         }
//!     }
//!     Err(error) => assert_eq!(error, gospect::exe::OpenError::NotExecutable),
//! }
//! ```
//!
//! A scan hands over its results one by one, in the order of the walk:
//!
//! ```
//! # #[cfg(feature = "source")] {
//! use gospect::scan::{Event, Options, run};
//! use gospect::source::target::Target;
//!
//! let targets = [("src".to_owned(), Target::Dir("src".into()))];
//! let outcome = run(&targets, &Options::default(), &mut |event| {
//!     if let Event::Program(program) = event {
//!         println!("{}: {:?}", program.place.path, program.record.go_version);
//!     }
//!     true // go on
//! })?;
//! assert_eq!(outcome.end.reach.go, 0);
//! # }
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! To judge the results by a policy, see `audit`. The folder `examples` has programs for these three calls.
//! Nothing here prints, and nothing is kept between two calls.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]
#[cfg(feature = "audit")]
pub use gospect_audit as audit;
pub use gospect_bytes as bytes;
#[cfg(feature = "cli")]
#[allow(clippy::print_stdout, clippy::print_stderr)] // the command prints, the library does not
pub mod cli;
#[cfg(feature = "cli")]
pub use gospect_compare as compare;
#[cfg(feature = "audit")]
pub use gospect_deploy as deploy;
#[cfg(all(feature = "cli", feature = "verify"))]
mod evidence;
pub use gospect_exe as exe;
pub use gospect_go as go;
pub use gospect_knowledge as knowledge;
#[cfg(all(feature = "cli", feature = "registry"))]
// Public for the fuzzers only.
#[doc(hidden)]
pub mod proxy;
#[cfg(feature = "cli")]
mod rebuild;
pub use gospect_record as record;
pub use gospect_report as report;
#[cfg(feature = "source")]
pub mod scan;
#[cfg(feature = "source")]
pub use gospect_source as source;
#[cfg(feature = "audit")]
pub use gospect_verify as verify;
#[cfg(feature = "audit")]
pub use gospect_vuln as vuln;
#[cfg(feature = "cli")]
mod vulndb;
