//! `gospect cache`: the results of layers and archives that `--cache` keeps.

use super::args::{CacheArgs, CacheCommand, CacheCommandArgs, CachePruneArgs, CacheStatusArgs};
use super::error::Error;
use super::exit::Exit;
use super::output::Output;
use crate::audit::Date;
use crate::report::style::clean;
use crate::source::cache::{Cache, CacheError};
use serde::Serialize;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The value that turns the cache off.
const OFF: &str = "off";

/// Folder of the results inside the folder that `--cache` names.
const RESULTS: &str = "results";

pub fn run(args: &CacheCommandArgs) -> Result<Exit, Error> {
    match &args.command {
        CacheCommand::Status(args) => status(args),
        CacheCommand::Prune(args) => prune(args),
    }
}

/// The cache of results that the arguments ask for.
///
/// # Errors
/// When its folder cannot be used.
pub fn open_results(args: &CacheArgs) -> Result<Option<Cache>, Error> {
    let Some(folder) = args.folder.as_deref().filter(|folder| !is_off(folder)) else {
        return Ok(None);
    };
    Cache::open(&folder.join(RESULTS), args.size)
        .map(Some)
        .map_err(|why| unusable(folder, why))
}

/// The output of `--format json`.
#[derive(Serialize)]
struct Status {
    folder: String,
    entries: u64,
    bytes: u64,
    /// When the entry that was used longest ago was used: seconds since 1970.
    oldest_use: Option<u64>,
}

fn status(args: &CacheStatusArgs) -> Result<Exit, Error> {
    let cache = existing(args.place.folder())?;
    let contents = cache
        .contents()
        .map_err(|why| unusable(args.place.folder(), why.into()))?;
    let seconds = |time: SystemTime| {
        let since = time.duration_since(SystemTime::UNIX_EPOCH);
        since.map_or(0, |since| since.as_secs())
    };
    let status = Status {
        folder: args.place.folder().display().to_string(),
        entries: contents.entries,
        bytes: contents.bytes,
        oldest_use: contents.oldest.map(seconds),
    };
    let oldest = match status.oldest_use {
        Some(seconds) => format!(", the oldest used on {}", Date::from_unix(seconds)),
        None => String::new(),
    };
    let text = format!(
        "{}: {}, {}{oldest}\n",
        clean(&status.folder),
        results(status.entries),
        size(status.bytes)
    );
    Output::open(&args.output)?.write(|out| match args.format.as_str() {
        "json" => {
            serde_json::to_writer_pretty(&mut *out, &status)?;
            writeln!(out)
        }
        _ => out.write_all(text.as_bytes()),
    })?;
    Ok(Exit::Fine)
}

fn prune(args: &CachePruneArgs) -> Result<Exit, Error> {
    let cache = existing(args.place.folder())?;
    let since = match args.unused_for {
        Some(days) => {
            let age = Duration::from_secs(u64::from(days) * 24 * 3600);
            SystemTime::now().checked_sub(age)
        }
        None => None,
    };
    let removed = cache
        .prune(
            args.max_size.unwrap_or(u64::MAX),
            since.unwrap_or(SystemTime::UNIX_EPOCH),
        )
        .map_err(|why| unusable(args.place.folder(), why.into()))?;
    let text = format!(
        "removed {}, {}\n",
        results(removed.entries),
        size(removed.bytes)
    );
    Output::open(&args.output)?.write(|out| out.write_all(text.as_bytes()))?;
    Ok(Exit::Fine)
}

/// Opens a cache that must exist.
fn existing(folder: &Path) -> Result<Cache, Error> {
    let results: PathBuf = folder.join(RESULTS);
    if !results.is_dir() {
        return Err(Error::NoResults(folder.display().to_string()));
    }
    Cache::open(&results, u64::MAX).map_err(|why| unusable(folder, why))
}

fn unusable(folder: &Path, why: CacheError) -> Error {
    Error::Cache {
        folder: folder.display().to_string(),
        why,
    }
}

fn results(count: u64) -> String {
    match count {
        1 => "1 result".to_owned(),
        _ => format!("{count} results"),
    }
}

/// A size for reading.
fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// Whether a folder argument turns the cache off.
pub fn is_off(folder: &Path) -> bool {
    folder.as_os_str() == OsStr::new(OFF)
}
