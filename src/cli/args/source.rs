//! What to scan, and how.

use super::CacheArgs;
use crate::cli::headings;
use crate::cli::values::{parse_pair, parse_size};
use clap::{Args, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// How many facts to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Facts {
    /// Only the build info: fastest
    BuildInfo,
    /// Everything
    #[default]
    Full,
}

// What to scan, and how: shared by every command that scans.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = headings::TARGETS)]
pub struct SourceArgs {
    /// Files, directories, `-` for standard input, or SCHEME:REST
    #[arg(help_heading = clap::builder::Resettable::Reset, value_name = "TARGET", required_unless_present = "files_from")]
    pub targets: Vec<OsString>,
    /// Skip paths and names that match GLOB, also in archives and images: `**/tools/*`
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Only images of this platform, such as linux/arm64 [default: all]
    #[arg(long, value_name = "OS/ARCH")]
    pub platform: Option<String>,
    /// Do not look inside archives
    #[arg(long)]
    pub no_archives: bool,
    /// Exit with 2 when something was not examined
    #[arg(long)]
    pub strict: bool,
    /// What to find out about each binary
    #[arg(
        hide_short_help = true,
        long,
        value_enum,
        default_value_t,
        value_name = "WHAT"
    )]
    pub facts: Facts,
    /// Compute SHA-256 of each executable, for records and bills
    #[arg(hide_short_help = true, long)]
    pub hash: bool,
    /// Assume KEY=VALUE in the run-time environment
    #[arg(hide_short_help = true, long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub env: Vec<(String, String)>,
    /// Threads [default: one for each processor]
    #[arg(help_heading = headings::RUNNING, long, short = 'j', alias = "threads", value_name = "N")]
    pub jobs: Option<usize>,
    /// Read more targets from FILE (`-`: standard input), one a line
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub files_from: Option<PathBuf>,
    /// Targets of --files-from end with NUL instead of newline
    #[arg(short = '0', requires = "files_from", hide_short_help = true)]
    pub null: bool,
    /// Do not open files below SIZE in a walk; no linked Go program is smaller than the default
    #[arg(long, value_name = "SIZE", default_value = "16KiB", value_parser = parse_size, hide_short_help = true)]
    pub min_size: u64,
    /// Open only files that are likely to be Go: 256 KiB or more, and without the extension of a text file
    #[arg(long, hide_short_help = true)]
    pub likely: bool,
    /// Follow symbolic links in a walk
    #[arg(long, hide_short_help = true)]
    pub follow: bool,
    /// Stay on the file system of each target
    #[arg(long, hide_short_help = true)]
    pub one_file_system: bool,
    /// Check the digests of uncompressed layers too
    #[arg(help_heading = headings::TARGETS, long, hide_short_help = true)]
    pub verify_diffid: bool,
    /// Talk plain HTTP to registries on this host
    #[arg(help_heading = headings::RUNNING, long, hide_short_help = true)]
    pub insecure_http: bool,
    /// In whole registries (registry:HOST): only repositories, or REPOSITORY:TAG, that match GLOB
    #[cfg(feature = "registry")]
    #[arg(long, value_name = "GLOB", hide_short_help = true)]
    pub include: Vec<String>,
    /// In whole registries: only the N tags of each repository that were built last
    #[cfg(feature = "registry")]
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub newest: Option<usize>,
    #[command(flatten)]
    pub cache: CacheArgs,
    /// Memory for what is kept of archives, images and executables; more goes to temporary files, or waits
    #[arg(help_heading = headings::RUNNING, long, value_name = "SIZE", default_value = "512MiB", value_parser = parse_size, hide_short_help = true)]
    pub memory: u64,
    /// Most bytes of one archive entry
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = headings::LIMITS, hide_short_help = true)]
    pub max_entry_size: Option<u64>,
    /// Most bytes that one archive may expand to
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = headings::LIMITS, hide_short_help = true)]
    pub max_expanded: Option<u64>,
    /// Most entries of one archive
    #[arg(
        long,
        value_name = "N",
        help_heading = headings::LIMITS,
        hide_short_help = true
    )]
    pub max_entries: Option<u64>,
    /// Most expanded bytes for each compressed byte
    #[arg(
        long,
        value_name = "N",
        help_heading = headings::LIMITS,
        hide_short_help = true
    )]
    pub max_ratio: Option<u64>,
    /// Most archives inside archives
    #[arg(
        long,
        value_name = "N",
        help_heading = headings::LIMITS,
        hide_short_help = true
    )]
    pub max_depth: Option<u32>,
    /// Largest decompression window
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = headings::LIMITS, hide_short_help = true)]
    pub max_window: Option<u64>,
    /// Most bytes that a packed program may unpack to
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = headings::LIMITS, hide_short_help = true)]
    pub max_unpacked: Option<u64>,
}
