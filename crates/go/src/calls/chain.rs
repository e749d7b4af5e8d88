//! The best chains of references from the start of a program to a function.

use super::Graph;
use super::decode::Reference;
use gospect_record::why::{By, Step};
use std::collections::VecDeque;

/// A tree of the cheapest chains from the roots to everything that can be reached.
pub struct Ways {
    /// For each node the node from which it is reached, and how; `None`: not reached.
    from: Vec<Option<(u32, By)>>,
    /// The cost of reaching each node.
    costs: Vec<u32>,
}

/// Most steps of a chain for which to look up the place of the call; real chains are shorter.
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
            } else if is_initialiser(name) {
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
            self.next(node, &mut |to, by| {
                // A step through data costs little; the way it was seen is paid on entering a function.
                let is_function = (to as usize) < self.functions();
                let price = match (is_function, by) {
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
                    queues[sum as usize % QUEUES].push_back(to);
                    waiting += 1;
                }
            });
        }
        Ways { from, costs }
    }

    /// The chain to a function; `None` when nothing leads to it.
    pub fn chain(&self, ways: &Ways, function: usize) -> Option<Vec<Step>> {
        let mut way: Vec<(usize, By)> = Vec::new();
        let mut node = u32::try_from(function).ok()?;
        loop {
            let (before, by) = (*ways.from.get(node as usize)?)?;
            if (node as usize) < self.functions() {
                way.push((node as usize, by));
            }
            if before == NOWHERE {
                break;
            }
            node = before;
        }
        way.reverse();
        let steps = way.iter().enumerate().map(|(i, (function, by))| {
            let next = way.get(i + 1).filter(|next| next.1 == By::Call);
            let next = next.filter(|_| i < PLACED).map(|next| next.0);
            self.step(*function, *by, next)
        });
        Some(steps.collect())
    }

    /// The function that a chain starts with; the function itself if it is a root or not reached.
    pub fn root_of(&self, ways: &Ways, function: usize) -> usize {
        let mut last = function;
        while let Some(before) = self.function_before(ways, last) {
            last = before;
        }
        last
    }

    /// The function from which the last step of the chain comes; the function itself if it is a root or not reached.
    pub fn before(&self, ways: &Ways, function: usize) -> usize {
        self.function_before(ways, function).unwrap_or(function)
    }

    fn function_before(&self, ways: &Ways, function: usize) -> Option<usize> {
        let mut node = u32::try_from(function).ok()?;
        loop {
            node = (*ways.from.get(node as usize)?)?.0;
            if node == NOWHERE {
                return None;
            }
            if (node as usize) < self.functions() {
                return Some(node as usize);
            }
        }
    }

    /// A step with its place in the source: the call of `next`, or the start of the function.
    fn step(&self, function: usize, by: By, next: Option<usize>) -> Step {
        let start = self.rows.all.get(function).map(|row| row.start);
        let pc = next.and_then(|next| self.call_site(function, next));
        let place = pc.or(start).and_then(|pc| self.rows.line(function, pc));
        let (file, line) = place.unzip();
        Step {
            function: String::from_utf8_lossy(self.name(function)).into_owned(),
            file,
            line,
            by,
        }
    }

    /// The chain to a function through one of its callers.
    pub fn chain_through(&self, ways: &Ways, caller: usize, function: usize) -> Option<Vec<Step>> {
        let mut chain = self.chain(ways, caller)?;
        let by = chain.pop()?.by;
        chain.push(self.step(caller, by, Some(function)));
        chain.push(self.step(function, By::Call, None));
        Some(chain)
    }

    /// The cost of reaching a function; lower is more certain, then shorter. `None`: not reached.
    pub fn cost(&self, ways: &Ways, function: usize) -> Option<u32> {
        ways.costs.get(function).copied().filter(|c| *c != u32::MAX)
    }

    /// Whether anything leads to a function.
    pub fn is_reached(&self, ways: &Ways, function: usize) -> bool {
        ways.from.get(function).is_some_and(Option::is_some)
    }

    /// The instruction by which a function calls another.
    fn call_site(&self, from: usize, to: usize) -> Option<u64> {
        let row = self.rows.all.get(from)?;
        let code = self.bodies.code(self.image, row)?;
        let mut found = None;
        (self.decoder)(code, &mut |pc, reference| {
            if let Reference::Call(target) | Reference::Jump(target) = reference
                && found.is_none()
                && self.rows.at(target) == Some(to)
            {
                found = Some(pc);
            }
        });
        found
    }
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
