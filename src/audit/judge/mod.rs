//! Runs the rules over the records of a run.

use super::Date;
use super::baseline::Baseline;
use super::finding::{Finding, Level, PolicyRef, Waived};
use super::fleet::Fleet;
use super::glob;
use super::keys::Record;
use super::known::Release;
use super::ledger::Ledger;
use super::options::Options;
use super::policy::{Effective, Policy, Waiver};
use super::rules::deployment::Assumed;
use super::rules::fix::Plan;
use super::rules::registry::{self, RULES};
use super::rules::{Check, Ctx, FileCtx, ImageCtx, InImage, Meta, Report, RunCtx, Sink};
use crate::deploy::Deployment;
use crate::record::{Binary, ImageRecord, Line, Location, Unexamined};
use serde::Serialize;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};

/// Takes the records of a run in any order in which images come before their binaries.
pub struct Auditor<'p> {
    policy: &'p Policy,
    today: Date,
    baseline: Option<&'p Baseline>,
    base: Vec<Effective>,
    /// Effective rules by the overrides that match.
    special: HashMap<Vec<usize>, Vec<Effective>>,
    images: Vec<(ImageRecord, Vec<InImage>)>,
    by_image: HashMap<String, usize>,
    fleet: Fleet,
    group_by: Vec<String>,
    ledger: Ledger,
    accepted: Baseline,
    binaries: u64,
    files: u64,
    not_read: Vec<NotRead>,
}

/// A deployment file that was recognised or named, and not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotRead {
    /// Where it is.
    pub path: String,
    /// Why it was not read.
    pub why: String,
}

/// What came out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Audit {
    /// By path, worst first within a path.
    pub findings: Vec<Finding>,
    /// How many count.
    pub counts: Counts,
    /// Binaries judged.
    pub binaries: u64,
    /// Deployment files judged.
    pub files: u64,
    /// Deployment files that were not read.
    pub not_read: Vec<NotRead>,
    /// Profile in force.
    pub profile: String,
    /// The day that was judged by.
    pub today: String,
    /// What `--write-baseline` writes.
    #[serde(skip)]
    pub baseline: Baseline,
    /// Not all findings are listed.
    #[serde(skip)]
    pub is_cut: bool,
}

/// Findings by level; waived and accepted ones apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Level error.
    pub error: u64,
    /// Level warning.
    pub warning: u64,
    /// Level note.
    pub note: u64,
    /// Covered by a waiver.
    pub waived: u64,
    /// Accepted by the baseline.
    pub accepted: u64,
}

impl Audit {
    /// True when a finding that counts is at least this bad: exit code 1.
    pub fn fails(&self, threshold: Level) -> bool {
        self.findings
            .iter()
            .any(|f| f.counts() && f.level >= threshold)
    }

    /// True when nothing was there to judge: exit code 3 where a program was required.
    pub fn is_empty(&self) -> bool {
        self.binaries == 0 && self.files == 0
    }
}

impl<'p> Auditor<'p> {
    /// Starts a run.
    pub fn new(policy: &'p Policy, today: Date) -> Self {
        Auditor {
            policy,
            today,
            baseline: None,
            base: policy.effective(&[]),
            special: HashMap::new(),
            images: Vec::new(),
            by_image: HashMap::new(),
            fleet: Fleet::default(),
            group_by: policy
                .group_by
                .clone()
                .unwrap_or_else(|| vec!["build_info.Main.Path".into()]),
            ledger: Ledger::default(),
            accepted: Baseline::default(),
            binaries: 0,
            files: 0,
            not_read: Vec::new(),
        }
    }

    /// Accepts what the baseline has.
    pub fn with_baseline(mut self, baseline: &'p Baseline) -> Self {
        self.baseline = Some(baseline);
        self
    }

    /// Bounds what is kept of findings and of all programs together, each, to a quarter of this many bytes; 512 MiB unless said.
    pub fn with_memory(mut self, bytes: u64) -> Self {
        self.ledger = Ledger::new(bytes);
        self.fleet = Fleet::new(bytes);
        self
    }

    /// Takes one line of a record stream; `run` and `end` say nothing to rules.
    pub fn line(&mut self, line: &Line) {
        match line {
            Line::Image(i) => self.image(i),
            Line::Binary(b) => self.binary(b),
            Line::Unexamined(u) => self.unexamined(u),
            Line::Run(_) | Line::End(_) => {}
        }
    }

    /// Takes an image, before its binaries.
    pub fn image(&mut self, image: &ImageRecord) {
        self.by_image.insert(
            key(
                &image.reference,
                image.digest.as_deref(),
                image.platform.as_deref(),
            ),
            self.images.len(),
        );
        self.images.push((image.clone(), Vec::new()));
    }

