//! Runs the rules over the records of a run.

pub(crate) mod agree;
mod custom;
mod outcome;
mod overrides;
mod waive;
mod wishes;

pub use outcome::{Audit, Counts, Expected, NotRead};

use overrides::OverrideUses;

use super::Date;
use super::assumed::Assumed;
use super::baseline::Baseline;
use super::finding::{Finding, Level};
use super::findings::{Findings, MOST_OF_ONE_SUBJECT};
use super::fix::Plan;
use super::fleet::Fleet;
use super::keys::{BuildSetting, KeyedRecord};
use super::known::GoRelease;
use super::options::Options;
use super::policy::{Effective, Expectation, Policy};
use super::rules::Check;
use super::rules::completeness::findings_left_out;
use super::rules::context::{Ctx, FileCtx, ImageCtx, InImage, RunCtx};
use super::rules::image;
use super::rules::meta::{Family, Meta};
use super::rules::registry::{self, RULES};
use super::rules::report::{Report, Sink, Subject};
use super::rules::settings::unanswered;
use gospect_deploy::Deployment;
use gospect_record::{Binary, ImageRecord, ImageRef, Line, Location, Unexamined};
use gospect_verify::go_sum::{self, GoSum};
use gospect_vuln as vuln;
use gospect_vuln::database::{Damaged, Database};
use gospect_vuln::distribution::DistributionFixes;
use gospect_vuln::severity::{Condition, Severities};
use gospect_vuln::vex;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};

/// Judges the records of a run. Images must come before their programs; otherwise any order will do.
pub struct Auditor<'p> {
    policy: &'p Policy,
    today: Date,
    baseline: Option<&'p Baseline>,
    database: Option<&'p Database>,
    go_sums: &'p [(String, GoSum)],
    statements: vex::Statements<'p>,
    /// How severe vulnerabilities are.
    severities: Option<&'p Severities>,
    distribution_fixes: Option<&'p DistributionFixes>,
    damaged: Option<Damaged>,
    base: InForce,
    /// What applies for each set of matching overrides.
    special: HashMap<Vec<usize>, InForce>,
    images: Vec<(ImageRecord, Vec<InImage>)>,
    by_image: HashMap<String, usize>,
    fleet: Fleet,
    group_by: Vec<String>,
    override_uses: OverrideUses,
    findings: Findings,
    accepted: Baseline,
    binaries: u64,
    files: u64,
    not_read: Vec<NotRead>,
}

impl<'p> Auditor<'p> {
    /// Starts a run.
    pub fn new(policy: &'p Policy, today: Date) -> Self {
        Auditor {
            policy,
            today,
            baseline: None,
            database: None,
            go_sums: &[],
            statements: vex::Statements::default(),
            severities: None,
            distribution_fixes: None,
            damaged: None,
            base: InForce::of(policy, &[]),
            special: HashMap::new(),
            images: Vec::new(),
            by_image: HashMap::new(),
            fleet: Fleet::default(),
            group_by: policy
                .group_by
                .clone()
                .unwrap_or_else(|| vec!["build_info.Main.Path".into()]),
            override_uses: OverrideUses::of(policy),
            findings: Findings::default(),
            accepted: Baseline::default(),
            binaries: 0,
            files: 0,
            not_read: Vec::new(),
        }
    }

    /// Marks findings that the baseline accepts.
    pub fn with_baseline(mut self, baseline: &'p Baseline) -> Self {
        self.baseline = Some(baseline);
        self
    }

    /// Looks up known vulnerabilities of every program in this database. Without a database, the rules about them report nothing.
    pub fn with_vulnerabilities(mut self, database: &'p Database) -> Self {
        self.database = Some(database);
        self
    }

    /// Compares the checksums of every program with these go.sum files, each with its name. Without a file, the rules about them report nothing.
    pub fn with_go_sums(mut self, files: &'p [(String, GoSum)]) -> Self {
        self.go_sums = files;
        self
    }

    /// Believes the statements of these VEX documents: findings that they take back are waived with their reason.
    pub fn with_statements(mut self, documents: &'p [vex::Document]) -> Self {
        self.statements = vex::Statements::of(documents);
        self
    }

    /// Says how severe vulnerabilities are, by these lists.
    pub fn with_severities(mut self, severities: &'p Severities) -> Self {
        self.severities = Some(severities);
        self
    }

    /// Adds to vulnerabilities what these lists of distributions say about the package that owns the program.
    pub fn with_distribution_fixes(mut self, fixes: &'p DistributionFixes) -> Self {
        self.distribution_fixes = Some(fixes);
        self
    }

