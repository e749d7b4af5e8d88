//! `gospect why`.

use super::args::WhyArgs;
use super::error::Error;
use super::exit::Exit;
use super::output::Output;
use super::{database, dates, one_program};
use crate::bytes::{FileBytes, Limits};
use crate::exe::OpenError;
use crate::go::calls::{self, NoGraph};
use crate::go::{self, Level, Options, Tables};
use crate::knowledge::GoVersion;
use crate::record::why::{Answer, SCHEMA, Subject, Why, shown};
use crate::record::{Binary, FoundProgram, LinkedPackage};
use crate::report::style::clean;
use crate::report::why;
use crate::vuln::database::{Damaged, Database};
use crate::vuln::{Finding, judge};
use std::collections::BTreeSet;
use std::path::Path;

pub fn run(args: &WhyArgs) -> Result<Exit, Error> {
    let path = args.program.display().to_string();
    let unread = |why: String| Error::Program {
        path: clean(&path).into_owned(),
        why,
    };
    let bytes = one_program::open(&args.program, args.platform.as_deref())
        .map_err(|error| swapped(args, error))?;
    let database = database_for(args)?;
    let inspection = match go::inspect(&bytes, &options(args, database.is_some())) {
        Err(OpenError::NotExecutable) => return Ok(not_go(&path)),
        read => read.map_err(|error| unread(error.to_string()))?,
    };
    let records = &inspection.found;
    let asked = match ask(args, &bytes, records, database.as_ref()).map_err(unread)? {
        Some(asked) => asked,
        None => return Ok(not_go(&path)),
    };
    let document = Why {
        schema: SCHEMA,
        program: path,
        unknown: asked.answers.as_ref().err().map(NoGraph::to_string),
        answers: asked.answers.unwrap_or_default(),
    };
    let record = records.iter().find(|found| found.slice == asked.slice);
    let packages = record.and_then(|found| found.record.packages.as_deref());
    write(args, &document, packages.unwrap_or_default())?;
    if let Some(damage) = &inspection.damage {
        say!("gospect: {}: {}", clean(&document.program), clean(damage));
    }
    let is_unknown = document.unknown.is_some() && args.strict;
    Ok(match is_unknown || inspection.damage.is_some() {
        true => Exit::Failed,
        false => Exit::Fine,
    })
}

/// The vulnerability database, if one of the names is the ID of a vulnerability.
fn database_for(args: &WhyArgs) -> Result<Option<Database>, Error> {
    if !args.names.iter().any(|name| is_id(name)) {
        return Ok(None);
    }
    let folder = args.cache.as_deref();
    database::open(&args.database, folder, dates::today(), args.output.quiet).map(Some)
}

/// The facts of the program that the answers need.
fn options(args: &WhyArgs, has_database: bool) -> Options<'_> {
    let is_page = args.format == "html";
    Options {
        level: match has_database || is_page {
            true => Level::Full,
            false => Level::BuildInfo,
        },
        symbols: has_database,
        // The page shows what the packages on the way can do.
        packages: is_page,
        capabilities: is_page,
        named: true,
        ..Options::default()
    }
}

fn not_go(path: &str) -> Exit {
    say!("gospect: {}: not a Go program", clean(path));
    Exit::NothingFound
}

/// The answers about one program of the file.
struct Asked {
    slice: Option<String>,
    answers: Result<Vec<Answer>, NoGraph>,
}

/// Asks the program of the wanted slice, or the first program. `None` if the file has no Go program.
fn ask(
    args: &WhyArgs,
    bytes: &FileBytes,
    records: &[FoundProgram],
    database: Option<&Database>,
) -> Result<Option<Asked>, String> {
    let mut asked = None;
    let mut slices = Vec::new();
    let programs = go::programs(bytes, Limits::default(), &mut |slice, tables| {
        slices.extend(slice.map(str::to_owned));
        let is_other = args.slice.is_some() && args.slice.as_deref() != slice;
        if asked.is_some() || is_other {
            return;
        }
        let of_slice = records.iter().find(|found| found.slice.as_deref() == slice);
        let record = of_slice.or(records.first()).map(|found| &*found.record);
        asked = Some(
            answers(args, record, tables, database).map(|answers| Asked {
                slice: slice.map(str::to_owned),
                answers,
            }),
        );
    });
    let asked = asked.transpose();
    let asked = asked.map_err(|error| format!("vulnerability database: {error}"))?;
    programs.map_err(|error| error.to_string())?;
    match (&args.slice, &asked) {
        (Some(slice), None) => {
            let has = match slices.is_empty() {
                true => "no slices".to_owned(),
                false => slices.join(", "),
            };
            Err(format!("it has no slice for {slice}; it has {has}"))
        }
        _ => Ok(asked),
    }
}

