//! The base of the integration tests: the stored Go programs with their true facts, makers of damaged and wrapped variants, and a
//! way to run the command.

pub mod boundaries;
pub mod cli;
pub mod counting;
pub mod derive;
#[cfg(all(feature = "cli", feature = "archives"))]
pub mod pack;
#[cfg(unix)]
pub mod stage;
pub mod upx;

pub use test_support::fixtures::{self, fixture, fixtures};
pub use test_support::skip::{has, needs, skipped};
pub use test_support::{rng, skip};
