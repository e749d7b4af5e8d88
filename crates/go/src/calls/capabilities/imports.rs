//! Which packages a package imports, directly or through others.
//!
//! A program has no list of imports. But code can only call functions of packages that its own package imports, or have them or
//! their literals inlined; and the main package imports all packages outside the standard library.

use super::super::Graph;
use super::kind::Kinds;
use super::literals::is_literal;
use super::source::SourceGraph;
use gospect_knowledge::modules;
use std::collections::BTreeSet;

/// Pairs of packages of which the first imports the second.
pub fn read(graph: &Graph<'_, '_>, calls: &SourceGraph<'_>, kinds: &Kinds) -> BTreeSet<(u32, u32)> {
    let mut pairs: BTreeSet<(u32, u32)> = BTreeSet::new();
    let mut add = |caller: u32, callee: u32| {
        let (Some(importer), Some(imported)) = (kinds.package(caller), kinds.package(callee))
        else {
            return;
        };
        let pair = (importer, imported);
        let is_import = importer != imported
            && !pairs.contains(&pair)
            && is_import(kinds, pair)
            && !is_made_for_callers(calls.raw_name(graph, caller))
            // A function of another package calls a literal after both were inlined.
            && !is_literal(calls.raw_name(graph, callee));
        if is_import {
            pairs.insert(pair);
        }
    };
    for function in 0..graph.functions() {
        for callee in graph.calls(function) {
            add(function as u32, callee as u32);
        }
    }
    for (function, inlined) in calls.inlined_into() {
        add(*function, *inlined);
    }
    pairs.extend(kinds.borrowers().filter(|pair| is_import(kinds, *pair)));
    let is_main = |package: &u32| kinds.path(*package) == Some(modules::MAIN);
    if let Some(main) = kinds.package_numbers().find(is_main) {
        let is_other = |other: &u32| *other != main && !kinds.is_standard(*other);
        let others = kinds.package_numbers().filter(is_other);
        pairs.extend(others.map(|other| (main, other)));
    }
    pairs
}

/// The standard library imports nothing else, and the runtime calls functions that other packages lend it (`go:linkname`).
fn is_import(kinds: &Kinds, (importer, imported): (u32, u32)) -> bool {
    let is_runtime = |path: &str| path == "runtime" || path.starts_with("internal/runtime/");
    !kinds.path(importer).is_some_and(is_runtime)
        && (!kinds.is_standard(importer) || kinds.is_standard(imported))
}

/// Whether the code of a function is made for the types that its callers give it.
fn is_made_for_callers(name: &[u8]) -> bool {
    name.contains(&b'[')
}
