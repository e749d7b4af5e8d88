//! One run of the input: reads its parts, forwards their lines, and adds up how far it reached.

use crate::cli::config::BadInput;
use crate::cli::error::{Error, plain};
use crate::cli::output::write_failed;
use crate::cli::progress::Progress;
use crate::record::read::Records;
use crate::record::{End, Line, Location, Reason, Unexamined};
use crate::report::style::clean;
use crate::scan::{self, Counters, Event, Named, Options};
use crate::source::image::OTHER_PLATFORM;
use std::collections::BTreeMap;
use std::io::{self, BufRead};

/// Most invalid lines of one stream that are skipped; with more it is not a stream of records.
const MISTAKES: u64 = 20;

/// What is known while the parts of an input are read.
pub(super) struct Reading<'f> {
    /// Takes the lines.
    forward: &'f mut dyn FnMut(Line) -> io::Result<()>,
    progress: Option<Progress>,
    /// Whether to report only errors.
    quiet: bool,
    /// The first error of `forward`. After it nothing is read and nothing is forwarded.
    written: io::Result<()>,
    total: End,
    /// Images so far.
    images: u64,
    /// The first image that was left out because of its platform.
    other_platform: Option<Unexamined>,
}

impl<'f> Reading<'f> {
    pub(super) fn new(
        forward: &'f mut dyn FnMut(Line) -> io::Result<()>,
        progress: Option<Progress>,
        quiet: bool,
    ) -> Self {
        Self {
            forward,
            progress,
            quiet,
            written: Ok(()),
            total: nothing_yet(),
            images: 0,
            other_platform: None,
        }
    }

    /// Forwards a line, clear of the progress line.
    pub(super) fn deliver(&mut self, line: Line) {
        if self.written.is_err() {
            return;
        }
        self.written = match &self.progress {
            Some(progress) => {
                progress.set_latest(&line);
                progress.without_line(|| (self.forward)(line))
            }
            None => (self.forward)(line),
        };
    }

    /// Reports a target that cannot be read.
    pub(super) fn bad_input(&mut self, input: &BadInput) {
        let why = input.why.to_string();
        self.report(&input.name, &why);
        self.total.failed = true;
        if self.written.is_ok() {
            self.total.reach.unexamined += 1;
            self.deliver(not_read(&input.name, &why));
        }
    }

    /// Scans targets.
    pub(super) fn scan(&mut self, named: &[Named], options: &Options) -> Result<(), Error> {
        if self.written.is_err() {
            return Ok(());
        }
        let outcome = scan::run(named, options, &mut |event| {
            match &event {
                Event::Image(_) => self.images += 1,
                Event::Unexamined { thing, .. } if thing.detail.starts_with(OTHER_PLATFORM) => {
                    self.other_platform.get_or_insert_with(|| thing.clone());
                }
                _ => {}
            }
            if self.written.is_ok()
                && let Some(line) = self.line_of(event)
            {
                self.deliver(line);
            }
            self.written.is_ok()
        })
        .map_err(Error::Threads)?;
        add(&mut self.total, outcome.end);
        self.total.failed |= outcome.failed;
        Ok(())
    }

    /// Turns an event into a line, and reports it on standard error if it is a problem.
    fn line_of(&self, event: Event) -> Option<Line> {
        match event {
            Event::Image(image) => Some(Line::Image(image)),
            Event::Program(program) => Some(Line::Binary(program.into_record())),
            Event::Unexamined { thing, fatal } => {
                if fatal {
                    self.report(&thing.path, &thing.detail);
                }
                Some(Line::Unexamined(thing))
            }
            Event::NotGo { path, why } => {
                if !self.quiet {
                    self.report(&path, &format!("not a Go program: {why}"));
                }
                None
            }
        }
    }

    /// Reads a stream of records.
    pub(super) fn records(&mut self, name: &str, mut records: Records<impl BufRead>) {
        if self.written.is_err() {
            return;
        }
        // A stream without its end line does not say what it contains.
        let mut so_far = End::default();
        let (mut ended, mut mistakes) = (false, 0);
        while self.written.is_ok() {
            match records.next() {
                Err(error) => {
                    let why = error.to_string();
                    self.report(name, &why);
                    self.total.failed = true;
                    so_far.reach.unexamined += 1;
                    self.deliver(not_read(name, &why));
                    mistakes += 1;
                    if records.is_over() || ended || mistakes >= MISTAKES {
                        break;
                    }
                }
                Ok(Some(Line::End(end))) => {
                    ended = true;
                    if end.failed {
                        let why = "the scan that wrote these records had failed; scan again";
                        self.report(name, why);
                    }
                    add(&mut self.total, end);
                }
                Ok(Some(line)) => {
                    match &line {
                        Line::Binary(binary) => {
                            so_far.reach.go += 1;
                            scan::summarise(&mut so_far.summary, binary);
                        }
                        Line::Unexamined(_) => so_far.reach.unexamined += 1,
                        _ => {}
                    }
                    self.deliver(line);
                }
                Ok(None) => break,
            }
        }
        if ended {
            self.total.reach.unexamined += mistakes;
        } else {
            add(&mut self.total, so_far);
        }
    }

