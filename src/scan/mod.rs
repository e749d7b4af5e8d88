//! The pipeline of a scan: targets in, records out, in target and walk order.
//!
//! This is where the source of bytes meets the reader of Go: [`crate::source`] finds candidates and knows no Go, [`crate::go`] reads them and
//! knows no files. Results are handed over as they become ready; nothing is printed here.

#[cfg(feature = "archives")]
mod archive;
#[cfg(feature = "audit")]
pub mod around;
#[cfg(feature = "archives")]
mod container;
#[cfg(feature = "audit")]
pub mod deployments;
// Without archives nothing is ever inside something else.
#[cfg_attr(not(feature = "archives"), allow(dead_code))]
mod digest;
#[cfg_attr(not(feature = "archives"), allow(dead_code))]
mod examine;
mod file_name;
mod links;
#[cfg(unix)]
mod owners;
#[cfg_attr(not(feature = "archives"), allow(dead_code))]
mod place;
#[cfg(target_os = "linux")]
mod process;
mod program;
mod told;

pub use examine::Examiner;
use place::Outer;
pub use place::path_fields;

pub(crate) use crate::bytes::error_text;
use crate::bytes::guard::guarded;
use crate::bytes::{Budget, Limits, SizeInMemory, Use};
use crate::go::{self, Level};
use crate::record::{Binary, End, ImageRecord, Location, Reach, Reason, Summary, Unexamined};
use crate::source::dir::{self, Kind};
use crate::source::listing::Listing;
use crate::source::queue::{self, Output};
use crate::source::target::Target;
use crate::source::walk::{Met, Rules, Tally, Visit, Walk, Why};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use told::Told;

/// How to scan.
#[derive(Clone, Debug)]
pub struct Options {
    /// How much to find out about each binary.
    pub level: Level,
    /// Bounds on everything.
    pub limits: Limits,
    /// What a walk passes over.
    pub rules: Rules,
    /// Threads; 0: one for each processor. Never more than one for each 4 MiB of `memory`: each has buffers of its own.
    pub jobs: usize,
    /// Compute SHA-256 of each executable.
    pub hash: bool,
    /// List the packages of the function table of named files also where their records list modules.
    pub packages: bool,
    /// Compute SHA-256 of each part of each executable too, for who compares two of them.
    pub parts: bool,
    /// Environment assumed at run time.
    pub environment: Vec<(String, String)>,
    /// Look inside archives and images that a walk meets.
    pub archives: bool,
    /// Bytes of memory for what is kept of containers.
    pub memory: u64,
    /// Only images of this platform.
    #[cfg(feature = "archives")]
    pub platform: Option<crate::source::image::Platform>,
    /// Hash uncompressed layers too, and compare them with the image's configuration.
    pub verify_diffid: bool,
    /// Talk plain HTTP to registries on the loopback.
    pub insecure_http: bool,
    /// Counts to watch while the scan runs; `None`: nobody watches.
    pub progress: Option<Arc<Counters>>,
}

impl Default for Options {
    /// Full facts, archives included, nothing excluded but files too small to be Go, one thread for each processor.
    fn default() -> Self {
        Self {
            level: Level::Full,
            limits: Limits::default(),
            rules: Rules::default(),
            jobs: 0,
            hash: false,
            packages: false,
            parts: false,
            environment: Vec::new(),
            archives: true,
            memory: crate::bytes::MEMORY,
            #[cfg(feature = "archives")]
            platform: None,
            verify_diffid: false,
            insecure_http: false,
            progress: None,
        }
    }
}

/// Memory that a thread is counted with: its buffers, and what the allocator keeps for it.
const THREAD: u64 = 4 << 20;

impl Options {
    /// Threads that the memory bears; 0: one for each processor.
    pub(crate) fn threads(&self) -> usize {
        let most = usize::try_from((self.memory / THREAD).max(1)).unwrap_or(usize::MAX);
        match self.jobs {
            // More processors than this are not worth asking the system.
            0 if most >= 128 => 0,
            0 => std::thread::available_parallelism().map_or(1, |n| n.get().min(most)),
            jobs => jobs.min(most),
        }
    }
}

