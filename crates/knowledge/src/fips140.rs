//! Frozen versions of the Go Cryptographic Module that come with toolchains.
//!
//! From lib/fips140 of Go 1.24-1.27, which has a zip for each frozen version and a text file for each alias
//! (src/cmd/go/internal/fips140/fips140.go resolves aliases, so build info holds the version). `certified` and `inprocess` are
//! the aliases in those source trees; nothing here says that a program is compliant.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The whole table.
#[derive(Debug, Default, Deserialize)]
pub struct Table {
    /// The patch release from which the data of each minor release was taken.
    pub trees: BTreeMap<u32, String>,
    /// Frozen versions, oldest first.
    pub modules: Vec<FrozenModule>,
    /// Aliases with their versions, by minor release.
    pub aliases: BTreeMap<u32, BTreeMap<String, String>>,
}

/// One frozen version.
#[derive(Debug, Default, Deserialize)]
pub struct FrozenModule {
    /// Such as `v1.0.0-c2097c7c`.
    pub version: String,
    /// Minor releases that ship it.
    pub minors: Vec<u32>,
    /// SHA-256 of its zip in hex.
    pub sha256: String,
}

static TABLE: OnceLock<Table> = OnceLock::new();

/// The table, parsed on first use.
pub fn table() -> &'static Table {
    super::load(&TABLE, include_str!("fips140.json"))
}

/// The frozen module of that version; `None` for `latest` and unknown versions.
pub fn module(version: &str) -> Option<&'static FrozenModule> {
    table().modules.iter().find(|m| m.version == version)
}

/// The version that a GOFIPS140 value means to the toolchain of `minor`; `None` when it rejects the value or the table has no
/// row for it.
pub fn resolve(value: &str, minor: u32) -> Option<&'static str> {
    if let Some(version) = table()
        .aliases
        .get(&minor)
        .and_then(|aliases| aliases.get(value))
    {
        return Some(version);
    }
    if value == "latest" && table().trees.contains_key(&minor) {
        return Some("latest");
    }
    module(value)
        .filter(|m| m.minors.contains(&minor))
        .map(|m| m.version.as_str())
}

/// The aliases `certified` and `inprocess` that point at a version in the newest release of the table.
pub fn standing(version: &str) -> Vec<&'static str> {
    let newest = table().aliases.last_key_value().map(|(_, aliases)| aliases);
    let aliases = newest
        .into_iter()
        .flatten()
        .filter(|(alias, target)| *target == version && !alias.starts_with('v'));
    aliases.map(|(alias, _)| alias.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_parses_and_aliases_point_at_shipped_modules() {
        let t: Table =
            serde_json::from_str(include_str!("fips140.json")).expect("the table is valid");
        for (minor, aliases) in &t.aliases {
            for version in aliases.values() {
                assert!(
                    t.modules
                        .iter()
                        .any(|m| m.version == *version && m.minors.contains(minor)),
                    "1.{minor} {version}"
                );
            }
        }
    }

    #[test]
    fn resolves_as_the_go_command_does() {
        assert_eq!(resolve("inprocess", 24), Some("v1.0.0-c2097c7c"));
        assert_eq!(resolve("inprocess", 27), Some("v1.26.0"));
        assert_eq!(resolve("certified", 25), None);
        assert_eq!(resolve("v1.0.0", 27), Some("v1.0.0-c2097c7c"));
        assert_eq!(resolve("v1.26.0", 25), None);
        assert_eq!(resolve("latest", 27), Some("latest"));
        assert_eq!(resolve("latest", 20), None);
        assert_eq!(standing("v1.0.0-c2097c7c"), ["certified"]);
        assert_eq!(standing("v1.26.0"), ["inprocess"]);
        assert!(module("latest").is_none());
    }
}
