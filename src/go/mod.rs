//! The facts of one Go binary, each with where it came from.
//!
//! Must never: touch the file system, start threads, print, or judge.

pub mod experiment;
pub mod godebug;
pub mod semver;
pub mod version;

pub use version::GoVersion;
