//! gospect
#![forbid(unsafe_code)]
pub mod bytes;
pub mod exe;
pub mod report;
