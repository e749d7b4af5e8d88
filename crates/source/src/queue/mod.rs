//! Runs tasks in parallel and delivers their results in one fixed order, as soon as they are ready.
//!
//! Tasks form a tree: each gives results and further tasks, in order. One queue holds all of them in the order of their results:
//! waiting tasks, running tasks and ready results. Threads take the first waiting task; when a task ends, what it gave replaces it
//! in the queue; the calling thread delivers the results at the front. So the order depends on the tasks alone, never on the
//! threads.
//!
//! Results after a task that has not ended stay in the queue: they are the reorder window. When they take more memory than their
//! share, only the first task may start, because its results can be delivered at once. So memory is bounded and the work always
//! goes on.

mod slots;

use gospect_bytes::SizeInMemory;
use slots::{End, Slots};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// When the results of one task pass this many bytes, the rest should be a task of its own.
const HEAVY: u64 = 512 << 10;

/// Up to this fraction of the window may be full before the thread that works at the back moves to the front: its results wait
/// until the end.
const BACK: u64 = 8;

/// How long the calling thread sleeps when there is nothing to deliver; the end of all work wakes it at once.
const PAUSE: Duration = Duration::from_millis(4);

/// A piece of work. It puts its results and follow-up tasks into the [`Output`], in order.
pub type Task<'env, T> = Box<dyn FnOnce(&mut Output<'env, T>) + Send + 'env>;

enum Item<'env, T> {
    /// A result with its size in bytes.
    Result(u64, T),
    Task(Task<'env, T>),
}

/// Results and follow-up tasks of one task.
pub struct Output<'env, T> {
    items: Vec<Item<'env, T>>,
    /// Bytes of memory that the results take.
    size: u64,
}

impl<'env, T: SizeInMemory> Output<'env, T> {
    /// Adds a result.
    pub fn push(&mut self, result: T) {
        let size = result.size_in_memory();
        self.size += size;
        self.items.push(Item::Result(size, result));
    }

    /// Adds a task, whose results come at this position.
    pub fn task(&mut self, task: impl FnOnce(&mut Output<'env, T>) + Send + 'env) {
        self.items.push(Item::Task(Box::new(task)));
    }

    /// Whether the results take so much memory that the rest should be a task of its own.
    pub(crate) fn is_heavy(&self) -> bool {
        self.size >= HEAVY
    }
}

struct State<'env, T> {
    slots: Slots<'env, T>,
    /// Tasks that are running.
    running: usize,
    /// Threads that wait for a task.
    idle: usize,
    /// Bytes of memory that the results in the queue take.
    held: u64,
    stopped: bool,
}

impl<T> State<'_, T> {
    fn is_over(&self) -> bool {
        self.stopped || (self.slots.waiting() == 0 && self.running == 0)
    }
}

struct Queue<'env, T> {
    /// Bytes of results in the queue beyond which only the first task may start.
    window: u64,
    state: Mutex<State<'env, T>>,
    /// Signals that a task can start, or that all work has ended.
    work: Condvar,
    /// Signals that there is enough to deliver, or that all work has ended.
    ready: Condvar,
}

impl<'env, T: Send + SizeInMemory> Queue<'env, T> {
    fn lock(&self) -> MutexGuard<'_, State<'env, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs tasks until none is left.
    fn work(&self, preferred: End) {
        let mut state = self.lock();
        while !state.is_over() {
            let full = state.held >= self.window;
            let end = match state.held < self.window / BACK {
                true => preferred,
                false => End::Front,
            };
            let may_take = !full || (state.running == 0 && !state.slots.front_is_ready());
            let Some((place, task)) = may_take.then(|| state.slots.take(end)).flatten() else {
                state.idle += 1;
                let waited = self.work.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
                continue;
            };
            state = self.perform(state, place, task);
            match state.idle.min(state.slots.waiting()) {
                0 => {}
                1 => self.work.notify_one(),
                _ => self.work.notify_all(),
            }
            if full || state.held >= self.window / 2 {
                self.ready.notify_one();
            }
        }
        self.work.notify_all();
        self.ready.notify_all();
    }

