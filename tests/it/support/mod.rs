//! The base of the integration tests: the stored Go programs with their true facts, makers of damaged and wrapped variants, and a
//! way to run the command.

pub mod boundaries;
pub mod cli;
pub mod counting;
pub mod derive;
pub mod fixtures;
#[cfg(all(feature = "cli", feature = "archives"))]
pub mod pack;
pub mod rng;
pub mod skip;
#[cfg(unix)]
pub mod stage;
pub mod upx;

pub use fixtures::{fixture, fixtures};
pub use skip::{has, needs, skipped};