    /// Bounds the memory of findings, and that of the fleet, to a quarter of this many bytes each; the default is 512 MiB.
    pub fn with_memory(mut self, bytes: u64) -> Self {
        self.findings = Findings::new(bytes);
        self.fleet = Fleet::new(bytes);
        self
    }

    /// Adds one line of a record stream; rules do not use `run` and `end`.
    pub fn line(&mut self, line: &Line) {
        match line {
            Line::Image(i) => self.image(i),
            Line::Binary(b) => self.binary(b),
            Line::Unexamined(u) => self.unexamined(u),
            Line::Run(_) | Line::End(_) => {}
        }
    }

    /// Adds an image; must come before its programs.
    pub fn image(&mut self, image: &ImageRecord) {
        self.by_image.insert(
            key(&image.reference, &image.digest, &image.platform),
            self.images.len(),
        );
        self.images.push((image.clone(), Vec::new()));
    }

    /// Adds something that was not examined.
    pub fn unexamined(&mut self, unexamined: &Unexamined) {
        self.fleet.add_unexamined(unexamined);
    }

    /// Judges a program.
    pub fn binary(&mut self, binary: &Binary) {
        self.binaries += 1;
        let vulnerabilities = self.vulnerabilities_of(binary);
        let sums = (!self.go_sums.is_empty()).then(|| go_sum::judge(binary, self.go_sums));
        let image = self.image_of(binary);
        let image_record = image.and_then(|n| self.images.get(n)).map(|(i, _)| i);
        let record = KeyedRecord::new(binary).in_image(image_record);
        let overrides = self.policy.overrides_of(binary);
        self.override_uses.program(binary, &overrides);
        let in_force = in_force(self.policy, &mut self.base, &mut self.special, overrides);
        // Nothing is expected of what cannot start.
        match binary.location.visible {
            Some(false) => in_force.hidden += 1,
            _ => {
                in_force.programs += 1;
                let is_of_others = |e: &Expectation| {
                    record.setting(&e.key) == Some(BuildSetting::OfOtherArchitectures)
                };
                in_force.other_architectures += u64::from(in_force.expect.iter().any(is_of_others));
            }
        }
        let plan = RefCell::new(Plan::default());
        let waived = OnceCell::new();
        let subject = Subject::program(binary, &plan);
        let mut ctx = Ctx {
            binary,
            image: image_record,
            today: self.today,
            vulnerabilities: vulnerabilities.as_ref(),
            knows_exploited: self
                .severities
                .is_some_and(|severities| severities.can_answer(Condition::Exploited)),
            sums: sums.as_deref(),
            options: Options {
                specs: &[],
                set: &[],
            },
            release: binary.go_version.as_deref().and_then(GoRelease::parse),
            baseline: self.baseline,
            expect: &in_force.expect,
            rules: RULES,
            effective: &in_force.rules,
            custom_levels: &in_force.custom,
            policy: self.policy,
            record: &record,
            rule: "",
            plan: &plan,
            code: "",
            waived: &waived,
        };
        custom::ask(&ctx);
        run_rules(&mut ctx, &subject, &mut self.findings);
        custom::run(&ctx, &subject, &mut self.findings);
        // Advice about several programs does not ask for a build of what is upgraded as a package.
        let plan = match subject.is_installed() {
            true => Plan::default(),
            false => plan.take(),
        };
        self.fleet.push(binary, &record, &self.group_by, plan);
        if let Some((_, inside)) = image.and_then(|n| self.images.get_mut(n)) {
            inside.push(InImage {
                path: binary.path.clone(),
                started: binary.location.started == Some(true),
                visible: binary.location.visible != Some(false),
                main_package: binary.main_package.clone(),
            });
        }
        self.accepted.record(binary);
    }

    /// The known vulnerabilities of a program, with all that the run was given about them.
    fn vulnerabilities_of(&mut self, binary: &Binary) -> Option<vuln::Program> {
        let mut program = match vuln::judge(binary, self.database?) {
            Ok(program) => program,
            Err(damaged) => {
                self.damaged = Some(damaged);
                return None;
            }
        };
        self.statements.apply(&mut program);
        if let Some(severities) = self.severities {
            program.rate(severities);
        }
        if let Some(fixes) = self.distribution_fixes {
            program.add_distribution_fixes(fixes);
        }
        self.fleet.add_vulnerabilities(&program);
        Some(program)
    }

    /// The index of the image that holds a program.
    fn image_of(&self, binary: &Binary) -> Option<usize> {
        let image: &ImageRef = binary.location.image.as_ref()?;
        let key = key(&image.reference, &image.digest, &image.platform);
        self.by_image.get(&key).copied()
    }

