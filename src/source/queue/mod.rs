//! Parallel work whose results come out in one fixed order, as soon as they are ready.
//!
//! Tasks form a tree: a task gives results and further tasks, in order. All of them stand in one queue, in the order of their results: tasks that
//! wait, tasks that run, and results that are ready. Threads take the first task that waits; a task that ends is replaced, where it stands, by what it
//! gave; the calling thread delivers the results at the front. So the order depends on the tasks alone, never on the threads.
//!
//! Results behind a task that has not ended stay in the queue, which is the reorder window. When they take more memory than is meant for them, no
//! task is started but the first one, whose results can be delivered at once: memory is bounded, and the work always goes on.

mod places;

use crate::bytes::SizeInMemory;
use places::{End, Places};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Results of one task beyond this many bytes had better be those of several.
const HEAVY: u64 = 512 << 10;

/// The part of the window that may be full before the thread at the back joins the others at the front: what it finds waits to the end.
const BACK: u64 = 8;

/// How long the calling thread sleeps when there is nothing to deliver; the end of the work wakes it at once.
const PAUSE: Duration = Duration::from_millis(4);

/// A piece of work. It puts its results and follow-up tasks, in order, into the [`Output`].
pub type Task<'env, T> = Box<dyn FnOnce(&mut Output<'env, T>) + Send + 'env>;

enum Item<'env, T> {
    /// With its size.
    Result(u64, T),
    Task(Task<'env, T>),
}

/// What one task gives.
pub struct Output<'env, T> {
    items: Vec<Item<'env, T>>,
    /// Bytes of memory that the results take.
    size: u64,
}

impl<'env, T: SizeInMemory> Output<'env, T> {
    /// Gives a result.
    pub fn push(&mut self, result: T) {
        let size = result.size_in_memory();
        self.size += size;
        self.items.push(Item::Result(size, result));
    }

    /// Gives a task, whose results come at this place.
    pub fn task(&mut self, task: impl FnOnce(&mut Output<'env, T>) + Send + 'env) {
        self.items.push(Item::Task(Box::new(task)));
    }

    /// Whether the results take so much memory that the rest had better be a task of its own.
    pub(crate) fn is_heavy(&self) -> bool {
        self.size >= HEAVY
    }
}

struct State<'env, T> {
    places: Places<'env, T>,
    /// Tasks being worked on.
    running: usize,
    /// Threads that wait for a task.
    idle: usize,
    /// Bytes of memory that results in the queue take.
    held: u64,
    stopped: bool,
}

impl<T> State<'_, T> {
    fn is_over(&self) -> bool {
        self.stopped || (self.places.waiting() == 0 && self.running == 0)
    }
}

struct Queue<'env, T> {
    /// Bytes that results may take before only the first task is started.
    window: u64,
    state: Mutex<State<'env, T>>,
    /// A task may be taken, or nothing will come any more.
    work: Condvar,
    /// There is something to deliver in good measure, or nothing will come any more.
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
            let may_take = !full || (state.running == 0 && !state.places.front_is_ready());
            let Some((place, task)) = may_take.then(|| state.places.take(end)).flatten() else {
                state.idle += 1;
                let waited = self.work.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
                continue;
            };
            state = self.perform(state, place, task);
            match state.idle.min(state.places.waiting()) {
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

    /// Runs one task with the lock released, and puts what it gives in its place.
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
        // Tasks guard their own work; this only keeps a panic from leaving the calling thread waiting for ever.
        let _ = catch_unwind(AssertUnwindSafe(|| task(&mut output)));
        let mut state = self.lock();
        state.running -= 1;
        state.held += output.size;
        state.places.replace(place, output.items);
        state
    }

    /// The next result in order, waiting where it must; `None` when nothing will come any more.
    fn next(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some((size, result)) = state.places.pop_ready() {
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
            // Woken now and then rather than for each task: a switch of threads costs more than most tasks.
            let waited = self.ready.wait_timeout(state, PAUSE);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Hands over all results. Stops early when the callback says so.
    fn deliver(&self, deliver: &mut dyn FnMut(T) -> bool) {
        while let Some(result) = self.next() {
            if !deliver(result) {
                return;
            }
        }
    }

    /// Works on the calling thread for as long as there is never more than one task to choose from: threads cost more than a small scan. Nothing is
    /// delivered meanwhile, so this ends when the window is full.
    fn start_alone(&self) -> bool {
        let mut state = self.lock();
        while state.places.waiting() == 1 && state.held < self.window {
            if let Some((place, task)) = state.places.take(End::Front) {
                state = self.perform(state, place, task);
            }
        }
        state.is_over()
    }
}

/// Ends the work of all threads when the calling thread delivers no more, also when it panics: the threads would wait for room in the window for ever.
struct Stop<'q, 'env, T: Send + SizeInMemory>(&'q Queue<'env, T>);

impl<T: Send + SizeInMemory> Drop for Stop<'_, '_, T> {
    fn drop(&mut self) {
        self.0.lock().stopped = true;
        self.0.work.notify_all();
    }
}

/// Runs the root task and all that come of it on `threads` threads (0: one for each processor), with a reorder window of so many bytes (usually
/// the share of [`Use::Results`](crate::bytes::Use::Results)), and hands every result to `deliver` on the calling thread. When `deliver` answers
/// false, what is running is finished, nothing new is started, and no more is delivered.
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
            places: Places::new(Box::new(root)),
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
            // A long task that comes last is not left over when all else is done.
            let end = if i == 1 { End::Back } else { End::Front };
            let queue = &queue;
            if let Err(e) = builder.spawn_scoped(scope, move || queue.work(end)) {
                // Fewer threads do the same, one after the other.
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
