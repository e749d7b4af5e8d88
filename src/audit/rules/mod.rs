//! Rules: what is looked for. One file a rule, one row in [`registry`].
//!
//! A rule reads records and reports; it does not know levels, waivers or formats. To add one: write
//! `rules/<family>/<name>.rs` with `META` and `check`, add its row to the table in `registry.rs`, run the tests.
//!
//! Must never: read a file, look at a clock, depend on the order in which binaries come.

pub mod registry;

pub mod completeness;
pub mod deployment;
pub mod experiments;
pub mod fix;
pub mod fleet;
pub mod godebug;
pub mod goroot;
pub mod image;
pub mod integrity;
pub mod linkage;
pub mod policy;
pub mod settings;
pub mod source;
pub mod toolchain;

use super::baseline::Baseline;
use super::date::Date;
use super::finding::{Finding, Level, PolicyRef, Region, fingerprint, identity};
use super::keys::Record;
use super::known::Release;
use super::ledger::Ledger;
use super::options::{OptionSpec, Options};
use super::policy::{Effective, Expectation, Policy, Waiver};
use crate::deploy::{Deployment, Span};
use crate::record::{Binary, Evidence, ImageRecord, Location, ModuleList};
use fix::{Change, Plan};
use std::cell::{OnceCell, RefCell};

/// What a rule is.
#[derive(Debug)]
pub struct Meta {
    /// Stable, `GS` and three digits.
    pub code: &'static str,
    /// Kebab-case; names what is found, not the cure.
    pub id: &'static str,
    /// What it is about.
    pub family: Family,
    /// One line, lower case, no full stop.
    pub summary: &'static str,
    /// Level in each built-in profile.
    pub levels: Levels,
    /// What a policy can set.
    pub options: &'static [OptionSpec],
    /// First gospect release that has it.
    pub since: &'static str,
    /// The page that `explain` shows.
    pub doc: Doc,
}

/// The page of a rule: Markdown under fixed headings; the options come from [`Meta::options`].
#[derive(Debug)]
pub struct Doc {
    /// What it finds.
    pub what: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// How it comes about.
    pub example: &'static str,
    /// What to type.
    pub fix: &'static str,
}

/// Groups of rules, in the order of the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Which Go built it.
    Toolchain,
    /// Where Go was, and what paths leaked.
    Goroot,
    /// GOEXPERIMENT.
    Experiments,
    /// GODEBUG and the environment.
    Godebug,
    /// Flags and settings of the build.
    Settings,
    /// Main module, dependencies, version control.
    Source,
    /// Whether the record can be believed.
    Integrity,
    /// How it is linked.
    Linkage,
    /// Whether it will run in its image.
    Image,
    /// Whether all that should be there is.
    Completeness,
    /// Whether the binaries of a run agree.
    Fleet,
    /// What Dockerfiles, Compose files, manifests, units and scripts say: rules of `gospect lint`.
    Deployment,
    /// The policy itself.
    Policy,
}

impl Family {
    /// Heading in the documentation and word in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Family::Toolchain => "toolchain",
            Family::Goroot => "goroot",
            Family::Experiments => "experiments",
            Family::Godebug => "godebug",
            Family::Settings => "settings",
            Family::Source => "source",
            Family::Integrity => "integrity",
            Family::Linkage => "linkage",
            Family::Image => "image",
            Family::Completeness => "completeness",
            Family::Fleet => "fleet",
            Family::Deployment => "deployment",
            Family::Policy => "policy",
        }
    }
}

/// Level in each built-in profile; `None` is off.
#[derive(Clone, Copy, Debug)]
pub struct Levels {
    /// Without any configuration: few and true.
    pub default: Option<Level>,
    /// Files about to be published.
    pub release: Option<Level>,
    /// Container images.
    pub container: Option<Level>,
    /// Programs that must use the FIPS 140 module.
    pub fips: Option<Level>,
}

/// [`Levels`] in the order default, release, container, fips.
pub const fn levels(
    default: Option<Level>,
    release: Option<Level>,
    container: Option<Level>,
    fips: Option<Level>,
) -> Levels {
    Levels {
        default,
        release,
        container,
        fips,
    }
}

/// Short names for the tables of levels.
pub const OFF: Option<Level> = None;
/// See [`Level::Note`].
pub const NOTE: Option<Level> = Some(Level::Note);
/// See [`Level::Warning`].
pub const WARN: Option<Level> = Some(Level::Warning);
/// See [`Level::Error`].
pub const ERROR: Option<Level> = Some(Level::Error);

/// When a rule looks, and at what.
#[derive(Clone, Copy)]
pub enum Check {
    /// At each binary.
    Binary(fn(&Ctx, &mut Sink)),
    /// At each image, when all its binaries are known.
    Image(fn(&ImageCtx, &mut Sink)),
    /// At everything, once, at the end.
    Run(fn(&RunCtx, &mut Sink)),
    /// At each deployment file.
    Deployment(fn(&FileCtx, &mut Sink)),
    /// Reported by the engine itself (waivers, expectations).
    Engine,
}