    /// Adds a deployment file that could not be read.
    pub fn not_read(&mut self, path: &str, why: String) {
        self.not_read.push(NotRead {
            path: path.to_owned(),
            why,
        });
    }

    /// Judges a deployment file, with the Go release that the user or the file names.
    pub fn deployment(&mut self, file: &Deployment, assumed: &Assumed) {
        self.files += 1;
        let overrides = self.policy.overrides_of_file(&file.path);
        self.override_uses.file(&file.path, &overrides);
        let in_force = in_force(self.policy, &mut self.base, &mut self.special, overrides);
        let rows = &in_force.rules;
        let location = self::file(&file.path);
        let subject = Subject::deployment(file, &location);
        for (rule, row) in RULES.iter().zip(rows) {
            let (Check::Deployment(check), Some(level)) = (rule.check, row.level) else {
                continue;
            };
            let ctx = FileCtx {
                file,
                assumed,
                options: rule.options(row),
            };
            let at = row.at.as_ref();
            let mut sink = Sink::new(rule.meta, level, at, &subject, &mut self.findings);
            check(&ctx, &mut sink);
        }
    }

    /// Judges images and the fleet, applies waivers and the baseline, and counts.
    pub fn finish(mut self) -> Audit {
        self.fleet.build();
        let rows = std::mem::take(&mut self.base.rules);
        let database = self.database.map(vuln::Source::of);
        let whole = at_target(self.fleet.target());
        for (rule, row) in RULES.iter().zip(&rows) {
            let Some(level) = row.level else { continue };
            let (options, at) = (rule.options(row), row.at.as_ref());
            match rule.check {
                Check::Image(check) => {
                    for (image, binaries) in &self.images {
                        let (path, location) = image::place(image);
                        let subject = Subject::new(&path, &location);
                        let ctx = ImageCtx {
                            image,
                            options,
                            binaries,
                        };
                        let out = &mut self.findings;
                        check(&ctx, &mut Sink::new(rule.meta, level, at, &subject, out));
                    }
                }
                Check::Run(check) => {
                    let subject = Subject::new(self.fleet.target(), &whole);
                    let ctx = RunCtx {
                        options,
                        fleet: &self.fleet,
                        today: self.today,
                        database: database.as_ref(),
                    };
                    let out = &mut self.findings;
                    check(&ctx, &mut Sink::new(rule.meta, level, at, &subject, out));
                }
                Check::Binary(_) | Check::Deployment(_) | Check::Engine => {}
            }
        }
        agree::on_one_build(
            &self.fleet,
            &self.group_by,
            self.policy,
            &mut self.findings.list,
        );
        self.report_unused_overrides(&rows);
        self.waive(&rows);
        if let Some(baseline) = self.baseline {
            baseline.mark(&mut self.findings.list);
        }
        let listed = self.findings.list.iter();
        listed.for_each(|f| self.accepted.accept(f));
        // Comes after waivers and baseline, because it is not known which findings it stands for.
        self.report_left_out(&rows, &whole);
        let expected = Expected::of(self.special.values().chain([&self.base]));
        let is_cut = self.findings.left_out().is_some();
        let mut findings = self.findings.list;
        findings.sort_by(|a, b| {
            // Findings in a file are sorted by line, those about a program by level, worst first.
            let place = |f: &Finding| f.region.as_ref().map(|r| (r.line, r.column));
            (&a.path, place(a), b.level)
                .cmp(&(&b.path, place(b), a.level))
                .then_with(|| (&a.code, &a.rule).cmp(&(&b.code, &b.rule)))
                .then_with(|| (&a.message, &a.fingerprint).cmp(&(&b.message, &b.fingerprint)))
        });
        Audit {
            counts: Counts::of(&findings),
            findings,
            binaries: self.binaries,
            files: self.files,
            images: self.images.into_iter().map(|(image, _)| image).collect(),
            not_read: self.not_read,
            profile: self.policy.profile.clone(),
            today: self.today.to_string(),
            baseline: self.accepted,
            is_cut,
            damaged: self.damaged,
            unmatched_statements: self.statements.unmatched(),
            expected,
        }
    }

    /// Reports the number of findings that are not listed.
    fn report_left_out(&mut self, rows: &[Effective], whole: &Location) {
        let Some((worst, by_rule)) = self.findings.left_out() else {
            return;
        };
        let count: u64 = by_rule.values().sum();
        let mut report = Report::new(format!("{count} more findings are not listed"));
        for ((rule, _), count) in by_rule {
            report = report.see(rule.clone(), count.to_string());
        }
        let report = report.at_most(worst).unanswered().help(format!(
            "fix what is listed and audit again; one rule lists at most {MOST_OF_ONE_SUBJECT} findings of one file, and `--memory` bounds all of them"
        ));
        let meta = &findings_left_out::META;
        let row = row_of(meta, rows);
        // It cannot be turned off, or a policy with few rules would pass because findings were left out.
        let level = row.and_then(|r| r.level).unwrap_or(worst);
        let at = row.and_then(|r| r.at.as_ref());
        let subject = Subject::new(&whole.target, whole);
        Sink::new(meta, level, at, &subject, &mut self.findings).report_always(report);
    }
}