    /// Runs one task with the lock released, then replaces it in the queue by what it gave.
    fn perform<'s>(
        &'s self,
        mut state: MutexGuard<'s, State<'env, T>>,
        place: usize,
        task: Task<'env, T>,
    ) -> MutexGuard<'s, State<'env, T>> {
        state.running += 1;
        drop(state);
        let mut output = Output {
            items: Vec::new(),
            size: 0,
        };
        // Tasks catch their own panics; without this, one that escapes would leave the calling thread waiting for ever.
        let _ = catch_unwind(AssertUnwindSafe(|| task(&mut output)));
        let mut state = self.lock();
        state.running -= 1;
        state.held += output.size;
        state.slots.replace(place, output.items);
        state
    }

    /// Waits for the next result in order; `None` when all work has ended.
    fn next(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some((size, result)) = state.slots.pop_ready() {
                let was_full = state.held >= self.window;
                state.held -= size;
                if was_full && state.held < self.window && state.idle > 0 {
                    self.work.notify_all();
                }
                return Some(result);
            }
            if state.is_over() {
                return None;
            }
            if state.running == 0 && state.idle > 0 {
                self.work.notify_one();
            }
            // The thread wakes at intervals and not after each task: a thread switch costs more than most tasks.
            let waited = self.ready.wait_timeout(state, PAUSE);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Delivers all results, until the callback returns false.
    fn deliver(&self, deliver: &mut dyn FnMut(T) -> bool) {
        while let Some(result) = self.next() {
            if !deliver(result) {
                return;
            }
        }
    }

    /// Works on the calling thread as long as there is never more than one task to choose from: starting threads costs more than a
    /// small scan. Nothing is delivered meanwhile, so this ends when the window is full.
    fn start_alone(&self) -> bool {
        let mut state = self.lock();
        while state.slots.waiting() == 1 && state.held < self.window {
            if let Some((place, task)) = state.slots.take(End::Front) {
                state = self.perform(state, place, task);
            }
        }
        state.is_over()
    }
}

/// Ends the work of all threads when the calling thread stops delivering, even by a panic: they would wait for room in the window
/// for ever.
struct Stop<'q, 'env, T: Send + SizeInMemory>(&'q Queue<'env, T>);

impl<T: Send + SizeInMemory> Drop for Stop<'_, '_, T> {
    fn drop(&mut self) {
        self.0.lock().stopped = true;
        self.0.work.notify_all();
    }
}

/// Runs the root task and all tasks that follow from it on `threads` threads (0: one for each processor), with a reorder window of
/// `window` bytes (usually the share of [`Use::Results`](gospect_bytes::Use::Results)). Calls `deliver` with every result on the
/// calling thread. When it returns false, running tasks finish, no further task starts, and no further result is delivered.
///
/// # Errors
/// When the threads cannot be started.
pub fn run<'env, T: Send + SizeInMemory>(
    threads: usize,
    window: u64,
    root: impl FnOnce(&mut Output<'env, T>) + Send + 'env,
    deliver: &mut dyn FnMut(T) -> bool,
) -> std::io::Result<()> {
    let queue = Queue {
        window: window.max(1),
        state: Mutex::new(State {
            slots: Slots::new(Box::new(root)),
            running: 0,
            idle: 0,
            held: 0,
            stopped: false,
        }),
        work: Condvar::new(),
        ready: Condvar::new(),
    };
    if queue.start_alone() {
        queue.deliver(deliver);
        return Ok(());
    }
    // Asked late: a single file needs no threads, and asking costs more than reading it.
    let threads = match threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    };
    // Not a work-stealing pool: when a task waits for other threads (for the layers of an image), such a pool may run a second
    // worker on its stack, which then waits for that same task.
    std::thread::scope(|scope| {
        for i in 0..threads {
            let builder = std::thread::Builder::new().name(format!("gospect-{i}"));
            // One thread works from the back, so that a long task at the end does not start last.
            let end = if i == 1 { End::Back } else { End::Front };
            let queue = &queue;
            if let Err(e) = builder.spawn_scoped(scope, move || queue.work(end)) {
                // With fewer threads the result is the same.
                if i == 0 {
                    return Err(e);
                }
                break;
            }
        }
        let _stop = Stop(&queue);
        queue.deliver(deliver);
        Ok(())
    })
}

#[cfg(test)]
mod tests;