/// One row of the registry.
pub struct Rule {
    /// What it is.
    pub meta: &'static Meta,
    /// How it looks.
    pub check: Check,
}

/// What a rule sees of one binary.
pub struct Ctx<'a> {
    /// The record.
    pub binary: &'a Binary,
    /// The image it is in, when its record came before.
    pub image: Option<&'a ImageRecord>,
    /// The day to judge by.
    pub today: Date,
    /// Options of the rule that looks.
    pub options: Options<'a>,
    /// The release that built it, when its version is one.
    pub release: Option<Release>,
    /// What was there at an earlier time.
    pub baseline: Option<&'a Baseline>,
    /// What every binary must say.
    pub expect: &'a [Expectation],
    /// What holds for every rule here, in the order of the registry.
    pub rules: &'a [Effective],
    /// The policy.
    pub policy: &'a Policy,
    /// The record by key.
    pub record: &'a Record<'a>,
    /// Id of the rule that looks.
    pub rule: &'static str,
    /// What the findings about this binary ask for.
    pub plan: &'a RefCell<Plan>,
    /// Code of the rule that looks.
    pub code: &'static str,
    /// Waivers in force at the path of the binary. What a waived finding asks for does not count for the advice of others.
    pub waived: &'a OnceCell<Vec<&'a Waiver>>,
}

impl<'a> Ctx<'a> {
    /// The recorded value of a build setting.
    pub fn setting(&self, key: &str) -> Option<&'a str> {
        self.binary.build_info.as_ref()?.setting(key)
    }

    /// Built in GOPATH mode, where there is no go.mod that a text may speak of.
    pub fn is_gopath(&self) -> bool {
        self.binary.module_list() == ModuleList::Gopath
    }

    /// Built by Bazel, which the `go` command knows nothing of.
    pub fn is_bazel(&self) -> bool {
        self.binary.module_list() == ModuleList::Bazel
    }

    /// `os/arch`; an unknown part is `?`.
    pub fn port(&self) -> String {
        self.binary.port_text()
    }

    /// True when a lower layer's copy is hidden in the final image: nothing can start it.
    pub fn hidden(&self) -> bool {
        self.binary.location.visible == Some(false)
    }

    /// The command that builds this program again with `changes`, for help texts: recorded settings are repeated, and what other findings
    /// about it ask for is there too.
    pub fn go_build(&self, changes: &[Change]) -> String {
        let mut plan = self.plan.borrow_mut();
        let waived = self.waived.get_or_init(|| {
            let all = self.policy.waivers.iter();
            let in_force = all.filter(|w| w.expires.is_none_or(|day| day >= self.today));
            in_force.filter(|w| w.is_at(&self.binary.path)).collect()
        });
        if !waived.iter().any(|w| w.names(self.rule, self.code)) {
            for change in changes {
                plan.ask(self.rule, change);
            }
            return plan.command(self.binary);
        }
        // Waived: what this finding asks for is its own business.
        let mut own = plan.clone();
        for change in changes {
            own.ask(self.rule, change);
        }
        own.command(self.binary)
    }

    /// The minor to propose for the `go` line of the main module, at least `minor`.
    pub fn go_line(&self, minor: u32) -> u32 {
        self.plan.borrow_mut().go_line(minor)
    }
}

/// What a rule sees of one image.
pub struct ImageCtx<'a> {
    /// The record.
    pub image: &'a ImageRecord,
    /// Options of the rule that looks.
    pub options: Options<'a>,
    /// Its Go binaries: path in the image, whether ENTRYPOINT or CMD starts it, whether it is visible, main package.
    pub binaries: &'a [InImage],
}

/// What image rules need to know of a binary.
#[derive(Clone, Debug, Default)]
pub struct InImage {
    /// Path in the image.
    pub path: String,
    /// ENTRYPOINT or CMD starts it.
    pub started: bool,
    /// Not hidden by a later layer.
    pub visible: bool,
    /// Import path.
    pub main_package: Option<String>,
}

/// What a rule sees of one deployment file.
pub struct FileCtx<'a> {
    /// The file.
    pub file: &'a Deployment,
    /// The Go release that the user names, if any.
    pub assumed: &'a deployment::Assumed,
    /// Options of the rule that looks.
    pub options: Options<'a>,
}

/// What a rule sees of the whole run.
pub struct RunCtx<'a> {
    /// Options of the rule that looks.
    pub options: Options<'a>,
    /// One short row a binary.
    pub fleet: &'a super::fleet::Fleet,
}

