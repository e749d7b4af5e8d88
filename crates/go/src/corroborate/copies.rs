//! Compares the build info with what the linker left elsewhere in the program: the module text, the version, the GODEBUG
//! default, the experiments.

use super::{Evidence, is_declared, row, text, verdict};
use crate::facts::Program;
use crate::written::modinfo::ModInfo;
use gospect_record::{BuildInfo, BuildInfoSource, Claim, Corroboration, Verdict};

/// Since Go 1.18 the blob holds copies of the strings. Older blobs point at the variables themselves, so there is nothing to
/// compare.
fn is_copy(evidence: &Evidence<'_, '_>) -> bool {
    has_copies(evidence.program)
}

fn has_copies(program: &Program<'_>) -> bool {
    let identity = &program.identity;
    let source = identity.source;
    matches!(
        source,
        Some(BuildInfoSource::Section | BuildInfoSource::Segment)
    ) && identity.inline
}

/// The linker's own copy of the build info, where it differs from the blob.
pub fn second(program: &Program<'_>) -> Option<BuildInfo> {
    let copy = program.tables.strings().modinfo()?;
    let version = program.version_text.as_deref().unwrap_or_default();
    let differs = has_copies(program) && program.identity.modinfo != Some(copy);
    differs.then(|| ModInfo::parse(copy).to_record(version))
}

pub(super) fn module_text(evidence: &Evidence<'_, '_>) -> Option<Corroboration> {
    const HOW: &str = "build-info blob against the linker's own copy, runtime.modinfo";
    if !is_copy(evidence) {
        return None;
    }
    let blob = evidence.program.identity.modinfo;
    let copy = evidence.program.tables.strings().modinfo();
    match (blob, copy) {
        (None, None) => None,
        (Some(blob), None) => Some(row(
            Claim::BuildInfo,
            size(blob),
            None,
            Verdict::Unverifiable,
            "the program holds no second copy of the module text",
        )),
        (None, Some(copy)) => Some(row(
            Claim::BuildInfo,
            "no module text",
            Some(size(copy)),
            Verdict::Contradicted,
            HOW,
        )),
        (Some(blob), Some(copy)) if blob == copy && !evidence.program.identity.framed => Some(row(
            Claim::BuildInfo,
            "text without the marks that the go command sets around it",
            Some("the same text between its marks".to_owned()),
            Verdict::Contradicted,
            HOW,
        )),
        (Some(blob), Some(copy)) if blob == copy => Some(row(
            Claim::BuildInfo,
            size(blob),
            Some("the same text".to_owned()),
            Verdict::Confirmed,
            HOW,
        )),
        (Some(blob), Some(copy)) => {
            let (recorded, observed) = first_difference(blob, copy);
            Some(row(
                Claim::BuildInfo,
                recorded,
                Some(observed),
                Verdict::Contradicted,
                HOW,
            ))
        }
    }
}

fn size(text: &[u8]) -> String {
    format!("{} lines", memchr::memchr_iter(b'\n', text).count())
}

/// The first line that only one of the two texts has: that of the blob, that of the copy.
fn first_difference(blob: &[u8], copy: &[u8]) -> (String, String) {
    let mut blob_lines = blob.split(|&byte| byte == b'\n');
    let mut copy_lines = copy.split(|&byte| byte == b'\n');
    loop {
        match (blob_lines.next(), copy_lines.next()) {
            (Some(x), Some(y)) if x == y => {}
            (None, None) => return (size(blob), size(copy)),
            (x, y) => {
                return (
                    x.map_or_else(|| "end of text".to_owned(), text),
                    y.map_or_else(|| "end of text".to_owned(), text),
                );
            }
        }
    }
}

pub(super) fn version_string(evidence: &Evidence<'_, '_>) -> Option<Corroboration> {
    const HOW: &str = "build-info blob against the linker's own copy, runtime.buildVersion";
    let recorded = evidence
        .program
        .identity
        .version
        .filter(|_| is_copy(evidence))?;
    let strings = evidence.program.tables.strings();
    if strings.all.iter().any(|s| s.text == recorded) {
        return Some(row(
            Claim::GoVersion,
            text(recorded),
            Some(text(recorded)),
            Verdict::Confirmed,
            HOW,
        ));
    }
    let others: Vec<String> = strings.versions().map(text).collect();
    if others.is_empty() {
        let how = "the program holds no second copy of the version";
        return Some(row(
            Claim::GoVersion,
            text(recorded),
            None,
            Verdict::Unverifiable,
            how,
        ));
    }
    Some(row(
        Claim::GoVersion,
        text(recorded),
        Some(others.join(", ")),
        Verdict::Contradicted,
        HOW,
    ))
}

pub(super) fn default_godebug(evidence: &Evidence<'_, '_>) -> Option<Corroboration> {
    let recorded = evidence.godebug.recorded.as_deref();
    let baked = evidence.godebug.baked.as_deref();
    if recorded.is_none() && baked.is_none() {
        return None;
    }
    let (verdict, how) = match (recorded, baked) {
        (r, copy_lines) if r != copy_lines && is_declared(evidence, "runtime.godebugDefault") => (
            Verdict::Unverifiable,
            "-ldflags sets runtime.godebugDefault, which replaces DefaultGODEBUG",
        ),
        (Some(r), Some(copy_lines)) => (
            verdict(r == copy_lines),
            "DefaultGODEBUG against the linker string runtime.godebugDefault",
        ),
        (None, Some(_)) if evidence.program.build_info.is_some() => (
            Verdict::Contradicted,
            "the linker string runtime.godebugDefault is set, and no DefaultGODEBUG is recorded",
        ),
        _ => (
            Verdict::Unverifiable,
            "the program holds no linker string runtime.godebugDefault",
        ),
    };
    Some(row(
        Claim::Godebug,
        recorded.unwrap_or("no DefaultGODEBUG"),
        baked.map(str::to_owned),
        verdict,
        how,
    ))
}

pub(super) fn experiments(evidence: &Evidence<'_, '_>) -> Option<Corroboration> {
    let experiments = evidence.experiments;
    if experiments.setting.is_none() && experiments.suffix.is_empty() {
        return None;
    }
    let verdict = match experiments.consistent {
        Some(agrees) => verdict(agrees),
        None => Verdict::Unverifiable,
    };
    let suffix = if experiments.suffix.is_empty() {
        "no suffix".to_owned()
    } else {
        format!("X:{}", experiments.suffix.join(","))
    };
    let recorded = experiments.setting.as_ref().map_or_else(
        || "no GOEXPERIMENT".to_owned(),
        |s| format!("GOEXPERIMENT={s}"),
    );
    Some(row(
        Claim::Experiments,
        recorded,
        Some(suffix),
        verdict,
        "GOEXPERIMENT setting against the suffix of the version, both expanded",
    ))
}
