//! `gospect scan`.

use super::args::{Facts, ScanArgs, SourceArgs};
use super::dates;
use super::exit::Exit;
use super::feed::{Feed, Need};
use super::output::Output;
use crate::bytes::Limits;
use crate::go::Level;
use crate::report::document::SupportTable;
use crate::report::format::{self, Writer};
use crate::report::model::Line;
use crate::scan::{Named, Options};
use crate::source::target::Target;
use crate::source::walk::Rules;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::ffi::OsString;
use std::io::Read;
use std::path::Path;

/// The floor of `--likely`: what a packed Go program reaches, and most other files do not.
const LIKELY: u64 = 256 << 10;

pub fn run(args: &ScanArgs) -> Result<Exit, String> {
    let feed = Feed::open(&args.source, Need::Any)?;
    let name = args.format.as_deref().unwrap_or_else(|| feed.format());
    let format = format::find(name).ok_or_else(|| format!("no such format: {name}"))?;
    let mut output = Output::open(&args.output)?;
    let options = format::Options {
        look: output.look,
        support: SupportTable::default(),
    };
    let mut writer = Writer::new(format, options, output.writer());
    let today = dates::today().to_string();
    let end = feed.run(args.output.quiet, &mut |line| {
        if let Line::Binary(binary) = &line {
            dates::learn(binary, &today, |release, support| {
                writer.learn(release, support);
            });
        }
        writer.line(line)
    })?;
    Ok(Exit::of(&end, args.source.strict, false, args.require))
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
