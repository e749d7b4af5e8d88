//! Parallel work whose results come out in one fixed order, as soon as they are ready.
//!
//! Tasks form a tree: a task gives results and further tasks, in order. Pending tasks wait in one line, in order, and are taken from its
//! front, so that whatever is taken next is what the reader needs soonest; results are delivered depth first. One thread takes from the back
//! for a while, so that a long task that comes last is not left over when all else is done. The order of the results depends on the tasks
//! alone, never on the threads.

use super::line::Line;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Weight of the results that wait for delivery before threads stop taking new tasks. It bounds memory when one slow task holds the rest up.
pub const AHEAD: usize = 8192;
/// Weight of the results that wait for delivery before the thread at the back joins the others at the front: what it finds waits to the end.
const FROM_THE_BACK: usize = 256;

/// Weight at which a task had better leave the rest to another.
const HEAVY: usize = 64;

/// What a result counts for: 1, or more for one that takes a lot of memory.
pub trait Weigh {
    /// At least 1.
    fn weight(&self) -> usize;
}

/// How long a reader with nothing to deliver sleeps; the end of the work wakes it at once.
const PAUSE: Duration = Duration::from_millis(4);

/// A piece of work. It puts its results and follow-up tasks, in order, into the [`Output`].
pub type Task<'env, T> = Box<dyn FnOnce(&mut Output<'env, T>) + Send + 'env>;

enum Item<'env, T> {
    /// In a box, because most items are children.
    Result(Box<T>),
    Child(Arc<Slot<'env, T>>),
}

/// Where a task's results wait.
struct Slot<'env, T> {
    items: Mutex<Option<VecDeque<Item<'env, T>>>>,
}

/// What one task gives.
pub struct Output<'env, T> {
    items: VecDeque<Item<'env, T>>,
    tasks: Vec<Waiting<'env, T>>,
}

impl<'env, T> Output<'env, T> {
    /// Gives a result.
    pub fn push(&mut self, result: T) {
        self.items.push_back(Item::Result(Box::new(result)));
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

/// Which end of the line a thread takes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Front,
    Back,
}

impl<T: Weigh> Output<'_, T> {
    /// Whether the results are as heavy as is good for one task.
    pub(crate) fn is_heavy(&self) -> bool {
        self.weight() >= HEAVY
    }

    fn weight(&self) -> usize {
        let weights = self.items.iter().map(|i| match i {
            Item::Result(result) => result.weight(),
            Item::Child(_) => 0,
        });
        weights.sum()
    }
}

/// A task and where its results go.
type Waiting<'env, T> = (Arc<Slot<'env, T>>, Task<'env, T>);

struct State<'env, T> {
    line: Line<Waiting<'env, T>>,
    /// Tasks being worked on.
    running: usize,
    /// Threads that wait for a task.
    idle: usize,
    /// Weight of the results not delivered yet.
    waiting: usize,
    /// The reader has nothing to deliver: the task that it waits for is running, or is the first in line.
    starved: bool,
    stopped: bool,
}

impl<T> State<'_, T> {
    fn is_over(&self) -> bool {
        self.stopped || (self.line.len() == 0 && self.running == 0)
    }
}

struct Shared<'env, T> {
    /// Weight of results at which threads stop taking new tasks.
    ahead: usize,
    state: Mutex<State<'env, T>>,
    /// A task may be taken, or nothing will come any more.
    work: Condvar,
    /// There is something to deliver in good measure, or nothing will come any more.
    ready: Condvar,
}

impl<'env, T: Send + Weigh> Shared<'env, T> {
    fn lock(&self) -> MutexGuard<'_, State<'env, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs tasks until none is left.
    fn work(&self, preferred: End) {
        let far = FROM_THE_BACK.min(self.ahead / 4);
        let mut state = self.lock();
        loop {
            if state.is_over() {
                self.work.notify_all();
                self.ready.notify_all();
                return;
            }
            let may_take = state.waiting < self.ahead || (state.running == 0 && state.starved);
            let end = if state.waiting < far {
                preferred
            } else {
                End::Front
            };
            let taken = match end {
                _ if !may_take => None,
                End::Front => state.line.take_first(),
                End::Back => state.line.take_last(),
            };
            let Some(taken) = taken else {
                state.idle += 1;
                state = self
                    .work
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
                continue;
            };
            let for_the_reader = state.waiting >= self.ahead;
            state = self.perform(state, taken);
            if for_the_reader {
                // It has something now; until it says otherwise that is enough.
                state.starved = false;
                self.ready.notify_one();
            }
            let sleepers = state.idle.min(state.line.len());
            if sleepers > 1 {
                self.work.notify_all();
            } else if sleepers == 1 {
                self.work.notify_one();
            }
            if state.waiting >= self.ahead / 2 {
                self.ready.notify_one();
            }
        }
    }

