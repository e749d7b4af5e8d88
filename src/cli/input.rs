//! The input of a command: lines of a scan, of earlier records, or of both one after the other.

use super::args::{Facts, SourceArgs};
#[cfg(feature = "registry")]
use super::catalog;
use super::config::{self, BadInput, BadReason};
use super::dates;
use super::error::{Error, plain};
use super::output::write_failed;
use super::progress::Progress;
use crate::go::Level;
use crate::record::read::Records;
use crate::record::{End, Line, Location, Reason, Run, SCHEMA, Tool, Unexamined};
use crate::report::style::clean;
use crate::scan::{self, Counters, Event, ListPackages, Named, Options, WantedChains};
use crate::source::image::OTHER_PLATFORM;
use crate::source::target::Target;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

/// What a command requires of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Any facts.
    Any,
    /// Full facts, for the command of this name.
    Full(&'static str),
}

/// Targets that are ready to be read, in order.
pub struct Input {
    parts: Vec<InputPart>,
    options: Options,
    run: Run,
    /// The patterns of `--exclude` as given.
    exclude: Vec<String>,
    /// Named targets that cannot be read.
    bad: Vec<BadInput>,
    /// Whether to show a progress line on the terminal; off if another program shows the results there as they come.
    pub progress: bool,
}

enum InputPart {
    Scan(Vec<Named>),
    Records(String, Box<Records<Box<dyn BufRead>>>),
}

impl Input {
    /// Opens the targets named by the arguments.
    pub fn open(args: &SourceArgs, need: Need) -> Result<Self, Error> {
        let (named, bad) = config::listed(args)?;
        let mut input = Self::of(named, args, need)?;
        input.bad.extend(bad);
        Ok(input)
    }

    /// Opens the given targets, with the other arguments.
    pub fn of(named: Vec<Named>, args: &SourceArgs, need: Need) -> Result<Self, Error> {
        if let (Need::Full(name), Facts::BuildInfo) = (need, args.facts) {
            return Err(Error::NeedsFacts(name));
        }
        let stdin = |t: &Target| matches!(t, Target::Stdin | Target::Records(None));
        if named.iter().filter(|n| stdin(&n.1)).count() > 1 {
            return Err(Error::StdinTwice);
        }
        let options = config::options(args)?;
        let mut parts = Vec::new();
        let mut bad = Vec::new();
        let given: Vec<String> = named.iter().map(|named| named.0.clone()).collect();
        #[cfg(feature = "registry")]
        let named = catalog::expand(named, args, &mut bad)?;
        let is_expanded = !bad.is_empty() || named.iter().map(|named| &named.0).ne(&given);
        for (text, target) in named {
            match (target, parts.last_mut()) {
                (Target::Records(path), _) => match open_records(path.as_deref()) {
                    Ok(records) => {
                        check(&text, records.run(), args, need)?;
                        parts.push(InputPart::Records(text, records));
                    }
                    Err(why) => bad.push(BadInput { name: text, why }),
                },
                (target, Some(InputPart::Scan(list))) => list.push((text, target)),
                (target, _) => parts.push(InputPart::Scan(vec![(text, target)])),
            }
        }
        let mut run = run_line(&parts, &options);
        let mut exclude = args.exclude.clone();
        if is_expanded {
            // What the user wrote, not its thousands of images. Only walks count what a pattern excludes.
            run.targets = given;
            exclude.clear();
        }
        Ok(Self {
            parts,
            options,
            run,
            exclude,
            bad,
            progress: true,
        })
    }

    /// A scan of targets that no argument names.
    pub fn scan(named: Vec<Named>, options: Options) -> Self {
        let parts = vec![InputPart::Scan(named)];
        let run = run_line(&parts, &options);
        Self {
            parts,
            options,
            run,
            exclude: Vec::new(),
            bad: Vec::new(),
            progress: true,
        }
    }

    /// Fails if any target cannot be read, for commands that compare: its programs would look removed.
    pub fn whole(self) -> Result<Self, Error> {
        match self.bad.first() {
            Some(BadInput { name, why }) => Err(Error::NotRead {
                name: clean(name).into_owned(),
                why: clean(&why.to_string()).into_owned(),
            }),
            None => Ok(self),
        }
    }

    /// Also computes digests of all programs and their parts, for comparing them. Records keep the digests that they have.
    pub fn with_digests(mut self) -> Self {
        (self.options.hash, self.options.parts) = (true, true);
        self
    }

    /// Lists the packages of all programs, or of named files. Records have what they have.
    pub fn with_packages(mut self, of: ListPackages) -> Self {
        self.options.packages = of;
        self
    }

