//! Compares the build settings with what is linked in and with the paths of the source files.

use super::{Evidence, row, setting};
use gospect_record::{Claim, Corroboration, Verdict};

/// Compares a setting with its sign in the function table. A sign proves that the setting was on; a missing sign proves that it
/// was off only when `always` is set.
fn linked_in(
    evidence: &Evidence<'_, '_>,
    claim: Claim,
    recorded: String,
    on: bool,
    present: bool,
    what: &str,
    always: bool,
) -> Option<Corroboration> {
    if evidence.program.tables.functions().count == 0 {
        return None;
    }
    let verdict = match (on, present) {
        (true, true) | (false, false) => Verdict::Confirmed,
        (false, true) => Verdict::Contradicted,
        (true, false) if always => Verdict::Contradicted,
        (true, false) => Verdict::Unverifiable,
    };
    let observed = if present {
        format!("{what} is linked in")
    } else {
        format!("{what} is not linked in")
    };
    Some(row(
        claim,
        recorded,
        Some(observed),
        verdict,
        "function table",
    ))
}

pub(super) fn cgo(evidence: &Evidence<'_, '_>) -> Option<Corroboration> {
    let recorded = setting(evidence, "CGO_ENABLED")?;
    let present = evidence
        .program
        .tables
        .functions()
        .has_package("runtime/cgo");
    linked_in(
        evidence,
        Claim::Cgo,
        format!("CGO_ENABLED={recorded}"),
        recorded == "1",
        present,
        "runtime/cgo",
        false,
    )
}

/// Compares a flag that is recorded only when it is on. Without build info there is no claim.
fn flag(
    evidence: &Evidence<'_, '_>,
    (claim, key): (Claim, &str),
    present: bool,
    what: &str,
) -> Option<Corroboration> {
    let on = setting(evidence, key) == Some("true");
    if !on && (!present || !evidence.program.has_settings()) {
        return None;
    }
    let recorded = if on {
        format!("{key}=true")
    } else {
        format!("no {key}")
    };
    linked_in(evidence, claim, recorded, on, present, what, true)
}

pub(super) fn race(evidence: &Evidence<'_, '_>) -> Option<Corroboration> {
    flag(
        evidence,
        (Claim::Race, "-race"),
        evidence.program.tables.functions().has("runtime.racecall"),
        "the race detector",
    )
}

pub(super) fn msan(evidence: &Evidence<'_, '_>) -> Option<Corroboration> {
    flag(
        evidence,
        (Claim::Msan, "-msan"),
        evidence.program.tables.functions().has("runtime.msanread"),
        "the memory sanitizer",
    )
}

pub(super) fn asan(evidence: &Evidence<'_, '_>) -> Option<Corroboration> {
    flag(
        evidence,
        (Claim::Asan, "-asan"),
        evidence.program.tables.functions().has("runtime.asanread"),
        "the address sanitizer",
    )
}

pub(super) fn cover(evidence: &Evidence<'_, '_>) -> Option<Corroboration> {
    // Recorded since Go 1.23; older programs make no claim.
    setting(evidence, "-cover")?;
    let present = ["internal/coverage/cfile", "runtime/coverage"]
        .iter()
        .any(|p| evidence.program.tables.functions().has_package(p));
    flag(
        evidence,
        (Claim::Cover, "-cover"),
        present,
        "coverage instrumentation",
    )
}

pub(super) fn trimpath(evidence: &Evidence<'_, '_>) -> Option<Corroboration> {
    let files = evidence.program.files();
    if !files.any || !evidence.program.has_settings() {
        return None;
    }
    let on = setting(evidence, "-trimpath") == Some("true");
    let root = files.goroot.as_deref();
    let observed = match (files.trimmed, root) {
        (true, _) => "standard library without its root".to_owned(),
        (false, Some(root)) => format!("standard library below {root}"),
        (false, None) => return None,
    };
    let verdict = match (on, files.trimmed) {
        (true, true) | (false, false) => Verdict::Confirmed,
        (true, false) => Verdict::Contradicted,
        // Other build systems trim paths with flags of their own.
        (false, true) => Verdict::Unverifiable,
    };
    let recorded = if on { "-trimpath=true" } else { "no -trimpath" };
    Some(row(
        Claim::Trimpath,
        recorded,
        Some(observed),
        verdict,
        "source-file table",
    ))
}
