//! Compares the recorded port and build mode with the headers.

use super::{Evidence, row, setting, verdict};
use crate::facts::executable::looks_alike;
use gospect_exe::{Format, Kind};
use gospect_record::{Claim, Corroboration, Verdict};

pub(super) fn arch(evidence: &Evidence<'_, '_>) -> Option<Corroboration> {
    let recorded = setting(evidence, "GOARCH")?;
    let observed = evidence.program.tables.image().arch?;
    Some(row(
        Claim::Port,
        format!("GOARCH={recorded}"),
        Some(observed.to_owned()),
        verdict(recorded == observed),
        "machine in the file header",
    ))
}

pub(super) fn os(evidence: &Evidence<'_, '_>) -> Option<Corroboration> {
    let recorded = setting(evidence, "GOOS")?;
    let image = evidence.program.tables.image();
    let (observed, how) = match (evidence.program.files().os, image.os) {
        (Some(os), _) => (
            os,
            "the runtime's source files, which differ from system to system",
        ),
        (None, Some(os)) => (os, "file format and header"),
        (None, None) => return None,
    };
    let header = image.os.is_none_or(|h| looks_alike(recorded, h));
    let agrees = looks_alike(recorded, observed) && header;
    Some(row(
        Claim::Port,
        format!("GOOS={recorded}"),
        Some(observed.to_owned()),
        verdict(agrees),
        how,
    ))
}

pub(super) fn build_mode(evidence: &Evidence<'_, '_>) -> Option<Corroboration> {
    let recorded = setting(evidence, "-buildmode")?;
    let image = evidence.program.tables.image();
    let verdict = match (recorded, image.kind) {
        ("exe", Kind::Exe) | ("pie", Kind::Pie) => Verdict::Confirmed,
        ("c-shared" | "plugin" | "shared", Kind::Shared)
        | ("c-archive" | "archive", Kind::Object) => Verdict::Confirmed,
        // A static position-independent program has no loader, so it looks like a library.
        ("pie" | "exe", Kind::Shared) if image.format == Format::Elf => Verdict::Unverifiable,
        // A C program that links a c-archive contains the build info of the archive.
        ("c-archive", Kind::Exe | Kind::Pie | Kind::Shared) => Verdict::Unverifiable,
        // WebAssembly modules have one type, whether they run at once or wait for calls.
        ("c-shared", _) if image.format == Format::Wasm => Verdict::Unverifiable,
        // On several ports, and with some C linkers, `exe` gives position-independent programs; some ports cannot make them
        // with `pie`.
        ("exe", Kind::Pie) | ("pie", Kind::Exe) => Verdict::Unverifiable,
        ("exe" | "pie" | "c-shared" | "plugin" | "shared" | "archive", _) => Verdict::Contradicted,
        _ => Verdict::Unverifiable,
    };
    Some(row(
        Claim::BuildMode,
        recorded,
        Some(image.kind.as_str().to_owned()),
        verdict,
        "type of the file",
    ))
}
