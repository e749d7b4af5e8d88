//! Reports, with a file for each output format.
//!
//! Must never compute a fact, read a file, or print. All output goes to the writer of the caller; text that must wait may be
//! kept in a private temporary file.
//!
//! ```
//! use gospect_record::{Binary, Line};
//! use gospect_report::csv;
//!
//! let mut binary = Binary::default();
//! binary.path = "dist/app".to_owned();
//! let mut out = Vec::new();
//! csv::write(&Line::Binary(Box::new(binary)), &mut out)?;
//! assert!(out.starts_with(b"dist/app,"));
//! # Ok::<(), std::io::Error>(())
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

#[cfg(feature = "audit")]
mod chain;
pub mod csv;
#[cfg(feature = "audit")]
pub mod diff;
pub mod document;
mod each;
#[cfg(feature = "audit")]
pub mod findings;
pub mod flags;
#[cfg(feature = "audit")]
mod flow;
pub mod json;
#[cfg(feature = "formats")]
pub mod packages;
#[cfg(feature = "audit")]
mod place;
pub mod sbom;
mod terms;
#[cfg(feature = "verify")]
pub mod verify;
#[cfg(feature = "audit")]
pub mod vuln;

#[cfg(feature = "formats")]
mod card;
#[cfg(feature = "formats")]
pub mod fips;
#[cfg(feature = "formats")]
pub mod format;
#[cfg(feature = "formats")]
pub mod html;
#[cfg(any(feature = "audit", feature = "formats"))]
mod image;
#[cfg(feature = "formats")]
mod reach;
#[cfg(feature = "formats")]
pub mod rebuild;
#[cfg(feature = "formats")]
mod render;
#[cfg(feature = "formats")]
pub mod style;
#[cfg(feature = "formats")]
mod table;
#[cfg(feature = "formats")]
pub mod why;
