//! Asks about several things at once.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Connections to one server at once. The `go` command makes more.
const CONNECTIONS: usize = 6;

/// The answers about these items, in their order, asked over a few connections.
pub(crate) fn at_once<T: Sync, A: Send>(items: &[T], ask: impl Fn(&T) -> A + Sync) -> Vec<A> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut answers = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else {
                return answers;
            };
            answers.push((index, ask(item)));
        }
    };
    let mut answers = std::thread::scope(|scope| {
        let count = CONNECTIONS.min(items.len());
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
        let ended = threads.into_iter().map(|thread| thread.join());
        let answers =
            ended.flat_map(|end| end.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        answers.collect::<Vec<_>>()
    });
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..40).collect();
        let slow_first = |item: &u64| {
            std::thread::sleep(std::time::Duration::from_millis(40 - item));
            item * 2
        };
        let doubled: Vec<u64> = items.iter().map(|item| item * 2).collect();
        assert_eq!(at_once(&items, slow_first), doubled);
        assert!(at_once(&[], slow_first).is_empty());
    }
}
