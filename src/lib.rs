//! gospect
#![forbid(unsafe_code)]
#[cfg(feature = "audit")]
pub mod audit;
pub mod bytes;
#[cfg(feature = "cli")]
pub mod cli;
pub mod exe;
pub mod go;
pub mod knowledge;
pub mod report;
#[cfg(feature = "source")]
pub mod scan;
#[cfg(feature = "source")]
pub mod source;
