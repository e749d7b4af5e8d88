//! Evidence about a program from elsewhere: go.sum files, a checksum database, provenance documents, a checkout, licence files of
//! modules.
//!
//! Must never: judge a record, print, or run a program.

mod checkout;
mod licence_expression;
mod licence_text;
pub mod licences;
mod ring_provider;
mod signatures;
mod sums;

#[cfg(test)]
mod tests;

pub use checkout::checkout;
pub use signatures::{LARGEST as TRUST_LARGEST, Signers, Trust};
pub use sums::{Lookups, Mode, SumSources, is_folder};
