//! The calls of a program as its source has them: a call that was inlined leads to the called function, and what the inlined
//! code calls is called by that function.

use super::super::data::DataReference;
use super::super::references::{EDGES_LIMIT, drop_repeated};
use super::super::{Edge, Graph, NoGraph};
use crate::tables::Tables;
use crate::tables::inline_tree::{InlineTree, InlineTrees, InlinedCall};
use gospect_record::why::By;
use std::collections::HashMap;

/// The calls between functions. Nodes are the functions of the graph by number, followed by those that exist only inlined, and by
/// those that were added.
pub struct SourceGraph<'t> {
    /// Number of functions with a body.
    bodies: usize,
    /// Names of the functions that exist only inlined.
    inlined_names: Vec<&'t [u8]>,
    /// Names of the functions that were added.
    added_names: Vec<String>,
    edges: Vec<Edge>,
    /// Functions with a body, and those that were inlined into them.
    inlined_into: Vec<(u32, u32)>,
    /// Instructions by node; none for functions that were added.
    places: Vec<Option<Place>>,
}

/// An instruction that is of the code of one function, and not of code that was inlined into that.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The function whose body has it, by number.
    pub body: u32,
    /// Its address.
    pub pc: u64,
}

/// The same calls by callee.
pub struct Callers {
    /// Index of the first caller of each function, and one more for the end.
    first: Vec<u32>,
    callers: Vec<(u32, By)>,
}

impl Callers {
    /// The functions that lead to a function, and how.
    pub fn of(&self, node: u32) -> &[(u32, By)] {
        let i = node as usize;
        let from = self.first.get(i).copied().unwrap_or_default() as usize;
        let to = self.first.get(i + 1).copied().unwrap_or_default() as usize;
        self.callers.get(from..to).unwrap_or_default()
    }

    /// The number of functions.
    pub fn len(&self) -> usize {
        self.first.len().saturating_sub(1)
    }
}

impl<'t> SourceGraph<'t> {
    /// Gives the calls of functions that contain inlined ones to these, by the place of each call.
    ///
    /// # Errors
    /// [`NoGraph::TooLarge`] when there are more calls than in any real program.
    pub fn read(
        graph: &Graph<'t, '_>,
        tables: &'t Tables<'_>,
        trees: Option<&InlineTrees<'_, '_>>,
    ) -> Result<Self, NoGraph> {
        let mut names = NodesByName::new(graph, tables);
        let mut edges: Vec<Edge> = Vec::new();
        let mut inlined_into: Vec<(u32, u32)> = Vec::new();
        let mut places: Vec<Option<Place>> = Vec::with_capacity(graph.functions());
        for (function, row) in graph.rows.all.iter().enumerate() {
            let tree = trees.and_then(|trees| trees.of(row));
            let before = edges.len();
            let own = match &tree {
                Some(tree) => tree.first_own(row.start, row.end),
                None => Some(row.start),
            };
            let body = function as u32;
            places.push(own.map(|pc| Place { body, pc }));
            match tree {
                Some(tree) => {
                    let inlined_before = inlined_into.len();
                    names.add_inlined(graph, function, &tree, &mut edges, &mut inlined_into);
                    drop_repeated(&mut inlined_into, inlined_before);
                }
                None => {
                    let from = function as u32;
                    for (to, by) in graph.edges_of(function) {
                        follow(graph, *to, *by, &mut |to, by| {
                            edges.push(Edge { from, to, by });
                        });
                    }
                }
            }
            drop_repeated(&mut edges, before);
            if edges.len() + inlined_into.len() > EDGES_LIMIT {
                return Err(NoGraph::TooLarge);
            }
        }
        places.extend(names.inlined_places.into_iter().map(Some));
        edges.extend(graph.goroutine_starts.iter().map(|(from, to)| Edge {
            from: *from,
            to: *to,
            by: By::Call,
        }));
        Ok(Self {
            bodies: graph.functions(),
            inlined_names: names.inlined,
            added_names: Vec::new(),
            edges,
            inlined_into,
            places,
        })
    }

    /// Adds a function with this name, and returns its number.
    pub fn add_node(&mut self, name: String) -> u32 {
        self.added_names.push(name);
        (self.len() - 1) as u32
    }

    /// All calls.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// Adds calls.
    pub fn extend(&mut self, edges: impl IntoIterator<Item = Edge>) {
        self.edges.extend(edges);
    }

    /// Functions with a body, and those that were inlined into them.
    pub fn inlined_into(&self) -> &[(u32, u32)] {
        &self.inlined_into
    }

    /// The number of functions, including those that exist only inlined.
    pub fn len(&self) -> usize {
        self.bodies + self.inlined_names.len() + self.added_names.len()
    }

    /// An instruction of the own code of a function, if it has any.
    pub fn place(&self, node: u32) -> Option<Place> {
        self.places.get(node as usize).copied().flatten()
    }

