//! Compares the packages of two states of a program: packages gained and lost, and the bytes of code of each module.

use gospect_record::{Binary, LinkedPackage};
use serde::Serialize;
use std::collections::BTreeMap;

/// The changes between the packages of two programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PackageChanges {
    /// Packages that are linked in now, sorted.
    pub gained: Vec<String>,
    /// Packages that are no longer linked in, sorted.
    pub lost: Vec<String>,
    /// Bytes of code of all packages in the old state.
    pub old_bytes: u64,
    /// Bytes of code of all packages in the new state.
    pub new_bytes: u64,
    /// Modules whose code changed in size, largest change first.
    pub modules: Vec<ModuleChange>,
}

/// The bytes of code of one module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModuleChange {
    /// Its path; `None`: all packages whose module is unknown.
    pub path: Option<String>,
    /// Bytes in the old state; 0: not linked in.
    pub old_bytes: u64,
    /// Bytes in the new state; 0: not linked in.
    pub new_bytes: u64,
}

/// Compares the packages; `None` when one side does not know them, or nothing changed.
pub(super) fn compare(old: &Binary, new: &Binary) -> Option<PackageChanges> {
    let (old, new) = (old.packages.as_deref()?, new.packages.as_deref()?);
    let only = |all: &[LinkedPackage], other: &[LinkedPackage]| {
        let others: std::collections::BTreeSet<&str> =
            other.iter().map(|p| p.path.as_str()).collect();
        let only = all.iter().filter(|p| !others.contains(p.path.as_str()));
        let mut only: Vec<String> = only.map(|p| p.path.clone()).collect();
        only.sort_unstable();
        only
    };
    let mut sizes: BTreeMap<Option<&str>, (u64, u64)> = BTreeMap::new();
    for package in old {
        let size = &mut sizes.entry(package.module.as_deref()).or_default().0;
        *size = size.saturating_add(package.bytes);
    }
    for package in new {
        let size = &mut sizes.entry(package.module.as_deref()).or_default().1;
        *size = size.saturating_add(package.bytes);
    }
    let changed = sizes.into_iter().filter(|(_, (old, new))| old != new);
    let mut modules: Vec<ModuleChange> = changed
        .map(|(path, (old_bytes, new_bytes))| ModuleChange {
            path: path.map(str::to_owned),
            old_bytes,
            new_bytes,
        })
        .collect();
    // The sort is stable: equal changes stay in path order.
    modules.sort_by_key(|m| std::cmp::Reverse(m.old_bytes.abs_diff(m.new_bytes)));
    let sum = |all: &[LinkedPackage]| all.iter().fold(0u64, |sum, p| sum.saturating_add(p.bytes));
    let changes = PackageChanges {
        gained: only(new, old),
        lost: only(old, new),
        old_bytes: sum(old),
        new_bytes: sum(new),
        modules,
    };
    let is_same =
        changes.gained.is_empty() && changes.lost.is_empty() && changes.modules.is_empty();
    (!is_same).then_some(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(rows: &[(&str, Option<&str>, u64)]) -> Binary {
        let row = |(path, module, bytes): &(&str, Option<&str>, u64)| LinkedPackage {
            path: (*path).into(),
            module: module.map(str::to_owned),
            functions: 1,
            bytes: *bytes,
            capabilities: None,
        };
        Binary {
            packages: Some(rows.iter().map(row).collect()),
            ..Binary::default()
        }
    }

    #[test]
    fn packages_come_and_go_and_modules_grow() {
        let old = program(&[
            ("a/x", Some("a"), 10),
            ("b", Some("b"), 50),
            ("fmt", Some("std"), 7),
        ]);
        let new = program(&[
            ("a/x", Some("a"), 12),
            ("a/y", Some("a"), 90),
            ("fmt", Some("std"), 7),
            ("c", None, 1),
        ]);
        let changes = compare(&old, &new).unwrap();
        assert_eq!(changes.gained, ["a/y", "c"]);
        assert_eq!(changes.lost, ["b"]);
        assert_eq!((changes.old_bytes, changes.new_bytes), (67, 110));
        let modules: Vec<_> = changes
            .modules
            .iter()
            .map(|m| (m.path.as_deref(), m.old_bytes, m.new_bytes))
            .collect();
        assert_eq!(
            modules,
            [(Some("a"), 10, 102), (Some("b"), 50, 0), (None, 0, 1)]
        );
        assert_eq!(compare(&old, &old), None);
        assert_eq!(compare(&old, &Binary::default()), None);
    }
}
