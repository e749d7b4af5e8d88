//! `gospect why`.

use super::args::WhyArgs;
use super::error::Error;
use super::exit::Exit;
use super::output::Output;
use crate::bytes::{FileBytes, Limits};
use crate::go::calls::{self, NoGraph};
use crate::go::{self, Level, Options};
use crate::knowledge::GoVersion;
use crate::record::why::{SCHEMA, Why};
use crate::report::style::clean;
use crate::report::why;
use std::fs::File;

pub fn run(args: &WhyArgs) -> Result<Exit, Error> {
    let path = args.program.display().to_string();
    let unread = |why: String| Error::Program {
        path: clean(&path).into_owned(),
        why,
    };
    let bytes = File::open(&args.program)
        .and_then(FileBytes::open)
        .map_err(|e| unread(e.to_string()))?;
    let limits = Limits::default();
    let options = Options {
        level: Level::BuildInfo,
        named: true,
        limits,
        ..Options::default()
    };
    let inspection = go::inspect(&bytes, &options).map_err(|error| unread(error.to_string()))?;
    let records = &inspection.found;
    let mut answers = None;
    let mut slices = Vec::new();
    let programs = go::programs(&bytes, limits, &mut |slice, tables| {
        slices.extend(slice.map(str::to_owned));
        if answers.is_some() || args.slice.is_some() && args.slice.as_deref() != slice {
            return;
        }
        let record = records.iter().find(|f| f.slice.as_deref() == slice);
        let record = record.or(records.first()).map(|f| &f.binary);
        let info = record.and_then(|r| r.build_info.as_ref());
        let version = record.and_then(|r| r.go_version.as_deref());
        let minor = version.and_then(minor_of);
        answers = Some(calls::ask(tables, info, minor, &args.names, args.chains));
    });
    programs.map_err(|error| unread(error.to_string()))?;
    let answers = match (answers, &args.slice) {
        (Some(answers), _) => answers,
        (None, Some(slice)) => {
            return Err(unread(format!(
                "it has no slice for {slice}; it has {}",
                match slices.is_empty() {
                    true => "no slices".to_owned(),
                    false => slices.join(", "),
                }
            )));
        }
        (None, None) => {
            say!("gospect: {}: not a Go program", clean(&path));
            return Ok(Exit::NothingFound);
        }
    };
    let unknown = answers.as_ref().err().map(NoGraph::to_string);
    let document = Why {
        schema: SCHEMA,
        program: path,
        unknown,
        answers: answers.unwrap_or_default(),
    };
    let mut output = Output::open(&args.output)?;
    let look = output.look;
    output.write(|out| match args.format.as_str() {
        "json" => why::json(&document, out),
        "dot" => why::dot(&document, out),
        _ => why::text(&document, &look, out),
    })?;
    Ok(match document.unknown.is_some() && args.strict {
        true => Exit::Failed,
        false => Exit::Fine,
    })
}

fn minor_of(version: &str) -> Option<u32> {
    GoVersion::parse(version)?.minor()
}
