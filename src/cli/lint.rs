//! `gospect lint`.

use super::args::LintArgs;
use super::error::Error;
use super::exit::Exit;
use super::output::Output;
use super::{audit, dates, policy};
use crate::audit::policy::Judged;
use crate::audit::{Assumed, Auditor};
use crate::deploy::{Deployment, Kind, Problem};
use crate::report::findings::{self, page, remarks};
use crate::report::style::clean;
use crate::scan::deployments::{
    self, NotReadReason, PASSED_OVER, Search, SearchResult, UnreadFile,
};
use crate::scan::releases::Releases;
use crate::scan::toolchain::Toolchains;
use crate::scan::{self, Event, Options};
use crate::source::target::Target;
use std::collections::BTreeMap;
use std::path::Path;

pub fn run(args: &LintArgs) -> Result<Exit, Error> {
    let judge = &args.judge;
    let policy = policy::load(judge, &args.output, &[])?;
    if judge.print_config {
        return policy::print(&policy, &args.output);
    }
    policy::refuse_idle_rules(&policy, judge, Judged::Files, &[], args.output.quiet)?;
    let (baseline, no_baseline) = audit::baseline(judge);
    let assumed = Assumed {
        release: args.go.clone(),
        binary: args
            .binary
            .as_deref()
            .map(program)
            .transpose()?
            .map(Box::new),
    };
    let searched = search(args)?;
    searched.report(args.output.quiet);
    let mut output = Output::open(&args.output)?;
    let mut auditor = Auditor::new(&policy, judge.today.unwrap_or_else(dates::today));
    if let Some(baseline) = &baseline {
        auditor = auditor.with_baseline(baseline);
    }
    for file in &searched.files {
        auditor.deployment(file, &assumed);
    }
    for unread in searched.not_read() {
        auditor.not_read(&unread.path, unread.why.to_string());
    }
    if !args.output.quiet {
        explain(&searched.files, &assumed);
    }
    let result = auditor.finish();
    let failed = searched.failed() || no_baseline;
    // Nothing was judged: a report would look as if all were well.
    if !searched.files.is_empty() || !failed {
        match findings::format(&judge.format) {
            Some(format) => {
                let options = findings::Options {
                    color: output.look.color,
                    width: output.look.width,
                    listing: args.judge.listing(),
                    fail_on: args.judge.fail_on,
                };
                output.write(|out| (format.render)(&result, &options, out))?;
            }
            None => {
                let remarks = remarks::of_files(&result);
                output.write(|out| page::page(&result, &remarks).write(out))?;
            }
        }
    }
    let findings = audit::failed(judge, &result, failed, args.output.quiet)?;
    let unread = searched.not_read().count();
    let strict = args.strict && unread > 0;
    if strict && !failed {
        say!("gospect: not read: {unread}; this is an error because of --strict");
    }
    Ok(match (failed || strict, findings) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Fine,
    })
}

/// The results of the search.
#[derive(Default)]
struct SearchedFiles {
    files: Vec<Deployment>,
    unread: Vec<UnreadFile>,
}

/// Reads the files that the arguments name.
fn search(args: &LintArgs) -> Result<SearchedFiles, Error> {
    let passed_over = PASSED_OVER.map(str::to_owned);
    let exclude = super::config::globs(&[&passed_over[..], &args.exclude].concat())?;
    let mut search = Search::new(!args.no_ignore, exclude);
    search.kind = args.kind.as_deref().and_then(Kind::parse);
    search.jobs = super::config::threads(args.jobs)?;
    let mut searched = SearchedFiles::default();
    let mut toolchains = Toolchains::default();
    let mut releases = Releases::default();
    deployments::run(&args.files, &search, &mut |found| {
        match found {
            SearchResult::File(mut file) => {
                file.around = toolchains.of(Path::new(&file.path));
                file.module = toolchains.module(Path::new(&file.path));
                // Without a module the files beside it may be of other projects.
                if !file.commands.is_empty() && file.module.is_some() {
                    file.released_by = releases.of(Path::new(&file.path));
                }
                file.inside = inside(&args.files, Path::new(&file.path));
                searched.files.push(*file);
            }
            SearchResult::NotRead(unread) => searched.unread.push(unread),
        }
        true
    })
    .map_err(Error::NoThreads)?;
    // A directory without any readable file is an error in the command.
    for path in args.files.iter().filter(|p| p.is_dir()) {
        let shown = path.to_string_lossy();
        let inside = |file: &str| Path::new(file).starts_with(path) || path == Path::new(".");
        let files = searched.files.iter().map(|f| &f.path);
        let others = searched.unread.iter().map(|p| &p.path);
        if !files.chain(others).any(|file| inside(file)) {
            searched.unread.push(UnreadFile {
                path: shown.into_owned(),
                named: true,
                why: NotReadReason::Empty,
            });
        }
    }
    Ok(searched)
}

