//! The most certain chain from every function to one that has a capability.

use super::kind::{Kind, Kinds};
use super::source::Callers;
use gospect_record::why::By;
use gospect_record::{Capability, PackageCapability};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// How good a chain is; the least is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cost {
    /// Steps that depend on values at run time.
    uncertain: u16,
    /// Steps into a package outside the standard library.
    foreign: u16,
    steps: u32,
}

impl Cost {
    const NONE: Self = Self {
        uncertain: 0,
        foreign: 0,
        steps: 0,
    };
}

/// The best chains to functions with one capability.
pub struct BestChains {
    /// For each function the cost, the next function of the chain and how it leads there; `None`: no chain.
    next: Vec<Option<(Cost, u32, By)>>,
}

/// Stands for the missing next function at the end of a chain.
const END: u32 = u32::MAX;

/// A function of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The function.
    pub node: u32,
    /// How it leads to the next one; for the last one without meaning.
    pub by: By,
}

impl BestChains {
    /// Searches backwards from the functions that have a capability. Callers with a category of their own are not passed.
    pub fn search(callers: &Callers, kinds: &Kinds, capability: Capability) -> Self {
        let mut next: Vec<Option<(Cost, u32, By)>> = vec![None; callers.len()];
        let mut queue = BinaryHeap::new();
        for node in kinds.functions_with(capability) {
            if let Some(end) = next.get_mut(node as usize) {
                *end = Some((Cost::NONE, END, By::Root));
                queue.push(Reverse((Cost::NONE, node)));
            }
        }
        while let Some(Reverse((cost, node))) = queue.pop() {
            let known = next.get(node as usize).copied().flatten();
            if known.is_none_or(|(best, ..)| best != cost) {
                continue;
            }
            let package = kinds.package(node);
            let is_standard = package.is_none_or(|package| kinds.is_standard(package));
            for (caller, by) in callers.of(node) {
                if kinds.kind(*caller) != Kind::OfCallees || !kinds.counts(*caller, node, *by) {
                    continue;
                }
                let is_foreign = !is_standard && kinds.package(*caller) != package;
                let cost = Cost {
                    uncertain: cost.uncertain.saturating_add(u16::from(!by.is_certain())),
                    foreign: cost.foreign.saturating_add(u16::from(is_foreign)),
                    steps: cost.steps.saturating_add(1),
                };
                if let Some(known) = next.get_mut(*caller as usize)
                    && known.is_none_or(|(best, ..)| cost < best)
                {
                    *known = Some((cost, node, *by));
                    queue.push(Reverse((cost, *caller)));
                }
            }
        }
        Self { next }
    }

    /// For each package the function with the best chain.
    pub fn by_package(&self, kinds: &Kinds) -> BTreeMap<u32, u32> {
        let mut best: BTreeMap<u32, (Cost, u32)> = BTreeMap::new();
        for (node, link) in self.next.iter().enumerate() {
            let node = node as u32;
            if let (Some((cost, ..)), Some(package)) = (link, kinds.package(node)) {
                let known = best.entry(package).or_insert((*cost, node));
                *known = (*known).min((*cost, node));
            }
        }
        best.into_iter()
            .map(|(package, (_, node))| (package, node))
            .collect()
    }

    /// The chain that starts with a function.
    pub fn chain(&self, start: u32) -> Vec<Link> {
        let mut chain = Vec::new();
        let mut node = start;
        while let Some((_, next, by)) = self.next.get(node as usize).copied().flatten() {
            chain.push(Link { node, by });
            node = next;
        }
        chain
    }
}

/// What a chain proves about the package that it starts in. Capability and names are left to the caller.
pub fn describe(chain: &[Link], kinds: &Kinds, package: u32) -> PackageCapability {
    let is_own = |link: &Link| {
        kinds
            .package(link.node)
            .is_none_or(|other| other == package || kinds.is_standard(other))
    };
    let leading = chain.split_last().map_or(&[][..], |(_, leading)| leading);
    PackageCapability {
        direct: chain.iter().all(is_own),
        certain: leading.iter().all(|link| link.by.is_certain()),
        ..PackageCapability::default()
    }
}
