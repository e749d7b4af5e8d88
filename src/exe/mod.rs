//! Executable containers: what a file's headers say, whatever wrote it.
//!
//! Must never: know anything about Go.

pub mod packed;
