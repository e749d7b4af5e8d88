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

/// A program of Go 1.0 to 1.3 from `testdata/old`.
#[cfg(all(feature = "cli", feature = "archives"))]
pub fn old_program(name: &str) -> Vec<u8> {
    use std::io::Read;
    let path = format!("{}/testdata/old/{name}.xz", env!("CARGO_MANIFEST_DIR"));
    let mut bytes = Vec::new();
    lzma_rust2::XzReader::new(std::fs::File::open(path).unwrap(), false)
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}
