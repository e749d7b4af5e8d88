//! Files inside containers: how much of each to read, and what is in it.

use super::Counters;
use super::Examiner;
use super::program::{Content, Program};
use super::stored_program;
use crate::bytes::ReadAt;
use crate::exe;
use crate::go::Level;
use crate::record::Reason;
use crate::source::archive::{ArchiveError, Candidate, Place, Want};
use crate::source::cache::Cache;
use crate::source::foreign;
use crate::source::image::{Examine, LayerCache, LayerCounts};
use crate::source::packages;
use std::sync::atomic::{AtomicU64, Ordering};

/// No compressor reduces a program below one part in this many: machine code and tables shrink to about a quarter.
const BEST_RATIO: u64 = 8;

/// Examines files inside containers, and counts them.
pub(super) struct Contained<'x, 'e> {
    examiner: &'x Examiner<'e>,
    counters: &'x Counters,
    /// The options that results in the cache depend on; `None`: the cache is not used.
    settings: Option<String>,
}

impl<'e> Examiner<'e> {
    /// Examines files inside containers for this scan.
    pub(super) fn contained(&self) -> Contained<'_, 'e> {
        let options = self.options;
        // Records with chains of calls depend on what the caller wants, which the key of the options does not contain.
        let uses_cache =
            options.cache.is_some() && options.wanted.is_none() && options.copying.is_none();
        Contained {
            examiner: self,
            counters: self.counters,
            settings: uses_cache.then(|| options.facts_key()),
        }
    }
}

impl Contained<'_, '_> {
    /// Whether a file is smaller than `least`; counts it if so.
    fn is_below(&self, size: u64, least: u64) -> bool {
        let is_below = size < least;
        if is_below {
            let count = &self.counters.tally.below_min_size;
            count.fetch_add(1, Ordering::Relaxed);
        }
        is_below
    }

    /// Reads the program in a file. The facts of a large program take about a quarter of its size in memory, so the budget
    /// limits how many are read at once.
    fn program(&self, bytes: &dyn ReadAt) -> Content {
        let examiner = self.examiner;
        let has_all_facts = examiner.options.level == Level::Full;
        let _grant = has_all_facts.then(|| examiner.facts.take(bytes.len() / 4));
        match self.settings {
            Some(_) => examiner.program_to_keep(bytes, self.counters),
            None => examiner.program(bytes, false, self.counters),
        }
    }
}

impl Examine<Program> for Contained<'_, '_> {
    fn entry_seen(&self, _size: u64) {
        self.counters.tally.files.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a stored file is too small even for a compressed program of [`crate::source::walk::Rules::min_size`].
    fn too_small(&self, size: u64) -> bool {
        self.is_below(size, self.examiner.options.rules.min_size / BEST_RATIO)
    }

    fn below_floor(&self, size: u64) -> bool {
        self.is_below(size, self.examiner.options.rules.min_size)
    }

    fn wants(&self, place: &Place, head: &[u8], size: Option<u64>) -> Want {
        #[cfg(debug_assertions)]
        crate::bytes::guard::test_panic::on_bytes(&place.entries.concat());
        let name = place.entries.last().map(Vec::as_slice).unwrap_or_default();
        if size.is_some_and(|size| self.below_floor(size)) {
            return Want::Skip;
        }
        if exe::sniff(head).is_some() {
            return Want::Whole;
        }
        if self.examiner.options.archives
            && let Some(format) = foreign::name(head, name)
        {
            return Want::Name(format);
        }
        self.counters.count_not_go();
        Want::Skip
    }

    fn keeps(&self, name: &[u8]) -> bool {
        let options = self.examiner.options;
        let changelog = || options.symbols && packages::is_changelog(name);
        options.level == Level::Full && (packages::is_part(name) || changelog())
    }

    fn digests(&self, name: &[u8]) -> bool {
        self.examiner.options.level == Level::Full && packages::may_be_owned(name)
    }

    fn not_a_program(&self, size: u64) {
        if !self.below_floor(size) {
            self.counters.count_not_go();
        }
    }

    fn bytes_read(&self, count: u64) {
        self.counters.add_bytes(count);
    }

    fn examine(&self, candidate: &Candidate<'_>) -> Vec<Result<Program, ArchiveError>> {
        if let Some(copying) = &self.examiner.options.copying {
            copying.see(candidate.bytes);
            return Vec::new();
        }
        let problem = |(reason, detail): (Reason, String)| Err(ArchiveError::new(reason, detail));
        match self.program(candidate.bytes) {
            Content::Go(programs, problems) => {
                if !programs.is_empty() {
                    self.counters.count_go_file();
                }
                let name_length = candidate.place.len();
                let spooled = programs
                    .into_iter()
                    .map(|program| self.examiner.spooled(program, name_length));
                problems.into_iter().map(problem).chain(spooled).collect()
            }
            Content::Unexamined(reason, detail) => vec![problem((reason, detail))],
            Content::NotGo(_) => {
                self.counters.count_not_go();
                Vec::new()
            }
            Content::Container | Content::Packed => Vec::new(),
        }
    }

    fn cache(&self) -> Option<&dyn LayerCache<Program>> {
        self.settings.as_ref()?;
        Some(self)
    }
}

impl LayerCache<Program> for Contained<'_, '_> {
    fn settings(&self) -> &str {
        self.settings.as_deref().unwrap_or_default()
    }

    fn folder(&self) -> Option<&Cache> {
        self.examiner.options.cache.as_deref()
    }

    fn encode(&self, program: &Program) -> Option<String> {
        stored_program::encode(program)
    }

    fn decode(&self, text: &str, name_length: usize) -> Option<Program> {
        stored_program::decode(text, &self.examiner.spool, name_length)
    }

    fn count(&self, read_layer: &mut dyn FnMut(&dyn Examine<Program>)) -> LayerCounts {
        let counters = Counters::default();
        read_layer(&Contained {
            examiner: self.examiner,
            counters: &counters,
            settings: None,
        });
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        LayerCounts {
            files: load(&counters.tally.files),
            below_min_size: load(&counters.tally.below_min_size),
            not_go: load(&counters.not_go),
            go_files: load(&counters.go_files),
            bytes: load(&counters.bytes),
        }
    }

    fn add(&self, counts: &LayerCounts) {
        let add = |count: &AtomicU64, more: u64| count.fetch_add(more, Ordering::Relaxed);
        add(&self.counters.tally.files, counts.files);
        add(&self.counters.tally.below_min_size, counts.below_min_size);
        add(&self.counters.not_go, counts.not_go);
        add(&self.counters.go_files, counts.go_files);
        self.counters.add_bytes(counts.bytes);
    }
}