/// One result, in the order in which it is to be shown.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant)] // What is not examined is rare; a box for it would be in everybody's way.
pub enum Event {
    /// An image, before its binaries.
    Image(Box<ImageRecord>),
    /// A Go binary.
    Binary(Box<Binary>),
    /// A thing not examined.
    Unexamined {
        /// What and why.
        thing: Unexamined,
        /// It is a target that could not be read at all, a wrong digest or a missing layer: the scan has failed.
        fatal: bool,
    },
    /// A file that was named and is no Go program, with what it is.
    NotGo {
        /// Path as given.
        path: String,
        /// Why.
        why: String,
    },
}

/// A result that waits counts for at least this many bytes: what it holds beside its record is not counted one by one.
pub(crate) const LEAST_RESULT: u64 = 8 << 10;

impl SizeInMemory for Event {
    fn size_in_memory(&self) -> u64 {
        let size = match self {
            Self::Image(image) => image.weight(),
            Self::Binary(binary) => binary.weight(),
            Self::Unexamined { thing, .. } => thing.weight(),
            Self::NotGo { path, why } => (path.len() + why.len()) as u64,
        };
        size.max(LEAST_RESULT)
    }
}

/// What a scan came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Counts for the last line of the stream.
    pub end: End,
    /// Something fatal was met.
    pub failed: bool,
}

/// Counts shared by all threads, readable while they grow.
#[derive(Debug, Default)]
pub struct Counters {
    /// Files met and passed over.
    pub tally: Tally,
    /// Files opened and not Go.
    pub not_go: AtomicU64,
    /// Bytes read from files and streams.
    pub bytes: AtomicU64,
}

/// A target with the text it was given as.
pub type Named = (String, Target);

/// Scans the targets in order and hands over every result; `deliver` answers false to stop.
///
/// # Errors
/// When threads cannot be started.
pub fn run(
    targets: &[Named],
    options: &Options,
    deliver: &mut dyn FnMut(Event) -> bool,
) -> io::Result<Outcome> {
    let own = Counters::default();
    let counters = options.progress.as_deref().unwrap_or(&own);
    let examiner = Examiner::new(options, counters);
    let visitors: Vec<Visitor<'_>> = targets
        .iter()
        .map(|t| Visitor {
            examiner: &examiner,
            target: &t.0,
            met: AtomicBool::new(false),
            links: AtomicU64::new(0),
        })
        .collect();
    let mut outcome = Outcome::default();
    let mut summary = Summary::default();
    let (mut go, mut unexamined, mut failed) = (0, 0, false);
    let mut stopped = false;
    // Which of two ways leads into a directory first must not depend on the threads.
    let threads = if options.rules.follow {
        1
    } else {
        options.threads()
    };
    queue::run(
        threads,
        Use::Results.share(options.memory),
        |out| {
            for (named, visitor) in targets.iter().zip(&visitors) {
                let (options, counters) = (options, counters);
                out.task(move |out| visitor.target(&named.1, options, counters, out));
            }
        },
        &mut |told: Told| {
            let mut event = told.event();
            match &mut event {
                Event::Binary(binary) => {
                    file_name::claim(binary);
                    go += 1;
                    summarise(&mut summary, binary);
                }
                Event::Unexamined { fatal, .. } => {
                    unexamined += 1;
                    failed |= *fatal;
                }
                Event::Image(_) | Event::NotGo { .. } => {}
            }
            stopped = !deliver(event);
            !stopped
        },
    )?;
    for visitor in &visitors {
        if let Some(thing) = visitor.nothing_but_links() {
            unexamined += 1;
            stopped = stopped
                || !deliver(Event::Unexamined {
                    thing,
                    fatal: false,
                });
        }
    }
    // Which task opens a database depends on the threads, so what is wrong with one is told behind everything else.
    for thing in examiner.broken_databases() {
        unexamined += 1;
        stopped = stopped
            || !deliver(Event::Unexamined {
                thing,
                fatal: false,
            });
    }
    let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    outcome.failed = failed;
    outcome.end = End {
        reach: Reach {
            files: load(&counters.tally.files),
            below_min_size: load(&counters.tally.below_min_size),
            not_go: load(&counters.not_go),
            go,
            unexamined,
            links: load(&counters.tally.links),
            bytes: load(&counters.bytes),
        },
        summary,
        failed,
    };
    Ok(outcome)
}