    /// Takes what was not examined.
    pub fn unexamined(&mut self, unexamined: &Unexamined) {
        self.fleet.leave(unexamined);
    }

    /// Judges a binary.
    pub fn binary(&mut self, binary: &Binary) {
        self.binaries += 1;
        let record = Record::new(binary);
        let number = binary
            .location
            .image
            .as_ref()
            .and_then(|r| {
                self.by_image.get(&key(
                    &r.reference,
                    r.digest.as_deref(),
                    r.platform.as_deref(),
                ))
            })
            .copied();
        let overrides = self.policy.overrides_of(binary);
        let rows = rows(self.policy, &self.base, &mut self.special, overrides);
        let plan = RefCell::new(Plan::default());
        // The waivers in force whose path is that of the binary, found when a rule first asks for something.
        let waived = OnceCell::new();
        let mut ctx = Ctx {
            binary,
            image: number.and_then(|n| self.images.get(n)).map(|(i, _)| i),
            today: self.today,
            options: Options {
                specs: &[],
                set: &[],
            },
            release: binary.go_version.as_deref().and_then(Release::parse),
            baseline: self.baseline,
            expect: &self.policy.expect,
            rules: rows,
            policy: self.policy,
            record: &record,
            rule: "",
            plan: &plan,
            code: "",
            waived: &waived,
        };
        let identity = OnceCell::new();
        let mark = self.ledger.mark();
        loop {
            let before = plan.borrow().size();
            let mut looked = 0;
            for (rule, row) in RULES.iter().zip(rows) {
                let (Check::Binary(check), Some(level)) = (rule.check, row.level) else {
                    continue;
                };
                ctx.options = Options {
                    specs: rule.meta.options,
                    set: &row.options,
                };
                ctx.rule = rule.meta.id;
                ctx.code = rule.meta.code;
                let mut sink = Sink {
                    rule: rule.meta.id,
                    code: rule.meta.code,
                    level,
                    policy: row.at.as_ref(),
                    path: &binary.path,
                    location: &binary.location,
                    file: None,
                    identity: &identity,
                    plan: Some(&plan),
                    said: 0,
                    out: &mut self.ledger,
                };
                check(&ctx, &mut sink);
                looked += sink.said;
            }
            // Rules that looked early did not know what later ones ask for: with one finding there is nothing to know.
            if looked < 2 || plan.borrow().size() == before {
                break;
            }
            self.ledger.back_to(&mark);
        }
        for custom in &self.policy.custom {
            let Some(level) = self.policy.custom_level(custom) else {
                continue;
            };
            if !custom.when.holds(&record) {
                continue;
            }
            let mut report = Report::new(custom.message.clone()).help(custom.help.clone());
            for key in custom.when.keys() {
                let have = record.values(key);
                report = report.see(
                    key,
                    if have.is_empty() {
                        "nothing".to_string()
                    } else {
                        super::facts::shorten(&have.join(", "))
                    },
                );
            }
            let mut sink = Sink {
                rule: &custom.id,
                code: super::rules::policy::custom_rule::META.code,
                level,
                policy: Some(&custom.at),
                path: &binary.path,
                location: &binary.location,
                file: None,
                identity: &identity,
                plan: None,
                said: 0,
                out: &mut self.ledger,
            };
            sink.report(report);
        }
        if let Some((_, inside)) = number.and_then(|n| self.images.get_mut(n)) {
            inside.push(InImage {
                path: binary.path.clone(),
                started: binary.location.started == Some(true),
                visible: binary.location.visible != Some(false),
                main_package: binary.main_package.clone(),
            });
        }
        self.fleet
            .push(binary, &record, &self.group_by, plan.into_inner());
        self.accepted.record(binary);
    }

    /// Takes a deployment file that could not be judged.
    pub fn not_read(&mut self, path: &str, why: String) {
        self.not_read.push(NotRead {
            path: path.to_owned(),
            why,
        });
    }

    /// Judges a deployment file by the Go release that the user or the file names.
    pub fn deployment(&mut self, file: &Deployment, assumed: &Assumed) {
        self.files += 1;
        let overrides = self.policy.overrides_of_file(&file.path);
        let rows = rows(self.policy, &self.base, &mut self.special, overrides);
        let location = Location {
            target: file.path.clone(),
            file: Some(file.path.clone()),
            ..Location::default()
        };
        let identity = OnceCell::new();
        // Not relative to its target, as programs are: of `a/Dockerfile` and `b/Dockerfile` both names count.
        let _ = identity.set(file.path.trim_start_matches("./").to_owned());
        for (rule, row) in RULES.iter().zip(rows) {
            let (Check::Deployment(check), Some(level)) = (rule.check, row.level) else {
                continue;
            };
            let ctx = FileCtx {
                file,
                assumed,
                options: Options {
                    specs: rule.meta.options,
                    set: &row.options,
                },
            };
            let mut sink = Sink {
                rule: rule.meta.id,
                code: rule.meta.code,
                level,
                policy: row.at.as_ref(),
                path: &file.path,
                location: &location,
                file: Some(file),
                identity: &identity,
                plan: None,
                said: 0,
                out: &mut self.ledger,
            };
            check(&ctx, &mut sink);
        }
    }

