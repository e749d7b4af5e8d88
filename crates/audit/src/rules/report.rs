//! Reports of rules, and how they become findings.

use super::meta::Meta;
use crate::finding::{Evidence, Finding, Level, PolicyRef, Region, Waived, fingerprint, identity};
use crate::findings::Findings;
use crate::fix::{Agreement, Build, Plan};
use gospect_deploy::{Deployment, Span};
use gospect_record::{Binary, Location, Owner, OwnerSource};
use std::cell::{OnceCell, RefCell};

/// What a finding is about: a program, an image, a file or the whole run.
pub(crate) struct Subject<'s> {
    path: &'s str,
    location: &'s Location,
    /// The deployment file, if it is one.
    file: Option<&'s Deployment>,
    /// The changes that its findings want, if it is a program.
    plan: Option<&'s RefCell<Plan>>,
    /// The package of the distribution that installed it.
    installed: Option<&'s Owner>,
    /// Its identity (see [`identity`]), made when first needed.
    identity: OnceCell<String>,
}

impl<'s> Subject<'s> {
    /// An image, a policy file or the whole run.
    pub(crate) fn new(path: &'s str, location: &'s Location) -> Self {
        Subject {
            path,
            location,
            file: None,
            plan: None,
            installed: None,
            identity: OnceCell::new(),
        }
    }

    /// A program, with the changes that its findings want.
    pub(crate) fn program(binary: &'s Binary, plan: &'s RefCell<Plan>) -> Self {
        Subject {
            plan: Some(plan),
            installed: binary.owner.as_ref().filter(|owner| is_installed(owner)),
            ..Subject::new(&binary.path, &binary.location)
        }
    }

    /// Whether a package of a distribution brought the program, so that it is upgraded and not built again.
    pub(crate) fn is_installed(&self) -> bool {
        self.installed.is_some()
    }

    /// A deployment file. Its identity is its path, not relative to a target as for programs, because `a/Dockerfile` and
    /// `b/Dockerfile` differ.
    pub(crate) fn deployment(file: &'s Deployment, location: &'s Location) -> Self {
        Subject {
            file: Some(file),
            identity: OnceCell::from(file.path.trim_start_matches("./").to_owned()),
            ..Subject::new(&file.path, location)
        }
    }
}

/// Whether a package manager installed the program, so that whoever scans it did not build it. The owner of a package that is a
/// target itself builds it.
fn is_installed(owner: &Owner) -> bool {
    owner.how.known() != Some(OwnerSource::Package)
}

/// The advice about a program that a package brought.
fn upgrade(owner: &Owner) -> String {
    let release =
        [&owner.distribution, &owner.release].map(|word| word.as_deref().unwrap_or_default());
    let of = match release.join(" ").trim() {
        "" => String::new(),
        release => format!(" of {release}"),
    };
    format!(
        "upgrade the package `{}`{of} ({} is installed): it brings this program; if the newest one has the same finding, tell its maintainers",
        owner.name, owner.version
    )
}

/// Turns the reports of one rule about one subject into findings.
pub struct Sink<'s> {
    rule: &'s str,
    plan: Option<&'s RefCell<Plan>>,
    code: &'s str,
    level: Level,
    policy: Option<&'s PolicyRef>,
    subject: &'s Subject<'s>,
    /// Number of findings about the subject so far.
    pub(crate) reported: usize,
    /// The last advice to build the program again.
    build_help: Option<String>,
    out: &'s mut Findings,
}

impl<'s> Sink<'s> {
    /// For a rule with this level; `policy` is the line of the policy that sets it.
    pub(crate) fn new(
        meta: &'s Meta,
        level: Level,
        policy: Option<&'s PolicyRef>,
        subject: &'s Subject<'s>,
        out: &'s mut Findings,
    ) -> Self {
        Sink {
            rule: meta.id,
            plan: subject.plan,
            code: meta.code,
            level,
            policy,
            subject,
            reported: 0,
            build_help: None,
            out,
        }
    }

    /// For a custom rule of the policy: with its own id, and no build command.
    pub(crate) fn named(self, id: &'s str) -> Self {
        Sink {
            rule: id,
            plan: None,
            ..self
        }
    }

    /// Adds a finding.
    pub fn report(&mut self, mut report: Report) {
        if let Some(owner) = self.subject.installed
            && self.is_build_help(&report.help)
        {
            report.help = upgrade(owner);
        }
        // The limit on findings about one subject does not count those at other places.
        let before = if report.at.is_some() {
            0
        } else {
            self.reported
        };
        let finding = self.finding(report);
        self.out.add(finding, before);
        self.reported += 1;
    }

