//! What the initialisers of packages do: before the functions of a package run, the initialisers of all packages that it imports
//! ran (Go specification, "Program initialization").

use super::super::chain::is_initialiser;
use super::super::{Edge, Graph};
use super::imports;
use super::kind::{Kind, Kinds};
use super::source::SourceGraph;
use gospect_record::why::By;
use std::collections::BTreeMap;

/// Adds an initialiser for each package, which leads to its `init` functions and to the initialisers of the packages that it
/// imports.
pub fn add(graph: &Graph<'_, '_>, calls: &mut SourceGraph<'_>, kinds: &mut Kinds) {
    // The `init` functions of each package, and then one node that stands for all of them.
    let mut init_functions: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for node in 0..calls.len() as u32 {
        if is_initialiser(calls.raw_name(graph, node))
            && let Some(package) = kinds.package(node)
        {
            init_functions.entry(package).or_default().push(node);
        }
    }
    let imports = imports::read(graph, calls, kinds);
    let mut nodes: BTreeMap<u32, u32> = BTreeMap::new();
    for package in kinds.package_numbers() {
        let Some(path) = kinds.path(package) else {
            continue;
        };
        let name = format!("{path}.init");
        let functions = init_functions.get(&package).into_iter().flatten();
        let existing = functions
            .copied()
            .find(|node| calls.raw_name(graph, *node).ends_with(b".init"));
        let node = match existing {
            Some(node) => node,
            None => calls.add_node(name),
        };
        kinds.set_initialiser(node, package);
        nodes.insert(package, node);
    }
    let by = By::Init;
    for (package, functions) in &init_functions {
        if let Some(from) = nodes.get(package) {
            let others = functions.iter().filter(|to| *to != from);
            calls.extend(others.map(|to| Edge {
                from: *from,
                to: *to,
                by,
            }));
        }
    }
    for (importer, imported) in &imports {
        if let (Some(from), Some(to)) = (nodes.get(importer), nodes.get(imported))
            && kinds.kind(*from) == Kind::OfCallees
        {
            calls.extend([Edge {
                from: *from,
                to: *to,
                by,
            }]);
        }
    }
}
