//! The input of a command: lines of a scan, of earlier records, or of both one after the other.

mod reading;

use super::args::{Facts, SourceArgs};
#[cfg(feature = "registry")]
use super::catalog;
use super::config::{self, BadInput, BadReason};
use super::dates;
use super::error::Error;
use super::progress::Progress;
use crate::go::Level;
use crate::record::read::Records;
use crate::record::{End, Line, Run, SCHEMA, Tool};
use crate::report::style::clean;
use crate::scan::{AskedFunctions, Counters, ListPackages, Member, Named, Options, WantedChains};
use crate::source::target::{self, Target};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use reading::Reading;

/// The default of `--min-size`, below which no Go program is.
const DEFAULT_MIN_SIZE: u64 = 16 << 10;

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
        let mut options = config::options(args)?;
        let (named, members) = by_holder(named)?;
        options.members = members;
        let mut parts = Vec::new();
        let mut bad = Vec::new();
        let given: Vec<String> = named.iter().map(|named| named.0.clone()).collect();
        #[cfg(feature = "registry")]
        let has_registry = named
            .iter()
            .any(|named| matches!(named.1, Target::Registry(_)));
        #[cfg(feature = "registry")]
        if !args.include.is_empty() && !has_registry {
            return Err(Error::IncludeOfRegistries);
        }
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
            // The patterns name repositories of a registry, which may be called like files of their images.
            options.exclude_contents = false;
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

    /// Takes the names of the linked functions that are asked about, and may leave out others.
    pub fn with_asked(mut self, asked: AskedFunctions) -> Self {
        self.options.asked = Some(asked);
        self.with_functions()
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

    /// The option that may leave out programs of an image or a package.
    pub fn leaves_out(&self, args: &SourceArgs) -> Option<&'static str> {
        let options = [
            ("--exclude", !args.exclude.is_empty()),
            ("--no-archives", args.no_archives),
            ("--min-size", args.min_size > DEFAULT_MIN_SIZE),
            ("--likely", args.likely),
            ("FILE!NAME", !self.options.members.is_empty()),
        ];
        let mut given = options.into_iter().filter(|(_, is_given)| *is_given);
        given.next().map(|(option, _)| option)
    }

    /// Whether all targets are programs inside archives and images, named one by one.
    pub fn names_members(&self) -> bool {
        let members = &self.options.members;
        let is_limited = |named: &Named| members.iter().any(|member| member.target == named.0);
        let is_all = |part: &InputPart| match part {
            InputPart::Scan(named) => named.iter().all(is_limited),
            InputPart::Records(..) => false,
        };
        !members.is_empty() && self.parts.iter().all(is_all)
    }

    /// Bytes of memory from `--memory`.
    pub fn memory(&self) -> u64 {
        self.options.memory
    }

    /// Calls `forward` with every line, `run` first and `end` last. Fatal problems, and named files that are not Go, are also
    /// reported on standard error.
    pub fn run(
        self,
        quiet: bool,
        forward: &mut dyn FnMut(Line) -> io::Result<()>,
    ) -> Result<End, Error> {
        let counters = Arc::new(Counters::default());
        let progress = Progress::start(quiet || !self.progress, &counters);
        let options = Options {
            progress: Some(Arc::clone(&counters)),
            ..self.options
        };
        let names_nothing = self.run.targets.is_empty() && self.bad.is_empty();
        let mut reading = Reading::new(forward, progress, quiet);
        reading.deliver(Line::Run(self.run));
        for input in &self.bad {
            reading.bad_input(input);
        }
        for part in self.parts {
            match part {
                InputPart::Scan(named) => reading.scan(&named, &options)?,
                InputPart::Records(name, records) => reading.records(&name, *records),
            }
        }
        reading.end_cache(&options);
        if names_nothing {
            reading.remark("--files-from", "the list is empty");
        }
        reading.remark_unused(&self.exclude, &options, &counters);
        reading.end()
    }
}

/// Takes apart what names a program inside an archive or image. A target that is also named as a whole is wanted whole.
fn by_holder(named: Vec<Named>) -> Result<(Vec<Named>, Vec<Member>), Error> {
    let mut members: Vec<Member> = Vec::new();
    let mut all = Vec::new();
    for (text, target) in named {
        let member = match target {
            Target::Records(_) => None,
            _ => target::member(&text).map(|(holder, name)| Member {
                target: holder.to_owned(),
                name: name.to_owned(),
            }),
        };
        let Some(member) = member else {
            all.push((text, target));
            continue;
        };
        if !members.iter().any(|other| other.target == member.target) {
            let holder = Target::parse(OsStr::new(&member.target))?;
            all.push((member.target.clone(), holder));
        }
        if !members.contains(&member) {
            members.push(member);
        }
    }
    let is_once = |member: &Member| {
        all.iter()
            .filter(|(text, _)| *text == member.target)
            .count()
            == 1
    };
    members.retain(is_once);
    Ok((all, members))
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
