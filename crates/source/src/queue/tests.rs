use super::*;

const WINDOW: u64 = 8192;

/// A result that takes one byte.
#[derive(Debug)]
struct Small<T>(T);

impl<T> SizeInMemory for Small<T> {
    fn size_in_memory(&self) -> u64 {
        1
    }
}

/// A tree of tasks with uneven amounts of work; each result is its position in the tree.
fn tree(depth: u32, name: String, out: &mut Output<'_, Small<String>>) {
    let hash = name
        .bytes()
        .fold(7u64, |h, b| h.wrapping_mul(31).wrapping_add(b.into()));
    std::thread::sleep(std::time::Duration::from_micros(hash % 50));
    out.push(Small(format!("{name}<")));
    if depth > 0 {
        for i in 0..4 {
            let name = format!("{name}.{i}");
            out.task(move |out| tree(depth - 1, name, out));
            out.push(Small("-".into()));
        }
    }
    out.push(Small(">".into()));
}

fn collect(threads: usize) -> Vec<String> {
    let mut all = Vec::new();
    run(
        threads,
        WINDOW,
        |out| tree(4, "t".into(), out),
        &mut |Small(r)| {
            all.push(r);
            true
        },
    )
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
        WINDOW,
        |out| {
            for _ in 0..8 {
                out.task(|out| (0..3 * WINDOW as usize / 2).for_each(|i| out.push(Small(i))));
            }
        },
        &mut |_| {
            seen += 1;
            true
        },
    )
    .unwrap();
    assert_eq!(seen, 8 * (3 * WINDOW as usize / 2));
}

#[test]
fn a_task_that_comes_last_is_started_early() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let (done, before) = (AtomicUsize::new(0), AtomicUsize::new(usize::MAX));
    let mut seen = Vec::new();
    run(
        2,
        WINDOW,
        |out| {
            for i in 0..100 {
                let (done, before) = (&done, &before);
                out.task(move |out| {
                    if i == 99 {
                        before.store(done.load(Ordering::SeqCst), Ordering::SeqCst);
                    }
                    std::thread::sleep(Duration::from_millis(1));
                    done.fetch_add(1, Ordering::SeqCst);
                    out.push(Small(i));
                });
            }
        },
        &mut |Small(i)| {
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
                    out.push(Small(i));
                });
            }
        },
        &mut |_: Small<usize>| {
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
    /// A task that gives one result and a task for the rest.
    fn chain<'env>(
        numbers: std::ops::Range<usize>,
        made: &'env AtomicUsize,
        out: &mut Output<'env, Small<usize>>,
    ) {
        std::thread::sleep(Duration::from_micros(50 * (numbers.start as u64 % 7)));
        made.fetch_add(1, Ordering::SeqCst);
        out.push(Small(numbers.start));
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
        &mut |Small(i)| {
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
    run(2, WINDOW, |out| tree(5, "t".into(), out), &mut |_| {
        seen += 1;
        seen < 10
    })
    .unwrap();
    assert_eq!(seen, 10);
}

#[test]
fn one_chain_of_tasks_does_not_run_ahead_of_the_reader_either() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    fn chain<'env>(left: usize, made: &'env AtomicUsize, out: &mut Output<'env, Small<usize>>) {
        made.fetch_add(1, Ordering::SeqCst);
        out.push(Small(left));
        if left > 0 {
            out.task(move |out| chain(left - 1, made, out));
        }
    }
    let (made, mut seen, mut most) = (AtomicUsize::new(0), Vec::new(), 0);
    run(2, 20, |out| chain(300, &made, out), &mut |Small(i)| {
        std::thread::sleep(Duration::from_micros(100));
        seen.push(i);
        most = most.max(made.load(Ordering::SeqCst) - seen.len());
        true
    })
    .unwrap();
    assert_eq!(seen, (0..=300).rev().collect::<Vec<usize>>());
    assert!(most <= 20 + 2, "{most}");
}

#[test]
fn a_panic_of_the_reader_ends_the_run() {
    let ran = std::panic::catch_unwind(|| {
        run(
            2,
            20,
            |out| (0..300).for_each(|i| out.task(move |out| out.push(Small(i)))),
            &mut |i: Small<usize>| match i.0 {
                5 => std::panic::resume_unwind(Box::new("the reader")),
                _ => true,
            },
        )
    });
    assert!(ran.is_err());
}
