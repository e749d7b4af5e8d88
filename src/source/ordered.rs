//! Parallel work whose results come out in one fixed order, as soon as they are ready.
//!
//! Tasks form a tree: a task gives results and further tasks, in order. Pending tasks wait on one stack, the first of them on top, so that
//! whatever is taken next is what the reader needs soonest; results are delivered depth first. The order depends on the tasks alone, never on
//! the threads.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Results that wait for delivery before threads stop taking new tasks. It bounds memory when one slow task holds the rest up.
const AHEAD: usize = 8192;

/// A piece of work. It puts its results and follow-up tasks, in order, into the [`Output`].
pub type Task<'env, T> = Box<dyn FnOnce(&mut Output<'env, T>) + Send + 'env>;

enum Item<'env, T> {
    Result(T),
    Child(Arc<Slot<'env, T>>),
}

/// Where a task's results wait.
struct Slot<'env, T> {
    items: Mutex<Option<VecDeque<Item<'env, T>>>>,
}

/// What one task gives.
pub struct Output<'env, T> {
    items: VecDeque<Item<'env, T>>,
    tasks: Vec<(Arc<Slot<'env, T>>, Task<'env, T>)>,
}

impl<'env, T> Output<'env, T> {
    /// Gives a result.
    pub fn push(&mut self, result: T) {
        self.items.push_back(Item::Result(result));
    }

    /// Gives a task, whose results come at this place.
    pub fn task(&mut self, task: impl FnOnce(&mut Output<'env, T>) + Send + 'env) {
        let slot = Arc::new(Slot {
            items: Mutex::new(None),
        });
        self.items.push_back(Item::Child(slot.clone()));
        self.tasks.push((slot, Box::new(task)));
    }
}

struct State<'env, T> {
    stack: Vec<(Arc<Slot<'env, T>>, Task<'env, T>)>,
    running: usize,
    waiting: usize,
    stopped: bool,
}

struct Shared<'env, T> {
    state: Mutex<State<'env, T>>,
    /// A task may be taken, or nothing will come any more.
    work: Condvar,
    /// A slot was filled.
    filled: Condvar,
}

