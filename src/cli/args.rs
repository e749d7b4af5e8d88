//! The arguments of every command.

mod contents;
mod rebuild;
#[cfg(feature = "verify")]
mod verify;
mod vulnerabilities;

pub use contents::{PackagesArgs, WhyArgs};
pub use rebuild::RebuildArgs;
#[cfg(feature = "verify")]
pub use verify::{SumDb, VerifyArgs};
pub use vulnerabilities::{DatabaseArgs, DbArgs, DbCommand, DbStatusArgs, DbUpdateArgs, VulnArgs};

use super::levels::Levels;
use super::values::{choices, parse_date, parse_pair, parse_release, parse_size};
use crate::audit::{Date, Level};
use crate::report::findings::Listing;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// X-rays compiled Go programs.
#[derive(Debug, Parser)]
#[command(name = "gospect", version, max_term_width = 100)]
#[command(
    about = "X-rays compiled Go programs: what they were built from, whether the record is true, and what they will do at run time"
)]
#[command(
    disable_help_flag = true,
    after_help = "Start with:  gospect scan DIR
`gospect help COMMAND` says more, with examples.
Topics of `gospect help`: targets, formats, exit-codes, policy"
)]
pub struct Cli {
    /// Print help; `gospect help COMMAND` prints more, with examples
    #[arg(short, long, global = true, display_order = 999, action = clap::ArgAction::HelpShort)]
    pub help: Option<bool>,
    #[command(subcommand)]
    pub command: Command,
}

/// The whole command line; the short help says where to find the long help.
pub fn command() -> clap::Command {
    let command = <Cli as clap::CommandFactory>::command();
    let names: Vec<String> = command
        .get_subcommands()
        .map(|c| c.get_name().to_owned())
        .collect();
    names.into_iter().fold(command, |command, name| {
        let more = format!("All options, with examples: gospect help {name}");
        command.mut_subcommand(name, |c| c.after_help(more))
    })
}

/// The commands. Clap builds only the one that was typed.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// List every Go binary under the targets
    Scan(ScanArgs),
    /// Judge the binaries by rules and a policy
    Audit(AuditArgs),
    /// Judge deployment files: Dockerfiles, manifests and charts, units, workflows, GoReleaser, Terraform, makefiles, scripts and more
    Lint(LintArgs),
    /// Show what changed between two targets
    Diff(DiffArgs),
    /// Write a software bill of materials
    Sbom(SbomArgs),
    /// Show which known vulnerabilities are linked into the programs
    Vuln(VulnArgs),
    /// Compare what programs record with checksum databases, provenance and source
    #[cfg(feature = "verify")]
    Verify(VerifyArgs),
    /// Show the packages that are linked in, by module, with functions and bytes of code
    Packages(PackagesArgs),
    /// Show FIPS 140 module facts and check the integrity checksum
    Fips(FipsArgs),
    /// Show which vulnerability database is used, or fetch a newer one
    Db(DbArgs),
    /// Show by which calls a function, package or module is in a program
    Why(WhyArgs),
    /// Build a program again from its record, and compare
    Rebuild(RebuildArgs),
    /// Explain a rule, a GODEBUG setting or a GOEXPERIMENT
    Explain(ExplainArgs),
    /// Write a commented policy file
    Init(InitArgs),
    /// List the Go programs that run on this host (Linux)
    Ps(PsArgs),
    /// Print what `go version` prints, without Go
    Version(VersionArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Print a manual page, or write all of them
    Man(ManArgs),
}

// Arguments have no doc comment: it would replace the command's description in the list of commands.

// Arguments of `audit`.
#[derive(Debug, Args)]
#[command(mut_arg("targets", |arg| arg.required_unless_present("print_config")))]
#[command(after_long_help = "Examples:
  gospect audit dist/                            findings with their fixes
  gospect audit --profile release -D dirty-tree dist/
  gospect audit --expect vcs.revision=$(git rev-parse HEAD) dist/
  gospect audit --write-baseline base.json dist/ accept what is there today
  gospect audit --format sarif -o out.sarif dist/
  gospect explain RULE                           why, and what to do")]
