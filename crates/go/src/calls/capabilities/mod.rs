//! What packages can do: which functions with a capability their functions lead to.
//!
//! As capslock does it, a package has a capability if one of its functions has it, or leads to one that has it by calls.
//! Functions with a known category end the search: `os.ReadFile` is about files, whatever system calls it makes.

mod imports;
mod initialisers;
mod kind;
mod linknames;
mod literals;
mod search;
mod source;

use super::{Graph, NoGraph};
use crate::tables::Tables;
use crate::tables::inline_tree::InlineTrees;
use gospect_record::{Capability, PackageCapability};
use kind::Kinds;
use search::BestChains;
use source::SourceGraph;
use std::collections::BTreeMap;

/// Most steps of all chains together; those of the largest programs known are some hundred thousand.
const STEPS_LIMIT: usize = 4 << 20;

/// The capabilities of each package, by the import path that its functions have. Packages without any are missing.
///
/// `minor` is the Go release, if known.
///
/// # Errors
/// [`NoGraph`] when the calls of the program cannot be read.
pub fn read(
    tables: &Tables<'_>,
    minor: Option<u32>,
) -> Result<BTreeMap<String, Vec<PackageCapability>>, NoGraph> {
    let graph = Graph::read(tables)?;
    let trees = InlineTrees::find(tables, minor);
    let mut calls = SourceGraph::read(&graph, tables, trees.as_ref())?;
    let mut kinds = Kinds::of(&graph, tables, trees.as_ref(), &calls);
    // Without inline trees a call in inlined code counts for the function that contains it, which says nothing about its source.
    if trees.is_some() {
        linknames::add(&graph, &mut calls, &mut kinds);
    }
    initialisers::add(&graph, &mut calls, &mut kinds);
    graph.check_limit()?;
    let callers = calls.callers();
    let mut all: BTreeMap<String, Vec<PackageCapability>> = BTreeMap::new();
    let mut steps = 0usize;
    for capability in Capability::ALL {
        let chains = BestChains::search(&callers, &kinds, *capability);
        for (package, start) in chains.by_package(&kinds) {
            let chain = chains.chain(start);
            steps += chain.len();
            if steps > STEPS_LIMIT {
                return Err(NoGraph::TooLarge);
            }
            let Some(path) = kinds.path(package) else {
                continue;
            };
            let row = PackageCapability {
                capability: (*capability).into(),
                chain: chain
                    .iter()
                    .map(|link| calls.name(&graph, link.node))
                    .collect(),
                ..search::describe(&chain, &kinds, package)
            };
            all.entry(path.to_owned()).or_default().push(row);
        }
    }
    Ok(all)
}