    /// Runs one task with the lock released, and files what it gives.
    fn perform<'s>(
        &'s self,
        mut state: MutexGuard<'s, State<'env, T>>,
        (place, (slot, task)): (usize, Waiting<'env, T>),
    ) -> MutexGuard<'s, State<'env, T>> {
        state.running += 1;
        drop(state);
        let mut output = Output {
            items: VecDeque::new(),
            tasks: Vec::new(),
        };
        // Tasks guard their own work; this only keeps a panic from leaving the reader waiting for ever.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| task(&mut output)));
        let results = output.weight();
        let mut state = self.lock();
        // Filled and counted in one step: the reader may take a result as soon as it is there.
        *slot.items.lock().unwrap_or_else(PoisonError::into_inner) = Some(output.items);
        state.running -= 1;
        state.waiting += results;
        state.line.replace(place, output.tasks);
        state
    }

    /// Hands over everything under `slot`, depth first, waiting where it must. Stops early when the callback says so.
    fn deliver(&self, root: Arc<Slot<'env, T>>, deliver: &mut dyn FnMut(T) -> bool) {
        let mut open: Vec<VecDeque<Item<'env, T>>> = Vec::new();
        let mut next = Some(root);
        loop {
            if let Some(slot) = next.take() {
                let mut state = self.lock();
                loop {
                    let items = slot
                        .items
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .take();
                    state.starved = items.is_none();
                    if let Some(items) = items {
                        open.push(items);
                        break;
                    }
                    if state.running == 0 && state.idle > 0 {
                        self.work.notify_one();
                    }
                    // Woken now and then rather than for each task: a switch of threads costs more than most tasks.
                    let wait = self.ready.wait_timeout(state, PAUSE);
                    state = wait.unwrap_or_else(PoisonError::into_inner).0;
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
                    let full = state.waiting >= self.ahead;
                    state.waiting = state.waiting.saturating_sub(result.weight());
                    if state.idle > 0 && full && state.waiting < self.ahead {
                        self.work.notify_all();
                    }
                    drop(state);
                    if !deliver(*result) {
                        let mut state = self.lock();
                        state.stopped = true;
                        state.line.clear();
                        self.work.notify_all();
                        return;
                    }
                }
            }
        }
    }

    /// Works on the calling thread for as long as there is never more than one task to choose from: threads cost more than a small scan.
    fn start_alone(&self) -> bool {
        let mut state = self.lock();
        while state.line.len() == 1 {
            if let Some(only) = state.line.take_first() {
                state = self.perform(state, only);
            }
        }
        state.is_over()
    }
}

