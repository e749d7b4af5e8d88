//! Reports, with a file for each output format.
//!
//! Must never compute a fact, read a file, or print. All output goes to the writer of the caller; text that must wait may be
//! kept in a private temporary file.

pub mod csv;
#[cfg(feature = "audit")]
pub mod diff;
pub mod document;
mod each;
#[cfg(feature = "audit")]
pub mod findings;
#[cfg(feature = "audit")]
mod flow;
pub mod json;
#[cfg(feature = "cli")]
pub mod packages;
pub mod sbom;
pub mod terms;
#[cfg(feature = "audit")]
pub mod vuln;

#[cfg(feature = "cli")]
pub mod card;
#[cfg(feature = "cli")]
pub mod fips;
#[cfg(feature = "cli")]
pub mod format;
#[cfg(feature = "cli")]
pub mod html;
#[cfg(feature = "cli")]
pub mod reach;
#[cfg(feature = "cli")]
mod render;
#[cfg(feature = "cli")]
pub mod style;
#[cfg(feature = "cli")]
pub mod table;

#[cfg(test)]
mod schema_tests;
