//! Arguments of `vuln` and `db`.

use super::{OutputArgs, SourceArgs};
use crate::cli::headings;
use crate::cli::values::choices;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

// Arguments of `vuln`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Levels: `symbol`: a vulnerable function is linked; `package`: a package of the entry is linked and none of its functions; `module`:
only the version matches. The exit code is 1 for findings at --level or above that no VEX document dismisses.

Examples:
  gospect vuln dist/ image.tar                   what to upgrade, and what that ends
  gospect vuln --level package ./app
  gospect vuln --format json dist/ | jq .        all levels
  gospect vuln --exit-zero --format openvex -o app.vex.json ./app
  gospect scan --symbols --format ndjson dist/ > today.ndjson
  gospect vuln records:today.ndjson              the same answers without the files"
)]
#[command(next_help_heading = headings::COMMAND)]
#[command(mut_arg("vex", |arg| arg.hide_short_help(false)))]
#[command(mut_arg("severity", |arg| arg.hide_short_help(false)))]
pub struct VulnArgs {
    /// Exit with 1 on findings of this level or above, and list them
    #[arg(long, value_name = "LEVEL", default_value = "symbol",
          value_parser = level_parser())]
    pub level: crate::vuln::Level,
    /// Leave out what no version fixes
    #[arg(long)]
    pub only_fixed: bool,
    /// Show the chain of calls that leads to each linked vulnerable function, as `gospect why` does
    #[arg(long)]
    pub why: bool,
    #[command(flatten)]
    pub lists: ListArgs,
    /// Exit with 1 only on findings that meet CONDITION by a list of --severity: `exploited`, `cvss=N` or `epss=P` (this score or a higher one); may be given again
    #[arg(hide_short_help = true, long, value_name = "CONDITION", requires = "severity", value_parser = crate::vuln::severity::Condition::parse)]
    pub fail_severity: Vec<crate::vuln::severity::Condition>,
    /// Note modules whose authors retracted the linked version or deprecated the module, by the go.mod file of the newest version: in the module cache of this machine, or from the proxies of GOPROXY
    #[arg(long, value_name = "cache|goproxy", hide_short_help = true,
          value_parser = PossibleValuesParser::new(["cache", "goproxy"]))]
    pub retracted: Option<String>,
    /// CycloneDX bill of the same programs; `--format cyclonedx-vex` then names its components, as `trivy sbom --vex` needs
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub bom: Option<PathBuf>,
    /// With `--format openvex`, say `not_affected` also of `pkg:golang/MODULE` for programs that record no version; scanners take that name for every version, so use the document for this build only
    #[arg(long, hide_short_help = true)]
    pub unversioned: bool,
    /// Exit with 0, not 1, when there are findings (2 and 3 stay)
    #[arg(long, conflicts_with = "fail_severity")]
    pub exit_zero: bool,
    /// Output format
    #[arg(help_heading = headings::OUTPUT, long, value_name = "FORMAT", default_value = "text",
          value_parser = choices(crate::report::vuln::FORMATS.iter().map(|f| (f.name, f.doc))))]
    pub format: String,
    /// In text and Markdown, write one line for each upgrade
    #[arg(help_heading = headings::OUTPUT, long, hide_short_help = true)]
    pub summary: bool,
    /// In text and Markdown, list every program and function
    #[arg(help_heading = headings::OUTPUT, long, conflicts_with = "summary", hide_short_help = true)]
    pub all: bool,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub database: DatabaseArgs,
}

// Arguments of `db`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "A database for machines without a network is a zip of the Go module golang.org/x/vulndb, or a copy of the cached file:
  gospect db update && cp ~/.cache/gospect/vulndb.bin .
  gospect db status --db vulndb.bin

Examples:
  gospect db status                        source, date, entries
  gospect db update                        the newest one, by way of GOPROXY
  gospect db update --from vulndb.zip      from a file or folder
  gospect db status --max-db-age 30        exit with 2 when it is older"
)]
pub struct DbArgs {
    #[command(subcommand)]
    pub command: DbCommand,
}

// A doc comment here would replace what the list of commands says.
#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Show source, date and number of entries
    Status(DbStatusArgs),
    /// Fetch the newest database into the cache
    Update(DbUpdateArgs),
}

// Arguments of `db status`.
#[derive(Debug, Args)]
#[command(next_help_heading = headings::DATABASE)]
pub struct DbStatusArgs {
    /// Output format
    #[arg(help_heading = headings::OUTPUT, long, value_name = "FORMAT", default_value = "text",
          value_parser = choices([("text", "for reading"), ("json", "one document")]))]
    pub format: String,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Folder of the cache; `off`: use none [default: gospect in the cache folder of the user]
    #[arg(long, value_name = "DIR|off")]
    pub cache: Option<PathBuf>,
}

// Arguments of `db update`.
#[derive(Debug, Args)]
#[command(next_help_heading = headings::DATABASE)]
pub struct DbUpdateArgs {
    /// Where to get it: goproxy (the module golang.org/x/vulndb, by way of GOPROXY and verified by the checksum database), a folder, a zip file or an https address
    #[arg(long, value_name = "goproxy|PATH|URL", default_value = "goproxy")]
    pub from: OsString,
    /// Folder of the cache [default: gospect in the cache folder of the user]
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputArgs,
}

// What else is known of vulnerabilities: shared by every command that judges them.
#[derive(Clone, Debug, Default, Args)]
pub struct ListArgs {
    /// OpenVEX or CycloneDX document whose statements are applied; may be given again
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub vex: Vec<PathBuf>,
    /// List of severities: CVSS (CSV, or an answer of NVD's API), EPSS or KEV; may be given again
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub severity: Vec<PathBuf>,
    /// List in which a distribution says which version of a package has which fix: secdb of Alpine, JSON of Debian's security tracker, or OSV documents; may be given again
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub distribution_fixes: Vec<PathBuf>,
}

impl ListArgs {
    /// Whether there is any.
    pub fn are_given(&self) -> bool {
        let all = [&self.vex, &self.severity, &self.distribution_fixes];
        all.iter().any(|files| !files.is_empty())
    }
}

// Which vulnerability database: shared by every command that uses one.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = headings::DATABASE)]
pub struct DatabaseArgs {
    /// Vulnerability database: a folder or zip of OSV documents, the module golang.org/x/vulndb, or an https address [default: that of `gospect db update`, or the built-in one if it is newer]
    #[arg(long, value_name = "PATH|URL")]
    pub db: Option<OsString>,
    /// Exit with 2 when the vulnerability database is older
    #[arg(long, value_name = "DAYS", hide_short_help = true)]
    pub max_db_age: Option<u32>,
}

/// Reads the name of a level.
pub(super) fn level_parser() -> impl TypedValueParser<Value = crate::vuln::Level> {
    let names = crate::vuln::Level::ALL.map(crate::vuln::Level::name);
    let names = PossibleValuesParser::new(names);
    names.try_map(|name| crate::vuln::Level::parse(&name).ok_or("no such level"))
}
