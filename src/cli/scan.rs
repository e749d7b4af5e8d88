//! `gospect scan`.

use super::args::{Facts, OutputArgs, ScanArgs, SourceArgs};
use super::exit::Exit;
use super::output::{Output, write_failed};
use crate::bytes::Limits;
use crate::go::Level;
use crate::report::document::SupportTable;
use crate::report::format::{self, Writer};
use crate::report::model::{KnowledgeDate, Line, Run, SCHEMA, Tool};
use crate::report::style::clean;
use crate::scan::{self, Event, Named, Options};
use crate::source::image::Platform;
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
    let demands = Demands {
        strict: args.source.strict,
        require: args.require,
    };
    present(
        &named,
        &options,
        args.format.as_deref(),
        &args.output,
        demands,
    )
}

/// What turns an ordinary outcome into an exit code other than 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct Demands {
    /// Everything must be examined.
    pub strict: bool,
    /// Something must be found.
    pub require: bool,
}

/// Scans and shows, in the format asked for or the one that fits.
pub fn present(
    named: &[Named],
    options: &Options,
    format: Option<&str>,
    output: &OutputArgs,
    demands: Demands,
) -> Result<Exit, String> {
    let quiet = output.quiet;
    let chosen = match format {
        Some(name) => Some(format::find(name).ok_or_else(|| unknown_format(name))?),
        None => None,
    };
    let mut output = Output::open(output)?;
    let look = output.look;
    let format_options = format::Options {
        look,
        support: SupportTable::default(),
    };
    // Without a format, what was found decides: it is written at the end anyway.
    let mut held = Vec::new();
    let mut writer =
        chosen.map(|format| Writer::new(format, format_options.clone(), output.writer()));
    let mut put = |line: Line| match &mut writer {
        Some(writer) => writer.line(line),
        None => {
            held.push(line);
            Ok(())
        }
    };
    let mut written = put(Line::Run(run_line(named, options)));
    let outcome = scan::run(named, options, &mut |event| {
        if written.is_ok() {
            written = match event {
                Event::Image(image) => put(Line::Image(image)),
                Event::Binary(binary) => put(Line::Binary(binary)),
                Event::Unexamined { thing, fatal } => {
                    if fatal {
                        eprintln!("gospect: {}: {}", clean(&thing.path), clean(&thing.detail));
                    }
                    put(Line::Unexamined(thing))
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
    written = written.and_then(|()| put(Line::End(outcome.end)));
    if chosen.is_none() {
        let mut writer = Writer::new(fitting(named, &held), format_options, output.writer());
        written = held.into_iter().try_for_each(|line| writer.line(line));
    }
    if let Err(e) = written {
        write_failed(&e)?;
    }
    Ok(
        if outcome.failed || (demands.strict && reach.unexamined > 0) {
            Exit::Failed
        } else if demands.require && reach.go == 0 {
            Exit::NothingFound
        } else {
            Exit::Fine
        },
    )
}

/// One target that is one binary is shown in full, anything else as a table.
fn fitting(named: &[Named], lines: &[Line]) -> &'static format::Format {
    let binaries = lines
        .iter()
        .filter(|l| matches!(l, Line::Binary(_)))
        .count();
    let plain = lines.iter().all(|l| match l {
        Line::Binary(b) => b.location.entry.is_empty() && b.location.image.is_none(),
        Line::Image(_) => false,
        _ => true,
    });
    let is_dir = matches!(named, [(_, Target::Path(path) | Target::Dir(path))] if path.is_dir());
    let name = if named.len() == 1 && binaries == 1 && plain && !is_dir {
        "card"
    } else {
        "table"
    };
    format::find(name).unwrap_or(&format::SCAN[0])
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
        limits: limits(args),
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
        archives: !args.no_archives,
        memory: args.memory,
        platform: args.platform.as_deref().map(platform).transpose()?,
        verify_diffid: args.verify_diffid,
        insecure_http: args.insecure_http,
    })
}

fn platform(text: &str) -> Result<Platform, String> {
    Platform::parse(text)
        .ok_or_else(|| format!("--platform {text}: needs OS/ARCH, such as linux/amd64"))
}

/// The default limits with what `--max-…` changes.
fn limits(args: &SourceArgs) -> Limits {
    let mut limits = Limits::default();
    let set = |limit: &mut u64, value: Option<u64>| *limit = value.unwrap_or(*limit);
    set(&mut limits.entry_size, args.max_entry_size);
    set(&mut limits.expanded, args.max_expanded);
    set(&mut limits.entries, args.max_entries);
    set(&mut limits.ratio, args.max_ratio);
    set(&mut limits.window, args.max_window);
    set(&mut limits.unpacked, args.max_unpacked);
    limits.depth = args.max_depth.unwrap_or(limits.depth);
    limits
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
