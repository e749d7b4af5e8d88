//! Arguments of `rebuild`.

use super::OutputArgs;
use crate::cli::headings;
use crate::cli::values::choices;
use clap::Args;
use std::path::PathBuf;

// Arguments of `rebuild`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "It runs the `go` command, which fetches the toolchain and the modules through the proxies of GOPROXY, in a private
folder that is removed. The program itself is never run. --recipe runs and fetches nothing.

Exit codes: 0 identical, or the same code; 1 code or data differ; 2 not built; 3 no Go program.

Examples:
  gospect rebuild ./app                              build it again from the module proxy, and compare
  gospect rebuild --recipe ./app > rebuild.sh        the commands, to read and to run by hand
  gospect rebuild --source . dist/app_linux_amd64    from this checkout
  gospect rebuild --module example.com/app@v1.2.3 ./app
  gospect rebuild --format markdown ./app >> \"$GITHUB_STEP_SUMMARY\""
)]
#[command(next_help_heading = headings::COMMAND)]
pub struct RebuildArgs {
    /// The Go program
    #[arg(help_heading = clap::builder::Resettable::Reset, value_name = "PROGRAM")]
    pub program: PathBuf,
    /// Print the recipe, a POSIX shell script, and build nothing
    #[arg(long)]
    pub recipe: bool,
    /// Take the source from the checkout in DIR, not from the module proxy
    #[arg(long, value_name = "DIR")]
    pub source: Option<PathBuf>,
    /// Take the source of this module and version
    #[arg(long, value_name = "PATH@VERSION")]
    pub module: Option<String>,
    /// Write the rebuilt program to FILE
    #[arg(long, value_name = "FILE")]
    pub keep: Option<PathBuf>,
    /// Write an unsigned in-toto statement of the result to FILE
    #[arg(long, value_name = "FILE")]
    pub attestation: Option<PathBuf>,
    /// Keep downloads and compiled packages in DIR for the next rebuild
    #[arg(long, value_name = "DIR")]
    pub build_cache: Option<PathBuf>,
    /// The go command to run [default: the one in PATH]
    #[arg(
        long,
        value_name = "FILE",
        default_value = "go",
        hide_default_value = true
    )]
    pub go: PathBuf,
    /// Run the C compiler too, for programs with cgo; source and record decide its flags
    #[arg(long)]
    pub allow_cgo: bool,
    /// Platform of the program, of an image for several: OS/ARCH
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<String>,
    /// Architecture of a universal Mach-O file to rebuild
    #[arg(long, value_name = "ARCH")]
    pub slice: Option<String>,
    /// Output format
    #[arg(help_heading = headings::OUTPUT, long, value_name = "FORMAT", default_value = "text",
          value_parser = choices([("text", "for reading"), ("json", "one document"), ("markdown", "for the summary of a job"), ("html", "one page that needs no network")]))]
    pub format: String,
    #[command(flatten)]
    pub output: OutputArgs,
}
