//! What the tests of all crates share. Published with none of them.

#![forbid(unsafe_code)]

#[cfg(feature = "archives")]
pub mod archives;
#[cfg(feature = "audit")]
pub mod audits;
pub mod fixtures;
#[cfg(feature = "archives")]
pub mod layouts;
pub mod records;
pub mod rng;
pub mod schema;
pub mod skip;
#[cfg(feature = "vuln")]
pub mod vulns;

use std::path::PathBuf;

/// The top of the repository, where `testdata`, `docs` and `scripts` are.
pub fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(&here).to_owned()
}

/// Checks that a generated file of the repository is current; `GOSPECT_WRITE=1` writes it.
pub fn current(path: &str, text: &str) {
    let file = root().join(path);
    if std::env::var_os("GOSPECT_WRITE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        there == text,
        "{path} is not current: run the tests with GOSPECT_WRITE=1"
    );
}