    /// Judges images and the whole set, applies waivers and the baseline, counts.
    pub fn finish(mut self) -> Audit {
        self.fleet.build();
        let rows = std::mem::take(&mut self.base);
        for (rule, row) in RULES.iter().zip(&rows) {
            let Some(level) = row.level else { continue };
            let options = Options {
                specs: rule.meta.options,
                set: &row.options,
            };
            let mut run = |path: &str, location: &Location, call: &dyn Fn(&mut Sink)| {
                let identity = OnceCell::new();
                call(&mut Sink {
                    rule: rule.meta.id,
                    code: rule.meta.code,
                    level,
                    policy: row.at.as_ref(),
                    path,
                    location,
                    file: None,
                    identity: &identity,
                    plan: None,
                    said: 0,
                    out: &mut self.ledger,
                });
            };
            match rule.check {
                Check::Image(check) => {
                    for (image, binaries) in &self.images {
                        let (path, location) = super::rules::image::place(image);
                        run(&path, &location, &|sink| {
                            check(
                                &ImageCtx {
                                    image,
                                    options,
                                    binaries,
                                },
                                sink,
                            )
                        });
                    }
                }
                Check::Run(check) => {
                    let target = self.fleet.target().to_string();
                    let location = Location {
                        target: target.clone(),
                        ..Location::default()
                    };
                    run(&target, &location, &|sink| {
                        check(
                            &RunCtx {
                                options,
                                fleet: &self.fleet,
                            },
                            sink,
                        )
                    });
                }
                Check::Binary(_) | Check::Deployment(_) | Check::Engine => {}
            }
        }
        self.waive(&rows);
        if let Some(baseline) = self.baseline {
            baseline.mark(&mut self.ledger.findings);
        }
        let listed = self.ledger.findings.iter();
        listed.for_each(|f| self.accepted.accept(f));
        // Behind waivers and baseline: nobody knows what it stands for.
        self.tell_left_out(&rows);
        let is_cut = self.ledger.has_left_out(|_, _| true);
        let mut findings = self.ledger.findings;
        findings.sort_by(|a, b| {
            // A file is read from top to bottom, a program worst first.
            let place = |f: &Finding| f.region.as_ref().map(|r| (r.line, r.column));
            (&a.path, place(a), b.level)
                .cmp(&(&b.path, place(b), a.level))
                .then_with(|| (&a.code, &a.rule).cmp(&(&b.code, &b.rule)))
                .then_with(|| (&a.message, &a.fingerprint).cmp(&(&b.message, &b.fingerprint)))
        });
        let mut counts = Counts::default();
        for f in &findings {
            *match (f.waived.is_some(), f.accepted, f.level) {
                (true, _, _) => &mut counts.waived,
                (_, true, _) => &mut counts.accepted,
                (_, _, Level::Error) => &mut counts.error,
                (_, _, Level::Warning) => &mut counts.warning,
                (_, _, Level::Note) => &mut counts.note,
            } += 1;
        }
        Audit {
            findings,
            counts,
            binaries: self.binaries,
            files: self.files,
            not_read: self.not_read,
            profile: self.policy.profile.clone(),
            today: self.today.to_string(),
            baseline: self.accepted,
            is_cut,
        }
    }

    /// Says how many findings found no place.
    fn tell_left_out(&mut self, rows: &[Effective]) {
        let meta = &super::rules::completeness::findings_left_out::META;
        let row = registry::position(meta.code).and_then(|i| rows.get(i));
        let Some((worst, report)) = self.ledger.left_out() else {
            return;
        };
        // Turned off, a policy of a few rules would pass because of what it did not see.
        let level = row.and_then(|r| r.level).unwrap_or(worst);
        let target = self.fleet.target().to_owned();
        let location = Location {
            target: target.clone(),
            ..Location::default()
        };
        let sink = Sink {
            rule: meta.id,
            code: meta.code,
            level,
            policy: row.and_then(|r| r.at.as_ref()),
            path: &target,
            location: &location,
            file: None,
            identity: &OnceCell::new(),
            plan: None,
            said: 0,
            out: &mut self.ledger,
        };
        let finding = sink.finding(report.at_most(worst));
        self.ledger.take_last(finding);
    }

