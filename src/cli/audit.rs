//! `gospect audit`.

use super::args::{AuditArgs, JudgeArgs};
use super::database;
use super::dates;
use super::error::{Error, without_numbers};
use super::exit::Exit;
use super::files;
use super::go_sum;
use super::input::{Input, Need};
use super::lists::Lists;
use super::output::Output;
use super::policy;
use crate::audit::policy::{Input as Given, Judged};
use crate::audit::{Audit, Auditor, Baseline, Date, Finding, Policy};
use crate::bytes::number::count;
use crate::bytes::{Budget, Use};
use crate::record::{Binary, Document, End, Line};
use crate::report::document::SupportTable;
use crate::report::findings::{self, Format, remarks};
use crate::report::format::PAGE;
use crate::report::html::{Page, Rebuilt};
use crate::report::style::clean;
use crate::scan::ListPackages;
use crate::verify::go_sum::GoSum;
use crate::vuln::database::Database;
use std::fs;
use std::io;
use std::path::PathBuf;

/// Most bytes of a file of `--rebuilt`; real ones have some kilobytes.
const LARGEST_RESULT: u64 = 16 << 20;
/// Longest baseline.
const LARGEST_BASELINE: u64 = 256 << 20;

pub fn run(args: &AuditArgs) -> Result<Exit, Error> {
    let judge = &args.judge;
    let quiet = args.output.quiet;
    let policy = policy::load(judge, &args.output, &args.expect)?;
    if judge.print_config {
        return policy::print(&policy, &args.output);
    }
    policy::refuse_idle_rules(&policy, judge, Judged::Programs, &given(args), quiet)?;
    let (baseline, no_baseline) = baseline(judge);
    let today = judge.today.unwrap_or_else(dates::today);
    let references = References::read(args, &policy, today)?;
    let rebuilt = read_rebuilt(args)?;
    let capabilities = args.capabilities
        || policy.asks_capabilities()
        || baseline.as_ref().is_some_and(Baseline::has_capabilities);
    let mut input = Input::open(&args.source, Need::Full("audit"))?;
    if references.vulnerabilities.is_some() || policy.reads("functions") {
        input = input.with_functions();
    }
    if capabilities {
        input = input.with_capabilities();
    }
    if capabilities || policy.asks_packages() {
        input = input.with_packages(ListPackages::OfAll);
    }
    if !rebuilt.is_empty() || references.name_digests() || policy.reads("sha256") {
        input = input.with_hash();
    }
    let mut output = Output::open(&args.output)?;

    let mut auditor = Auditor::new(&policy, today).with_memory(args.source.memory);
    if let Some(baseline) = &baseline {
        auditor = auditor.with_baseline(baseline);
    }
    auditor = references.give_to(auditor);
    let format = findings::format(&judge.format);
    // Only the HTML page shows the binaries as well, so only it keeps them.
    let mut page = format.is_none().then(|| PageRecords::new(args, today));
    let mut without_capabilities = 0u64;
    let mut end = input.run(quiet, &mut |line| {
        if let Line::Binary(binary) = &line {
            without_capabilities += u64::from(capabilities && !has_capabilities(binary));
        }
        auditor.line(&line);
        match &mut page {
            Some(page) => page.add(line),
            None => Ok(()),
        }
    })?;
    let audit = auditor.finish();
    if let Some(damaged) = audit.damaged {
        return Err(Error::Damaged(damaged));
    }
    match (format, page) {
        (Some(format), _) => write_findings(args, format, &audit, &end, &mut output)?,
        (None, Some(page)) => page.write(&audit, &rebuilt, &mut output)?,
        (None, None) => {}
    }
    if !quiet {
        super::vex::say_unmatched(&audit.unmatched_statements);
        say_what_holds(&policy, &audit);
    }
    end.failed |= no_baseline;
    if without_capabilities > 0 {
        if !quiet {
            say_what_is_unknown(without_capabilities);
        }
        end.failed |= args.source.strict;
    }
    let findings = failed(judge, &audit, end.failed, quiet)?;
    Ok(Exit::of(
        &end,
        args.source.strict,
        findings,
        !args.allow_none,
    ))
}

/// The files and the database that programs are compared with.
struct References {
    /// The database, and what else is known; `None` if neither an option nor the policy asks for vulnerabilities.
    vulnerabilities: Option<(Database, Lists)>,
    go_sums: Vec<(String, GoSum)>,
}