/// Takes the reports of one rule and makes them findings.
pub struct Sink<'s> {
    pub(super) rule: &'s str,
    pub(super) code: &'s str,
    pub(super) level: Level,
    pub(super) policy: Option<&'s PolicyRef>,
    pub(super) path: &'s str,
    pub(super) location: &'s Location,
    /// The deployment file, when the subject is one.
    pub(super) file: Option<&'s Deployment>,
    /// Identity of the place, made when first needed.
    pub(super) identity: &'s OnceCell<String>,
    /// What the findings about the subject ask for, when it is a binary.
    pub(super) plan: Option<&'s RefCell<Plan>>,
    /// How many findings there were of it.
    pub(super) said: usize,
    pub(super) out: &'s mut Ledger,
}

impl Sink<'_> {
    /// Adds a finding.
    pub fn report(&mut self, report: Report) {
        // Those about other places are one for each of them.
        let said = if report.at.is_some() { 0 } else { self.said };
        let finding = self.finding(report);
        self.out.take(finding, said);
        self.said += 1;
    }

    pub(super) fn finding(&self, report: Report) -> Finding {
        let (path, location, place) = match report.at {
            Some((path, location)) => {
                let place = identity(&path, &location);
                (path, location, place)
            }
            None => {
                let place = self
                    .identity
                    .get_or_init(|| identity(self.path, self.location))
                    .clone();
                (self.path.to_string(), self.location.clone(), place)
            }
        };
        let conflict = self
            .plan
            .and_then(|p| p.borrow().conflict(self.rule).map(str::to_owned));
        Finding {
            rule: self.rule.to_string(),
            code: self.code.to_string(),
            level: {
                let level = report.at_least.map_or(self.level, |l| self.level.max(l));
                report.at_most.map_or(level, |most| level.min(most))
            },
            message: report.message,
            fingerprint: fingerprint(self.rule, &place, &report.salient),
            path,
            location,
            region: report.on.map(|span| region(span, self.file)),
            evidence: report.evidence,
            help: conflict.unwrap_or(report.help),
            policy: self.policy.cloned(),
            waived: None,
            accepted: false,
        }
    }
}

/// Longest line that is shown, in characters.
const SHOWN: usize = 200;

/// The part of a file with its first line. A line that is too long is left out: no part of it would tell more.
fn region(span: Span, file: Option<&Deployment>) -> Region {
    let line = file.and_then(|f| f.source.get(span.line)).unwrap_or("");
    let short = line.chars().nth(SHOWN).is_none();
    Region {
        line: span.line,
        column: span.column,
        end_line: span.end_line,
        end_column: span.end_column,
        text: if short {
            line.to_owned()
        } else {
            String::new()
        },
    }
}

/// What a rule has to say.
#[derive(Debug, Default)]
#[must_use = "hand it to Sink::report"]
pub struct Report {
    message: String,
    evidence: Vec<Evidence>,
    help: String,
    salient: Vec<String>,
    at_most: Option<Level>,
    at_least: Option<Level>,
    at: Option<(String, Location)>,
    on: Option<Span>,
}

impl Report {
    /// Starts with the one sentence that says what is the case.
    pub fn new(message: impl Into<String>) -> Report {
        Report {
            message: message.into(),
            ..Report::default()
        }
    }

    /// Adds evidence: a record key (or place) and what was seen there.
    pub fn see(mut self, source: impl Into<String>, value: impl Into<String>) -> Report {
        self.evidence.push(Evidence {
            source: source.into(),
            value: value.into(),
        });
        self
    }

    /// Says what to do.
    pub fn help(mut self, help: impl Into<String>) -> Report {
        self.help = help.into();
        self
    }

    /// Sets this finding apart from others of the same rule at the same place, now and in later runs.
    pub fn salient(mut self, part: impl Into<String>) -> Report {
        self.salient.push(part.into());
        self
    }

    /// Lowers the level when the case is milder than the rule's usual one.
    pub fn at_most(mut self, level: Level) -> Report {
        self.at_most = Some(level);
        self
    }

    /// Raises the level when the case is worse than the rule's usual one.
    pub fn at_least(mut self, level: Level) -> Report {
        self.at_least = Some(level);
        self
    }

    /// Says which part of a deployment file it is about.
    pub fn on(mut self, span: Span) -> Report {
        self.on = Some(span);
        self
    }

    /// Reports at another place than the subject.
    pub fn at(mut self, path: impl Into<String>, location: Location) -> Report {
        self.at = Some((path.into(), location));
        self
    }
}

/// What nearly every rule file needs.
pub mod prelude {
    pub use super::super::finding::Level;
    pub use super::super::options::{Default as D, Kind, OptionSpec};
    pub use super::fix::{Change, List, drop, set, without_definition};
    pub use super::{
        Ctx, Doc, ERROR, Family, FileCtx, ImageCtx, Meta, NOTE, OFF, Report, RunCtx, Sink, WARN,
        levels,
    };
}
