//! The arguments of every command.

mod cache;
#[cfg(feature = "registry")]
mod catalog;
mod contents;
mod judge;
mod rebuild;
mod source;
#[cfg(feature = "verify")]
mod verify;
mod vulnerabilities;

pub use cache::{CacheArgs, CacheCommand, CacheCommandArgs, CachePruneArgs, CacheStatusArgs};
#[cfg(feature = "registry")]
pub use catalog::CatalogArgs;
pub use contents::{PackagesArgs, WhyArgs};
pub use judge::{AuditArgs, JudgeArgs, LintArgs};
pub use rebuild::RebuildArgs;
pub use source::{Facts, SourceArgs};
#[cfg(feature = "verify")]
pub use verify::{SumDb, VerifyArgs};
pub use vulnerabilities::{
    DatabaseArgs, DbArgs, DbCommand, DbStatusArgs, DbUpdateArgs, ListArgs, VulnArgs,
};

use super::headings;
use super::values::choices;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
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
`gospect COMMAND --help` says more, with examples.
Topics of `gospect help`: targets, formats, exit-codes, policy"
)]
pub struct Cli {
    /// Print help: -h the common options, --help all of them, with examples
    #[arg(short, long, global = true, display_order = 999, help_heading = headings::OUTPUT, action = clap::ArgAction::Help)]
    pub help: Option<bool>,
    #[command(subcommand)]
    pub command: Command,
}

/// The whole command line; the short help (`-h`) says where to find the long help (`--help`).
pub fn command() -> clap::Command {
    let command = <Cli as clap::CommandFactory>::command();
    let names: Vec<String> = command
        .get_subcommands()
        .map(|c| c.get_name().to_owned())
        .collect();
    names
        .iter()
        .fold(command, |command, name| with_more(command, name))
}

/// The same to parse arguments, of which the first is `typed`: if that is a command, only its help is completed.
pub fn command_for(typed: Option<&str>) -> clap::Command {
    match typed.filter(|name| Command::has_subcommand(name)) {
        Some(name) => with_more(<Cli as clap::CommandFactory>::command(), name),
        None => command(),
    }
}

/// Completes the help of one command.
fn with_more(command: clap::Command, name: &str) -> clap::Command {
    let more = format!("All options, with examples: gospect {name} --help");
    // The long help ends with the examples of the command, if it has some, and does not name itself.
    command.mut_subcommand(name, |c| c.after_help(more).after_long_help(""))
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
    /// List the repositories and tags of a registry, as targets
    #[cfg(feature = "registry")]
    Catalog(CatalogArgs),
    /// Show or shrink what --cache keeps between runs
    Cache(CacheCommandArgs),
    /// Explain a rule, a profile, a GODEBUG setting or a GOEXPERIMENT
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
#[command(next_help_heading = headings::COMMAND)]
pub struct DiffArgs {
    /// Output format
    #[arg(help_heading = headings::OUTPUT, long, value_name = "FORMAT", default_value = "text",
          value_parser = choices([("text", "for reading"), ("json", "everything, one document"), ("markdown", "for a pull request comment"), ("html", "one page that needs no network")]))]
    pub format: String,
    /// List all changes of each program, also those that several programs share (text and markdown)
    #[arg(help_heading = headings::OUTPUT, long, conflicts_with = "summary")]
    pub all: bool,
    /// List only changes for the worse, and counts (text and markdown)
    #[arg(help_heading = headings::OUTPUT, long)]
    pub summary: bool,
    /// Exit with 1 on changes of these classes, such as `toolchain,module`; `worse`: those marked `!`, not new modules, programs or (without --vulns) vulnerabilities; `any`: all
    ///
    /// Classes: image (what it starts, as which user, in which environment), toolchain, module, setting, godebug, experiment, goroot, paths (of the build host), linkage, integrity, owner (the package of the distribution that brought it), source, version (any claim about the program's own version), vulnerability (a known one is new or gone, or more or less of it is linked; `any` means it only with --vulns), capability (a module can now start processes, use the network ...; `any` means it only with --capabilities), content (other bytes that no build fact explains), added, removed, any
    #[arg(long, value_name = "CLASS,...")]
    pub fail_on: Vec<String>,
    /// With --fail-on, exit with 0, not 3, when a side has no Go program
    #[arg(long, hide_short_help = true)]
    pub allow_none: bool,
    /// Also show packages gained and lost, and bytes of code by module (of records: those written with `scan --symbols`)
    #[arg(long)]
    pub packages: bool,
    /// Also compare what modules can do, as `--fail-on capability` does (of records: those written with `scan --capabilities`)
    #[arg(long)]
    pub capabilities: bool,
    /// Also compare the code of two programs, function by function, with addresses normalised; both targets are files
    #[arg(long)]
    pub code: bool,
    /// Also compare known vulnerabilities, as `--fail-on vulnerability` does
    ///
    /// So do --vex, --severity and --distribution-fixes. What a VEX document dismisses is no vulnerability of that program
    #[arg(long)]
    pub vulns: bool,
    /// Compare vulnerabilities of this level or above, as `gospect vuln` counts them
    #[arg(long, value_name = "LEVEL", default_value = "symbol", hide_short_help = true,
          value_parser = vulnerabilities::level_parser())]
    pub level: crate::vuln::Level,
    #[command(flatten)]
    pub lists: ListArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub database: DatabaseArgs,
}