impl<'env, T: Send> Shared<'env, T> {
    fn lock(&self) -> MutexGuard<'_, State<'env, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs tasks until none is left.
    fn work(&self) {
        let mut state = self.lock();
        loop {
            let may_take = state.waiting < AHEAD || state.running == 0;
            if state.stopped || (state.stack.is_empty() && state.running == 0) {
                self.work.notify_all();
                self.filled.notify_all();
                return;
            }
            let taken = if may_take { state.stack.pop() } else { None };
            let Some((slot, task)) = taken else {
                state = self
                    .work
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            state.running += 1;
            drop(state);
            let mut output = Output {
                items: VecDeque::new(),
                tasks: Vec::new(),
            };
            // Tasks guard their own work; this only keeps a panic from leaving the reader waiting for ever.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| task(&mut output)));
            let results = output
                .items
                .iter()
                .filter(|i| matches!(i, Item::Result(_)))
                .count();
            state = self.lock();
            // Filled and counted in one step: the reader may take a result as soon as it is there.
            *slot.items.lock().unwrap_or_else(PoisonError::into_inner) = Some(output.items);
            state.running -= 1;
            state.waiting += results;
            let more = output.tasks.len();
            state.stack.extend(output.tasks.into_iter().rev());
            if more > 1 || state.running == 0 {
                self.work.notify_all();
            } else if more == 1 {
                self.work.notify_one();
            }
            self.filled.notify_all();
        }
    }

    /// Hands over everything under `slot`, depth first, waiting where it must. Stops early when the callback says so.
    fn deliver(&self, root: Arc<Slot<'env, T>>, deliver: &mut dyn FnMut(T) -> bool) {
        let mut open: Vec<VecDeque<Item<'env, T>>> = Vec::new();
        let mut next = Some(root);
        loop {
            if let Some(slot) = next.take() {
                let mut state = self.lock();
                loop {
                    if let Some(items) = slot
                        .items
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .take()
                    {
                        open.push(items);
                        break;
                    }
                    state = self
                        .filled
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            }
            let Some(items) = open.last_mut() else { return };
            match items.pop_front() {
                None => {
                    open.pop();
                }
                Some(Item::Child(slot)) => next = Some(slot),
                Some(Item::Result(result)) => {
                    let mut state = self.lock();
                    state.waiting -= 1;
                    if state.waiting + 1 == AHEAD {
                        self.work.notify_all();
                    }
                    drop(state);
                    if !deliver(result) {
                        let mut state = self.lock();
                        state.stopped = true;
                        state.stack.clear();
                        self.work.notify_all();
                        return;
                    }
                }
            }
        }
    }
}

/// Runs the root task and all that come of it on `threads` threads, and hands every result to `deliver` on the calling thread. When
/// `deliver` answers false, what is running is finished, nothing new is started, and no more is delivered.
///
/// # Errors
/// When the threads cannot be started.
pub fn run<'env, T: Send>(
    threads: usize,
    root: impl FnOnce(&mut Output<'env, T>) + Send + 'env,
    deliver: &mut dyn FnMut(T) -> bool,
) -> std::io::Result<()> {
    let slot = Arc::new(Slot {
        items: Mutex::new(None),
    });
    let shared = Shared {
        state: Mutex::new(State {
            stack: vec![(slot.clone(), Box::new(root))],
            running: 0,
            waiting: 0,
            stopped: false,
        }),
        work: Condvar::new(),
        filled: Condvar::new(),
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.max(1))
        .thread_name(|i| format!("gospect-{i}"))
        .build()
        .map_err(std::io::Error::other)?;
    pool.in_place_scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|_| shared.work());
        }
        shared.deliver(slot, deliver);
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree of tasks whose results are their places in it, with uneven amounts of work.
    fn tree(depth: u32, name: String, out: &mut Output<'_, String>) {
        let hash = name
            .bytes()
            .fold(7u64, |h, b| h.wrapping_mul(31).wrapping_add(b.into()));
        std::thread::sleep(std::time::Duration::from_micros(hash % 50));
        out.push(format!("{name}<"));
        if depth > 0 {
            for i in 0..4 {
                let name = format!("{name}.{i}");
                out.task(move |out| tree(depth - 1, name, out));
                out.push("-".into());
            }
        }
        out.push(">".into());
    }

    fn collect(threads: usize) -> Vec<String> {
        let mut all = Vec::new();
        run(threads, |out| tree(4, "t".into(), out), &mut |r| {
            all.push(r);
            true
        })
        .unwrap();
        all
    }

    #[test]
    fn order_does_not_depend_on_threads() {
        let one = collect(1);
        assert_eq!(one.len(), (1 + 4 + 16 + 64 + 256) * 2 + 340);
        assert_eq!(one[0], "t<");
        assert_eq!(one[1], "t.0<");
        for threads in [2, 3, 8] {
            assert_eq!(collect(threads), one, "{threads} threads");
        }
    }

    #[test]
    fn more_results_than_may_wait_still_arrive() {
        let mut seen = 0;
        run(
            2,
            |out| {
                for _ in 0..8 {
                    out.task(|out| (0..3 * AHEAD / 2).for_each(|i| out.push(i)));
                }
            },
            &mut |_| {
                seen += 1;
                true
            },
        )
        .unwrap();
        assert_eq!(seen, 8 * (3 * AHEAD / 2));
    }

    #[test]
    fn stopping_early_ends_the_run() {
        let mut seen = 0;
        run(2, |out| tree(5, "t".into(), out), &mut |_| {
            seen += 1;
            seen < 10
        })
        .unwrap();
        assert_eq!(seen, 10);
    }
}
