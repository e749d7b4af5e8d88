//! Holds claims against evidence.
//!
//! Build info is text that anyone can edit; the program that it describes is harder to fake. Each check compares one claim with
//! one independent place in the file. Nothing in the file is signed, so a contradiction shows editing or an unusual build, and
//! a confirmation proves nothing. An honest build must never be contradicted: where ordinary builds differ, the verdict is
//! `unverifiable`.

pub mod copies;
mod modules;
mod port;
mod release;
mod settings;

use super::facts::Program;
use gospect_knowledge::ldflags;
use gospect_record::{Claim, Corroboration, Experiments, Godebug, Linked, Verdict};

/// What the checks compare.
pub struct Evidence<'e, 'i> {
    /// The program, with its build info and its tables.
    pub program: &'e Program<'i>,
    /// The Go build ID.
    pub build_id: Option<&'e str>,
    /// The experiments of the program.
    pub experiments: &'e Experiments,
    /// The GODEBUG settings of the program.
    pub godebug: &'e Godebug,
    /// What is linked in.
    pub linked: &'e Linked,
}

/// Checks one claim; `None` when the claim was not made.
type Check = fn(&Evidence<'_, '_>) -> Option<Corroboration>;

/// The checks, in the order in which the record lists them.
const CHECKS: &[Check] = &[
    copies::module_text,
    copies::version_string,
    release::layout,
    release::sections,
    release::compiler,
    release::build_id,
    release::toolchain_module,
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
    modules::versions,
];

/// Runs every check.
pub fn corroborate(evidence: &Evidence<'_, '_>) -> Vec<Corroboration> {
    CHECKS.iter().filter_map(|check| check(evidence)).collect()
}

fn row(
    claim: Claim,
    recorded: impl Into<String>,
    observed: Option<String>,
    verdict: Verdict,
    how: &str,
) -> Corroboration {
    Corroboration {
        claim: claim.into(),
        recorded: Some(recorded.into()),
        observed,
        verdict: verdict.into(),
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

fn setting<'e>(evidence: &'e Evidence<'_, '_>, key: &str) -> Option<&'e str> {
    evidence.program.setting(key)
}

/// Whether the recorded linker flags set a variable with `-X`. A build that records this hides nothing.
fn is_declared(evidence: &Evidence<'_, '_>, variable: &str) -> bool {
    let flags = setting(evidence, "-ldflags").map(ldflags::definitions);
    flags.is_some_and(|f| f.iter().any(|d| d.0 == variable))
}
