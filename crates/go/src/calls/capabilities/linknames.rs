//! Calls of unexported functions of the standard library from outside. Source can only do that by a declaration without a body
//! (`//go:linkname`), behind which anything may be: capslock calls it `ARBITRARY_EXECUTION`. Methods that the compiler makes for types
//! that embed one of the standard library also call such functions.

use super::super::{Edge, Graph};
use super::kind::{Kind, Kinds};
use super::literals::{is_generated, is_literal};
use super::source::SourceGraph;
use gospect_record::Capability;
use gospect_record::why::By;
use std::collections::BTreeMap;

/// Adds a function with that capability beside each unexported function that code outside the standard library calls.
pub fn add<'t>(graph: &Graph<'t, '_>, calls: &mut SourceGraph<'t>, kinds: &mut Kinds) {
    let is_by_linkname = |edge: &&Edge| {
        let (Some(from), Some(to)) = (kinds.package(edge.from), kinds.package(edge.to)) else {
            return false;
        };
        edge.by == By::Call
            && kinds.is_unexported(edge.to)
            && kinds.is_standard(to)
            && !kinds.is_standard(from)
            && !kinds.is_called_by_compiler(to)
            && is_declared(calls.raw_name(graph, edge.to))
            && !is_generated(graph, calls, edge.from)
    };
    let linknames: Vec<Edge> = calls
        .edges()
        .iter()
        .filter(is_by_linkname)
        .copied()
        .collect();
    let mut nodes: BTreeMap<u32, u32> = BTreeMap::new();
    for edge in linknames {
        let Some(package) = kinds.package(edge.to) else {
            continue;
        };
        let to = *nodes.entry(edge.to).or_insert_with(|| {
            let node = calls.add_node(calls.name(graph, edge.to));
            let kind = Kind::Has(Capability::ArbitraryExecution);
            kinds.set(node, kind, package);
            node
        });
        calls.extend([Edge { to, ..edge }]);
    }
}

/// Whether it is a function with a declaration, and not made for type arguments or from a function literal.
fn is_declared(name: &[u8]) -> bool {
    !name.contains(&b'[') && !is_literal(name)
}
