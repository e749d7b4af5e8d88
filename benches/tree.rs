//! The cost of scanning a tree, compared with the unavoidable part: listing it, a stat of every file, opening files that may be
//! programs.
//!
//! `cargo bench --bench tree -- DIR [ROUNDS]` (default `/usr`). Both use one thread for each processor and run in turns; prints
//! medians.

#[cfg(target_os = "linux")]
mod support;

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("skipped: the floor is written with Linux's directory calls");
}

#[cfg(target_os = "linux")]
mod linux {
    use super::support::{median, rounds};
    use gospect::go::Level;
    use gospect::scan::{Event, Options, run};
    use gospect::source::target::Target;
    use gospect::source::walk::Rules;
    use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir};
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Instant;

    const DIRECTORY: OFlags = OFlags::RDONLY
        .union(OFlags::DIRECTORY)
        .union(OFlags::NOFOLLOW)
        .union(OFlags::CLOEXEC);

    #[derive(Default)]
    struct Seen {
        files: AtomicU64,
        opened: AtomicU64,
    }

    /// Lists a directory, stats its files, opens the large ones, and continues in its subdirectories.
    fn list<'s>(scope: &rayon::Scope<'s>, dir: OwnedFd, min_size: u64, seen: &'s Seen) {
        let mut buffer = [const { MaybeUninit::uninit() }; 32 << 10];
        let mut entries = RawDir::new(&dir, &mut buffer);
        while let Some(Ok(entry)) = entries.next() {
            let name = entry.file_name();
            match entry.file_type() {
                FileType::Directory if !matches!(name.to_bytes(), b"." | b"..") => {
                    if let Ok(child) = rustix::fs::openat(&dir, name, DIRECTORY, Mode::empty()) {
                        scope.spawn(move |scope| list(scope, child, min_size, seen));
                    }
                }
                FileType::RegularFile => {
                    seen.files.fetch_add(1, Ordering::Relaxed);
                    let Ok(stat) = rustix::fs::statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW) else {
                        continue;
                    };
                    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                    if stat.st_size.unsigned_abs() >= min_size
                        && rustix::fs::openat(&dir, name, flags, Mode::empty()).is_ok()
                    {
                        seen.opened.fetch_add(1, Ordering::Relaxed);
                    }
                }
                _ => {}
            }
        }
    }

    pub fn main() {
        let root = std::env::args()
            .skip(1)
            .find(|a| !a.starts_with('-') && a.parse::<usize>().is_err())
            .map_or_else(|| PathBuf::from("/usr"), PathBuf::from);
        let rounds = rounds(9);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let min_size = Rules::default().min_size;
        let floor = || {
            let seen = Seen::default();
            let dir = rustix::fs::open(&root, DIRECTORY, Mode::empty()).unwrap();
            pool.scope(|scope| list(scope, dir, min_size, &seen));
            (seen.files.into_inner(), seen.opened.into_inner())
        };
        let named = [(root.display().to_string(), Target::Dir(root.clone()))];
        let options = Options {
            level: Level::BuildInfo,
            archives: false,
            ..Options::default()
        };
        let scan = || {
            let mut go = 0;
            let outcome = run(&named, &options, &mut |event| {
                go += u64::from(matches!(event, Event::Program(_)));
                true
            });
            (outcome.unwrap().end.reach.files, go)
        };
        let (files, opened) = floor();
        let (_, go) = scan();
        let (mut floors, mut scans, mut ratios) = (vec![], vec![], vec![]);
        for _ in 0..rounds {
            let start = Instant::now();
            floor();
            let low = start.elapsed().as_secs_f64();
            let start = Instant::now();
            scan();
            let full = start.elapsed().as_secs_f64();
            floors.push(low);
            scans.push(full);
            ratios.push(full / low);
        }
        println!(
            "{}: {files} files, {opened} opened, {go} Go programs, {threads} threads",
            root.display()
        );
        println!(
            "floor {:.1} ms, scan {:.1} ms, ratio {:.2} (medians of {rounds} pairs)",
            median(floors) * 1e3,
            median(scans) * 1e3,
            median(ratios)
        );
    }
}