/// Counts a binary.
pub fn summarise(summary: &mut Summary, binary: &Binary) {
    let count = |map: &mut BTreeMap<String, u64>, key: String| *map.entry(key).or_default() += 1;
    count(
        &mut summary.go_versions,
        binary
            .go_version
            .clone()
            .unwrap_or_else(|| "unknown".to_owned()),
    );
    let part = |p: &Option<String>| p.clone().unwrap_or_else(|| "unknown".to_owned());
    count(
        &mut summary.ports,
        format!(
            "{}/{}",
            part(&binary.executable.os),
            part(&binary.executable.arch)
        ),
    );
    let contradicted = binary
        .corroboration
        .iter()
        .flatten()
        .any(|c| c.verdict == crate::record::Verdict::Contradicted);
    summary.contradicted += u64::from(contradicted);
    summary.without_build_info += u64::from(binary.build_info.is_none());
    summary.modules_unknown += u64::from(binary.module_list().is_unknown());
}

/// Sees one target through.
struct Visitor<'e> {
    examiner: &'e Examiner<'e>,
    target: &'e str,
    /// Something was looked at, or told as not examined.
    met: AtomicBool,
    /// Links that lead to something and were met before anything else. They count only when nothing else came.
    links: AtomicU64,
}

impl Visitor<'_> {
    fn has_met(&self) {
        if !self.met.load(Ordering::Relaxed) {
            self.met.store(true, Ordering::Relaxed);
        }
    }

    /// A target whose directories hold links to something, and nothing that was looked at: nothing of it is known.
    fn nothing_but_links(&self) -> Option<Unexamined> {
        let links = self.links.load(Ordering::Relaxed);
        if self.met.load(Ordering::Relaxed) || links == 0 {
            return None;
        }
        let path = Path::new(self.target.strip_prefix("dir:").unwrap_or(self.target));
        let holds = match links {
            1 => "1 symbolic link, which is not followed".to_owned(),
            _ => format!("{links} symbolic links, which are not followed"),
        };
        let detail = format!("nothing to look at but {holds}; --follow enters them");
        Some(self.thing(path, Reason::Link, &detail))
    }
}