impl References {
    fn read(args: &AuditArgs, policy: &Policy, today: Date) -> Result<Self, Error> {
        let quiet = args.output.quiet;
        let is_asked_for = args.vulns || args.lists.are_given() || policy.asks_vulnerabilities();
        let vulnerabilities = match is_asked_for {
            true => {
                let folder = args.source.cache.folder.as_deref();
                let database = database::open(&args.database, folder, today, quiet)?;
                let lists = Lists::read(&args.lists, &database, quiet)?;
                Some((database, lists))
            }
            false => None,
        };
        Ok(Self {
            vulnerabilities,
            go_sums: go_sum::read_all(&args.go_sum)?,
        })
    }

    /// Whether a statement names its program by its digest.
    fn name_digests(&self) -> bool {
        let mut lists = self.vulnerabilities.iter();
        lists.any(|(_, lists)| lists.name_digests())
    }

    fn give_to<'a>(&'a self, mut auditor: Auditor<'a>) -> Auditor<'a> {
        if let Some((database, lists)) = &self.vulnerabilities {
            auditor = auditor
                .with_vulnerabilities(database)
                .with_statements(&lists.documents)
                .with_distribution_fixes(&lists.fixes);
            if let Some(severities) = &lists.severities {
                auditor = auditor.with_severities(severities);
            }
        }
        auditor.with_go_sums(&self.go_sums)
    }
}

/// Writes the findings, unless text would only repeat that a target could not be read.
fn write_findings(
    args: &AuditArgs,
    format: &Format,
    audit: &Audit,
    end: &End,
    output: &mut Output,
) -> Result<(), Error> {
    if format.name == "text" && end.read_nothing() && has_only_unread_targets(audit) {
        return Ok(());
    }
    let options = findings::Options {
        color: output.look.color,
        width: output.look.width,
        listing: args.judge.listing(),
        fail_on: args.judge.fail_on,
    };
    output.write(|out| (format.render)(audit, &options, out))
}

/// Whether no finding is about something other than a target that could not be read.
fn has_only_unread_targets(audit: &Audit) -> bool {
    let is_target = |f: &Finding| f.rule == "unexamined-file" && f.location.is_of_target(&f.path);
    audit.findings.iter().all(is_target)
}

/// What the arguments give to rules that need it. A baseline that is being written will be there the next time.
fn given(args: &AuditArgs) -> Vec<Given> {
    let judge = &args.judge;
    let has_baseline = judge.baseline.is_some() || judge.write_baseline.is_some();
    let all = [
        (has_baseline, Given::Baseline),
        (!args.go_sum.is_empty(), Given::GoSum),
    ];
    let given = all.into_iter().filter(|(is_given, _)| *is_given);
    given.map(|(_, input)| input).collect()
}

/// The records that the HTML page shows beside the findings.
struct PageRecords {
    /// `None` before the first line.
    document: Option<Document>,
    support: SupportTable,
    budget: Budget,
    /// The day of the audit.
    day: String,
}

impl PageRecords {
    fn new(args: &AuditArgs, today: Date) -> Self {
        Self {
            document: None,
            support: SupportTable::default(),
            budget: Budget::of(args.source.memory, Use::Page),
            day: today.to_string(),
        }
    }

    fn add(&mut self, line: Line) -> io::Result<()> {
        self.budget.spend(PAGE * line.size_in_memory())?;
        match (&mut self.document, line) {
            (None, Line::Run(run)) => self.document = Some(Document::new(run)),
            (Some(document), line) => {
                if let Line::Binary(binary) = &line {
                    dates::with_support(binary, &self.day, |release, support| {
                        let release = release.to_owned();
                        self.support.entry(release).or_insert_with(support);
                    });
                }
                document.push(line);
            }
            (None, _) => {}
        }
        Ok(())
    }

    fn write(&self, audit: &Audit, rebuilt: &[Rebuilt], output: &mut Output) -> Result<(), Error> {
        let Some(document) = &self.document else {
            return Ok(());
        };
        let binaries = document.binaries.iter();
        let places = binaries.map(|b| (b.path.as_str(), &b.location));
        let remarks = remarks::remarks(audit, places);
        let mut page = Page::of_scan(document, &self.support, &remarks);
        page.title = page.title.replacen("Scan of", "Audit of", 1);
        page.rules = remarks::rules(audit);
        page.add_rebuilt(rebuilt);
        output.write(|out| page.write(out))
    }
}