pub struct AuditArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub judge: JudgeArgs,
    /// Find out what packages can do, for the rules of the family `capabilities` and for --write-baseline; a policy or baseline that asks does the same
    #[arg(long, hide_short_help = true)]
    pub capabilities: bool,
    /// Judge known vulnerabilities too, as a policy does that sets a rule of that family
    #[arg(long)]
    pub vulns: bool,
    /// OpenVEX or CycloneDX document: the vulnerabilities that it takes back are waived; may be given again; asks for --vulns
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub vex: Vec<PathBuf>,
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Compare recorded checksums of modules with this go.sum file; may be given again
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub go_sum: Vec<PathBuf>,
    /// A record key that every binary must have with this value (globs allowed)
    ///
    /// Keys are `go_version`, `main_package`, `vcs.revision` (also shortened), `build_info.Main.Version`, `modules.PATH`, a build setting such as `-tags`, or any other
    /// key of `scan --format json`
    #[arg(long, value_name = "KEY=VALUE")]
    pub expect: Vec<String>,
    /// Exit with 0, not 3, when there is no Go program (for hooks that pass every file)
    #[arg(long)]
    pub allow_none: bool,
}

// How findings are judged and written: shared by `audit` and `lint`.
#[derive(Debug, Args)]
pub struct JudgeArgs {
    /// Policy file [default: gospect.toml in the current directory, when there is one]
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
    /// Judge support dates and waivers by this day [default: today, UTC]
    #[arg(long, value_name = "DATE", value_parser = parse_date, hide_short_help = true)]
    pub today: Option<Date>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text",
          value_parser = choices(crate::report::findings::FORMATS.iter().map(|f| (f.name, f.doc)).chain([("html", "one page that needs no network")])))]
    pub format: String,
    /// In text, list every finding with its evidence, also where a rule finds the same in several programs
    #[arg(long, conflicts_with = "summary", hide_short_help = true)]
    pub all: bool,
    /// In text, write one line for each rule
    #[arg(long, hide_short_help = true)]
    pub summary: bool,
    /// Print the policy in force, every level and option, and stop
    #[arg(long)]
    pub print_config: bool,
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
when nothing tells, the newest known one is taken and said so.