    /// Finishes the cache of results, and reports why it could not keep some.
    pub(super) fn end_cache(&self, options: &Options) {
        if let Some(cache) = &options.cache
            && let Some(why) = cache.finish().problem
            && !self.quiet
        {
            self.report("--cache", &format!("results could not be kept: {why}"));
        }
    }

    /// Reports something that is not an error.
    pub(super) fn remark(&self, argument: &str, text: &str) {
        if self.written.is_ok() && !self.quiet {
            self.report(argument, text);
        }
    }

    /// Reports patterns of `--exclude` that matched nothing, and a `--platform` that no image has.
    pub(super) fn remark_unused(&self, exclude: &[String], options: &Options, counters: &Counters) {
        for (index, pattern) in exclude.iter().enumerate() {
            if !counters.tally.is_excluded_by(index) {
                let hint = match pattern.contains('/') && !pattern.contains("**") {
                    true => ": `*` does not match `/`, and `**/` stands for any directories",
                    false => "",
                };
                self.remark(
                    &format!("--exclude {pattern}"),
                    &format!("matched nothing{hint}"),
                );
            }
        }
        if let (Some(wanted), 0, false) = (&options.platform, self.images, self.total.failed) {
            let why = match &self.other_platform {
                Some(thing) => format!("{} in {}", thing.detail, thing.path),
                None => "there was no image".to_owned(),
            };
            let text = format!("no image matches: {why}");
            self.remark(&format!("--platform {wanted}"), &text);
        }
    }

    /// Forwards the `end` line, and returns it.
    pub(super) fn end(self) -> Result<End, Error> {
        // Most formats write after the last line, so the progress line is removed before it.
        drop(self.progress);
        let (forward, total) = (self.forward, self.total);
        let written = self
            .written
            .and_then(|()| forward(Line::End(total.clone())));
        if let Err(error) = written {
            write_failed(error)?;
        }
        Ok(total)
    }

    /// Reports a problem with a path on standard error, clear of the progress line.
    fn report(&self, path: &str, what: &str) {
        let text = plain(&format!("{path}: {what}"));
        let say = || say!("gospect: {}", clean(&text));
        match &self.progress {
            Some(progress) => progress.without_line(say),
            None => say(),
        }
    }
}

/// The line for a target, or part of records, that cannot be read.
fn not_read(name: &str, why: &str) -> Line {
    Line::Unexamined(Unexamined {
        path: name.to_owned(),
        location: Location {
            target: name.to_owned(),
            ..Location::default()
        },
        reason: Reason::Unreadable.into(),
        detail: why.to_owned(),
    })
}

/// The end of a stream in which nothing was looked at.
fn nothing_yet() -> End {
    let mut end = End::default();
    end.reach.go_files = Some(0);
    end
}

/// Adds the end of one part to the total.
fn add(total: &mut End, end: End) {
    let End {
        reach,
        summary,
        failed,
    } = end;
    let sum = &mut total.reach.files;
    *sum = sum.saturating_add(reach.files);
    let sum = &mut total.reach.below_min_size;
    *sum = sum.saturating_add(reach.below_min_size);
    let sum = &mut total.reach.not_go;
    *sum = sum.saturating_add(reach.not_go);
    let sum = &mut total.reach.go;
    *sum = sum.saturating_add(reach.go);
    total.reach.go_files = total
        .reach
        .go_files
        .zip(reach.go_files)
        .map(|(sum, more)| sum.saturating_add(more));
    let sum = &mut total.reach.unexamined;
    *sum = sum.saturating_add(reach.unexamined);
    let sum = &mut total.reach.links;
    *sum = sum.saturating_add(reach.links);
    let sum = &mut total.reach.bytes;
    *sum = sum.saturating_add(reach.bytes);
    merge(&mut total.summary.go_versions, summary.go_versions);
    merge(&mut total.summary.ports, summary.ports);
    let sum = &mut total.summary.contradicted;
    *sum = sum.saturating_add(summary.contradicted);
    let sum = &mut total.summary.without_build_info;
    *sum = sum.saturating_add(summary.without_build_info);
    let sum = &mut total.summary.modules_unknown;
    *sum = sum.saturating_add(summary.modules_unknown);
    total.failed |= failed;
}

fn merge(total: &mut BTreeMap<String, u64>, counts: BTreeMap<String, u64>) {
    for (key, count) in counts {
        let sum = total.entry(key).or_default();
        *sum = sum.saturating_add(count);
    }
}
