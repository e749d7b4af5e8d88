//! The GOEXPERIMENT names that each Go release knows, and those that are on by default, per port.
//!
//! From src/internal/goexperiment/flags.go and src/internal/buildcfg/exp.go, checked against the tool tags of `go list` for
//! every port, Go 1.19 and 1.21-1.27.

use serde::Deserialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// The whole table.
#[derive(Debug, Default, Deserialize)]
pub struct Table {
    /// The patch release from which the data of each minor release was taken.
    #[serde(borrow)]
    pub trees: BTreeMap<u32, &'static str>,
    /// Architectures on which the register ABI cannot be switched off, by minor release.
    #[serde(borrow)]
    pub regabi_forced: BTreeMap<u32, Vec<&'static str>>,
    /// In the order in which they appeared.
    pub experiments: Vec<Experiment>,
}

/// One experiment.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Experiment {
    /// Name in GOEXPERIMENT.
    pub name: &'static str,
    /// Minor releases that know it.
    pub known: Vec<u32>,
    /// Where it is on by default.
    pub on: Vec<On>,
    /// What it does, in one sentence.
    #[serde(borrow)]
    pub what: Cow<'static, str>,
    /// What became of it; empty if it still exists.
    #[serde(borrow)]
    pub after: Cow<'static, str>,
    /// What turning it on or off costs; empty if nothing special.
    #[serde(borrow)]
    pub cost: Cow<'static, str>,
    /// Why it matters for security; empty if it does not.
    #[serde(borrow)]
    pub security: Cow<'static, str>,
}

/// Where an experiment is on by default.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct On {
    /// Minor releases.
    pub minors: Vec<u32>,
    /// Only on these architectures; empty: all.
    #[serde(borrow)]
    pub goarch: Vec<&'static str>,
    /// Except on these systems.
    #[serde(borrow)]
    pub except_goos: Vec<&'static str>,
}

static TABLE: OnceLock<Table> = OnceLock::new();

/// The table, parsed on first use.
pub fn table() -> &'static Table {
    super::load(&TABLE, include_str!("goexperiment.json"))
}

/// The experiment of that name in any release.
pub fn experiment(name: &str) -> Option<&'static Experiment> {
    table().experiments.iter().find(|e| e.name == name)
}

/// The experiment of that name, if that release knows it.
pub fn known(name: &str, minor: u32) -> Option<&'static Experiment> {
    experiment(name).filter(|e| e.known.contains(&minor))
}

/// The nearest name that the release knows.
pub fn hint(name: &str, minor: u32) -> Option<&'static str> {
    super::nearest(
        name,
        table()
            .experiments
            .iter()
            .filter(|e| e.known.contains(&minor))
            .map(|e| e.name),
    )
}

/// The experiments that are on by default on a port.
pub fn baseline(minor: u32, goarch: &str, goos: &str) -> BTreeSet<&'static str> {
    let is_on = |row: &On| {
        row.minors.contains(&minor)
            && (row.goarch.is_empty() || row.goarch.contains(&goarch))
            && !row.except_goos.contains(&goos)
    };
    table()
        .experiments
        .iter()
        .filter(|experiment| experiment.on.iter().any(is_on))
        .map(|experiment| experiment.name)
        .collect()
}

/// Whether an experiment is on (or off) by default on every port; `None` when ports differ or the release does not know it.
pub fn everywhere(name: &str, minor: u32) -> Option<bool> {
    let experiment = known(name, minor)?;
    let mut rows = experiment.on.iter();
    match rows.find(|row| row.minors.contains(&minor)) {
        None => Some(false),
        Some(row) => (row.goarch.is_empty() && row.except_goos.is_empty()).then_some(true),
    }
}

/// Whether GOEXPERIMENT cannot switch the register ABI off.
pub fn regabi_is_forced(minor: u32, goarch: &str) -> bool {
    table()
        .regabi_forced
        .get(&minor)
        .is_some_and(|list| list.contains(&goarch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_parses() {
        let t: Table =
            serde_json::from_str(include_str!("goexperiment.json")).expect("the table is valid");
        assert_eq!(
            t.trees.keys().copied().collect::<Vec<_>>(),
            super::super::godebug::table()
                .trees
                .iter()
                .map(|tree| tree.0)
                .collect::<Vec<_>>()
        );
        for e in &t.experiments {
            assert!(!e.known.is_empty() && !e.what.is_empty(), "{}", e.name);
            assert!(
                e.on.iter()
                    .flat_map(|o| &o.minors)
                    .all(|m| e.known.contains(m)),
                "{}",
                e.name
            );
        }
    }

    #[test]
    fn baselines() {
        let list = |minor, goarch, goos| {
            baseline(minor, goarch, goos)
                .into_iter()
                .collect::<Vec<_>>()
                .join(",")
        };
        assert_eq!(list(19, "amd64", "linux"), "regabiargs,regabiwrappers");
        assert_eq!(list(19, "386", "linux"), "");
        assert_eq!(
            list(27, "amd64", "linux"),
            "dwarf5,greenteagc,jsonv2,randomizedheapbase64,regabiargs,regabiwrappers,sizespecializedmalloc"
        );
        assert!(!baseline(27, "arm64", "darwin").contains("dwarf5"));
        assert!(baseline(24, "386", "linux").contains("spinbitmutex"));
        assert!(!baseline(24, "s390x", "linux").contains("spinbitmutex"));
        assert_eq!(list(20, "amd64", "linux"), "", "no row");
        let everywhere = |name| super::everywhere(name, 27);
        assert_eq!(everywhere("jsonv2"), Some(true));
        assert_eq!(everywhere("arenas"), Some(false));
        assert_eq!((everywhere("dwarf5"), everywhere("unified")), (None, None));
    }

    #[test]
    fn register_abi() {
        assert!(
            regabi_is_forced(19, "amd64")
                && !regabi_is_forced(19, "riscv64")
                && regabi_is_forced(21, "riscv64")
        );
    }
}
