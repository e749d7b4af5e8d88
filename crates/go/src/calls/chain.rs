//! The best chains of references from the start of a program to a function.

use super::Graph;
use super::decode::Reference;
use super::goroutines::function_value;
use gospect_record::why::{By, Step};
use std::collections::VecDeque;

/// The cheapest chain from a root to each node that can be reached, as a tree.
pub struct ChainTree {
    /// By node; `None`: not reached.
    nodes: Vec<Option<Reached>>,
}

/// How a node is reached.
#[derive(Clone, Copy)]
struct Reached {
    /// The cost of the chain.
    cost: u32,
    /// The node before it; [`NO_NODE`]: it is a root.
    before: u32,
    /// How the node before it refers to it.
    by: By,
    /// The root of the chain.
    root: u32,
    /// The last function before it in the chain; [`NO_NODE`]: it is a root.
    caller: u32,
}

impl ChainTree {
    fn get(&self, node: usize) -> Option<&Reached> {
        self.nodes.get(node)?.as_ref()
    }

    /// Whether anything leads to a function.
    pub fn is_reached(&self, function: usize) -> bool {
        self.get(function).is_some()
    }

    /// The cost of reaching a function; lower is more certain, then shorter. `None`: not reached.
    pub fn cost(&self, function: usize) -> Option<u32> {
        Some(self.get(function)?.cost)
    }

    /// The function that a chain starts with; the function itself if it is a root or not reached.
    pub fn root_of(&self, function: usize) -> usize {
        self.get(function)
            .map_or(function, |reached| reached.root as usize)
    }

    /// The function from which the last step of the chain comes; the function itself if it is a root or not reached.
    pub fn caller_of(&self, function: usize) -> usize {
        match self.get(function) {
            Some(reached) if reached.caller != NO_NODE => reached.caller as usize,
            _ => function,
        }
    }
}

/// Most steps of a chain for which to look up the place of the call, and whether they are wrappers; real chains are shorter.
const PLACES_LIMIT: usize = 512;

/// Stands for the missing predecessor of a root.
const NO_NODE: u32 = u32::MAX;

/// The cost of a step through the address of a function.
const VALUE_COST: u32 = 20;

/// The cost of a kind of step: a chain of calls is preferred to a shorter one with uncertain steps.
fn cost(by: By) -> u32 {
    match by {
        By::Root | By::Init => 0,
        By::Call => 1,
        By::Value => VALUE_COST,
        By::Method => 60,
    }
}

/// The cost of a step that starts a goroutine, which is as certain as a call.
const GOROUTINE_COST: u32 = 2;
/// What an uncertain step costs more in a chain that starts in the runtime: the runtime reads tables of all functions and types, so
/// such a step says little about who uses them.
const RUNTIME_COST: u32 = 150;
/// What a reference costs more that may be of another piece of data.
const DOUBT_COST: u32 = 100;
/// The cost of a step to what the moduledata lists for reflection.
const LISTED_COST: u32 = 500;

/// Nodes by the cost of reaching them, cheapest first (Dial's algorithm): no step costs more than the number of buckets.
struct Buckets {
    buckets: Vec<VecDeque<u32>>,
    /// The number of nodes in all buckets.
    waiting: usize,
    /// The cost of the node that was taken last.
    cost: u32,
}

impl Buckets {
    const COUNT: usize = 512;

    fn new() -> Self {
        Self {
            buckets: vec![VecDeque::new(); Self::COUNT],
            waiting: 0,
            cost: 0,
        }
    }

    fn push(&mut self, node: u32, cost: u32) {
        if let Some(bucket) = self.buckets.get_mut(cost as usize % Self::COUNT) {
            bucket.push_back(node);
            self.waiting += 1;
        }
    }

    /// The next node, with the cost for which it was added.
    fn pop(&mut self) -> Option<(u32, u32)> {
        while self.waiting > 0 {
            let bucket = self.buckets.get_mut(self.cost as usize % Self::COUNT)?;
            if let Some(node) = bucket.pop_front() {
                self.waiting -= 1;
                return Some((node, self.cost));
            }
            self.cost += 1;
        }
        None
    }
}

impl Graph<'_, '_> {
    /// Where the program starts: `main.main`, the initialisers of packages, functions that the system enters, and functions
    /// that C code or other programs may call.
    pub fn roots(&self) -> Vec<(usize, By)> {
        let mut roots = Vec::new();
        for i in 0..self.functions() {
            let name = self.name(i);
            let by = if name == b"main.main" || is_entry(name) {
                By::Root
            } else if is_initialiser(name) || self.initialisers.binary_search(&(i as u32)).is_ok() {
                By::Init
            } else {
                continue;
            };
            roots.push((i, by));
        }
        roots
    }