// Arguments of `sbom`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "The time of the bill is SOURCE_DATE_EPOCH if it is set, and the current time otherwise.

Examples:
  gospect sbom ./app > app.cdx.json
  gospect sbom --format spdx -o app.spdx.json image.tar
  gospect sbom --name app --version v1.4.2 dist/
  gospect sbom --hash dist/                      with the SHA-256 of each program
  gospect sbom --licenses \"$(go env GOMODCACHE)\" ./app
  gospect sbom --spec-version 1.5 ./app          for a reader without newer versions"
)]
#[command(next_help_heading = headings::COMMAND)]
pub struct SbomArgs {
    /// Output format
    #[arg(help_heading = headings::OUTPUT, long, value_name = "FORMAT", default_value = "cyclonedx",
          value_parser = choices([("cyclonedx", "CycloneDX, JSON"), ("spdx", "SPDX, JSON")]))]
    pub format: String,
    /// Name of the release that the bill is about [default: the targets]
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub name: Option<String>,
    /// Version of the release that the bill is about
    #[arg(long = "version", id = "release", value_name = "VERSION", value_parser = NonEmptyStringValueParser::new())]
    pub release: Option<String>,
    /// Version of the format: CycloneDX 1.4, 1.5, 1.6 or 1.7, SPDX 2.3 or 3.0 [default: 1.7 and 2.3]
    ///
    /// trivy 0.74, syft 1.57, grype 0.121 and osv-scanner 2.6 read CycloneDX 1.7; syft 1.18 reads up to 1.6. What an older version cannot express is left out: evidence and life cycle in 1.4.
    /// None of them reads SPDX 3.0; libraries do, such as spdx-python-model
    #[arg(long, value_name = "VERSION")]
    pub spec_version: Option<String>,
    /// List licences by the licence files of modules in DIR: a module cache, or a vendor folder; may be given again
    ///
    /// Licences are not guessed: one whose text is not known word for word is reported as unknown, with the reason
    #[cfg(feature = "verify")]
    #[arg(long, value_name = "DIR")]
    pub licenses: Vec<PathBuf>,
    /// List known vulnerabilities with their analysis (CycloneDX only)
    ///
    /// So do --vex, --severity and --distribution-fixes
    #[arg(long)]
    pub vulns: bool,
    #[command(flatten)]
    pub lists: ListArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub database: DatabaseArgs,
}

// Arguments of `fips`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  gospect fips ./app
  gospect fips --format json dist/")]
pub struct FipsArgs {
    /// Output format
    #[arg(help_heading = headings::OUTPUT, long, value_name = "FORMAT", default_value = "text",
          value_parser = choices([("text", "for reading"), ("json", "one document")]))]
    pub format: String,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub source: SourceArgs,
}

// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  gospect explain                    everything that can be explained
  gospect explain dirty-tree         a rule, by name or by code
  gospect explain release            a profile: which rules are on in it
  gospect explain asynctimerchan     a GODEBUG setting
  gospect explain greenteagc         an experiment")]
#[command(next_help_heading = headings::COMMAND)]
pub struct ExplainArgs {
    /// Rule, code, GODEBUG setting or GOEXPERIMENT; without it: list all
    #[arg(help_heading = clap::builder::Resettable::Reset, value_name = "NAME")]
    pub name: Option<String>,
    /// Policy file with rules of your own [default: gospect.toml in the current directory, if it exists]
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputArgs,
    /// Output format
    #[arg(help_heading = headings::OUTPUT, long, value_name = "FORMAT", default_value = "text",
          value_parser = choices([("text", "for reading"), ("json", "one document"), ("markdown", "for a page")]))]
    pub format: String,
}

