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
pub(super) struct Places<'env, T> {
    all: Vec<Place<'env, T>>,
    /// Places that are free for use.
    free: Vec<usize>,
    waiting: usize,
}

struct Place<'env, T> {
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

impl<'env, T> Places<'env, T> {
    /// A queue with one task.
    pub fn new(first: Task<'env, T>) -> Self {
        let ends = Place {
            before: 0,
            after: 0,
            holds: Holds::Nothing,
        };
        let mut places = Self {
            all: vec![ends],
            free: Vec::new(),
            waiting: 1,
        };
        places.insert(0, Holds::Waiting(first));
        places
    }

    /// Number of waiting tasks.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Takes the waiting task nearest to an end and returns it with its place.
    pub fn take(&mut self, end: End) -> Option<(usize, Task<'env, T>)> {
        let next = |place: &Place<'env, T>| match end {
            End::Front => place.after,
            End::Back => place.before,
        };
        let mut at = next(&self.all[0]);
        while at != 0 {
            let place = &mut self.all[at];
            if matches!(place.holds, Holds::Waiting(_))
                && let Holds::Waiting(task) = std::mem::replace(&mut place.holds, Holds::Running)
            {
                self.waiting -= 1;
                return Some((at, task));
            }
            at = next(place);
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
    pub fn replace(&mut self, place: usize, items: Vec<Item<'env, T>>) {
        for item in items {
            match item {
                Item::Task(task) => {
                    self.waiting += 1;
                    self.insert(place, Holds::Waiting(task));
                }
                Item::Result(size, result) => {
                    let before = self.all[place].before;
                    match &mut self.all[before].holds {
                        Holds::Ready(results) => results.push_back((size, result)),
                        _ => self.insert(place, Holds::Ready([(size, result)].into())),
                    }
                }
            }
        }
        let Place { before, after, .. } = self.all[place];
        self.remove(place);
        self.join(before, after);
    }

    /// Joins two places of results by moving the fewer of them.
    fn join(&mut self, before: usize, after: usize) {
        let taken = [before, after].map(|at| match &mut self.all[at].holds {
            Holds::Ready(results) => Some(std::mem::take(results)),
            _ => None,
        });
        match taken {
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
        let Place { before, after, .. } = self.all[at];
        self.all[before].after = after;
        self.all[after].before = before;
        self.all[at].holds = Holds::Nothing;
        self.free.push(at);
    }

    /// Inserts an item in front of a place.
    fn insert(&mut self, after: usize, holds: Holds<'env, T>) {
        let before = self.all[after].before;
        let place = Place {
            before,
            after,
            holds,
        };
        let at = match self.free.pop() {
            Some(at) => {
                self.all[at] = place;
                at
            }
            None => {
                self.all.push(place);
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

    fn first(places: &mut Places<'static, usize>) -> usize {
        places.take(End::Front).unwrap().0
    }

    #[test]
    fn what_comes_of_a_task_stands_in_its_place() {
        let mut places = Places::new(Box::new(|_| {}));
        let root = first(&mut places);
        places.replace(root, vec![task(1), result(5), task(2), task(3), result(9)]);
        let (one, two) = (first(&mut places), first(&mut places));
        let three = places.take(End::Back).unwrap().0;
        assert_eq!(places.waiting(), 0);
        // The last task is done first.
        places.replace(three, vec![result(8)]);
        places.replace(two, vec![result(6), task(4)]);
        assert!(!places.front_is_ready() && places.pop_ready().is_none());
        places.replace(one, (1..5).map(result).collect());
        let mut order = Vec::new();
        while let Some((_, n)) = places.pop_ready() {
            order.push(n);
        }
        assert_eq!((order, places.waiting()), (vec![1, 2, 3, 4, 5, 6], 1));
        let four = places.take(End::Back).unwrap().0;
        places.replace(four, vec![result(7)]);
        let rest: Vec<usize> = std::iter::from_fn(|| places.pop_ready().map(|r| r.1)).collect();
        assert_eq!(rest, [7, 8, 9]);
        assert_eq!(places.free.len() + 1, places.all.len());
    }

    #[test]
    fn places_are_used_again_and_results_stand_together() {
        let mut places = Places::new(Box::new(|_| {}));
        for n in 0..1000 {
            let at = first(&mut places);
            places.replace(at, vec![result(n), task(n)]);
        }
        assert!(places.all.len() < 8, "{}", places.all.len());
        for n in 0..1000 {
            assert_eq!(places.pop_ready(), Some((1, n)));
        }
    }
}
