//! Arguments of `catalog`, and of targets that name a whole registry.

use super::{OutputArgs, SourceArgs};
use crate::cli::headings;
use crate::cli::values::choices;
use crate::source::registry::listing::CONNECTIONS;
use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;

// Arguments of `catalog`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Each line is a target for scan, audit and the other commands. Credentials are those of `docker login`.

Examples:
  gospect catalog example.org                              every repository and tag
  gospect catalog --include 'team/*' --newest 3 example.org
  gospect catalog example.org/team/app                     the tags of one repository
  gospect catalog --digests --format ndjson example.org    what each tag leads to: digest, platforms, layers, bytes
  gospect catalog example.org | gospect scan --files-from -
  gospect scan registry:example.org                        the same in one step"
)]
#[command(next_help_heading = headings::COMMAND)]
pub struct CatalogArgs {
    /// HOST, HOST/NAME, HOST/NAME:TAG or HOST/NAME@DIGEST, with or without `registry:`
    #[arg(help_heading = clap::builder::Resettable::Reset, value_name = "REGISTRY", required_unless_present = "files_from")]
    pub places: Vec<OsString>,
    /// Only repositories, or REPOSITORY:TAG, that match GLOB; may be given again
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// No repositories, or REPOSITORY:TAG, that match GLOB; may be given again
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Only the N tags of each repository that were built last
    #[arg(long, value_name = "N")]
    pub newest: Option<usize>,
    /// Also find out what each tag leads to; text then names images by tag and digest
    #[arg(long)]
    pub digests: bool,
    /// With --digests: only images of this platform, such as linux/arm64 [default: all]
    #[arg(long, value_name = "OS/ARCH")]
    pub platform: Option<String>,
    /// Read more registries and images from FILE (`-`: standard input), one a line
    #[arg(long, value_name = "FILE")]
    pub files_from: Option<PathBuf>,
    /// Begin after this repository: the last one of a listing that was cut short
    #[arg(long, value_name = "NAME")]
    pub after: Option<String>,
    /// Output format
    #[arg(help_heading = headings::OUTPUT, long, value_name = "FORMAT", default_value = "text",
          value_parser = choices([("text", "one target a line"), ("json", "one document"), ("ndjson", "one object a line, as they come")]))]
    pub format: String,
    #[command(flatten)]
    pub output: OutputArgs,
    /// Connections to a registry at a time
    #[arg(help_heading = headings::RUNNING, long, value_name = "N", default_value_t = CONNECTIONS)]
    pub connections: usize,
    /// Talk plain HTTP to registries on this host
    #[arg(help_heading = headings::RUNNING, long)]
    pub insecure_http: bool,
}

impl CatalogArgs {
    /// What `scan registry:HOST` chooses.
    pub fn of_scan(source: &SourceArgs) -> Self {
        Self {
            places: Vec::new(),
            files_from: None,
            include: source.include.clone(),
            exclude: source.exclude.clone(),
            newest: source.newest,
            platform: source.platform.clone(),
            digests: false,
            after: None,
            connections: CONNECTIONS,
            insecure_http: source.insecure_http,
            format: "text".to_owned(),
            output: OutputArgs::default(),
        }
    }
}
