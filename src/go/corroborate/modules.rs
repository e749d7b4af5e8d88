//! Recorded modules against the packages of the function table.

use super::{Evidence, row, text};
use crate::go::functions::Functions;
use crate::go::modinfo::ModInfo;
use crate::record::{Corroboration, Verdict};

pub(super) fn modules(evidence: &Evidence<'_, '_, '_>) -> Option<Corroboration> {
    let linked = evidence.binary.linked.as_ref()?;
    let info = evidence
        .binary
        .build_info
        .as_ref()
        .filter(|b| !b.deps.is_empty() || !b.main.path.is_empty())?;
    let recorded = match info.deps.len() + usize::from(!info.main.path.is_empty()) {
        1 => "1 module".to_owned(),
        many => format!("{many} modules"),
    };
    let (observed, verdict) = match (&linked.not_linked[..], &linked.not_recorded[..]) {
        ([], []) => (
            "every module has functions, and every package a module".to_owned(),
            Verdict::Confirmed,
        ),
        // Modules of constants and types leave no function; packages pushed in by go:linkname or another build system have no module.
        (unlinked, []) => (
            format!("no function of {}", some(unlinked)),
            Verdict::Unverifiable,
        ),
        (_, unlisted) => (
            format!("functions of {}, which no module explains", some(unlisted)),
            Verdict::Unverifiable,
        ),
    };
    Some(row(
        "modules",
        recorded,
        Some(observed),
        verdict,
        "module paths against the packages of the function table",
    ))
}

fn some(names: &[String]) -> String {
    match names {
        [a, b, c, rest @ ..] if !rest.is_empty() => {
            format!("{a}, {b}, {c} and {} more", rest.len())
        }
        _ => names.join(", "),
    }
}

/// Modules without a function, and packages without a module.
pub fn compare_modules(info: &ModInfo<'_>, functions: &Functions) -> (Vec<String>, Vec<String>) {
    let mut modules: Vec<String> = info
        .main
        .iter()
        .chain(&info.deps)
        .map(|m| text(m.path))
        .collect();
    modules.sort_unstable();
    let mut used = vec![false; modules.len()];
    let mut unlisted = Vec::new();
    let main_package = text(info.path);
    for package in &functions.packages {
        // Longest module first: walk up the elements of the path.
        let mut prefix = package.as_str();
        let owner = loop {
            if let Ok(i) = modules.binary_search_by(|m| m.as_str().cmp(prefix)) {
                break Some(i);
            }
            match prefix.rsplit_once('/') {
                Some((parent, _)) => prefix = parent,
                None => break None,
            }
        };
        match owner.and_then(|i| used.get_mut(i)) {
            Some(used) => *used = true,
            None if is_foreign(package, &main_package) => unlisted.push(package.clone()),
            None => {}
        }
    }
    // The main module's own code is package main, whatever its path.
    let main = info.main.as_ref().map(|m| text(m.path));
    let not_linked = modules
        .iter()
        .zip(&used)
        .filter(|(m, used)| !**used && main.as_ref() != Some(*m))
        .map(|(m, _)| m.clone())
        .collect();
    (not_linked, unlisted)
}

/// Whether a package needs a module: a dot in its first element, as every module path outside the standard library has.
fn is_foreign(package: &str, main_package: &str) -> bool {
    let first = package.split('/').next().unwrap_or_default();
    // Methods of embedded types carry a second import path in their name, which is no package of its own.
    let inner = package
        .split('/')
        .skip(1)
        .any(|e| e.matches('.').count() > 1);
    first.contains('.')
        && !inner
        && !package.starts_with("vendor/")
        && package.strip_suffix("_test") != Some(main_package)
        && package != main_package
}
