//! Claims held against evidence.
//!
//! The record is text that anyone can edit; the program it describes is harder to fake. Each check here takes one claim and one independent
//! place, and says whether they agree. Nothing in the file is keyed, so a contradiction shows editing or an unusual build, and a confirmation
//! is no proof. Honest builds must never be contradicted: what ordinary builds do differently is `unverifiable`.

mod copies;
mod modules;
mod port;
mod release;
mod settings;

pub use modules::compare_modules;
pub use port::system;

use super::functions::Functions;
use super::identify::{Identity, Tables};
use super::ldflags;
use super::paths::SourceFiles;
use crate::knowledge::go_version::GoVersion;
use crate::record::{Binary, Corroboration, Verdict};

/// Everything the checks look at.
pub struct Evidence<'e, 'i, 'r> {
    /// The program.
    pub tables: &'e Tables<'i>,
    /// The record as found.
    pub identity: &'e Identity<'r>,
    /// The parsed version.
    pub version: Option<&'e GoVersion>,
    /// The source files.
    pub files: &'e SourceFiles,
    /// The functions.
    pub functions: &'e Functions,
    /// The rest of the record, complete but for the corroboration.
    pub binary: &'e Binary,
}

/// A check looks at one claim; `None` when the claim was not made.
type Check = fn(&Evidence<'_, '_, '_>) -> Option<Corroboration>;

/// The checks, in the order of the record.
const CHECKS: &[Check] = &[
    copies::module_text,
    copies::version_string,
    release::layout,
    release::sections,
    release::compiler,
    release::build_id,
    port::arch,
    port::os,
    port::build_mode,
    settings::cgo,
    settings::race,
    settings::msan,
    settings::asan,
    settings::cover,
    settings::trimpath,
    copies::default_godebug,
    copies::experiments,
    modules::modules,
];

/// Runs every check.
pub fn corroborate(evidence: &Evidence<'_, '_, '_>) -> Vec<Corroboration> {
    CHECKS.iter().filter_map(|check| check(evidence)).collect()
}

fn row(
    claim: &str,
    recorded: impl Into<String>,
    observed: Option<String>,
    verdict: Verdict,
    how: &str,
) -> Corroboration {
    Corroboration {
        claim: claim.to_owned(),
        recorded: Some(recorded.into()),
        observed,
        verdict,
        how: how.to_owned(),
    }
}

fn verdict(agrees: bool) -> Verdict {
    if agrees {
        Verdict::Confirmed
    } else {
        Verdict::Contradicted
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn setting<'e>(evidence: &'e Evidence<'_, '_, '_>, key: &str) -> Option<&'e str> {
    evidence.binary.build_info.as_ref()?.setting(key)
}

/// Whether the recorded linker flags set a variable with `-X`: a build that says so itself hides nothing.
fn is_declared(evidence: &Evidence<'_, '_, '_>, variable: &str) -> bool {
    let flags = setting(evidence, "-ldflags").map(ldflags::definitions);
    flags.is_some_and(|f| f.iter().any(|d| d.0 == variable))
}