impl<'e> Visitor<'e> {
    fn target<'env>(
        &'env self,
        target: &'env Target,
        options: &'env Options,
        counters: &'env Counters,
        out: &mut Output<'env, Told>,
    ) {
        match target {
            Target::Path(path) | Target::File(path) => match std::fs::metadata(path) {
                Ok(m) if m.is_dir() && matches!(target, Target::Path(_)) => {
                    Walk::start(&options.rules, self, &counters.tally, path, out);
                }
                Ok(m) => {
                    let whole = matches!(target, Target::File(_));
                    self.named_file(path, &dir::stat_of(&m), whole, out);
                }
                Err(e) => self.fatal(path, Reason::Unreadable, &error_text(&e), out),
            },
            Target::Dir(path) => Walk::start(&options.rules, self, &counters.tally, path, out),
            #[cfg(target_os = "linux")]
            Target::Pid(pid) => match crate::source::process::one(*pid) {
                Ok(found) => self.processes(&found, out),
                Err(e) => self.fatal(
                    Path::new(self.target),
                    Reason::Unreadable,
                    &error_text(&e),
                    out,
                ),
            },
            #[cfg(target_os = "linux")]
            Target::Processes => match crate::source::process::all() {
                Ok(found) => self.processes(&found, out),
                Err(e) => self.fatal(Path::new("/proc"), Reason::Unreadable, &error_text(&e), out),
            },
            #[cfg(feature = "archives")]
            other => {
                if guarded(|| self.container_target(other, out)).is_none() {
                    let outer = Outer {
                        named: true,
                        ..Outer::nameless(self.target)
                    };
                    out.push(examine::fault(&outer));
                }
            }
            #[cfg(not(feature = "archives"))]
            _ => self.fatal(
                Path::new(self.target),
                Reason::Unsupported,
                "built without archives",
                out,
            ),
        }
    }

    /// A file that was named, to be taken as a `whole` or apart.
    fn named_file<'env>(
        &'env self,
        path: &Path,
        stat: &dir::Stat,
        whole: bool,
        out: &mut Output<'env, Told>,
    ) {
        match (stat.kind, dir::open_named(path)) {
            (Kind::File, Ok(file)) => {
                self.examiner
                    .counters
                    .tally
                    .files
                    .fetch_add(1, Ordering::Relaxed);
                let outer = Outer::file(path, self.target, true);
                if guarded(|| self.examiner.named(file, stat, whole, &outer, out)).is_none() {
                    out.push(examine::fault(&outer));
                }
            }
            (Kind::File, Err(e)) => self.fatal(path, Reason::Unreadable, &error_text(&e), out),
            (Kind::Dir, _) => self.fatal(
                path,
                Reason::Unsupported,
                "a directory, no file; use dir: to walk it",
                out,
            ),
            _ => self.fatal(
                path,
                Reason::Unreadable,
                "not a regular file or directory; pipe it in with `-`",
                out,
            ),
        }
    }

    #[cfg(feature = "archives")]
    fn container_target<'env>(&'env self, target: &'env Target, out: &mut Output<'env, Told>) {
        use crate::source::archive::Feed;
        let examiner = self.examiner;
        let mut tell = |event| out.push(event);
        let (path, reference) = match target {
            Target::Stdin => {
                let mut stdin = Counted(io::stdin().lock(), &examiner.counters.bytes);
                let mut outer = Outer::nameless(self.target);
                outer.shown = "-".to_owned();
                return examiner.stream(&mut Feed::new(&mut stdin), &outer, &mut tell);
            }
            #[cfg(feature = "registry")]
            Target::Registry(name) => {
                let mut outer = Outer::nameless(self.target);
                outer.shown.clone_from(name);
                return examiner.registry(name, &outer, &mut tell);
            }
            Target::OciDir(path, reference) => {
                let outer = Outer {
                    reference: reference.clone(),
                    ..Outer::file(path, self.target, true)
                };
                return examiner.image_directory(path, &outer, &mut tell);
            }
            Target::DockerArchive(path, reference) | Target::OciArchive(path, reference) => {
                (path, Some(reference.clone()))
            }
            Target::Archive(path) => (path, None),
            _ => {
                return self.fatal(
                    Path::new(self.target),
                    Reason::Unsupported,
                    "this kind of target is not read here",
                    out,
                );
            }
        };
        if path.is_dir() {
            let hint = "a directory, no archive; use dir: to walk it, oci-dir: for an OCI layout";
            return self.fatal(path, Reason::Unsupported, hint, out);
        }
        let opened = dir::open_named(path).and_then(crate::bytes::FileBytes::open);
        let outer = Outer {
            image: reference.is_some(),
            reference: reference.flatten(),
            ..Outer::file(path, self.target, true)
        };
        match opened {
            Ok(bytes) if container::is_container(&bytes) => {
                examiner.container(&bytes, &outer, &mut tell);
            }
            Ok(_) => self.fatal(path, Reason::Unsupported, container::NO_CONTAINER, out),
            Err(e) => self.fatal(path, Reason::Unreadable, &error_text(&e), out),
        }
    }

    #[cfg(target_os = "linux")]
    fn processes(&self, found: &crate::source::process::Processes, out: &mut Output<'_, Told>) {
        for process in &found.list {
            let outer = Outer::file(&process.path, self.target, false);
            self.examiner
                .guard(&outer, &mut |told| out.push(told), |tell| {
                    self.examiner.process(process, self.target, tell);
                });
        }
        for thing in &found.unexamined {
            let thing = thing.clone();
            out.push(
                Event::Unexamined {
                    thing,
                    fatal: false,
                }
                .into(),
            );
        }
    }

    fn fatal(&self, path: &Path, reason: Reason, detail: &str, out: &mut Output<'_, Told>) {
        let thing = self.thing(path, reason, detail);
        out.push(Event::Unexamined { thing, fatal: true }.into());
    }

    fn thing(&self, path: &Path, reason: Reason, detail: &str) -> Unexamined {
        let (path, _) = path_fields(path);
        let location = Location {
            target: self.target.to_owned(),
            file: Some(path.clone()),
            ..Location::default()
        };
        Unexamined {
            path,
            location,
            reason: reason.into(),
            detail: detail.to_owned(),
        }
    }
}

