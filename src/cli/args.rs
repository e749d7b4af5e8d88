//! The arguments of every command.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// X-rays compiled Go programs.
#[derive(Debug, Parser)]
#[command(
    name = "gospect",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
#[command(
    about = "X-rays compiled Go programs: what they were built from, whether the record is true, and what they will do at run time"
)]
#[command(after_help = "Start with:  gospect scan DIR")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

/// The commands. `version` is not here: it takes the flags of `go version`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List every Go binary under the targets
    Scan(ScanArgs),
    /// List the Go programs that run on this host (Linux)
    Ps(PsArgs),
}

/// Arguments of `ps`.
#[derive(Debug, Args)]
pub struct PsArgs {
    #[command(flatten)]
    pub output: OutputArgs,
    /// Output format: table, card, json, ndjson, csv or html
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    /// Exit with 2 when a process could not be examined
    #[arg(long)]
    pub strict: bool,
    /// Exit with 3 when no Go program runs
    #[arg(long)]
    pub require: bool,
}

/// Arguments of `scan`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  gospect scan dist/                      every Go binary under dist
  gospect scan ./app                      everything about one binary
  gospect scan --format ndjson / | jq .   one JSON object a line")]
pub struct ScanArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    /// Output format: card, table, json, ndjson or csv [default: card for one binary, else table]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    /// Exit with 3 when no Go binary is found
    #[arg(long)]
    pub require: bool,
}

/// What to find out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Facts {
    /// Only the record: fastest
    BuildInfo,
    /// Everything
    #[default]
    Full,
}

/// Where to look, and how: shared by every command that scans.
#[derive(Clone, Debug, Args)]
pub struct SourceArgs {
    /// Files, directories, `-` for standard input, or SCHEME:REST
    #[arg(value_name = "TARGET", required_unless_present = "files_from")]
    pub targets: Vec<OsString>,
    /// What to find out about each binary
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pub facts: Facts,
    /// Threads [default: one for each processor]
    #[arg(long, short = 'j', value_name = "N")]
    pub jobs: Option<usize>,
    /// Read more targets from FILE (`-`: standard input), one a line
    #[arg(long, value_name = "FILE")]
    pub files_from: Option<PathBuf>,
    /// Targets of --files-from end with NUL instead of newline
    #[arg(short = '0', requires = "files_from")]
    pub null: bool,
    /// Do not open files below SIZE in a walk; no linked Go program is smaller than the default
    #[arg(long, value_name = "SIZE", default_value = "16KiB", value_parser = parse_size)]
    pub min_size: u64,
    /// Look only at what is likely to be Go: files of 256 KiB and more without an extension of text
    #[arg(long)]
    pub likely: bool,
    /// Pass over paths and names that match GLOB
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Follow symbolic links in a walk
    #[arg(long)]
    pub follow: bool,
    /// Stay on the file system of each target
    #[arg(long)]
    pub one_file_system: bool,
    /// Do not look inside archives
    #[arg(long)]
    pub no_archives: bool,
    /// Only images of this platform, such as linux/arm64 [default: all]
    #[arg(long, value_name = "OS/ARCH")]
    pub platform: Option<String>,
    /// Check the digests of uncompressed layers too
    #[arg(long)]
    pub verify_diffid: bool,
    /// Talk plain HTTP to registries on this host
    #[arg(long)]
    pub insecure_http: bool,
    /// Memory for what is kept of archives and images; more goes to temporary files
    #[arg(long, value_name = "SIZE", default_value = "512MiB", value_parser = parse_size)]
    pub memory: u64,
    /// Compute SHA-256 of each executable
    #[arg(long)]
    pub hash: bool,
    /// Assume KEY=VALUE in the run-time environment
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub env: Vec<(String, String)>,
    /// Exit with 2 when something was not examined
    #[arg(long)]
    pub strict: bool,
    /// Most bytes of one archive entry
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "Limits")]
    pub max_entry_size: Option<u64>,
    /// Most bytes that one archive may expand to
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "Limits")]
    pub max_expanded: Option<u64>,
    /// Most entries of one archive
    #[arg(long, value_name = "N", help_heading = "Limits")]
    pub max_entries: Option<u64>,
    /// Most expanded bytes for each compressed byte
    #[arg(long, value_name = "N", help_heading = "Limits")]
    pub max_ratio: Option<u64>,
    /// Most archives inside archives
    #[arg(long, value_name = "N", help_heading = "Limits")]
    pub max_depth: Option<u32>,
    /// Largest decompression window
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "Limits")]
    pub max_window: Option<u64>,
    /// Most bytes that a packed program may unpack to
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "Limits")]
    pub max_unpacked: Option<u64>,
}

/// Where the result goes, and how it looks.
#[derive(Clone, Debug, Args)]
pub struct OutputArgs {
    /// Write to FILE instead of standard output
    #[arg(long, short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Say nothing on standard error but errors
    #[arg(long, short)]
    pub quiet: bool,
    /// Colours: auto, always or never
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Color,
}

/// When to write colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// A number of bytes, with an optional unit: `64K`, `16KiB`, `2M`, `1GiB`; all units are powers of 1024.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit
        .trim()
        .to_ascii_lowercase()
        .trim_end_matches("ib")
        .trim_end_matches('b')
    {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return Err(format!("no such unit: {unit}; use K, M, G or T")),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "needs a number, such as 16KiB".to_owned())?;
    number
        .checked_mul(1 << shift)
        .ok_or_else(|| "too large".to_owned())
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("needs KEY=VALUE, such as GODEBUG=panicnil=1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("0", 0),
            ("17", 17),
            ("16KiB", 16384),
            ("16k", 16384),
            ("2MB", 2 << 20),
            ("1G", 1 << 30),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "k", "1x", "-1", "99999999999T", "1.5M"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
