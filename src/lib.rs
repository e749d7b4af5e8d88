//! gospect
#![forbid(unsafe_code)]
pub mod bytes;
pub mod go;
pub mod knowledge;
pub mod report;
