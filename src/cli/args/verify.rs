//! Arguments of `verify`.

use super::{OutputArgs, SourceArgs};
use crate::cli::headings;
use crate::cli::values::choices;
use crate::report::verify::FORMATS;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

// Arguments of `verify`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "The exit code is 1 when something is different, 2 when a checksum database could not be asked or its answer fails verification, or, with
--strict, when something is not known. GOPROXY, GOSUMDB, GONOSUMDB and GOPRIVATE are read as the go command reads them.

Examples:
  gospect verify ./app                           every recorded sum, by the checksum database
  gospect verify --sumdb offline dist/           by what the module cache has, without a network
  gospect verify --sumdb off --go-sum go.sum dist/
  gospect verify --provenance app.sigstore.json --trusted-root trusted_root.json ./app
  gospect verify --provenance app.sigstore.json --trusted-root trusted_root.json --signer-identity 'https://github.com/you/app/*' ./app
  gospect verify --sumdb off --source . ./app    commit, tag, go.mod and go.sum
  gospect verify --format markdown dist/ >> \"$GITHUB_STEP_SUMMARY\"
  gospect scan --format ndjson / > all.ndjson && gospect verify records:all.ndjson"
)]
#[command(next_help_heading = headings::COMMAND)]
pub struct VerifyArgs {
    /// Which sums of the checksum database to use
    #[arg(long, value_enum, default_value_t, value_name = "MODE")]
    pub sumdb: SumDb,
    /// Compare with the sums of this go.sum or go.work.sum file; may be given again
    #[arg(long, value_name = "FILE")]
    pub go_sum: Vec<PathBuf>,
    /// Checkout to compare with: the folder of its go.mod, read without running git
    #[arg(long = "source", value_name = "DIR")]
    pub checkout: Option<PathBuf>,
    /// Provenance to compare with: in-toto statements, DSSE envelopes or Sigstore bundles, as JSON or JSON lines; may be given again
    #[arg(long, value_name = "FILE")]
    pub provenance: Vec<PathBuf>,
    /// Trusted root of Sigstore (trusted_root.json) that must verify the bundles; may be given again
    #[arg(long, value_name = "FILE")]
    pub trusted_root: Vec<PathBuf>,
    /// Public key (PEM) that must have signed the provenance; may be given again
    #[arg(long, value_name = "FILE")]
    pub key: Vec<PathBuf>,
    /// Who must have signed the bundles, by their certificates: an e-mail address or the address of a workflow; * is any text; may be given again
    #[arg(
        long,
        value_name = "IDENTITY",
        value_parser = clap::builder::NonEmptyStringValueParser::new(),
        requires = "trusted_root",
        alias = "certificate-identity"
    )]
    pub signer_identity: Vec<String>,
    /// Who must have vouched for the signer, such as https://token.actions.githubusercontent.com; * is any text; may be given again
    #[arg(
        long,
        value_name = "ISSUER",
        value_parser = clap::builder::NonEmptyStringValueParser::new(),
        requires = "trusted_root",
        alias = "certificate-oidc-issuer"
    )]
    pub signer_issuer: Vec<String>,
    /// Output format
    #[arg(help_heading = headings::OUTPUT, long, value_name = "FORMAT", default_value = "text",
          value_parser = choices(FORMATS.iter().map(|(name, _, doc)| (*name, *doc))))]
    pub format: String,
    /// In text, list every unknown sum, even if many are unknown for the same reason
    #[arg(help_heading = headings::OUTPUT, long, hide_short_help = true)]
    pub all: bool,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub source: SourceArgs,
}

/// Which sums of the checksum database to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SumDb {
    /// Those that are kept, and the rest from the network, by way of GOPROXY
    #[default]
    Auto,
    /// Only those that are kept in the module cache
    Offline,
    /// None
    Off,
}
