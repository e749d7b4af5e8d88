//! Errors that end a command without a result. Their text follows `gospect: ` on standard error.

use crate::audit::BaselineError;
use crate::audit::diff::NoClass;
use crate::audit::policy::{IdleRule, PolicyError};
use crate::source::cache::CacheError;
use crate::source::target::BadTarget;
use crate::vuln::database::Damaged;
use crate::vuln::severity::Condition;
use crate::vulndb::LoadError;
use std::io;

/// What kind of error left a command without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Arguments that make no sense, or do not fit together.
    Usage,
    /// A policy or baseline that cannot be used.
    Policy,
    /// No usable vulnerability database.
    Database,
    /// A named file that cannot be read.
    Input,
    /// The result cannot be written, or is too large for the memory allowed.
    Output,
    /// The system refuses what is needed, such as threads.
    System,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    // Errors in arguments, or arguments that do not fit together.
    #[error("the word `version` must come first: gospect version [-m] [-v] [-json] [FILE...]")]
    VersionNotFirst,
    #[error("ps reads /proc and works on Linux only; scan the executables instead")]
    LinuxOnly,
    #[error("diff needs two targets: gospect diff OLD NEW")]
    NotTwoTargets,
    #[error(
        "diff --code compares two programs, and {0} is not one: name a file, or a program inside an archive as FILE!NAME"
    )]
    CodeOfFiles(String),
    #[error("--module {0}: needs PATH@VERSION, such as example.com/app@v1.2.3")]
    Module(String),
    #[error("standard input can be only one of the targets")]
    StdinTwice,
    #[error("--jobs needs at least 1")]
    NoJobs,
    #[error("--platform {0}: needs OS/ARCH, such as linux/amd64")]
    Platform(String),
    #[cfg(feature = "registry")]
    #[error(
        "--include chooses among the images of a registry (registry:HOST), and no target is one; `--exclude GLOB` leaves out, `FILE!NAME` names one program of an archive or image"
    )]
    IncludeOfRegistries,
    #[error("--exclude {pattern}: {}", source.kind())]
    Exclude {
        pattern: String,
        source: globset::Error,
    },
    #[error("--exclude: {0}")]
    Excludes(#[from] globset::Error),
    #[error("no such format: {0}")]
    NoFormat(String),
    #[error("--spec-version {version}: {format} is written as {known}{}", other.map(|other| format!("; {version} is one of --format {other}")).unwrap_or_default())]
    NoSpecVersion {
        format: &'static str,
        version: String,
        known: String,
        /// The format that is written as this version.
        other: Option<&'static str>,
    },
    #[error(
        "SOURCE_DATE_EPOCH is `{0}`: it needs seconds since 1970, such as 1795392000; correct or unset it"
    )]
    NotSeconds(String),
    #[error("`gospect {0}` needs all facts: leave out --facts build-info")]
    NeedsFacts(&'static str),
    #[error(
        "{target}: contains only build info, and `gospect {command}` needs all facts; scan again without --facts build-info"
    )]
    RecordsWithoutFacts {
        target: String,
        command: &'static str,
    },
    #[error(
        "{target}: records say what was found then, and {flag} asks for more; run it on the files"
    )]
    RecordsAreDone { target: String, flag: &'static str },
    #[error("there is no {what} `{name}`; {hint}")]
    NoName {
        what: &'static str,
        name: String,
        hint: String,
    },
    #[error("nothing is called `{name}`; {hint}")]
    NothingCalled { name: String, hint: String },
    #[error(
        "--fail-on is empty: name classes of changes, such as toolchain,module, or worse, or any"
    )]
    NoClasses,
    #[error("--fail-on: {0}")]
    FailOn(#[from] NoClass),
    #[error("--profile: {0}")]
    Profile(#[source] PolicyError),
    #[error("--expect: {0}")]
    Expect(#[source] PolicyError),
    #[error(transparent)]
    Level(#[from] PolicyError),
    /// A rule that the command line names, and that can report nothing.
    #[error("{0}")]
    IdleRule(IdleRule),
    #[error(transparent)]
    Target(#[from] BadTarget),

    // Missing, old or undated vulnerability databases.
    #[error("the vulnerability database {0}")]
    Database(#[from] LoadError),
    #[error(
        "the vulnerability database of {date} is {days} days old, --max-db-age allows {max_days}; `gospect db update` fetches a newer one"
    )]
    OldDatabase {
        date: String,
        days: i64,
        max_days: u32,
    },
    #[error(
        "the vulnerability database {0} does not say when it was made, which --max-db-age needs"
    )]
    UndatedDatabase(String),
    #[error(
        "the vulnerability database has the date {0}, which is in the future; --max-db-age needs its age"
    )]
    DatabaseOfFuture(String),
    #[error("--cache {folder}: {why}")]
    Cache { folder: String, why: CacheError },
    #[error("{0}: no results are kept here; name the folder that --cache named")]
    NoResults(String),
    #[error("there is no cache folder: HOME is not set; name one with --cache DIR")]
    NoCache,

    #[cfg(feature = "verify")]
    #[error("nothing to verify against: --sumdb off needs --go-sum, --provenance or --source")]
    NothingToVerify,

    #[cfg(feature = "verify")]
    #[error(
        "--key and --trusted-root need something that is signed: --provenance FILE, or a registry: target"
    )]
    NothingSigned,

    // Named files that cannot be read.
    #[error("{name}: {why}")]
    NotRead { name: String, why: String },
    #[error("--binary {name}: {source}")]
    ReadBinary { name: String, source: io::Error },
    #[error("--binary {name}: {why}")]
    NoBinary { name: String, why: String },
    #[error("cannot read the policy {path}: {source}; `gospect init -o FILE` writes one")]
    ReadPolicy { path: String, source: io::Error },
    #[error("{path}: {count} mistake{} in the policy; nothing was audited", if *count == 1 { "" } else { "s" })]
    Mistakes { path: String, count: usize },
    #[error("cannot read the baseline {path}: {source}; --write-baseline FILE writes one")]
    ReadBaseline { path: String, source: io::Error },
    #[error("{path}: {source}")]
    Baseline { path: String, source: BaselineError },

    #[error(
        "--vulns needs --format cyclonedx: SPDX 2.3 has no place for vulnerabilities; `gospect vuln --format openvex` writes them beside it"
    )]
    VulnerabilitiesNeedCycloneDx,

    #[error("--rebuilt needs --format html: it adds verdicts to the page")]
    RebuiltNeedsPage,
    #[error(
        "--bom needs --format cyclonedx-vex: statements of other formats name no components of a bill"
    )]
    BillNeedsCycloneDxVex,

    #[error("--fail-severity {condition} needs a list {lists}, and none of --severity is one")]
    NoListForCondition {
        condition: Condition,
        lists: &'static str,
    },

    #[error(transparent)]
    Damaged(#[from] Damaged),

    // Errors of the system.
    #[error("cannot start threads: {0}; try --jobs 1")]
    Threads(#[source] io::Error),
    #[error("no threads can be started: {0}")]
    NoThreads(#[source] io::Error),
    #[error("cannot write {what}: {source}")]
    Write { what: String, source: io::Error },
    /// A program that was asked about and cannot be read.
    #[error("{path}: {why}")]
    Program { path: String, why: String },
    #[error("{path} already exists; --force replaces it, -o FILE writes elsewhere")]
    Exists { path: String },
    /// Too large for the allowed memory; the source error says what.
    #[error(transparent)]
    TooLarge(io::Error),
    /// Another error, with what happened to the output.
    #[error("{cause}; {output}")]
    WithOutput {
        #[source]
        cause: Box<Error>,
        output: String,
    },
}

impl Error {
    /// What kind of error it is.
    pub fn failure(&self) -> Failure {
        match self {
            Self::Profile(_)
            | Self::Level(_)
            | Self::Expect(_)
            | Self::ReadPolicy { .. }
            | Self::Mistakes { .. }
            | Self::ReadBaseline { .. }
            | Self::Baseline { .. } => Failure::Policy,
            Self::Database(_)
            | Self::OldDatabase { .. }
            | Self::UndatedDatabase(_)
            | Self::DatabaseOfFuture(_)
            | Self::NoCache
            | Self::Damaged(_) => Failure::Database,
            Self::NotRead { .. }
            | Self::ReadBinary { .. }
            | Self::NoBinary { .. }
            | Self::Program { .. } => Failure::Input,
            Self::Write { .. } | Self::Exists { .. } | Self::TooLarge(_) => Failure::Output,
            Self::Threads(_) | Self::NoThreads(_) => Failure::System,
            Self::WithOutput { cause, .. } => cause.failure(),
            _ => Failure::Usage,
        }
    }

    /// For `map_err` after writing `what`.
    pub fn write(what: impl ToString) -> impl Fn(io::Error) -> Self {
        move |source| Self::Write {
            what: what.to_string(),
            source,
        }
    }

    /// Adds what happened to the output.
    pub fn with_output(self, output: String) -> Self {
        Self::WithOutput {
            cause: Box::new(self),
            output,
        }
    }
}

/// A message without numbers of the system, and without the name that both it and its cause begin with.
pub fn plain(text: &str) -> String {
    let text = without_numbers(text);
    let repeated = text.split_once(": ").filter(|(name, rest)| {
        let cause = rest.strip_prefix(name);
        cause.is_some_and(|cause| cause.starts_with(": "))
    });
    match repeated {
        Some((_, rest)) => rest.to_owned(),
        None => text,
    }
}

/// A message without the numbers that Rust adds to errors of the system: ` (os error 2)`.
pub fn without_numbers(text: &str) -> String {
    const START: &str = " (os error ";
    let mut parts = text.split(START);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(')') {
            Some((number, rest)) if number.bytes().all(|b| b.is_ascii_digit()) => {
                out.push_str(rest)
            }
            _ => out.extend([START, part]),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn messages_name_a_thing_once_and_no_number_of_the_system() {
        for (text, expected) in [
            ("/a: /a: No such file (os error 2)", "/a: No such file"),
            ("host:5999: host:5999: refused", "host:5999: refused"),
            ("/a: /ab: is not a folder", "/a: /ab: is not a folder"),
            ("/a: not Go", "/a: not Go"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(plain(text), expected);
        }
    }
}
