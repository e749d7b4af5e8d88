//! `gospect scan`.

use super::args::{Facts, ScanArgs, SourceArgs};
use super::exit::Exit;
use super::output::{Output, write_failed};
use crate::bytes::Limits;
use crate::go::Level;
use crate::report::document::SupportTable;
use crate::report::format::{self, Writer};
use crate::report::model::{KnowledgeDate, Line, Run, SCHEMA, Tool};
use crate::report::style::clean;
use crate::scan::{self, Event, Named, Options};
use crate::source::target::Target;
use crate::source::walk::Rules;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::ffi::OsString;
use std::io::Read;
use std::path::Path;

/// The floor of `--likely`: what a packed Go program reaches, and most other files do not.
const LIKELY: u64 = 256 << 10;

pub fn run(args: &ScanArgs) -> Result<Exit, String> {
    let named = targets(&args.source)?;
    let options = options(&args.source)?;
    let name = args.format.as_deref().unwrap_or(default_format(&named));
    let format = format::find(name).ok_or_else(|| unknown_format(name))?;
    let mut output = Output::open(&args.output)?;
    let look = output.look;
    let mut writer = Writer::new(
        format,
        format::Options {
            look,
            support: SupportTable::default(),
        },
        output.writer(),
    );
    let mut written = writer.line(Line::Run(run_line(&named, &options)));
    let quiet = args.output.quiet;
    let outcome = scan::run(&named, &options, &mut |event| {
        if written.is_ok() {
            written = match event {
                Event::Image(image) => writer.line(Line::Image(image)),
                Event::Binary(binary) => writer.line(Line::Binary(binary)),
                Event::Unexamined { thing, fatal } => {
                    if fatal {
                        eprintln!("gospect: {}: {}", clean(&thing.path), clean(&thing.detail));
                    }
                    writer.line(Line::Unexamined(thing))
                }
                Event::NotGo { path, why } => {
                    if !quiet {
                        eprintln!("gospect: {}: not a Go program: {why}", clean(&path));
                    }
                    Ok(())
                }
            };
        }
        written.is_ok()
    })
    .map_err(|e| format!("cannot start threads: {e}"))?;
    let reach = outcome.end.reach;
    if let Err(e) = written.and_then(|()| writer.line(Line::End(outcome.end))) {
        write_failed(&e)?;
    }
    Ok(
        if outcome.failed || (args.source.strict && reach.unexamined > 0) {
            Exit::Failed
        } else if args.require && reach.go == 0 {
            Exit::NothingFound
        } else {
            Exit::Fine
        },
    )
}

/// One named file is shown in full, anything more as a table.
fn default_format(named: &[Named]) -> &'static str {
    match named {
        [(_, Target::Path(path) | Target::File(path))] if path.is_file() => "card",
        [(_, Target::Pid(_))] => "card",
        _ => "table",
    }
}

fn unknown_format(name: &str) -> String {
    let names: Vec<&str> = format::SCAN.iter().map(|f| f.name).collect();
    format!("no such format: {name}; use one of {}", names.join(", "))
}

/// The first line of the stream.
pub fn run_line(named: &[Named], options: &Options) -> Run {
    Run {
        schema: SCHEMA.to_owned(),
        tool: Tool {
            name: "gospect".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        knowledge: KnowledgeDate {
            newest_go: "go1.27".to_owned(),
            date: "2026-11-22".to_owned(),
        },
        targets: named.iter().map(|n| n.0.clone()).collect(),
        facts: match options.level {
            Level::BuildInfo => "build-info",
            Level::Full => "full",
        }
        .to_owned(),
    }
}

/// The targets of the command line and of `--files-from`, in that order.
pub fn targets(args: &SourceArgs) -> Result<Vec<Named>, String> {
    let mut texts: Vec<OsString> = args.targets.clone();
    if let Some(list) = &args.files_from {
        let mut bytes = Vec::new();
        let read = if list == Path::new("-") {
            std::io::stdin().lock().read_to_end(&mut bytes)
        } else {
            std::fs::File::open(list).and_then(|mut f| f.read_to_end(&mut bytes))
        };
        read.map_err(|e| format!("cannot read the list {}: {e}", list.display()))?;
        let end = if args.null { 0 } else { b'\n' };
        texts.extend(
            bytes
                .split(|&b| b == end)
                .filter(|l| !l.is_empty())
                .map(|l| os_string(l.to_vec())),
        );
    }
    texts
        .into_iter()
        .map(|text| {
            let target = Target::parse(&text).map_err(|e| e.0)?;
            Ok((text.to_string_lossy().into_owned(), target))
        })
        .collect()
}

#[cfg(unix)]
fn os_string(bytes: Vec<u8>) -> OsString {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(bytes)
}

#[cfg(not(unix))]
fn os_string(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

/// The scan that the arguments ask for.
pub fn options(args: &SourceArgs) -> Result<Options, String> {
    let jobs = match args.jobs {
        Some(0) => return Err("--jobs needs at least 1".to_owned()),
        Some(n) => n.min(1024),
        None => std::thread::available_parallelism().map_or(1, usize::from),
    };
    let min_size = if args.likely {
        args.min_size.max(LIKELY)
    } else {
        args.min_size
    };
    Ok(Options {
        level: match args.facts {
            Facts::BuildInfo => Level::BuildInfo,
            Facts::Full => Level::Full,
        },
        limits: Limits::default(),
        rules: Rules {
            min_size,
            likely: args.likely,
            follow: args.follow,
            one_file_system: args.one_file_system,
            exclude: globs(&args.exclude)?,
        },
        jobs,
        hash: args.hash,
        environment: args.env.clone(),
    })
}

fn globs(patterns: &[String]) -> Result<Option<GlobSet>, String> {
    if patterns.is_empty() {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let pattern = pattern.trim_end_matches('/');
        let glob = GlobBuilder::new(pattern).literal_separator(true).build();
        set.add(glob.map_err(|e| format!("--exclude {pattern}: {}", e.kind()))?);
    }
    set.build().map(Some).map_err(|e| format!("--exclude: {e}"))
}