/// Runs the rules of the registry on a program.
fn run_rules<'a>(ctx: &mut Ctx<'a>, subject: &Subject<'a>, findings: &mut Findings) {
    let plan = ctx.plan;
    let mark = findings.mark();
    loop {
        let before = plan.borrow().size();
        let mut reported = 0;
        for (rule, row) in ctx.rules.iter().zip(ctx.effective) {
            let (Check::Binary(check), Some(level)) = (rule.check, row.level) else {
                continue;
            };
            // Nothing starts a hidden copy, so its settings at run time never act.
            if rule.family == Family::Godebug && ctx.hidden() {
                continue;
            }
            ctx.options = rule.options(row);
            ctx.rule = rule.meta.id;
            ctx.code = rule.meta.code;
            let mut sink = Sink::new(rule.meta, level, row.at.as_ref(), subject, findings);
            check(ctx, &mut sink);
            if sink.reported == 0 && row.is_set {
                unanswered::check(ctx, &mut sink);
            }
            reported += sink.reported;
        }
        // Each finding's advice includes what the others want, so the rules run again until the plan no longer grows.
        if reported < 2 || plan.borrow().size() == before {
            return;
        }
        findings.back_to(&mark);
    }
}

/// What the policy says about each rule for some programs.
struct InForce {
    /// The rules of the registry, in its order.
    rules: Vec<Effective>,
    /// The levels of the custom rules, in the order of the policy.
    custom: Vec<Option<Level>>,
    /// What these programs must say.
    expect: Vec<Expectation>,
    /// How many programs were judged by it.
    programs: u64,
    /// How many hidden programs of images nothing is expected of.
    hidden: u64,
    /// Of how many programs not all is expected, because a setting is one of other architectures.
    other_architectures: u64,
}

impl Expected {
    fn of<'f>(all: impl Iterator<Item = &'f InForce>) -> Self {
        let mut distinct: BTreeSet<(&str, String)> = BTreeSet::new();
        let (mut programs, mut hidden, mut other_architectures) = (0, 0, 0);
        for in_force in all.filter(|one| !one.expect.is_empty()) {
            hidden += in_force.hidden;
            other_architectures += in_force.other_architectures;
            if in_force.programs == 0 {
                continue;
            }
            programs += in_force.programs;
            let expected = in_force.expect.iter();
            distinct.extend(expected.map(|e| (e.key.as_str(), e.wanted.to_string())));
        }
        Self {
            expectations: distinct.len() as u64,
            programs,
            hidden,
            other_architectures,
        }
    }
}

impl InForce {
    fn of(policy: &Policy, overrides: &[usize]) -> Self {
        Self {
            rules: policy.effective(overrides),
            custom: policy.custom_levels(overrides),
            expect: policy.expectations(overrides),
            programs: 0,
            hidden: 0,
            other_architectures: 0,
        }
    }
}

/// What the policy says with the matching overrides applied.
fn in_force<'a>(
    policy: &Policy,
    base: &'a mut InForce,
    special: &'a mut HashMap<Vec<usize>, InForce>,
    overrides: Vec<usize>,
) -> &'a mut InForce {
    if overrides.is_empty() {
        return base;
    }
    special
        .entry(overrides)
        .or_insert_with_key(|numbers| InForce::of(policy, numbers))
}

/// Identifies an image within a run.
fn key(reference: &str, digest: &Option<String>, platform: &Option<String>) -> String {
    let [digest, platform] = [digest, platform].map(|part| part.as_deref().unwrap_or_default());
    format!("{reference}\n{digest}\n{platform}")
}

/// The location of a whole target.
fn at_target(target: &str) -> Location {
    Location {
        target: target.to_owned(),
        ..Location::default()
    }
}

/// The location of a deployment or policy file.
fn file(path: &str) -> Location {
    Location {
        file: Some(path.to_owned()),
        ..at_target(path)
    }
}

/// The settings of a rule that the auditor itself reports.
fn row_of<'r>(meta: &Meta, rows: &'r [Effective]) -> Option<&'r Effective> {
    registry::position(meta.code).and_then(|i| rows.get(i))
}

#[cfg(test)]
mod tests;