    /// Adds a finding that is never left out.
    pub(crate) fn report_always(&mut self, report: Report) {
        let finding = self.finding(report);
        self.out.list.push(finding);
    }

    /// Whether this advice is to build the program again. Reports may share one text, for which the command was made once.
    fn is_build_help(&mut self, help: &str) -> bool {
        let has_advised = self
            .plan
            .is_some_and(|plan| plan.borrow_mut().take_advice());
        if has_advised {
            self.build_help = Some(help.to_owned());
        }
        has_advised || self.build_help.as_deref() == Some(help)
    }

    fn finding(&self, report: Report) -> Finding {
        let subject = self.subject;
        let (path, location, place) = match report.at {
            Some((path, location)) => {
                let place = identity(&path, &location);
                (path, location, place)
            }
            None => {
                let place = subject
                    .identity
                    .get_or_init(|| identity(subject.path, subject.location));
                (
                    subject.path.to_string(),
                    subject.location.clone(),
                    place.clone(),
                )
            }
        };
        let conflict = self
            .plan
            .and_then(|p| p.borrow().conflict(self.rule).map(str::to_owned));
        let help = conflict.unwrap_or(report.help);
        let level = report.at_least.map_or(self.level, |l| self.level.max(l));
        Finding {
            rule: self.rule.to_string(),
            code: self.code.to_string(),
            level: report.at_most.map_or(level, |most| level.min(most)),
            message: report.message,
            fingerprint: fingerprint(self.rule, &place, &report.salient),
            path,
            location,
            region: report.on.map(|span| region(span, subject.file)),
            evidence: report.evidence,
            build: report
                .build
                .or_else(|| self.plan.and_then(|plan| plan.borrow().build_in(&help))),
            help,
            policy: self.policy.cloned(),
            waived: report.waived.map(|reason| Waived {
                reason,
                expires: None,
            }),
            accepted: false,
            unanswered: report.unanswered,
        }
    }
}

/// Longest line to show, in characters.
const SHOWN: usize = 200;

/// A part of a file with its first line. A line that is too long is left out, because a part of it would not help.
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

/// What a rule reports.
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
    waived: Option<String>,
    unanswered: bool,
    build: Option<Build>,
}

impl Report {
    /// A report with its message, one sentence that says what was found.
    pub fn new(message: impl Into<String>) -> Report {
        Report {
            message: message.into(),
            ..Report::default()
        }
    }

    /// Adds evidence: a record key (or place) and its value.
    pub fn see(mut self, source: impl Into<String>, value: impl Into<String>) -> Report {
        self.evidence.push(Evidence {
            source: source.into(),
            value: value.into(),
        });
        self
    }

    /// Sets the advice.
    pub fn help(mut self, help: impl Into<String>) -> Report {
        self.help = help.into();
        self
    }

    /// Distinguishes this finding from others of the same rule at the same place, in this and later runs.
    pub fn salient(mut self, part: impl Into<String>) -> Report {
        self.salient.push(part.into());
        self
    }

    /// Lowers the level to `level` if the case is milder than usual.
    pub fn at_most(mut self, level: Level) -> Report {
        self.at_most = Some(level);
        self
    }

    /// Raises the level to `level` if the case is worse than usual.
    pub fn at_least(mut self, level: Level) -> Report {
        self.at_least = Some(level);
        self
    }

    /// Makes it a finding that does not count, for this reason.
    pub fn waived(mut self, reason: impl Into<String>) -> Report {
        self.waived = Some(reason.into());
        self
    }

    /// Makes it a finding that says what could not be judged.
    pub fn unanswered(mut self) -> Report {
        self.unanswered = true;
        self
    }

    /// Sets the build that ends it, for advice that does not name one.
    pub(crate) fn mended_by(mut self, build: Build) -> Report {
        self.build = Some(build);
        self
    }

    /// Sets what a build of the program must say to end it, which is about the program beside others.
    pub(crate) fn agreed_by(mut self, agreement: Agreement) -> Report {
        self.build = Some(Build {
            agreement: Some(agreement),
            ..Build::default()
        });
        self
    }

    /// Sets the part of a deployment file that it is about.
    pub fn on(mut self, span: Span) -> Report {
        self.on = Some(span);
        self
    }

    /// Sets another place than that of the subject.
    pub fn at(mut self, path: impl Into<String>, location: Location) -> Report {
        self.at = Some((path.into(), location));
        self
    }
}