    /// Finds out what each listed package can do. Records have what they have.
    pub fn with_capabilities(mut self) -> Self {
        self.options.capabilities = true;
        self
    }

    /// Takes the names of linked functions too. Records have what they have.
    pub fn with_functions(mut self) -> Self {
        self.options.symbols = true;
        self
    }

    /// Looks for chains of calls to what is wanted of each program. Records have none.
    pub fn with_chains(mut self, wanted: WantedChains) -> Self {
        self.options.wanted = Some(wanted);
        self
    }

    /// Takes the digest of every program.
    pub fn with_hash(mut self) -> Self {
        self.options.hash = true;
        self
    }

    /// Refuses records, which an option cannot add anything to.
    pub fn without_records(self, flag: &'static str) -> Result<Self, Error> {
        let records = self.parts.iter().find_map(|part| match part {
            InputPart::Records(text, _) => Some(clean(text).into_owned()),
            InputPart::Scan(_) => None,
        });
        match records {
            Some(target) => Err(Error::RecordsAreDone { target, flag }),
            None => Ok(self),
        }
    }

    /// The targets that were scanned, of records too, as one text.
    pub fn scanned(&self) -> String {
        self.run.targets.join(", ")
    }

    /// Bytes of memory from `--memory`.
    pub fn memory(&self) -> u64 {
        self.options.memory
    }

    /// Calls `deliver` with every line, `run` first and `end` last. Fatal problems, and named files that are not Go, are also
    /// reported on standard error.
    pub fn run(
        self,
        quiet: bool,
        forward: &mut dyn FnMut(Line) -> io::Result<()>,
    ) -> Result<End, Error> {
        let counters = Arc::new(Counters::default());
        let progress = Progress::start(quiet || !self.progress, &counters);
        let tally = Arc::clone(&counters);
        let mut images = 0u64;
        let mut other_platform = None;
        let options = Options {
            progress: Some(counters),
            ..self.options
        };
        let mut take = |line: Line| match &progress {
            Some(progress) => {
                progress.set_latest(&line);
                progress.without_line(|| forward(line))
            }
            None => forward(line),
        };
        let nothing_named = self.run.targets.is_empty() && self.bad.is_empty();
        let mut written = take(Line::Run(self.run));
        let mut total = End::default();
        for BadInput { name, why } in &self.bad {
            let why = &why.to_string();
            report(progress.as_ref(), name, why);
            total.failed = true;
            if written.is_ok() {
                total.reach.unexamined += 1;
                written = take(not_read(name, why));
            }
        }
        for part in self.parts {
            if written.is_err() {
                break;
            }
            match part {
                InputPart::Scan(named) => {
                    let outcome = scan::run(&named, &options, &mut |event| {
                        match &event {
                            Event::Image(_) => images += 1,
                            Event::Unexamined { thing, .. }
                                if thing.detail.starts_with(OTHER_PLATFORM) =>
                            {
                                other_platform.get_or_insert_with(|| thing.clone());
                            }
                            _ => {}
                        }
                        if written.is_ok() {
                            written = match line_of(event, quiet, progress.as_ref()) {
                                Some(line) => take(line),
                                None => Ok(()),
                            };
                        }
                        written.is_ok()
                    })
                    .map_err(Error::Threads)?;
                    add(&mut total, outcome.end);
                    total.failed |= outcome.failed;
                }
                InputPart::Records(name, mut records) => {
                    // A stream without its end line does not say what it contains.
                    let mut so_far = End::default();
                    let (mut ended, mut mistakes) = (false, 0);
                    while written.is_ok() {
                        let next = match records.next() {
                            Ok(next) => next,
                            Err(e) => {
                                let why = e.to_string();
                                report(progress.as_ref(), &name, &why);
                                total.failed = true;
                                so_far.reach.unexamined += 1;
                                written = take(not_read(&name, &why));
                                mistakes += 1;
                                if records.is_over() || ended || mistakes >= MISTAKES {
                                    break;
                                }
                                continue;
                            }
                        };
                        match next {
                            Some(Line::End(end)) => {
                                ended = true;
                                if end.failed {
                                    report(
                                        progress.as_ref(),
                                        &name,
                                        "the scan that wrote these records had failed; scan again",
                                    );
                                }
                                add(&mut total, end);
                            }
                            Some(line) => {
                                match &line {
                                    Line::Binary(binary) => {
                                        so_far.reach.go += 1;
                                        scan::summarise(&mut so_far.summary, binary);
                                    }
                                    Line::Unexamined(_) => so_far.reach.unexamined += 1,
                                    _ => {}
                                }
                                written = take(line);
                            }
                            None => break,
                        }
                    }
                    if ended {
                        total.reach.unexamined += mistakes;
                    } else {
                        add(&mut total, so_far);
                    }
                }
            }
        }
        if let Some(cache) = &options.cache
            && let Some(why) = cache.finish().problem
            && !quiet
        {
            report(
                progress.as_ref(),
                "--cache",
                &format!("what was found could not be kept: {why}"),
            );
        }
        if written.is_ok() && !quiet {
            if nothing_named {
                report(progress.as_ref(), "--files-from", "the list names nothing");
            }
            let excluded_nothing = |glob: usize| !tally.tally.is_excluded_by(glob);
            for (glob, pattern) in self.exclude.iter().enumerate() {
                if excluded_nothing(glob) {
                    report(
                        progress.as_ref(),
                        &format!("--exclude {pattern}"),
                        "matched nothing",
                    );
                }
            }
            if let (Some(wish), 0, false) = (&options.platform, images, total.failed) {
                let why = match &other_platform {
                    Some(thing) => format!("{} in {}", thing.detail, thing.path),
                    None => "there was no image".to_owned(),
                };
                report(
                    progress.as_ref(),
                    &format!("--platform {wish}"),
                    &format!("chose nothing: {why}"),
                );
            }
        }
        // Most formats write after the last line, so the progress line is removed before it.
        let last = written.and_then(|()| {
            drop(progress);
            forward(Line::End(total.clone()))
        });
        if let Err(e) = last {
            write_failed(e)?;
        }
        Ok(total)
    }
}

