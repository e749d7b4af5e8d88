//! gospect
#![forbid(unsafe_code)]
#[cfg(feature = "audit")]
pub mod audit;
pub mod bytes;
pub mod go;
pub mod knowledge;
pub mod report;