/// Runs the root task and all that come of it on `threads` threads (0: one for each processor), with results of weight
/// `ahead` (usually [`AHEAD`]) waiting at most, and hands every result to `deliver` on the calling
/// thread. When `deliver` answers false, what is running is finished, nothing new is started, and no more is delivered.
///
/// # Errors
/// When the threads cannot be started.
pub fn run<'env, T: Send + Weigh>(
    threads: usize,
    ahead: usize,
    root: impl FnOnce(&mut Output<'env, T>) + Send + 'env,
    deliver: &mut dyn FnMut(T) -> bool,
) -> std::io::Result<()> {
    let slot = Arc::new(Slot {
        items: Mutex::new(None),
    });
    let shared = Shared {
        ahead: ahead.max(1),
        state: Mutex::new(State {
            line: Line::new((slot.clone(), Box::new(root) as Task<'_, _>)),
            running: 0,
            idle: 0,
            waiting: 0,
            starved: false,
            stopped: false,
        }),
        work: Condvar::new(),
        ready: Condvar::new(),
    };
    if shared.start_alone() {
        shared.deliver(slot, deliver);
        return Ok(());
    }
    // Asked only now: a single file needs no threads, and the answer costs more than its record.
    let threads = match threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    };
    // Not a pool that steals work: a task that waits for other threads (the layers of an image) would be given a second
    // worker to run on its own stack, which waits for that very task.
    std::thread::scope(|scope| {
        for i in 0..threads {
            let builder = std::thread::Builder::new().name(format!("gospect-{i}"));
            let end = if i == 1 { End::Back } else { End::Front };
            let shared = &shared;
            if let Err(e) = builder.spawn_scoped(scope, move || shared.work(end)) {
                // Fewer threads do the same, one after the other.
                if i == 0 {
                    return Err(e);
                }
                break;
            }
        }
        shared.deliver(slot, deliver);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Weigh for String {
        fn weight(&self) -> usize {
            1
        }
    }

    impl Weigh for usize {
        fn weight(&self) -> usize {
            1
        }
    }

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
        run(threads, AHEAD, |out| tree(4, "t".into(), out), &mut |r| {
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
            AHEAD,
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
    fn a_task_that_comes_last_is_started_early() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let (done, before) = (AtomicUsize::new(0), AtomicUsize::new(usize::MAX));
        let mut seen = Vec::new();
        run(
            2,
            AHEAD,
            |out| {
                for i in 0..100 {
                    let (done, before) = (&done, &before);
                    out.task(move |out| {
                        if i == 99 {
                            before.store(done.load(Ordering::SeqCst), Ordering::SeqCst);
                        }
                        std::thread::sleep(Duration::from_millis(1));
                        done.fetch_add(1, Ordering::SeqCst);
                        out.push(i);
                    });
                }
            },
            &mut |i| {
                seen.push(i);
                true
            },
        )
        .unwrap();
        assert_eq!(seen, (0..100).collect::<Vec<usize>>());
        assert!(before.load(Ordering::SeqCst) < 50, "{before:?}");
    }

    #[test]
    fn a_slow_reader_slows_the_work() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let (made, mut most) = (AtomicUsize::new(0), 0);
        let mut seen = 0;
        run(
            4,
            20,
            |out| {
                for i in 0..300 {
                    let made = &made;
                    out.task(move |out| {
                        made.fetch_add(1, Ordering::SeqCst);
                        out.push(i);
                    });
                }
            },
            &mut |_: usize| {
                std::thread::sleep(Duration::from_micros(300));
                seen += 1;
                most = most.max(made.load(Ordering::SeqCst) - seen);
                true
            },
        )
        .unwrap();
        assert_eq!(seen, 300);
        assert!(most <= 20 + 4, "{most}");
    }

    #[test]
    fn tasks_that_leave_the_rest_to_others_do_not_run_ahead_of_the_reader() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        /// One result, and a task for those behind it.
        fn chain<'env>(
            numbers: std::ops::Range<usize>,
            made: &'env AtomicUsize,
            out: &mut Output<'env, usize>,
        ) {
            std::thread::sleep(Duration::from_micros(50 * (numbers.start as u64 % 7)));
            made.fetch_add(1, Ordering::SeqCst);
            out.push(numbers.start);
            let rest = numbers.start + 1..numbers.end;
            if !rest.is_empty() {
                out.task(move |out| chain(rest, made, out));
            }
        }
        let (made, mut most) = (AtomicUsize::new(0), 0);
        let mut seen = Vec::new();
        run(
            8,
            40,
            |out| {
                for i in 0..12 {
                    let made = &made;
                    out.task(move |out| chain(i * 25..(i + 1) * 25, made, out));
                }
            },
            &mut |i| {
                std::thread::sleep(Duration::from_micros(200));
                seen.push(i);
                most = most.max(made.load(Ordering::SeqCst) - seen.len());
                true
            },
        )
        .unwrap();
        assert_eq!(seen, (0..300).collect::<Vec<usize>>());
        assert!(most <= 40 + 8, "{most}");
    }

    #[test]
    fn stopping_early_ends_the_run() {
        let mut seen = 0;
        run(2, AHEAD, |out| tree(5, "t".into(), out), &mut |_| {
            seen += 1;
            seen < 10
        })
        .unwrap();
        assert_eq!(seen, 10);
    }
}
