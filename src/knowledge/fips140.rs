//! Frozen versions of the Go Cryptographic Module that a toolchain brings along.
//!
//! From lib/fips140 of Go 1.24-1.27: one zip a frozen version, one text file an alias
//! (src/cmd/go/internal/fips140/fips140.go resolves them, so the record holds the version, never the alias).
//! `certified` and `inprocess` are the words of those trees; nothing here says that a program is compliant.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The whole table.
#[derive(Debug, Default, Deserialize)]
pub struct Table {
    /// Minor release to the patch release it was taken from.
    pub trees: BTreeMap<u32, String>,
    /// Frozen versions, oldest first.
    pub modules: Vec<Module>,
    /// Alias to version, by minor.
    pub aliases: BTreeMap<u32, BTreeMap<String, String>>,
}

/// One frozen version.
#[derive(Debug, Default, Deserialize)]
pub struct Module {
    /// Such as `v1.0.0-c2097c7c`.
    pub version: String,
    /// Minors that ship it.
    pub minors: Vec<u32>,
    /// Hex SHA-256 of its zip.
    pub sha256: String,
}

static TABLE: OnceLock<Table> = OnceLock::new();

/// The table, parsed on first use.
pub fn table() -> &'static Table {
    super::load(&TABLE, include_str!("fips140.json"))
}

/// The frozen module of that version; `latest` and unknown versions give `None`.
pub fn module(version: &str) -> Option<&'static Module> {
    table().modules.iter().find(|m| m.version == version)
}

/// The version that a GOFIPS140 value means to the toolchain of `minor`; `None` when it refuses the value or has no row.
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

/// `certified`, `inprocess` or both: the aliases that point at a version in the newest tree of the table.
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