Examples:
  gospect lint Dockerfile compose.yaml deploy/*.yaml app.service
  gospect lint .                                 every deployment file below a directory
  gospect lint --go 1.27 Dockerfile              what happens with the next toolchain
  gospect lint --binary dist/app app.service     judged by the program itself
  helm template . | gospect lint --kind kubernetes -
  gospect lint --format github --fail-on warning Dockerfile
  gospect explain RULE                           why, and what to do"
)]
pub struct LintArgs {
    /// Dockerfiles, Compose files, manifests and charts, systemd units, makefiles, scripts, CI workflows and other deployment files; directories; `-` for standard input
    #[arg(value_name = "FILE", required_unless_present = "print_config")]
    pub files: Vec<PathBuf>,
    /// Judge everything by this Go release, such as 1.27 or go1.26.6
    #[arg(long, value_name = "RELEASE", value_parser = parse_release, conflicts_with = "binary")]
    pub go: Option<crate::knowledge::GoVersion>,
    /// Judge running programs by the release and the defaults of this program
    #[arg(long, value_name = "FILE")]
    pub binary: Option<PathBuf>,
    /// Take every file for this kind
    #[arg(long, value_name = "KIND",
          value_parser = choices(crate::deploy::Kind::ALL.iter().map(|(_, name, doc)| (*name, *doc))))]
    pub kind: Option<String>,
    /// Read what .gitignore and .ignore files pass over too
    #[arg(long)]
    pub no_ignore: bool,
    /// Pass over paths and names that match GLOB
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Exit with 2 when a file was not read
    #[arg(long)]
    pub strict: bool,
    /// Threads [default: one for each processor]
    #[arg(long, short = 'j', value_name = "N")]
    pub jobs: Option<usize>,
    #[command(flatten)]
    pub judge: JudgeArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

// Arguments of `diff`.
#[derive(Debug, Args)]
#[command(
    override_usage = "gospect diff [OPTIONS] OLD NEW",
    after_long_help = "Examples:
  gospect diff dist-1.2/ dist-1.3/
  gospect diff --fail-on toolchain,godebug old.tar.gz new.tar.gz
  gospect diff --format markdown records:old.ndjson dist/
  gospect diff --code old/app new/app             which functions differ, and why"
)]
pub struct DiffArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text",
          value_parser = choices([("text", "for reading"), ("json", "everything, one document"), ("markdown", "for a pull request comment"), ("html", "one page that needs no network")]))]
    pub format: String,
    /// Also show packages gained and lost, and bytes of code by module (of records: those written with `scan --symbols`)
    #[arg(long)]
    pub packages: bool,
    /// Also compare the code of two programs, function by function, with addresses normalised; both targets are files
    #[arg(long)]
    pub code: bool,
    /// Compare what modules can do too, as `--fail-on capability` does (of records: those written with `scan --capabilities`)
    #[arg(long)]
    pub capabilities: bool,
    /// Exit with 1 on changes of these classes: toolchain, module, setting, godebug, experiment, goroot, linkage, integrity, owner (the package of the distribution that brought it), source, version (any claim about the program's own version), vulnerability (a known one is new or gone, or more or less of it is linked; `any` means it only with --vulns), capability (a module can now start processes, use the network ...; `any` means it only with --capabilities), content (other bytes that no build fact explains), added, removed, any
    #[arg(long, value_name = "CLASS,...")]
    pub fail_on: Vec<String>,
    /// Compare known vulnerabilities too, as `--fail-on vulnerability` does
    #[arg(long)]
    pub vulns: bool,
    #[command(flatten)]
    pub database: DatabaseArgs,
}

// Arguments of `sbom`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "The time of the bill is SOURCE_DATE_EPOCH when it is set, else now.

Examples:
  gospect sbom ./app > app.cdx.json
  gospect sbom --format spdx -o app.spdx.json image.tar"
)]
pub struct SbomArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "cyclonedx",
          value_parser = choices([("cyclonedx", "CycloneDX, JSON"), ("spdx", "SPDX 2.3, JSON")]))]
    pub format: String,
    /// List known vulnerabilities with their analysis (CycloneDX only)
    #[arg(long)]
    pub vulns: bool,
    #[command(flatten)]
    pub database: DatabaseArgs,
}

// Arguments of `fips`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  gospect fips ./app
  gospect fips --format json dist/")]
pub struct FipsArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text",
          value_parser = choices([("text", "for reading"), ("json", "one document")]))]
    pub format: String,
}

// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  gospect explain                    everything that can be explained
  gospect explain dirty-tree         a rule, by name or by code
  gospect explain asynctimerchan     a GODEBUG setting
  gospect explain greenteagc         an experiment")]
pub struct ExplainArgs {
    /// Rule, code, GODEBUG setting or GOEXPERIMENT; without it: list all
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    #[command(flatten)]
    pub output: OutputArgs,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text",
          value_parser = choices([("text", "for reading"), ("json", "one document"), ("markdown", "for a page")]))]
    pub format: String,
}

// Arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Where to write it; `-`: standard output
    #[arg(long, short = 'o', value_name = "FILE", default_value = crate::audit::policy::FILE_NAME)]
    pub output: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    pub force: bool,
}

// Arguments of `version`, only for help and completions: the command parses them like `go version`.
#[derive(Debug, Args)]
#[command(override_usage = "gospect version [-m] [-v] [-json] [FILE...]")]
pub struct VersionArgs {
    /// Print the recorded modules and build settings
    #[arg(short = 'm')]
    pub modules: bool,
    /// Say which files of a directory are not Go
    #[arg(short = 'v')]
    pub verbose: bool,
    /// With -m: print JSON (`-json`)
    #[arg(long)]
    pub json: bool,
    /// Programs or directories; without one: the version of gospect
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_long_help = "Example:
  gospect completions bash > ~/.local/share/bash-completion/completions/gospect")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

// Arguments of `man`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  gospect man audit | man -l -
  gospect man --directory ~/.local/share/man/man1")]
pub struct ManArgs {
    /// The command that the page is about [default: gospect itself]
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
    /// Write the page of every command into DIR
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub directory: Option<PathBuf>,
}

// Arguments of `ps`.
#[derive(Debug, Args)]
pub struct PsArgs {
    #[command(flatten)]
    pub output: OutputArgs,
    /// Output format [default: table]
    #[arg(long, value_name = "FORMAT",
          value_parser = choices(crate::report::format::SCAN.iter().map(|f| (f.name, f.doc))))]
    pub format: Option<String>,
    /// Exit with 2 when a process could not be examined
    #[arg(long)]
    pub strict: bool,
    /// Exit with 3 when no Go program runs
    #[arg(long)]
    pub require: bool,
}

// Arguments of `scan`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  gospect scan dist/                      every Go binary under dist
  gospect scan ./app                      everything about one binary
  gospect scan --format ndjson / | jq .   one JSON object a line")]
pub struct ScanArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    /// Output format [default: card for one binary, else table]
    #[arg(long, value_name = "FORMAT",
          value_parser = choices(crate::report::format::SCAN.iter().map(|f| (f.name, f.doc))))]
    pub format: Option<String>,
    /// Add the names of all linked functions, and the packages, to each record
    #[arg(long)]
    pub symbols: bool,
    /// Add the packages, and what each of them can do, to each record
    #[arg(long)]
    pub capabilities: bool,
    /// Exit with 3 when no Go binary is found
    #[arg(long)]
    pub require: bool,
}

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
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub files_from: Option<PathBuf>,
    /// Targets of --files-from end with NUL instead of newline
    #[arg(short = '0', requires = "files_from", hide_short_help = true)]
    pub null: bool,
    /// Do not open files below SIZE in a walk; no linked Go program is smaller than the default
    #[arg(long, value_name = "SIZE", default_value = "16KiB", value_parser = parse_size, hide_short_help = true)]
    pub min_size: u64,
    /// Look only at what is likely to be Go: files of 256 KiB and more without an extension of text
    #[arg(long, hide_short_help = true)]
    pub likely: bool,
    /// Pass over paths and names that match GLOB
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Follow symbolic links in a walk
    #[arg(long, hide_short_help = true)]
    pub follow: bool,
    /// Stay on the file system of each target
    #[arg(long, hide_short_help = true)]
    pub one_file_system: bool,
    /// Do not look inside archives
    #[arg(long)]
    pub no_archives: bool,
    /// Only images of this platform, such as linux/arm64 [default: all]
    #[arg(long, value_name = "OS/ARCH")]
    pub platform: Option<String>,
    /// Check the digests of uncompressed layers too
    #[arg(long, hide_short_help = true)]
    pub verify_diffid: bool,
    /// Talk plain HTTP to registries on this host
    #[arg(long, hide_short_help = true)]
    pub insecure_http: bool,
    /// Memory for what is kept of archives, images and executables; more goes to temporary files, or waits
    #[arg(long, value_name = "SIZE", default_value = "512MiB", value_parser = parse_size, hide_short_help = true)]
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
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "Limits", hide_short_help = true)]
    pub max_entry_size: Option<u64>,
    /// Most bytes that one archive may expand to
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "Limits", hide_short_help = true)]
    pub max_expanded: Option<u64>,
    /// Most entries of one archive
    #[arg(
        long,
        value_name = "N",
        help_heading = "Limits",
        hide_short_help = true
    )]
    pub max_entries: Option<u64>,
    /// Most expanded bytes for each compressed byte
    #[arg(
        long,
        value_name = "N",
        help_heading = "Limits",
        hide_short_help = true
    )]
    pub max_ratio: Option<u64>,
    /// Most archives inside archives
    #[arg(
        long,
        value_name = "N",
        help_heading = "Limits",
        hide_short_help = true
    )]
    pub max_depth: Option<u32>,
    /// Largest decompression window
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "Limits", hide_short_help = true)]
    pub max_window: Option<u64>,
    /// Most bytes that a packed program may unpack to
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "Limits", hide_short_help = true)]
    pub max_unpacked: Option<u64>,
}

// Where the result is written, and how it looks.
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
    /// On a terminal; NO_COLOR and CLICOLOR=0 switch them off, FORCE_COLOR and CLICOLOR_FORCE on
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }
}
