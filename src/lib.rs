//! gospect
#![forbid(unsafe_code)]
pub mod report;
