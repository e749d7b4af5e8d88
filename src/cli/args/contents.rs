//! Arguments of `packages` and `why`.

use super::{DatabaseArgs, OutputArgs, SourceArgs};
use crate::cli::headings;
use crate::cli::values::choices;
use clap::Args;
use std::path::PathBuf;

// Arguments of `packages`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Sizes are those of the function table, so that stripped programs have them too. A function that exists only
inlined into others counts as one of its package and has no bytes; its code is part of those it is in.

Examples:
  gospect packages ./app
  gospect packages --capabilities ./app
  gospect packages --format csv dist/ > packages.csv
  gospect packages --format html ./app > packages.html

What a package can do (FILES, NETWORK, EXEC ...) is named as capslock names it. A `?` says that it depends on a function value or a
method of an interface; without one, each step is a call in the code."
)]
#[command(next_help_heading = headings::COMMAND)]
pub struct PackagesArgs {
    /// Show the chain of calls that proves each capability
    #[arg(long)]
    pub capabilities: bool,
    /// Leave out what packages can do: most of the time goes into reading the code
    #[arg(long, conflicts_with = "capabilities")]
    pub no_capabilities: bool,
    /// Output format
    #[arg(help_heading = headings::OUTPUT, long, value_name = "FORMAT", default_value = "text",
          value_parser = choices([("text", "for reading"), ("json", "one document"), ("csv", "a row for each package"),
                                 ("html", "a page that draws packages by size")]))]
    pub format: String,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub source: SourceArgs,
}

// Arguments of `why`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  gospect why ./app 'os/exec.(*Cmd).Start'     a function
  gospect why ./app net/http                   a package
  gospect why ./app github.com/spf13/cobra     a module
  gospect why ./app GO-2024-2687               each linked function of a vulnerability
  gospect why --format dot ./app plugin.Open | dot -Tsvg > why.svg

Each step says how it was seen: `call` is in the code; `value` and `method` are possible, and depend on what happens at run time.")]
#[command(next_help_heading = headings::COMMAND)]
pub struct WhyArgs {
    /// The Go program
    #[arg(help_heading = clap::builder::Resettable::Reset, value_name = "PROGRAM")]
    pub program: PathBuf,
    /// Functions, packages, modules, or IDs of vulnerabilities
    #[arg(help_heading = clap::builder::Resettable::Reset, value_name = "NAME", required = true)]
    pub names: Vec<String>,
    /// Show up to N chains for each name
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub chains: usize,
    /// Platform of the program, of an image for several: OS/ARCH
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<String>,
    /// Architecture of a universal Mach-O file to look into
    #[arg(long, value_name = "ARCH")]
    pub slice: Option<String>,
    /// Fail (exit code 2) when the program cannot tell, such as without a function table
    #[arg(long)]
    pub strict: bool,
    /// Output format
    #[arg(help_heading = headings::OUTPUT, long, value_name = "FORMAT", default_value = "text",
          value_parser = choices([("text", "for reading"), ("json", "one document"), ("dot", "a picture, by Graphviz"),
                                 ("html", "a page, with what the packages on the way can do")]))]
    pub format: String,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Folder of fetched databases; `off`: use none [default: gospect in the cache folder of the user]
    #[arg(help_heading = headings::DATABASE, long, value_name = "DIR|off", hide_short_help = true)]
    pub cache: Option<PathBuf>,
}