// Arguments of `init`.
#[derive(Debug, Args)]
#[command(next_help_heading = headings::OUTPUT)]
pub struct InitArgs {
    /// Where to write it; `-`: standard output
    #[arg(long, short = 'o', value_name = "FILE", default_value = crate::audit::policy::FILE_NAME)]
    pub output: PathBuf,
    /// Replace an existing file
    #[arg(long)]
    pub force: bool,
}

// Arguments of `version`, only for help and completions: the command parses them like `go version`.
#[derive(Debug, Args)]
#[command(override_usage = "gospect version [-m] [-v] [-json] [FILE...]")]
#[command(next_help_heading = headings::COMMAND)]
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
    #[arg(help_heading = clap::builder::Resettable::Reset, value_name = "FILE")]
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
#[command(next_help_heading = headings::OUTPUT)]
pub struct ManArgs {
    /// The command that the page is about [default: gospect itself]
    #[arg(help_heading = clap::builder::Resettable::Reset, value_name = "COMMAND")]
    pub command: Option<String>,
    /// Write the page of every command into DIR
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub directory: Option<PathBuf>,
}

// Arguments of `ps`.
#[derive(Debug, Args)]
#[command(next_help_heading = headings::COMMAND)]
pub struct PsArgs {
    /// Output format [default: table]
    #[arg(help_heading = headings::OUTPUT, long, value_name = "FORMAT",
          value_parser = choices(crate::report::format::SCAN.iter().map(|f| (f.name, f.doc))))]
    pub format: Option<String>,
    /// Exit with 2 when a process could not be examined
    #[arg(long)]
    pub strict: bool,
    /// Exit with 3 when no Go program runs
    #[arg(long)]
    pub require: bool,
    #[command(flatten)]
    pub output: OutputArgs,
}

// Arguments of `scan`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  gospect scan dist/                      every Go binary under dist
  gospect scan ./app                      everything about one binary
  gospect scan --format ndjson / | jq .   one JSON object a line")]
#[command(next_help_heading = headings::COMMAND)]
pub struct ScanArgs {
    /// Output format [default: card for one binary, else table]
    #[arg(help_heading = headings::OUTPUT, long, value_name = "FORMAT",
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
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub source: SourceArgs,
}

// Where the result is written, and how it looks.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = headings::OUTPUT)]
pub struct OutputArgs {
    /// Write to FILE instead of standard output
    #[arg(long, short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Print only errors on standard error
    #[arg(long, short)]
    pub quiet: bool,
    /// Colours: auto, always or never
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Color,
}

/// When to write colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal; NO_COLOR, FORCE_COLOR=0 and CLICOLOR=0 switch them off, FORCE_COLOR=1 and CLICOLOR_FORCE=1 on
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

    #[test]
    fn a_command_parsed_alone_answers_as_among_all() {
        let root = command();
        for name in root.get_subcommands().map(clap::Command::get_name) {
            for more in [&["-h"][..], &["--help"], &["--nonsense"], &["help", "scan"]] {
                let args = [&["gospect", name], more].concat();
                let answer = |command: clap::Command| {
                    let matches = command.try_get_matches_from(&args);
                    matches
                        .map(|_| ())
                        .map_err(|error| error.render().to_string())
                };
                let alone = answer(command_for(Some(name)));
                assert_eq!(alone, answer(command()), "{name} {more:?}");
            }
        }
    }

    #[test]
    fn every_option_has_a_text_and_a_heading() {
        fn walk(command: &clap::Command, seen: &mut usize) {
            for arg in command
                .get_arguments()
                .filter(|arg| arg.get_id() != "version")
            {
                let name = format!("{} {}", command.get_name(), arg.get_id());
                let text = arg.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(text.len() > 5, "{name} has no text");
                let heading = arg.get_help_heading();
                assert_eq!(
                    heading.is_none(),
                    arg.is_positional(),
                    "{name}: {heading:?}"
                );
                *seen += 1;
            }
            command
                .get_subcommands()
                .for_each(|inner| walk(inner, seen));
        }
        let mut root = command().disable_help_subcommand(true);
        root.build();
        let mut seen = 0;
        walk(&root, &mut seen);
        assert!(seen > 300, "{seen}");
    }

    #[test]
    fn short_help_fits_a_screen() {
        let mut root = command();
        root.build();
        for command in root.get_subcommands_mut() {
            let help = command.render_help().to_string();
            let lines = help.lines().count();
            assert!(lines <= 50, "{}: {lines} lines\n{help}", command.get_name());
        }
    }
}