/// Turns an event into a line, and reports it on standard error if it is a problem.
fn line_of(event: Event, quiet: bool, progress: Option<&Progress>) -> Option<Line> {
    match event {
        Event::Image(image) => Some(Line::Image(image)),
        Event::Program(program) => Some(Line::Binary(program.into_record())),
        Event::Unexamined { thing, fatal } => {
            if fatal {
                report(progress, &thing.path, &thing.detail);
            }
            Some(Line::Unexamined(thing))
        }
        Event::NotGo { path, why } => {
            if !quiet {
                report(progress, &path, &format!("not a Go program: {why}"));
            }
            None
        }
    }
}

/// Reports a problem with a path, clear of the progress line.
fn report(progress: Option<&Progress>, path: &str, what: &str) {
    let text = plain(&format!("{path}: {what}"));
    let say = || say!("gospect: {}", clean(&text));
    progress.map_or_else(say, |progress| progress.without_line(say));
}

/// Most invalid lines of one stream that are passed over; with more it is no stream of records.
const MISTAKES: u64 = 20;

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

fn open_records(path: Option<&Path>) -> Result<Box<Records<Box<dyn BufRead>>>, BadReason> {
    let input: Box<dyn BufRead> = match path {
        None => Box::new(BufReader::new(io::stdin())),
        Some(path) => match File::open(path) {
            Ok(file) => Box::new(BufReader::with_capacity(256 << 10, file)),
            Err(e) => return Err(BadReason::Records(e)),
        },
    };
    Ok(Box::new(Records::open(input)?))
}

/// Fails if records lack what the command needs.
fn check(text: &str, run: &Run, args: &SourceArgs, need: Need) -> Result<(), Error> {
    let target = clean(text).into_owned();
    if let Need::Full(command) = need
        && run.facts == Level::BuildInfo
    {
        return Err(Error::RecordsWithoutFacts { target, command });
    }
    let needs_files = [("--env", !args.env.is_empty()), ("--hash", args.hash)];
    match needs_files.iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(Error::RecordsAreDone { target, flag }),
        None => Ok(()),
    }
}

/// The first line. Records alone keep their own, so that commands give the same result for them as for the scan itself.
fn run_line(parts: &[InputPart], options: &Options) -> Run {
    if let [InputPart::Records(_, records)] = parts {
        return records.run().clone();
    }
    let mut targets = Vec::new();
    let mut level = options.level;
    for part in parts {
        match part {
            InputPart::Scan(named) => targets.extend(named.iter().map(|n| n.0.clone())),
            InputPart::Records(_, records) => {
                targets.extend(records.run().targets.iter().cloned());
                if records.run().facts == Level::BuildInfo {
                    level = Level::BuildInfo;
                }
            }
        }
    }
    Run {
        schema: SCHEMA.to_owned(),
        tool: Tool {
            name: "gospect".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        knowledge: dates::knowledge(),
        targets,
        facts: level.into(),
    }
}

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
    for (key, n) in counts {
        let sum = total.entry(key).or_default();
        *sum = sum.saturating_add(n);
    }
}