/// The answers of one program to all names.
fn answers(
    args: &WhyArgs,
    record: Option<&Binary>,
    tables: &Tables<'_>,
    database: Option<&Database>,
) -> Result<Result<Vec<Answer>, NoGraph>, Damaged> {
    let findings = match (record, database) {
        (Some(record), Some(database)) => judge(record, database)?.findings,
        _ => Vec::new(),
    };
    let is_known = |name: &str| match database.map(|database| database.entry(name)) {
        Some(Ok(entry)) => entry.is_some(),
        _ => true,
    };
    let names = args.names.iter();
    let questions = names.map(|name| Question::of(name, &findings, is_known(name)));
    let questions: Vec<Question> = questions.collect();
    let parts: Vec<String> = questions.iter().flat_map(|q| q.parts.clone()).collect();
    let info = record.and_then(|record| record.build_info.as_ref());
    let version = record.and_then(|record| record.go_version.as_deref());
    let minor = version.and_then(minor_of);
    let answered = calls::ask(tables, info, minor, &parts, args.chains);
    Ok(answered.map(|all| {
        let mut all = all.into_iter();
        questions.into_iter().map(|q| q.answer(&mut all)).collect()
    }))
}

/// Writes the answers, and says on standard error which names were probably meant.
fn write(args: &WhyArgs, document: &Why, packages: &[LinkedPackage]) -> Result<(), Error> {
    let mut output = Output::open(&args.output)?;
    let look = output.look;
    output.write(|out| match args.format.as_str() {
        "json" => why::json(document, out),
        "dot" => why::dot(document, out),
        "html" => why::html(document, packages, out),
        _ => why::text(document, &look, out),
    })?;
    // Text on standard output names them already.
    let is_shown = args.format == "text" && args.output.output.is_none();
    if is_shown || args.output.quiet {
        return Ok(());
    }
    for answer in &document.answers {
        if let Some(near) = answer.nearest.first() {
            let near = shown(near);
            let (name, near) = (clean(&answer.name), clean(&near));
            say!("gospect: {name}: not in this program; did you mean `{near}`?");
        }
    }
    Ok(())
}

/// Adds a hint if the arguments seem to be swapped: the program is not a file, and one of the names is.
fn swapped(args: &WhyArgs, error: Error) -> Error {
    let is_file = |name: &&String| Path::new(name).is_file();
    let file = args.names.iter().find(is_file);
    match (error, file) {
        (Error::Program { path, why }, Some(file)) if !args.program.exists() => Error::Program {
            why: format!(
                "{why}; the program comes first: gospect why {} {path}",
                clean(file)
            ),
            path,
        },
        (error, _) => error,
    }
}

/// Whether a name is the ID of a vulnerability and no import path.
fn is_id(name: &str) -> bool {
    ["GO-", "CVE-", "GHSA-"]
        .iter()
        .any(|start| name.len() > start.len() && name.starts_with(start))
}

/// A name as typed, and the names that it means.
struct Question {
    name: String,
    is_id: bool,
    parts: Vec<String>,
    /// The message if none of them is in the program.
    note: Option<String>,
}

impl Question {
    /// A vulnerability means its linked functions, or if it names no linked function its linked packages.
    fn of(name: &str, findings: &[Finding], is_known: bool) -> Self {
        if !is_id(name) {
            return Self {
                name: name.to_owned(),
                is_id: false,
                parts: vec![name.to_owned()],
                note: None,
            };
        }
        let with_id = findings
            .iter()
            .filter(|f| f.id == name || f.aliases.iter().any(|alias| alias == name));
        let with_id: Vec<&Finding> = with_id.collect();
        let note = match with_id.first() {
            Some(finding) => format!(
                "{} {} is recorded, and no function or package that it names is linked",
                finding.module,
                finding.version.as_deref().unwrap_or_default()
            ),
            None if is_known => {
                "this program has no version of a module that it affects".to_owned()
            }
            None => "no such entry in the vulnerability database".to_owned(),
        };
        let parts = with_id.iter().flat_map(|f| match f.symbols.is_empty() {
            true => f.packages.clone(),
            false => f.symbols.clone(),
        });
        let parts: BTreeSet<String> = parts.collect();
        Self {
            name: name.to_owned(),
            is_id: true,
            parts: parts.into_iter().collect(),
            note: Some(note),
        }
    }

    /// Takes the answers of its parts, and makes one of them.
    fn answer(self, all: &mut impl Iterator<Item = Answer>) -> Answer {
        let parts: Vec<Answer> = all.take(self.parts.len()).collect();
        if !self.is_id {
            return parts.into_iter().next().unwrap_or_default();
        }
        let found: Vec<Answer> = parts.into_iter().filter(|part| part.found).collect();
        Answer {
            name: self.name,
            subject: (!found.is_empty()).then_some(Subject::Vulnerability),
            found: !found.is_empty(),
            functions: found.len() as u64,
            note: self.note.filter(|_| found.is_empty()),
            chains: found.into_iter().flat_map(|part| part.chains).collect(),
            ..Answer::default()
        }
    }
}

fn minor_of(version: &str) -> Option<u32> {
    GoVersion::parse(version)?.minor()
}
