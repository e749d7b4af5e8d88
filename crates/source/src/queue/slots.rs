//! The places of a queue: a list in which one item can be replaced by several in constant time.

use super::{Item, Task};
use std::collections::VecDeque;

/// The end of the queue from which a thread takes tasks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Front,
    Back,
}

/// A ring in which place 0 is between the last and the first. Two places of results are never adjacent, so the first and the last
/// task are found after passing at most twice as many places as there are threads.
pub(super) struct Slots<'env, T> {
    all: Vec<Slot<'env, T>>,
    /// Places that are free for use.
    free: Vec<usize>,
    waiting: usize,
}

struct Slot<'env, T> {
    before: usize,
    after: usize,
    holds: Holds<'env, T>,
}

enum Holds<'env, T> {
    Nothing,
    Waiting(Task<'env, T>),
    Running,
    /// Results and their sizes in bytes.
    Ready(VecDeque<(u64, T)>),
}

impl<'env, T> Slots<'env, T> {
    /// A queue with one task.
    pub fn new(first: Task<'env, T>) -> Self {
        let ends = Slot {
            before: 0,
            after: 0,
            holds: Holds::Nothing,
        };
        let mut slots = Self {
            all: vec![ends],
            free: Vec::new(),
            waiting: 1,
        };
        slots.insert(0, Holds::Waiting(first));
        slots
    }

    /// Number of waiting tasks.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Takes the waiting task nearest to an end and returns it with its place.
    pub fn take(&mut self, end: End) -> Option<(usize, Task<'env, T>)> {
        let next = |slot: &Slot<'env, T>| match end {
            End::Front => slot.after,
            End::Back => slot.before,
        };
        let mut at = next(&self.all[0]);
        while at != 0 {
            let slot = &mut self.all[at];
            if matches!(slot.holds, Holds::Waiting(_))
                && let Holds::Waiting(task) = std::mem::replace(&mut slot.holds, Holds::Running)
            {
                self.waiting -= 1;
                return Some((at, task));
            }
            at = next(slot);
        }
        None
    }

    /// Whether the next result to deliver is ready.
    pub fn front_is_ready(&self) -> bool {
        matches!(self.all[self.all[0].after].holds, Holds::Ready(_))
    }

    /// Takes the result at the front, with its size in bytes.
    pub fn pop_ready(&mut self) -> Option<(u64, T)> {
        let first = self.all[0].after;
        let Holds::Ready(results) = &mut self.all[first].holds else {
            return None;
        };
        let result = results.pop_front();
        if results.is_empty() {
            self.remove(first);
        }
        result
    }

    /// Replaces a finished task by what it gave.
    pub fn replace(&mut self, slot: usize, items: Vec<Item<'env, T>>) {
        for item in items {
            match item {
                Item::Task(task) => {
                    self.waiting += 1;
                    self.insert(slot, Holds::Waiting(task));
                }
                Item::Result(size, result) => {
                    let before = self.all[slot].before;
                    match &mut self.all[before].holds {
                        Holds::Ready(results) => results.push_back((size, result)),
                        _ => self.insert(slot, Holds::Ready([(size, result)].into())),
                    }
                }
            }
        }
        let Slot { before, after, .. } = self.all[slot];
        self.remove(slot);
        self.join(before, after);
    }

    /// Merges two neighbouring slots of results. Moves the shorter list.
    fn join(&mut self, before: usize, after: usize) {
        let results = [before, after].map(|at| match &mut self.all[at].holds {
            Holds::Ready(results) => Some(std::mem::take(results)),
            _ => None,
        });
        match results {
            [Some(mut first), Some(mut second)] => {
                if first.len() < second.len() {
                    while let Some(last) = first.pop_back() {
                        second.push_front(last);
                    }
                    first = second;
                } else {
                    first.append(&mut second);
                }
                self.all[before].holds = Holds::Ready(first);
                self.remove(after);
            }
            [Some(first), None] => self.all[before].holds = Holds::Ready(first),
            [None, Some(second)] => self.all[after].holds = Holds::Ready(second),
            [None, None] => {}
        }
    }

    fn remove(&mut self, at: usize) {
        let Slot { before, after, .. } = self.all[at];
        self.all[before].after = after;
        self.all[after].before = before;
        self.all[at].holds = Holds::Nothing;
        self.free.push(at);
    }

    /// Inserts an item in front of a place.
    fn insert(&mut self, after: usize, holds: Holds<'env, T>) {
        let before = self.all[after].before;
        let slot = Slot {
            before,
            after,
            holds,
        };
        let at = match self.free.pop() {
            Some(at) => {
                self.all[at] = slot;
                at
            }
            None => {
                self.all.push(slot);
                self.all.len() - 1
            }
        };
        self.all[before].after = at;
        self.all[after].before = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(_: usize) -> Item<'static, usize> {
        Item::Task(Box::new(|_| {}))
    }

    fn result(n: usize) -> Item<'static, usize> {
        Item::Result(1, n)
    }

    fn first(slots: &mut Slots<'static, usize>) -> usize {
        slots.take(End::Front).unwrap().0
    }

    #[test]
    fn results_of_a_task_replace_it() {
        let mut slots = Slots::new(Box::new(|_| {}));
        let root = first(&mut slots);
        slots.replace(root, vec![task(1), result(5), task(2), task(3), result(9)]);
        let (one, two) = (first(&mut slots), first(&mut slots));
        let three = slots.take(End::Back).unwrap().0;
        assert_eq!(slots.waiting(), 0);
        // The last task is done first.
        slots.replace(three, vec![result(8)]);
        slots.replace(two, vec![result(6), task(4)]);
        assert!(!slots.front_is_ready() && slots.pop_ready().is_none());
        slots.replace(one, (1..5).map(result).collect());
        let mut order = Vec::new();
        while let Some((_, n)) = slots.pop_ready() {
            order.push(n);
        }
        assert_eq!((order, slots.waiting()), (vec![1, 2, 3, 4, 5, 6], 1));
        let four = slots.take(End::Back).unwrap().0;
        slots.replace(four, vec![result(7)]);
        let rest: Vec<usize> = std::iter::from_fn(|| slots.pop_ready().map(|r| r.1)).collect();
        assert_eq!(rest, [7, 8, 9]);
        assert_eq!(slots.free.len() + 1, slots.all.len());
    }

    #[test]
    fn slots_are_reused_and_adjacent_results_are_joined() {
        let mut slots = Slots::new(Box::new(|_| {}));
        for n in 0..1000 {
            let at = first(&mut slots);
            slots.replace(at, vec![result(n), task(n)]);
        }
        assert!(slots.all.len() < 8, "{}", slots.all.len());
        for n in 0..1000 {
            assert_eq!(slots.pop_ready(), Some((1, n)));
        }
    }
}