/// The results of `--rebuilt`.
fn read_rebuilt(args: &AuditArgs) -> Result<Vec<Rebuilt>, Error> {
    if !args.rebuilt.is_empty() && args.judge.format != "html" {
        return Err(Error::RebuiltNeedsPage);
    }
    let read = |path: &PathBuf| {
        let text = files::text(path, LARGEST_RESULT)?;
        Rebuilt::parse(&text).map_err(|why| files::not_read(path, why.to_string()))
    };
    args.rebuilt.iter().map(read).collect()
}

/// Says of how many programs nothing tells what they can do.
fn say_what_is_unknown(number: u64) {
    let programs = count(number, "program", "programs");
    say!(
        "gospect: what {programs} can do is unknown: no function table, or records that were written without --capabilities"
    );
}

/// Says that every expectation holds: without a message, no findings could also mean that none was checked.
fn say_what_holds(policy: &Policy, audit: &Audit) {
    let unmet = |f: &Finding| f.rule == "unmet-expectation";
    let expected = audit.expected;
    if !policy.checks_expectations() {
        return;
    }
    if expected.hidden > 0 {
        let programs = count(expected.hidden, "program", "programs");
        say!(
            "gospect: {programs} hidden by a later layer, and so never started: not held against expectations"
        );
    }
    if expected.other_architectures > 0 {
        let programs = count(expected.other_architectures, "program", "programs");
        say!(
            "gospect: {programs} not held against expectations about settings of other architectures, such as GOAMD64"
        );
    }
    let has_nothing_to_say = expected.expectations == 0 || audit.binaries == 0;
    if has_nothing_to_say || audit.findings.iter().any(unmet) {
        return;
    }
    let expectations = count(
        expected.expectations,
        "expectation holds",
        "expectations hold",
    );
    let programs = count(expected.programs, "program", "programs");
    say!("gospect: {expectations} for {programs}");
}

/// Whether a record says what the packages of its program can do.
pub fn has_capabilities(binary: &Binary) -> bool {
    let packages = binary.packages.as_ref();
    packages.is_some_and(|all| all.iter().all(|p| p.capabilities.is_some()))
}

/// Whether findings make the exit code 1; with --write-baseline they are accepted instead.
pub fn failed(judge: &JudgeArgs, audit: &Audit, unread: bool, quiet: bool) -> Result<bool, Error> {
    match &judge.write_baseline {
        Some(path) if audit.is_cut => {
            say!(
                "gospect: {} is not written: not all findings are listed; raise --memory, or audit directories one by one",
                clean(&path.to_string_lossy())
            );
            Ok(true)
        }
        Some(path) if !unread => {
            write_baseline(path, audit, quiet)?;
            Ok(false)
        }
        Some(path) => {
            say!(
                "gospect: {} is not written: not everything could be read",
                clean(&path.to_string_lossy())
            );
            Ok(true)
        }
        None => Ok(audit.fails(judge.fail_on)),
    }
}

/// The baseline of `--baseline`, and whether reading it failed: then all findings are shown and the command fails at the end.
pub fn baseline(judge: &JudgeArgs) -> (Option<Baseline>, bool) {
    match judge.baseline.as_deref().map(read_baseline) {
        None => (None, false),
        Some(Ok(baseline)) => (Some(baseline), false),
        Some(Err(why)) => {
            say!(
                "gospect: {}; every finding counts as new",
                clean(&without_numbers(&why.to_string()))
            );
            (None, true)
        }
    }
}

fn read_baseline(path: &std::path::Path) -> Result<Baseline, Error> {
    let shown = path.display().to_string();
    match files::piped_text(path, LARGEST_BASELINE) {
        Ok(text) => Baseline::parse(&text).map_err(|source| Error::Baseline {
            path: shown,
            source,
        }),
        Err(source) => Err(Error::ReadBaseline {
            path: shown,
            source,
        }),
    }
}

fn write_baseline(path: &std::path::Path, audit: &Audit, quiet: bool) -> Result<(), Error> {
    fs::write(path, audit.baseline.to_json())
        .map_err(Error::write(format!("the baseline {}", path.display())))?;
    if !quiet {
        let path = path.to_string_lossy();
        let path = clean(&path);
        let accepted = audit.findings.iter().filter(|f| f.waived.is_none()).count();
        say!(
            "gospect: {path}: findings accepted: {accepted}; --baseline {path} counts only what is new"
        );
    }
    Ok(())
}
