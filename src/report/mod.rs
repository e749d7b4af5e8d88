//! Reports: the serialisable record and one file per output format.
//!
//! Must never: compute a fact, read a file, print.

#[cfg(feature = "audit")]
pub mod diff;
#[cfg(feature = "audit")]
pub mod findings;
pub mod model;
