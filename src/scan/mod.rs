//! The pipeline of a scan: targets in, records out, in the order of targets and walks.
//!
//! [`crate::source`] finds candidates and knows no Go; [`crate::go`] reads them and knows no files; this folder connects them.
//! Results are delivered as they become ready; nothing is printed here.

#[cfg(feature = "archives")]
mod archive;
#[cfg(feature = "archives")]
mod contained;
#[cfg(feature = "archives")]
mod container;
mod content;
#[cfg(feature = "archives")]
mod copy;
#[cfg(feature = "audit")]
pub mod deployments;
mod event;
// Without archives nothing is inside a container.
#[cfg_attr(not(feature = "archives"), allow(dead_code))]
mod examine;
mod file_name;
mod links;
mod options;
mod own_output;
#[cfg(unix)]
mod owners;
#[cfg_attr(not(feature = "archives"), allow(dead_code))]
mod place;
#[cfg(target_os = "linux")]
mod process;
#[cfg_attr(not(feature = "archives"), allow(dead_code))]
mod program;
#[cfg(feature = "audit")]
pub mod releases;
mod selection;
mod spool;
#[cfg(feature = "archives")]
mod stored_program;
mod surroundings;
#[cfg(feature = "audit")]
pub mod toolchain;
mod visitor;

#[cfg(feature = "archives")]
pub use copy::{Copying, NotCopied, copy};
pub use event::Event;
pub use examine::Examiner;
pub use options::{AskedFunctions, ListPackages, Options, WantedChains};
pub use place::path_fields;
pub use selection::Member;
#[cfg(feature = "archives")]
pub use stored_program::FACTS;

use crate::bytes::Use;
pub(crate) use crate::bytes::error_text;
use crate::record::{Binary, End, Reach, Summary, Unexamined};
use crate::source::queue;
use crate::source::target::Target;
use crate::source::walk::Tally;
use event::WaitingEvent;
use selection::Selection;
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use visitor::Visitor;

/// The result of a scan.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Counts for the last line of the stream.
    pub end: End,
    /// Whether something fatal happened.
    pub failed: bool,
}

/// Counts shared by all threads; can be read while the scan runs.
#[derive(Debug, Default)]
pub struct Counters {
    /// Counts of the walk.
    pub tally: Tally,
    /// Files that were opened and are not Go.
    pub not_go: AtomicU64,
    /// Files that hold at least one Go program.
    pub go_files: AtomicU64,
    /// Bytes read from files and streams.
    pub bytes: AtomicU64,
}

impl Counters {
    /// Counts a file that was opened and is not Go.
    pub(crate) fn count_not_go(&self) {
        self.not_go.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a file that holds at least one Go program.
    pub(crate) fn count_go_file(&self) {
        self.go_files.fetch_add(1, Ordering::Relaxed);
    }

    /// The counts, with the programs and what was not examined of `delivered`.
    fn reach(&self, delivered: &Reach) -> Reach {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Reach {
            files: load(&self.tally.files),
            below_min_size: load(&self.tally.below_min_size),
            not_go: load(&self.not_go),
            go: delivered.go,
            go_files: Some(load(&self.go_files)),
            unexamined: delivered.unexamined,
            links: load(&self.tally.links),
            bytes: load(&self.bytes),
        }
    }

    /// Counts bytes read.
    pub(crate) fn add_bytes(&self, n: u64) {
        self.bytes.fetch_add(n, Ordering::Relaxed);
    }
}

/// A target, with the text that the user gave.
pub type Named = (String, Target);

/// Scans the targets in order and delivers every result. When `deliver` returns false, the scan stops.
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
        .map(|t| Visitor::new(&examiner, &t.0))
        .collect();
    let mut selection = {
        let globs = options.rules.exclude.as_ref();
        let globs = globs.filter(|_| options.exclude_contents);
        Selection::new(globs, &options.members, &counters.tally)
    };
    let mut delivery = Delivery {
        deliver,
        is_stopped: false,
        end: End::default(),
    };
    // If two links lead into a directory, the threads must not decide which one is first.
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
        &mut |event: WaitingEvent| {
            let event = event.open();
            selection.leaves_out(&event) || delivery.event(event)
        },
    )?;
    let links = visitors.iter().filter_map(Visitor::nothing_but_links);
    links.for_each(|thing| delivery.unexamined(thing, false));
    for thing in selection.missing() {
        delivery.unexamined(thing, true);
    }
    // The threads decide which task opens a database, so its problems come after everything else.
    for thing in examiner.broken_databases() {
        delivery.unexamined(thing, false);
    }
    let mut end = delivery.end;
    end.reach = selection.without(counters.reach(&end.reach));
    Ok(Outcome {
        failed: end.failed,
        end,
    })
}

/// Delivers results and counts them.
struct Delivery<'d> {
    deliver: &'d mut dyn FnMut(Event) -> bool,
    is_stopped: bool,
    /// Of the reach it has the programs and what was not examined.
    end: End,
}

impl Delivery<'_> {
    /// Delivers a result. Returns whether more is wanted.
    fn event(&mut self, mut event: Event) -> bool {
        match &mut event {
            Event::Program(program) => {
                file_name::claim(&program.place.location, &mut program.record);
                self.end.reach.go += 1;
                summarise(&mut self.end.summary, &program.record);
            }
            Event::Unexamined { fatal, .. } => {
                self.end.reach.unexamined += 1;
                self.end.failed |= *fatal;
            }
            Event::Image(_) | Event::NotGo { .. } => {}
        }
        self.is_stopped = self.is_stopped || !(self.deliver)(event);
        !self.is_stopped
    }

    fn unexamined(&mut self, thing: Unexamined, fatal: bool) {
        self.event(Event::Unexamined { thing, fatal });
    }
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

#[cfg(all(test, debug_assertions, feature = "cli", feature = "registry"))]
mod tests;