    /// Finds the cheapest chain to every function.
    pub fn chain_tree(&self) -> ChainTree {
        let mut nodes: Vec<Option<Reached>> = vec![None; self.node_count()];
        let mut waiting = Buckets::new();
        for (root, by) in self.roots() {
            // The program's own start is preferred to that of the runtime.
            let cost = match self.name(root) {
                b"main.main" => 0,
                _ if by == By::Init => 2,
                _ => 8,
            };
            if let Some(node) = nodes.get_mut(root) {
                *node = Some(Reached {
                    cost,
                    before: NO_NODE,
                    by,
                    root: root as u32,
                    caller: NO_NODE,
                });
                waiting.push(root as u32, cost);
            }
        }
        while let Some((node, cost)) = waiting.pop() {
            let Some(reached) = nodes.get(node as usize).copied().flatten() else {
                continue;
            };
            // A cheaper chain was found after the node was added.
            if reached.cost != cost {
                continue;
            }
            let caller = match (node as usize) < self.functions() {
                true => node,
                false => reached.caller,
            };
            let of_runtime = is_runtime_entry(self.name(reached.root as usize));
            self.visit_references(node, &mut |to, by, is_doubtful| {
                let doubt = if is_doubtful { DOUBT_COST } else { 0 };
                let step = match self.step_cost(node, to, by) + doubt {
                    // A step to a function that costs this much is uncertain.
                    step if of_runtime && (VALUE_COST..LISTED_COST).contains(&step) => {
                        step + RUNTIME_COST
                    }
                    step => step,
                };
                let cost = cost.saturating_add(step);
                if let Some(target) = nodes.get_mut(to as usize)
                    && target.is_none_or(|known| cost < known.cost)
                {
                    *target = Some(Reached {
                        cost,
                        before: node,
                        by,
                        root: reached.root,
                        caller,
                    });
                    waiting.push(to, cost);
                }
            });
        }
        ChainTree { nodes }
    }

    /// Whether the best chain to a function starts in the runtime and has an uncertain step.
    pub fn is_by_runtime_tables(&self, tree: &ChainTree, function: usize) -> bool {
        tree.cost(function).is_some_and(|cost| cost >= RUNTIME_COST)
            && is_runtime_entry(self.name(tree.root_of(function)))
    }

    /// The cost of a step. A step through data costs little: what is uncertain is paid on entering a function.
    fn step_cost(&self, from: u32, to: u32, by: By) -> u32 {
        let is_function = (to as usize) < self.functions();
        match (is_function, by) {
            (true, By::Value) if self.starts_goroutine(from, to) => GOROUTINE_COST,
            (true, _) => cost(by),
            // The moduledata lists every type, so any other way to it says more.
            (false, By::Method) => LISTED_COST,
            (false, _) => 1,
        }
    }

    /// The chain to a function; `None` when nothing leads to it. Wrappers that the compiler and the linker made are left out.
    pub fn chain(&self, tree: &ChainTree, function: usize) -> Option<Vec<Step>> {
        let links = self.without_wrappers(self.links(tree, function)?);
        let links = links.iter().enumerate();
        Some(
            links
                .map(|(i, link)| self.step(link, i < PLACES_LIMIT))
                .collect(),
        )
    }

    /// The functions of a chain, first the root.
    fn links(&self, tree: &ChainTree, function: usize) -> Option<Vec<Link>> {
        let mut links: Vec<Link> = Vec::new();
        let mut node = u32::try_from(function).ok()?;
        let mut next = None;
        loop {
            let reached = tree.get(node as usize)?;
            if (node as usize) < self.functions() {
                links.push(Link {
                    function: node as usize,
                    by: reached.by,
                    go: reached.by == By::Value && self.starts_goroutine(reached.before, node),
                    next,
                });
            }
            if reached.before == NO_NODE {
                break;
            }
            next = Some(node);
            node = reached.before;
        }
        links.reverse();
        Some(links)
    }

    /// Leaves out wrappers between other functions. What is uncertain about reaching a wrapper is uncertain about the function in it.
    fn without_wrappers(&self, links: Vec<Link>) -> Vec<Link> {
        let last = links.len().saturating_sub(1);
        let mut kept: Vec<Link> = Vec::with_capacity(links.len());
        let mut wrapper: Option<Link> = None;
        for (i, mut link) in links.into_iter().enumerate() {
            if let Some(wrapper) = wrapper.take() {
                if link.is_certain() {
                    link.by = wrapper.by;
                }
                link.go |= wrapper.go;
            }
            if i > 0 && i < last.min(PLACES_LIMIT) && self.is_wrapper(link.function) {
                wrapper = Some(link);
            } else {
                kept.push(link);
            }
        }
        kept
    }

    /// Whether the compiler or the linker made a function that only calls another: for a method of an embedded or pointed-at type,
    /// a method value, a `go` or `defer` statement, or a call over a long distance.
    fn is_wrapper(&self, function: usize) -> bool {
        let name = self.name(function);
        is_named_as_wrapper(name)
            || !is_initialiser(name)
                && self.rows.all.get(function).is_some_and(|row| {
                    let place = self.rows.line(function, row.start);
                    place.is_some_and(|(file, _)| file == GENERATED)
                })
    }

