//! Arguments of `audit` and `lint`.

use super::{DatabaseArgs, ListArgs, OutputArgs, SourceArgs};
use crate::audit::{Date, Level};
use crate::cli::headings;
use crate::cli::levels::Levels;
use crate::cli::values::{choices, parse_date, parse_release};
use crate::report::findings::Listing;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::path::PathBuf;

// Arguments of `audit`.
#[derive(Debug, Args)]
#[command(mut_arg("targets", |arg| arg.required_unless_present("print_config")))]
#[command(after_long_help = "Examples:
  gospect audit dist/                            findings with their fixes
  gospect audit --profile release -D dirty-tree dist/
  gospect audit --expect vcs.revision=$(git rev-parse HEAD) --expect 'go_version>=1.26' dist/
  gospect audit --write-baseline base.json dist/ accept today's findings
  gospect audit --format sarif -o out.sarif dist/
  gospect explain RULE                           why, and what to do")]
#[command(next_help_heading = headings::JUDGING)]
pub struct AuditArgs {
    #[command(flatten)]
    pub judge: JudgeArgs,
    /// Show this result of `gospect rebuild --format json` on the page of --format html; may be given again
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub rebuilt: Vec<PathBuf>,
    /// A record key that every binary must have with this value (globs allowed); `go_version>=1.26` is a minimum
    ///
    /// Keys are `version` (of the program), `go_version`, `main_package`, `vcs.revision` (also shortened), `modules.PATH`, a build setting such as `-tags`, or any other
    /// key of `scan --format json`. `>=`, `<=`, `>` and `<` compare versions and numbers. A version may have a leading `v` or not. Expectations count even with `-A all`
    #[arg(long, value_name = "KEY=VALUE", allow_hyphen_values = true)]
    pub expect: Vec<String>,
    /// Find out what packages can do, for the rules of the family `capabilities` and for --write-baseline; a policy or baseline that asks does the same
    #[arg(long, hide_short_help = true)]
    pub capabilities: bool,
    /// Also judge known vulnerabilities
    ///
    /// A policy that sets a rule of the family `vulnerabilities` does the same, and so do --vex, whose statements waive findings, --severity and --distribution-fixes
    #[arg(long)]
    pub vulns: bool,
    #[command(flatten)]
    pub lists: ListArgs,
    /// Compare recorded checksums of modules with this go.sum file; may be given again
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub go_sum: Vec<PathBuf>,
    /// Exit with 0, not 3, when there is no Go program
    ///
    /// For hooks that pass every file
    #[arg(long)]
    pub allow_none: bool,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub database: DatabaseArgs,
}

// How findings are judged and written: shared by `audit` and `lint`.
#[derive(Debug, Args)]
#[command(next_help_heading = headings::JUDGING)]
pub struct JudgeArgs {
    /// Policy file [default: gospect.toml in the current directory, if it exists]
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Profile: default, release, container, fips, or one of the policy file
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    #[command(flatten)]
    pub levels: Levels,
    /// Exit with 1 on findings of this level or worse
    #[arg(long, value_name = "LEVEL", default_value = "error",
          value_parser = PossibleValuesParser::new(Level::ALL.map(Level::name)).try_map(|name| Level::parse(&name).ok_or("no such level")))]
    pub fail_on: Level,
    /// Count only what is not in this baseline
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Accept what is found: write it as a baseline, and do not exit with 1
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
    /// Print the policy in force, every level and option, and stop
    #[arg(long)]
    pub print_config: bool,
    /// Judge support dates and waivers by this day [default: today, UTC]
    #[arg(long, value_name = "DATE", value_parser = parse_date, hide_short_help = true)]
    pub today: Option<Date>,
    /// Output format
    #[arg(help_heading = headings::OUTPUT, long, value_name = "FORMAT", default_value = "text",
          value_parser = choices(crate::report::findings::FORMATS.iter().map(|f| (f.name, f.doc)).chain([("html", "one page that needs no network")])))]
    pub format: String,
    /// In text and Markdown, write one line for each rule
    #[arg(help_heading = headings::OUTPUT, long, hide_short_help = true)]
    pub summary: bool,
    /// In text and Markdown, list every finding with its evidence, also where a rule finds the same in several programs
    #[arg(help_heading = headings::OUTPUT, long, conflicts_with = "summary", hide_short_help = true)]
    pub all: bool,
}

impl JudgeArgs {
    /// How text lists findings.
    pub fn listing(&self) -> Listing {
        match (self.all, self.summary) {
            (true, _) => Listing::All,
            (_, true) => Listing::Summary,
            _ => Listing::Grouped,
        }
    }
}

// Arguments of `lint`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "The Go release comes from --go, from the program of --binary, from the file itself (FROM golang:1.N, go-version), or from
go.mod, go.work, .go-version, .tool-versions or mise.toml around it;
if nothing names one, the newest known release is used, and a message says so.

Examples:
  gospect lint Dockerfile compose.yaml deploy/*.yaml app.service
  gospect lint .                                 every deployment file below a directory
  gospect lint --go 1.27 Dockerfile              what happens with the next toolchain
  gospect lint --binary dist/app app.service     judged by the program itself
  helm template . | gospect lint --kind kubernetes -
  gospect lint --format github --fail-on warning Dockerfile
  gospect explain RULE                           why, and what to do"
)]
#[command(next_help_heading = headings::JUDGING)]
pub struct LintArgs {
    #[command(flatten)]
    pub judge: JudgeArgs,
    /// Judge everything by this Go release, such as 1.27 or go1.26.6
    #[arg(long, value_name = "RELEASE", value_parser = parse_release, conflicts_with = "binary")]
    pub go: Option<crate::knowledge::GoVersion>,
    /// Judge running programs by the release and the defaults of this program
    #[arg(long, value_name = "FILE")]
    pub binary: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputArgs,
    /// Dockerfiles, Compose files, manifests and charts, systemd units, makefiles, scripts, CI workflows and other deployment files; directories; `-` for standard input
    #[arg(help_heading = clap::builder::Resettable::Reset, value_name = "FILE", required_unless_present = "print_config")]
    pub files: Vec<PathBuf>,
    /// Treat every file as this kind
    #[arg(help_heading = headings::TARGETS, long, value_name = "KIND",
          value_parser = choices(crate::deploy::Kind::ALL.iter().map(|(_, name, doc)| (*name, *doc))))]
    pub kind: Option<String>,
    /// Skip paths and names that match GLOB
    #[arg(help_heading = headings::TARGETS, long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Also read files that .gitignore and .ignore exclude
    #[arg(help_heading = headings::TARGETS, long)]
    pub no_ignore: bool,
    /// Exit with 2 when a file was not read
    #[arg(help_heading = headings::TARGETS, long)]
    pub strict: bool,
    /// Threads [default: one for each processor]
    #[arg(help_heading = headings::RUNNING, long, short = 'j', alias = "threads", value_name = "N")]
    pub jobs: Option<usize>,
}