/// The directory of a file, relative to the directory that the user named.
fn inside(named: &[std::path::PathBuf], file: &Path) -> Option<String> {
    let folder = file.parent()?;
    let inside = named.iter().find_map(|top| folder.strip_prefix(top).ok())?;
    let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
    Some(parts.join("/"))
}

impl SearchedFiles {
    /// Whether a file that the user named could not be read.
    fn failed(&self) -> bool {
        let mut named = self.unread.iter().filter(|unread| unread.named);
        // A file of a kind that is not read is not an error: hooks name every file.
        named.any(|unread| {
            let problem = match &unread.why {
                NotReadReason::Problem { problem, .. } => Some(problem),
                _ => None,
            };
            !matches!(problem, Some(Problem::NotRead(_)))
        })
    }

    /// Unread files that could have been judged; links lead to files outside the tree.
    fn not_read(&self) -> impl Iterator<Item = &UnreadFile> {
        let link = |p: &&UnreadFile| matches!(p.why, NotReadReason::Link(_));
        self.unread.iter().filter(move |p| !link(p))
    }

    /// Reports the files that were not read, grouped by reason.
    fn report(&self, quiet: bool) {
        let mut groups: BTreeMap<Group, Vec<&str>> = BTreeMap::new();
        for unread in &self.unread {
            match group(&unread.why) {
                Some(group) => groups.entry(group).or_default().push(&unread.path),
                None if quiet && !unread.named => {}
                None => say!(
                    "gospect: {}: {}{}{}",
                    clean(&unread.path),
                    if unread.named { "" } else { "not judged: " },
                    clean(&unread.why.to_string()),
                    hint(&unread.why, unread.named)
                ),
            }
        }
        for (group, paths) in groups {
            if quiet {
                break;
            }
            let shown: Vec<_> = paths
                .iter()
                .take(NAMED)
                .map(|unread| clean(unread))
                .collect();
            let more = match paths.len().saturating_sub(NAMED) {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            say!(
                "gospect: not read: {} ({}): {}{more}",
                group.0,
                paths.len(),
                shown.join(", ")
            );
            if !group.1.is_empty() {
                say!("gospect: {}", group.1);
            }
        }
    }
}

/// Most files of one group that are named.
const NAMED: usize = 5;

/// A reason shared by several files, and what to do about it.
type Group = (&'static str, &'static str);

/// The group of reasons that are reported together.
fn group(why: &NotReadReason) -> Option<Group> {
    match why {
        NotReadReason::Problem {
            problem: Problem::NotRead(what),
            ..
        } => Some((what, "")),
        NotReadReason::Problem {
            problem: Problem::Template { .. },
            ..
        } => Some((
            "template that is not YAML before it is rendered",
            "templates are read when they are rendered: `helm template . | gospect lint --kind kubernetes -`",
        )),
        NotReadReason::Link(what) => Some((what, "")),
        _ => None,
    }
}

/// Reads the Go program of `--binary`.
fn program(path: &Path) -> Result<crate::record::Binary, Error> {
    let name = clean(&path.to_string_lossy()).into_owned();
    let mut record = None;
    let mut why = "no Go program is in it; `gospect scan` on it shows what is".to_owned();
    let targets = [(name.clone(), Target::Path(path.to_owned()))];
    scan::run(&targets, &Options::default(), &mut |event| {
        match event {
            Event::Program(program) if record.is_none() => record = Some(*program.into_record()),
            Event::Unexamined { thing, fatal: true } => why = thing.detail,
            _ => {}
        }
        record.is_none()
    })
    .map_err(|source| Error::ReadBinary {
        name: name.clone(),
        source,
    })?;
    record.ok_or(Error::NoBinary { name, why })
}

/// Says which releases were assumed, if that is not obvious.
fn explain(files: &[Deployment], assumed: &Assumed) {
    if let Some(file) = files.iter().find(|f| assumed.guesses(f)) {
        say!(
            "gospect: {}: nothing names a Go release; judged by the newest known, {}; --go 1.N or --binary FILE chooses another",
            clean(&file.path),
            crate::audit::newest_release()
        );
    }
    let mut shown: Vec<String> = Vec::new();
    for remark in files.iter().flat_map(|f| assumed.remarks(f)) {
        if !shown.contains(&remark) {
            say!("gospect: {remark}");
            shown.push(remark);
        }
    }
}

/// What to do about a file that could not be read.
fn hint(why: &NotReadReason, named: bool) -> String {
    let NotReadReason::Problem { problem, template } = why else {
        return String::new();
    };
    let kinds: Vec<&str> = Kind::ALL.iter().map(|(_, name, _)| *name).collect();
    match problem {
        Problem::Unknown | Problem::UnknownYaml => {
            format!("; name its kind with --kind {}", kinds.join("|"))
        }
        Problem::Syntax { .. } if *template => {
            "; a template must be rendered first: `helm template . | gospect lint --kind kubernetes -`".to_owned()
        }
        Problem::Syntax { .. } if named => {
            "; correct the file, or name its kind with --kind".to_owned()
        }
        _ => String::new(),
    }
}
