//! What each Go release knows, as data with typed readers.
//!
//! The tables are JSON files beside this one, made from Go source trees by `scripts/knowledge.py`, so a new Go release changes
//! only data. Each table is parsed on first use, so a scan of the build info alone never pays for it; the largest that every scan of all facts needs
//! is kept as Rust too.
//!
//! Must never answer for a release that has no row with the row of another one.
//!
//! ```
//! use gospect_knowledge::{GoVersion, goexperiment};
//!
//! let version = GoVersion::parse("go1.27.3").unwrap();
//! assert_eq!((version.minor(), version.patch()), (Some(27), Some(3)));
//! assert!(goexperiment::experiment("greenteagc").is_some());
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod capabilities;
pub mod cpu;
pub mod explain;
pub mod fips140;
pub mod go_version;
pub mod godebug;
pub mod goexperiment;
pub mod ldflags;
pub mod linker;
pub mod modules;
pub mod nearest;
pub mod ports;
pub mod releases;
pub mod semver;
pub mod variables;

pub use go_version::GoVersion;
pub use nearest::{hint, meant, nearest};

use std::sync::OnceLock;

/// Which row of the GODEBUG and GOEXPERIMENT tables applies to a toolchain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableRow {
    /// The row of the toolchain's own minor release.
    Own(u32),
    /// The newest row, because the toolchain is newer than the tables. It may be wrong.
    Newest(u32),
    /// No row: nothing is known about the release.
    Missing,
}

impl TableRow {
    /// Finds the row for a toolchain.
    pub fn of(version: &GoVersion) -> Self {
        let trees = godebug::table().trees;
        let newest = trees.last().map_or(0, |tree| tree.0);
        match version.minor() {
            Some(minor) if trees.iter().any(|tree| tree.0 == minor) => Self::Own(minor),
            Some(minor) if minor > newest => Self::Newest(newest),
            _ => Self::Missing,
        }
    }

    /// The minor release of the row.
    pub fn minor(self) -> Option<u32> {
        match self {
            Self::Own(minor) | Self::Newest(minor) => Some(minor),
            Self::Missing => None,
        }
    }

    /// A sentence for the user when the row is not the toolchain's own.
    pub fn note(self, version: &GoVersion) -> Option<String> {
        let name = version.release_text().unwrap_or(&version.raw);
        match self {
            Self::Own(_) => None,
            Self::Newest(minor) => Some(format!(
                "{name} is newer than the built-in tables: GODEBUG and GOEXPERIMENT are judged by go1.{minor}"
            )),
            Self::Missing => Some(format!(
                "the built-in tables have no row for {name}: effective GODEBUG and GOEXPERIMENT are not known"
            )),
        }
    }
}

/// Parses an embedded table. The tests make sure that each table parses; if one did not, it would be empty here.
fn load<T: serde::Deserialize<'static> + Default>(
    cell: &'static OnceLock<T>,
    text: &'static str,
) -> &'static T {
    cell.get_or_init(|| serde_json::from_str(text).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_row_is_not_replaced_by_its_neighbour() {
        let row = |text: &str| GoVersion::parse(text).map(|v| TableRow::of(&v));
        assert_eq!(row("go1.27.3"), Some(TableRow::Own(27)));
        assert_eq!(row("go1.19.8"), Some(TableRow::Own(19)));
        assert_eq!(row("go1.20.14"), Some(TableRow::Missing));
        assert_eq!(row("go1.18.1"), Some(TableRow::Missing));
        assert_eq!(row("devel +abcdef"), Some(TableRow::Missing));
        assert_eq!(row("go1.99.1"), Some(TableRow::Newest(27)));
        assert_eq!(row("devel go1.28-abc"), Some(TableRow::Newest(27)));
    }

    #[test]
    fn notes_name_the_release() {
        let note = |text: &str| GoVersion::parse(text).and_then(|v| TableRow::of(&v).note(&v));
        assert_eq!(note("go1.27.3"), None);
        assert!(note("go1.20.1").is_some_and(|n| n.contains("go1.20.1")));
        assert!(note("go1.30.0").is_some_and(|n| n.contains("go1.30.0") && n.contains("go1.27")));
    }
}