    /// True when a rule that a waiver names could have found something in this run. An id of the policy's own counts with programs.
    fn judged(&self, waiver: &Waiver) -> bool {
        let of = |deployment: bool| {
            RULES.iter().any(|r| {
                matches!(r.check, Check::Deployment(_)) == deployment
                    && waiver.names(r.meta.id, r.meta.code)
            })
        };
        match (of(true), of(false)) {
            (true, false) => self.files > 0,
            (false, true) => self.binaries > 0 || self.files == 0,
            _ => true,
        }
    }

    /// Marks what waivers cover and reports waivers that have run out or cover nothing.
    fn waive(&mut self, rows: &[Effective]) {
        let mut reports: Vec<(&'static Meta, &PolicyRef, Report)> = Vec::new();
        // By rule and code, and among these by path, so that a waiver is compared with each path once and not with each finding.
        let mut places: BTreeMap<(String, String), BTreeMap<String, Vec<usize>>> = BTreeMap::new();
        for (i, f) in self.ledger.findings.iter().enumerate() {
            if f.waived.is_none() {
                let of_rule = places.entry((f.rule.clone(), f.code.clone())).or_default();
                of_rule.entry(f.path.clone()).or_default().push(i);
            }
        }
        for w in &self.policy.waivers {
            let expired = w.expires.is_some_and(|day| day < self.today);
            let mut covered = 0_u64;
            let named = places
                .iter_mut()
                .filter(|((rule, code), _)| w.names(rule, code));
            for (_, paths) in named {
                let mut take = |all: &[usize]| {
                    covered += all.len() as u64;
                    for i in all.iter().filter(|_| !expired) {
                        if let Some(f) = self.ledger.findings.get_mut(*i) {
                            f.waived = Some(Waived {
                                reason: w.reason.clone(),
                                expires: w.expires.map(|d| d.to_string()),
                            });
                        }
                    }
                };
                // Most waivers name one path.
                if let Some(all) = paths.get(&w.path) {
                    take(all);
                    if !expired {
                        paths.remove(&w.path);
                    }
                }
                if w.is_for_one_path() {
                    continue;
                }
                paths.retain(|path, all| {
                    let is_covered = *path != w.path && glob::matches(&w.path, path);
                    if is_covered {
                        take(all);
                    }
                    expired || !is_covered
                });
            }
            let about = |message: String, help: &str| {
                Report::new(message)
                    .see("rule", w.rule.clone())
                    .see("path", w.path.clone())
                    .see("reason", w.reason.clone())
                    .salient(w.rule.clone())
                    .salient(w.path.clone())
                    .help(help)
            };
            // A policy can serve programs and deployment files: a run over the one says nothing of the other.
            // Nor is one unused where what it may cover was left out.
            let may_cover = self.ledger.has_left_out(|rule, code| w.names(rule, code));
            if covered == 0 && (may_cover || !self.judged(w)) {
                continue;
            }
            if covered == 0 {
                let message = format!("the waiver for {} at {} covers nothing", w.rule, w.path);
                reports.push((
                    &super::rules::policy::unused_waiver::META,
                    &w.at,
                    about(message, "delete it, or correct its `rule` and `path`"),
                ));
            } else if expired {
                let day = w.expires.map(|d| d.to_string()).unwrap_or_default();
                let message = format!(
                    "the waiver for {} at {} ran out on {day} and would cover {covered} finding{}",
                    w.rule,
                    w.path,
                    if covered == 1 { "" } else { "s" }
                );
                reports.push((
                    &super::rules::policy::expired_waiver::META,
                    &w.at,
                    about(
                        message,
                        "fix what it covered and delete it, or set a new `expires`",
                    ),
                ));
            }
        }
        for (meta, at, report) in reports {
            let Some(level) = registry::position(meta.code)
                .and_then(|i| rows.get(i))
                .and_then(|r| r.level)
            else {
                continue;
            };
            let location = Location {
                target: at.file.clone(),
                file: Some(at.file.clone()),
                ..Location::default()
            };
            let mut sink = Sink {
                rule: meta.id,
                code: meta.code,
                level,
                policy: Some(at),
                path: &at.file,
                location: &location,
                file: None,
                identity: &OnceCell::new(),
                plan: None,
                said: 0,
                out: &mut self.ledger,
            };
            sink.report(report);
        }
    }
}

/// The rules with the overrides that match.
fn rows<'a>(
    policy: &Policy,
    base: &'a [Effective],
    special: &'a mut HashMap<Vec<usize>, Vec<Effective>>,
    overrides: Vec<usize>,
) -> &'a [Effective] {
    if overrides.is_empty() {
        return base;
    }
    special
        .entry(overrides)
        .or_insert_with_key(|o| policy.effective(o))
}

/// What tells images of one run apart.
fn key(reference: &str, digest: Option<&str>, platform: Option<&str>) -> String {
    format!(
        "{reference}\n{}\n{}",
        digest.unwrap_or_default(),
        platform.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests;
