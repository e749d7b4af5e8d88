//! Arguments about the cache, and of `cache`.

use super::OutputArgs;
use crate::cli::headings;
use crate::cli::values::{choices, parse_size};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

// The folder of everything that is kept between runs.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = headings::RUNNING)]
pub struct CacheArgs {
    /// Keep the results of layers and compressed archives in DIR, so that none is read twice; also the folder of fetched databases; `off`: keep and use nothing [default: no results; databases in the cache folder of the user]
    #[arg(long = "cache", value_name = "DIR|off", hide_short_help = true)]
    pub folder: Option<PathBuf>,
    /// Most bytes of the results that --cache keeps; those used longest ago are removed
    #[arg(long = "cache-size", value_name = "SIZE", default_value = "2GiB", value_parser = parse_size, requires = "folder", hide_short_help = true)]
    pub size: u64,
}

// Arguments of `cache`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "What was found in layers of images and in compressed archives is kept by --cache DIR of scan, audit and all other commands that scan.

Examples:
  gospect scan --cache /var/cache/gospect registry:example.org/app:1.2
  gospect cache status /var/cache/gospect            entries, bytes, oldest use
  gospect cache prune --max-size 500MiB /var/cache/gospect
  gospect cache prune --unused-for 30 /var/cache/gospect"
)]
pub struct CacheCommandArgs {
    #[command(subcommand)]
    pub command: CacheCommand,
}

// A doc comment here would replace what the list of commands says.
#[derive(Debug, Subcommand)]
pub enum CacheCommand {
    /// Show how many results are kept, and how large they are
    Status(CacheStatusArgs),
    /// Remove results that were used longest ago
    Prune(CachePruneArgs),
}

// The folder of a cache, as a word or as the commands that fill it name it.
#[derive(Debug, Args)]
pub struct CacheFolderArgs {
    /// The folder that --cache named
    #[arg(help_heading = clap::builder::Resettable::Reset, value_name = "DIR", required_unless_present = "named")]
    folder: Option<PathBuf>,
    /// The same folder, as other commands take it
    #[arg(
        help_heading = headings::COMMAND,
        long = "cache",
        value_name = "DIR",
        conflicts_with = "folder",
        hide_short_help = true
    )]
    named: Option<PathBuf>,
}

impl CacheFolderArgs {
    /// The folder, whichever way it is named.
    pub fn folder(&self) -> &Path {
        let named = self.folder.as_deref().or(self.named.as_deref());
        named.unwrap_or(Path::new("."))
    }
}

// Arguments of `cache status`.
#[derive(Debug, Args)]
#[command(next_help_heading = headings::OUTPUT)]
pub struct CacheStatusArgs {
    #[command(flatten)]
    pub place: CacheFolderArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text",
          value_parser = choices([("text", "for reading"), ("json", "one document")]))]
    pub format: String,
}

// Arguments of `cache prune`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").args(["max_size", "unused_for"]).required(true).multiple(true)))]
#[command(next_help_heading = headings::COMMAND)]
pub struct CachePruneArgs {
    #[command(flatten)]
    pub place: CacheFolderArgs,
    /// Leave at most this many bytes; 0 removes everything
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub max_size: Option<u64>,
    /// Remove what was not used for this many days
    #[arg(long, value_name = "DAYS")]
    pub unused_for: Option<u32>,
    #[command(flatten)]
    pub output: OutputArgs,
}
