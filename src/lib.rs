//! gospect
#![forbid(unsafe_code)]
pub mod bytes;
pub mod report;
#[cfg(feature = "source")]
pub mod source;
