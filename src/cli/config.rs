//! The configuration of a scan, from the arguments: targets, options, limits, globs.

use super::args::{Facts, SourceArgs};
use super::error::Error;
use crate::bytes::Limits;
use crate::go::Level;
use crate::record::read::ReadError;
use crate::report::style::clean;
use crate::scan::{ListPackages, Named, Options};
#[cfg(feature = "registry")]
use crate::source::archive::ArchiveError;
use crate::source::dir::read_bounded;
use crate::source::image::Platform;
use crate::source::target::{BadTarget, Target};
use crate::source::walk::Rules;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// The size floor of `--likely`: packed Go programs are above it, most other files below.
const LIKELY: u64 = 256 << 10;

/// The targets of the command line, then those of `--files-from`.
pub fn targets(args: &SourceArgs) -> Result<Vec<Named>, Error> {
    let (named, bad) = listed(args)?;
    match bad.into_iter().next() {
        Some(BadInput { name, why }) => Err(Error::NotRead {
            name: clean(&name).into_owned(),
            why: why.to_string(),
        }),
        None => Ok(named),
    }
}

/// A named target, list of targets or line of a list that cannot be read.
pub struct BadInput {
    /// The text that names it.
    pub name: String,
    pub why: BadReason,
}

/// Why an input cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BadReason {
    #[error("cannot read the list: {0}")]
    List(#[source] io::Error),
    #[error(transparent)]
    Target(#[from] BadTarget),
    #[error("cannot be read: {0}")]
    Records(#[source] io::Error),
    #[error(transparent)]
    Record(#[from] ReadError),
    #[cfg(feature = "registry")]
    #[error(transparent)]
    Registry(ArchiveError),
}

/// The same as [`targets`], but returns an unreadable list, and its invalid lines, separately from the targets.
pub fn listed(args: &SourceArgs) -> Result<(Vec<Named>, Vec<BadInput>), Error> {
    let given = args.targets.len();
    let (texts, bad_list) = texts(&args.targets, args.files_from.as_deref(), args.null);
    let mut bad: Vec<BadInput> = bad_list.into_iter().collect();
    let mut named = Vec::new();
    for (index, text) in texts.into_iter().enumerate() {
        let name = text.to_string_lossy().into_owned();
        match Target::parse(&text) {
            Ok(target) => named.push((name, target)),
            Err(e) if index < given => return Err(e.into()),
            Err(e) => bad.push(BadInput {
                name,
                why: e.into(),
            }),
        }
    }
    Ok((named, bad))
}

/// Longest list of inputs.
const LIST_MAX: u64 = 256 << 20;

/// The given texts and those of a list, and the list if it cannot be read whole. A list ends each text with a newline, or with NUL.
pub fn texts(
    given: &[OsString],
    list: Option<&Path>,
    null: bool,
) -> (Vec<OsString>, Option<BadInput>) {
    let mut bad = None;
    let mut texts = given.to_vec();
    if let Some(list) = list {
        let read = if list == Path::new("-") {
            read_bounded(io::stdin().lock(), LIST_MAX)
        } else {
            std::fs::File::open(list).and_then(|file| read_bounded(file, LIST_MAX))
        };
        let bytes = read.unwrap_or_else(|error| {
            bad = Some(BadInput {
                name: list.display().to_string(),
                why: BadReason::List(error),
            });
            Vec::new()
        });
        let end = if null { 0 } else { b'\n' };
        texts.extend(
            bytes
                .split(|&byte| byte == end)
                .filter(|line| !line.is_empty())
                .map(|line| os_string(line.to_vec())),
        );
    }
    (texts, bad)
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

/// Number of threads from `--jobs`; 0 means one for each processor.
pub fn threads(jobs: Option<usize>) -> Result<usize, Error> {
    match jobs {
        Some(0) => Err(Error::NoJobs),
        Some(n) => Ok(n.min(1024)),
        None => Ok(0),
    }
}

/// Address space counted for each thread: 64 MiB that the allocator reserves, and the stack.
#[cfg(unix)]
const THREAD: u64 = 72 << 20;

/// Address space counted for the program itself: its code and memory outside the budget.
#[cfg(unix)]
const BASE: u64 = 128 << 20;

/// Lowers the number of threads to what fits into the address space (`ulimit -v`): when it is used up, an allocation fails and the
/// program ends.
#[cfg(unix)]
fn threads_that_fit(jobs: usize, memory: u64) -> usize {
    use rustix::process::{Resource, getrlimit};
    let Some(limit) = getrlimit(Resource::As).current else {
        return jobs;
    };
    let wanted = match jobs {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        jobs => jobs,
    };
    let fitting = limit.saturating_sub(BASE.saturating_add(memory)) / THREAD;
    let max_threads = usize::try_from(fitting).unwrap_or(usize::MAX).max(1);
    if wanted <= max_threads {
        return jobs;
    }
    say!(
        "gospect: threads: {max_threads} instead of {wanted}, because the address space is limited to {} MiB (ulimit -v)",
        limit >> 20
    );
    max_threads
}

#[cfg(not(unix))]
fn threads_that_fit(jobs: usize, _: u64) -> usize {
    jobs
}

/// The options of a scan, from the arguments.
pub fn options(args: &SourceArgs) -> Result<Options, Error> {
    let jobs = threads_that_fit(threads(args.jobs)?, args.memory);
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
        exclude_contents: true,
        members: Vec::new(),
        rules: Rules {
            min_size,
            likely: args.likely,
            follow: args.follow,
            one_file_system: args.one_file_system,
            exclude: globs(&args.exclude)?,
            ..Rules::default()
        },
        jobs,
        hash: args.hash,
        packages: ListPackages::Never,
        capabilities: false,
        symbols: false,
        asked: None,
        parts: false,
        environment: args.env.clone(),
        archives: !args.no_archives,
        memory: args.memory,
        platform: args.platform.as_deref().map(platform).transpose()?,
        verify_diffid: args.verify_diffid,
        insecure_http: args.insecure_http,
        wanted: None,
        cache: super::cache::open_results(&args.cache)?.map(Arc::new),
        #[cfg(feature = "archives")]
        copying: None,
        progress: None,
    })
}

/// A platform as --platform has it.
pub fn platform(text: &str) -> Result<Platform, Error> {
    Platform::parse(text).ok_or_else(|| Error::Platform(text.to_owned()))
}

/// The default limits, changed by the `--max-…` arguments.
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

/// The patterns of `--exclude`; `None` if there are none.
pub fn globs(patterns: &[String]) -> Result<Option<GlobSet>, Error> {
    if patterns.is_empty() {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let pattern = pattern.trim_end_matches('/');
        let glob = GlobBuilder::new(pattern).literal_separator(true).build();
        set.add(glob.map_err(|source| Error::Exclude {
            pattern: pattern.to_owned(),
            source,
        })?);
    }
    Ok(Some(set.build()?))
}