impl<'env> Visit<'env, Told> for Visitor<'_> {
    fn file(&'env self, met: &Met<'_>, out: &mut Output<'env, Told>) {
        self.has_met();
        self.examiner.met(met, self.target, out);
    }

    #[cfg(feature = "archives")]
    fn directory(&'env self, path: &Path, names: &Listing, out: &mut Output<'env, Told>) -> bool {
        let has = |name: &str| names.has(name);
        let may_be_image =
            (has("oci-layout") && has("index.json")) || (has("manifest.json") && has("version"));
        if !self.examiner.options.archives
            || !may_be_image
            || !crate::source::image::is_image_directory(path)
        {
            return false;
        }
        self.has_met();
        let path = path.to_owned();
        out.task(move |out| {
            let outer = Outer::file(&path, self.target, false);
            self.examiner
                .guard(&outer, &mut |told| out.push(told), |tell| {
                    self.examiner.image_directory(&path, &outer, tell);
                });
        });
        true
    }

    #[cfg(not(feature = "archives"))]
    fn directory(&'env self, _: &Path, _: &Listing, _: &mut Output<'env, Told>) -> bool {
        false
    }

    fn met_link(&'env self, leads: &dyn Fn() -> bool) {
        if !self.met.load(Ordering::Relaxed) && leads() {
            self.links.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn passed_over(&'env self, path: &Path, why: Why, out: &mut Output<'env, Told>) {
        self.has_met();
        let thing = match why {
            Why::Error(e) => self.thing(path, Reason::Unreadable, &error_text(&e)),
            Why::Pseudo(name) => self.thing(
                path,
                Reason::Pseudo,
                &format!("{name} describes the kernel and stores no files"),
            ),
        };
        let fatal = path == Path::new(self.target);
        out.push(Event::Unexamined { thing, fatal }.into());
    }
}

/// Counts what passes.
#[cfg(feature = "archives")]
struct Counted<'c, R>(R, &'c AtomicU64);

#[cfg(feature = "archives")]
impl<R: io::Read> io::Read for Counted<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(out)?;
        self.1.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Whether a first look says that a file may hold a Go program.
pub(crate) fn may_hold_program(head: &[u8]) -> bool {
    crate::exe::sniff(head).is_some()
}

/// The options of the Go reader for a file. Text of a record becomes many times as much memory, and unpacking is done by
/// one thread at a time.
pub(crate) fn reader_options<'o>(
    options: &'o Options,
    budget: &'o Budget,
    named: bool,
) -> go::Options<'o> {
    let godebug = options.environment.iter().rev().find(|e| e.0 == "GODEBUG");
    let mut limits = options.limits;
    limits.unpacked = limits.unpacked.min(options.memory);
    limits.build_info = limits.build_info.min(options.memory / 32);
    go::Options {
        packages: options.packages && named,
        godebug: godebug.map(|e| e.1.as_str()),
        level: options.level,
        named,
        limits,
        budget: Some(budget),
        refuse_large: false,
        parts: options.parts,
    }
}

#[cfg(all(test, feature = "cli", feature = "registry"))]
mod tests;