    /// Whether a chain consists of calls and of goroutines that are started for certain.
    pub fn is_certain(&self, tree: &ChainTree, function: usize) -> bool {
        let links = self.links(tree, function);
        links.is_some_and(|links| links.iter().all(Link::is_certain))
    }

    /// A step with its place in the source: the instruction that leads to the next one, or the start of the function.
    fn step(&self, link: &Link, is_placed: bool) -> Step {
        let function = link.function;
        let start = self.rows.all.get(function).map(|row| row.start);
        let next = link.next.filter(|_| is_placed);
        let pc = next.and_then(|next| self.referring_instruction(function, next));
        let place = pc.or(start).and_then(|pc| self.rows.line(function, pc));
        let (file, line) = place.unzip();
        Step {
            function: String::from_utf8_lossy(self.name(function)).into_owned(),
            file,
            line,
            by: link.by,
            go: link.go,
        }
    }

    /// The chain to a function through one of its callers.
    pub fn chain_through(
        &self,
        tree: &ChainTree,
        caller: usize,
        function: usize,
    ) -> Option<Vec<Step>> {
        let mut links = self.links(tree, caller)?;
        let called = u32::try_from(function).ok()?;
        links.last_mut()?.next = Some(called);
        links.push(Link {
            function,
            by: By::Call,
            go: false,
            next: None,
        });
        let links = self.without_wrappers(links);
        Some(links.iter().map(|link| self.step(link, true)).collect())
    }

    /// The first instruction of a function that refers to a node.
    fn referring_instruction(&self, function: usize, node: u32) -> Option<u64> {
        let row = self.rows.all.get(function)?;
        let code = self.bodies.code(self.image, row)?;
        let piece = (node as usize).checked_sub(self.functions());
        let leads_there = |reference| match (reference, piece) {
            (Reference::Call(target) | Reference::Jump(target), None) => {
                self.rows.at(target) == Some(node as usize)
            }
            (Reference::Address(address), None) => {
                function_value(self.image, &self.rows, address) == Some(node as usize)
            }
            (Reference::Address(address), Some(piece)) => {
                self.rows.at(address).is_none() && self.data.at(address) == Some(piece as u32)
            }
            _ => false,
        };
        let mut first = None;
        (self.decoder)(code, &mut |pc, reference| {
            if first.is_none() && leads_there(reference) {
                first = Some(pc);
            }
        });
        first
    }
}

/// A function in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Link {
    function: usize,
    /// How it is reached.
    by: By,
    /// Whether a goroutine starts with it.
    go: bool,
    /// The function or piece of data that it leads to; `None` at the end.
    next: Option<u32>,
}

impl Link {
    fn is_certain(&self) -> bool {
        self.go || self.by.is_certain()
    }
}

/// The file of functions that the compiler makes (src/cmd/compile/internal/base/print.go, `AutogeneratedPos`).
const GENERATED: &str = "<autogenerated>";

/// Wrappers of `go` and `defer` statements (Go 1.22), of method values, and trampolines of the linker
/// (src/cmd/link/internal/arm/asm.go and others).
fn is_named_as_wrapper(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name);
    let last = name.rsplit('.').next().unwrap_or_default();
    let word = last.trim_end_matches(|c: char| c.is_ascii_digit());
    name.ends_with("-fm")
        || name.contains("-tramp")
        || word.len() < last.len() && matches!(word, "gowrap" | "deferwrap")
}

/// Whether the system, the loader or C code enters this function.
fn is_entry(name: &[u8]) -> bool {
    name.starts_with(b"_rt0_")
        || name.starts_with(b"_cgoexp_")
        || name == b"_start"
        || name == b"main"
        || name == b"runtime.rt0_go"
}

/// Whether the runtime itself starts here.
fn is_runtime_entry(name: &[u8]) -> bool {
    name.starts_with(b"_rt0_") || name.starts_with(b"runtime.")
}

/// `init` and `init.0` of a package (cmd/compile/internal/pkginit); not closures in them.
pub(super) fn is_initialiser(name: &[u8]) -> bool {
    let slash = memchr::memrchr(b'/', name).map_or(0, |i| i + 1);
    let last = name.get(slash..).unwrap_or_default();
    let Some(dot) = memchr::memchr(b'.', last) else {
        return false;
    };
    let function = last.get(dot + 1..).unwrap_or_default();
    match function.strip_prefix(b"init") {
        Some(b"") => true,
        Some(rest) => rest
            .strip_prefix(b".")
            .is_some_and(|n| !n.is_empty() && n.iter().all(u8::is_ascii_digit)),
        None => false,
    }
}