    /// The name of a function as the table spells it.
    pub fn raw_name<'s>(&'s self, graph: &Graph<'s, '_>, node: u32) -> &'s [u8] {
        let node = node as usize;
        let Some(inlined) = node.checked_sub(self.bodies) else {
            return graph.name(node);
        };
        match inlined.checked_sub(self.inlined_names.len()) {
            None => self.inlined_names.get(inlined).copied().unwrap_or_default(),
            Some(added) => self
                .added_names
                .get(added)
                .map_or(&[], |name| name.as_bytes()),
        }
    }

    /// The name of a function as text.
    pub fn name(&self, graph: &Graph<'_, '_>, node: u32) -> String {
        String::from_utf8_lossy(self.raw_name(graph, node)).into_owned()
    }

    /// The calls by callee. Where a function leads to another by several kinds of steps, only the most certain is kept.
    pub fn callers(&self) -> Callers {
        let mut all: Vec<Edge> = self.edges.clone();
        all.sort_unstable_by_key(|e| (e.to, e.from, e.by));
        all.dedup_by_key(|e| (e.to, e.from));
        let mut first = vec![0u32; self.len() + 1];
        for edge in &all {
            if let Some(count) = first.get_mut(edge.to as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for count in &mut first {
            sum += *count;
            *count = sum;
        }
        Callers {
            first,
            callers: all.iter().map(|e| (e.from, e.by)).collect(),
        }
    }
}

/// Follows a reference to the functions that it may stand for: itself, those in the piece of data, or in the method table of an
/// interface. What the data points at further on says little about the code that refers to it.
fn follow(graph: &Graph<'_, '_>, to: u32, by: By, visit: &mut dyn FnMut(u32, By)) {
    let Some(piece) = to.checked_sub(graph.functions() as u32) else {
        return visit(to, by);
    };
    for reference in graph.data.references_of(piece) {
        match reference {
            DataReference::Function(to) => visit(*to, By::Value),
            DataReference::InterfaceMethod(to) => visit(*to, By::Method),
            DataReference::TypeMethod(_)
            | DataReference::Piece(_)
            | DataReference::Listed(_)
            | DataReference::FunctionBehindStrings(_)
            | DataReference::PieceBehindStrings(_) => {}
        }
    }
}

/// Finds the node of a function by the offset of its name in the table of names.
struct NodesByName<'t, 'g> {
    tables: &'t Tables<'g>,
    /// Functions with a body.
    bodies: HashMap<u32, u32>,
    /// Functions that exist only inlined.
    inlined_nodes: HashMap<u32, u32>,
    /// The names of those, in the order of their nodes.
    inlined: Vec<&'t [u8]>,
    /// An instruction of each of those.
    inlined_places: Vec<Place>,
    /// Number of functions with a body.
    body_count: usize,
}

impl<'t, 'g> NodesByName<'t, 'g> {
    fn new(graph: &Graph<'t, '_>, tables: &'t Tables<'g>) -> Self {
        let rows = graph.rows.all.iter().enumerate();
        Self {
            tables,
            bodies: rows.rev().map(|(i, row)| (row.name, i as u32)).collect(),
            inlined_nodes: HashMap::new(),
            inlined: Vec::new(),
            inlined_places: Vec::new(),
            body_count: graph.functions(),
        }
    }

    /// The node of a name; `None` where there is no name. A new node is at this place.
    fn node(&mut self, name: u32, place: Place) -> Option<u32> {
        if let Some(node) = self
            .bodies
            .get(&name)
            .or_else(|| self.inlined_nodes.get(&name))
        {
            return Some(*node);
        }
        let table = self.tables.pclntab()?;
        let text = table.name(self.tables.image(), u64::from(name))?;
        let node = u32::try_from(self.body_count + self.inlined.len()).ok()?;
        self.inlined.push(text);
        self.inlined_places.push(place);
        self.inlined_nodes.insert(name, node);
        Some(node)
    }

    /// Adds what a function and those that are inlined into it lead to.
    fn add_inlined(
        &mut self,
        graph: &Graph<'t, '_>,
        function: usize,
        tree: &InlineTree,
        edges: &mut Vec<Edge>,
        inlined_into: &mut Vec<(u32, u32)>,
    ) {
        let own = function as u32;
        let node = |call: &InlinedCall| {
            let (body, pc) = (own, call.pc);
            Some((call.index, self.node(call.name, Place { body, pc })?))
        };
        let nodes: Vec<(u64, u32)> = tree.calls.iter().filter_map(node).collect();
        let node_of = |index: Option<u64>| -> u32 {
            let place = index.and_then(|i| nodes.binary_search_by_key(&i, |n| n.0).ok());
            place.and_then(|i| nodes.get(i)).map_or(own, |n| n.1)
        };
        inlined_into.extend(nodes.iter().map(|(_, node)| (own, *node)));
        for call in &tree.calls {
            let (from, to) = (node_of(call.parent), node_of(Some(call.index)));
            if from != to {
                let by = By::Call;
                edges.push(Edge { from, to, by });
            }
        }
        let Some(row) = graph.rows.all.get(function) else {
            return;
        };
        for (offset, to) in graph.references.calls_of(function) {
            let pc = row.start.wrapping_add(u64::from(*offset));
            let (from, to, by) = (node_of(tree.at(pc)), *to, By::Call);
            edges.push(Edge { from, to, by });
        }
        // An address in inlined code may be an argument of the call, so it counts for the function that contains it.
        for (_, address) in graph.references.used_by(function) {
            let mut add = |to: u32, by: By| edges.push(Edge { from: own, to, by });
            if let Some(to) = graph.rows.starting(*address) {
                add(to as u32, By::Value);
            } else if graph.image.segment_at(*address).is_some()
                && graph.rows.at(*address).is_none()
                && let Some(piece) = graph.data.at(*address)
            {
                let piece = piece.saturating_add(graph.functions() as u32);
                follow(graph, piece, By::Value, &mut add);
            }
        }
    }
}
