//! The best chains of references from the start of a program to a function.

use super::Graph;
use super::decode::Reference;
use super::goroutines::function_value;
use gospect_record::why::{By, Step};
use std::collections::VecDeque;

/// A tree of the cheapest chains from the roots to everything that can be reached.
pub struct Ways {
    /// For each node the node from which it is reached, and how; `None`: not reached.
    from: Vec<Option<(u32, By)>>,
    /// The cost of reaching each node.
    costs: Vec<u32>,
    /// The root from which each node is reached; [`NOWHERE`]: not reached.
    roots: Vec<u32>,
    /// The last function on the way to each node; [`NOWHERE`]: it is a root, or not reached.
    callers: Vec<u32>,
}

/// Most steps of a chain for which to look up the place of the call, and whether they are wrappers; real chains are shorter.
const PLACED: usize = 512;

/// Stands for the missing predecessor of a root.
const NOWHERE: u32 = u32::MAX;

/// The cost of a kind of step: a chain of calls is preferred to a shorter one with uncertain steps.
fn cost(by: By) -> u32 {
    match by {
        By::Root | By::Init => 0,
        By::Call => 1,
        By::Value => 20,
        By::Method => 60,
    }
}

/// The cost of a step that starts a goroutine, which is as certain as a call.
const START: u32 = 2;
/// The cost of a step to what the moduledata lists for reflection.
const LISTED: u32 = 500;

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
    pub fn ways(&self) -> Ways {
        let mut from: Vec<Option<(u32, By)>> = vec![None; self.nodes()];
        let mut costs = vec![u32::MAX; self.nodes()];
        let mut roots = vec![NOWHERE; self.nodes()];
        let mut callers = vec![NOWHERE; self.nodes()];
        // A queue for each cost: no step costs more than the number of queues.
        const QUEUES: usize = 512;
        let mut queues: Vec<VecDeque<u32>> = vec![VecDeque::new(); QUEUES];
        let mut waiting = 0usize;
        for (root, by) in self.roots() {
            // The program's own start is preferred to that of the runtime.
            let start = match self.name(root) {
                b"main.main" => 0,
                _ if by == By::Init => 2,
                _ => 8,
            };
            if let (Some(place), Some(known)) = (from.get_mut(root), costs.get_mut(root)) {
                *place = Some((NOWHERE, by));
                *known = start;
                if let Some(own) = roots.get_mut(root) {
                    *own = root as u32;
                }
                queues[start as usize % QUEUES].push_back(root as u32);
                waiting += 1;
            }
        }
        let mut now = 0u32;
        while waiting > 0 {
            let Some(node) = queues[now as usize % QUEUES].pop_front() else {
                now += 1;
                continue;
            };
            waiting -= 1;
            if costs.get(node as usize) != Some(&now) {
                continue;
            }
            let root = roots.get(node as usize).copied().unwrap_or(NOWHERE);
            let caller = match (node as usize) < self.functions() {
                true => node,
                false => callers.get(node as usize).copied().unwrap_or(NOWHERE),
            };
            self.next(node, &mut |to, by| {
                // A step through data costs little; the way it was seen is paid on entering a function.
                let is_function = (to as usize) < self.functions();
                let price = match (is_function, by) {
                    (true, By::Value) if self.is_started(node, to) => START,
                    (true, _) => cost(by),
                    // The moduledata lists every type, so any other way to it says more.
                    (false, By::Method) => LISTED,
                    (false, _) => 1,
                };
                let sum = now.saturating_add(price);
                if let (Some(place), Some(known)) =
                    (from.get_mut(to as usize), costs.get_mut(to as usize))
                    && sum < *known
                {
                    *known = sum;
                    *place = Some((node, by));
                    if let (Some(its_root), Some(its_caller)) =
                        (roots.get_mut(to as usize), callers.get_mut(to as usize))
                    {
                        (*its_root, *its_caller) = (root, caller);
                    }
                    queues[sum as usize % QUEUES].push_back(to);
                    waiting += 1;
                }
            });
        }
        Ways {
            from,
            costs,
            roots,
            callers,
        }
    }

    /// The chain to a function; `None` when nothing leads to it. Wrappers that the compiler and the linker made are left out.
    pub fn chain(&self, ways: &Ways, function: usize) -> Option<Vec<Step>> {
        let way = self.without_wrappers(self.way(ways, function)?);
        let steps = way.iter().enumerate();
        Some(
            steps
                .map(|(i, passed)| self.step(passed, i < PLACED))
                .collect(),
        )
    }

    /// The functions of a chain, first the root.
    fn way(&self, ways: &Ways, function: usize) -> Option<Vec<Passed>> {
        let mut way: Vec<Passed> = Vec::new();
        let mut node = u32::try_from(function).ok()?;
        let mut next = None;
        loop {
            let (before, by) = (*ways.from.get(node as usize)?)?;
            if (node as usize) < self.functions() {
                way.push(Passed {
                    function: node as usize,
                    by,
                    go: by == By::Value && self.is_started(before, node),
                    next,
                });
            }
            if before == NOWHERE {
                break;
            }
            next = Some(node);
            node = before;
        }
        way.reverse();
        Some(way)
    }

    /// Leaves out wrappers between other functions. What is uncertain about reaching a wrapper is uncertain about the function in it.
    fn without_wrappers(&self, way: Vec<Passed>) -> Vec<Passed> {
        let last = way.len().saturating_sub(1);
        let mut kept: Vec<Passed> = Vec::with_capacity(way.len());
        let mut wrapper: Option<Passed> = None;
        for (i, mut passed) in way.into_iter().enumerate() {
            if let Some(wrapper) = wrapper.take() {
                if passed.is_certain() {
                    passed.by = wrapper.by;
                }
                passed.go |= wrapper.go;
            }
            if i > 0 && i < last.min(PLACED) && self.is_wrapper(passed.function) {
                wrapper = Some(passed);
            } else {
                kept.push(passed);
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
    pub fn is_certain(&self, ways: &Ways, function: usize) -> bool {
        let way = self.way(ways, function);
        way.is_some_and(|way| way.iter().all(Passed::is_certain))
    }

    /// The function that a chain starts with; the function itself if it is a root or not reached.
    pub fn root_of(&self, ways: &Ways, function: usize) -> usize {
        known(&ways.roots, function)
    }

    /// The function from which the last step of the chain comes; the function itself if it is a root or not reached.
    pub fn before(&self, ways: &Ways, function: usize) -> usize {
        known(&ways.callers, function)
    }

    /// A step with its place in the source: the instruction that leads to the next one, or the start of the function.
    fn step(&self, passed: &Passed, is_placed: bool) -> Step {
        let function = passed.function;
        let start = self.rows.all.get(function).map(|row| row.start);
        let next = passed.next.filter(|_| is_placed);
        let pc = next.and_then(|next| self.place(function, next));
        let place = pc.or(start).and_then(|pc| self.rows.line(function, pc));
        let (file, line) = place.unzip();
        Step {
            function: String::from_utf8_lossy(self.name(function)).into_owned(),
            file,
            line,
            by: passed.by,
            go: passed.go,
        }
    }

    /// The chain to a function through one of its callers.
    pub fn chain_through(&self, ways: &Ways, caller: usize, function: usize) -> Option<Vec<Step>> {
        let mut way = self.way(ways, caller)?;
        let called = u32::try_from(function).ok()?;
        way.last_mut()?.next = Some(called);
        way.push(Passed {
            function,
            by: By::Call,
            go: false,
            next: None,
        });
        let way = self.without_wrappers(way);
        Some(way.iter().map(|passed| self.step(passed, true)).collect())
    }

    /// The cost of reaching a function; lower is more certain, then shorter. `None`: not reached.
    pub fn cost(&self, ways: &Ways, function: usize) -> Option<u32> {
        ways.costs.get(function).copied().filter(|c| *c != u32::MAX)
    }

    /// Whether anything leads to a function.
    pub fn is_reached(&self, ways: &Ways, function: usize) -> bool {
        ways.from.get(function).is_some_and(Option::is_some)
    }

    /// The first instruction of a function that leads to a node.
    fn place(&self, from: usize, next: u32) -> Option<u64> {
        let row = self.rows.all.get(from)?;
        let code = self.bodies.code(self.image, row)?;
        let piece = (next as usize).checked_sub(self.functions());
        let leads = |reference| match (reference, piece) {
            (Reference::Call(target) | Reference::Jump(target), None) => {
                self.rows.at(target) == Some(next as usize)
            }
            (Reference::Address(address), None) => {
                function_value(self.image, &self.rows, address) == Some(next as usize)
            }
            (Reference::Address(address), Some(piece)) => {
                self.rows.at(address).is_none() && self.data.at(address) == Some(piece as u32)
            }
            _ => false,
        };
        let mut found = None;
        (self.decoder)(code, &mut |pc, reference| {
            if found.is_none() && leads(reference) {
                found = Some(pc);
            }
        });
        found
    }
}

/// The number that a list has for a function; the function itself if it has none.
fn known(list: &[u32], function: usize) -> usize {
    match list.get(function) {
        Some(&number) if number != NOWHERE => number as usize,
        _ => function,
    }
}

/// A function on the way to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Passed {
    function: usize,
    /// How it is reached.
    by: By,
    /// Whether a goroutine starts with it.
    go: bool,
    /// The function or piece of data that it leads to; `None` at the end.
    next: Option<u32>,
}

impl Passed {
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
