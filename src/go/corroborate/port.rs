//! Port and build mode against the headers.

use super::{Evidence, row, setting, verdict};
use crate::exe::{Format, Image, Kind};
use crate::go::paths::SourceFiles;
use crate::record::{Corroboration, Verdict};

pub(super) fn arch(evidence: &Evidence<'_, '_, '_>) -> Option<Corroboration> {
    let recorded = setting(evidence, "GOARCH")?;
    let observed = evidence.tables.image().arch?;
    Some(row(
        "port",
        format!("GOARCH={recorded}"),
        Some(observed.to_owned()),
        verdict(recorded == observed),
        "machine in the file header",
    ))
}

/// Systems whose files look alike from outside.
const ALIKE: &[(&str, &str)] = &[
    ("android", "linux"),
    ("illumos", "solaris"),
    ("ios", "darwin"),
];

pub(super) fn os(evidence: &Evidence<'_, '_, '_>) -> Option<Corroboration> {
    let recorded = setting(evidence, "GOOS")?;
    let image = evidence.tables.image();
    let (observed, how) = match (evidence.files.os, image.os) {
        (Some(os), _) => (
            os,
            "the runtime's source files, which differ from system to system",
        ),
        (None, Some(os)) => (os, "file format and header"),
        (None, None) => return None,
    };
    let alike = |a: &str, b: &str| {
        a == b
            || ALIKE
                .iter()
                .any(|p| (p.0 == a && p.1 == b) || (p.0 == b && p.1 == a))
    };
    let header = image.os.is_none_or(|h| alike(recorded, h));
    let agrees = alike(recorded, observed) && header;
    Some(row(
        "port",
        format!("GOOS={recorded}"),
        Some(observed.to_owned()),
        verdict(agrees),
        how,
    ))
}

pub(super) fn build_mode(evidence: &Evidence<'_, '_, '_>) -> Option<Corroboration> {
    let recorded = setting(evidence, "-buildmode")?;
    let image = evidence.tables.image();
    let verdict = match (recorded, image.kind) {
        ("exe", Kind::Exe) | ("pie", Kind::Pie) => Verdict::Confirmed,
        ("c-shared" | "plugin" | "shared", Kind::Shared)
        | ("c-archive" | "archive", Kind::Object) => Verdict::Confirmed,
        // A static position-independent program has no loader, and looks like a library.
        ("pie" | "exe", Kind::Shared) if image.format == Format::Elf => Verdict::Unverifiable,
        // What C makes of an archive of Go keeps the record of the archive.
        ("c-archive", Kind::Exe | Kind::Pie | Kind::Shared) => Verdict::Unverifiable,
        // A WebAssembly module has one type, whether it runs or waits to be called.
        ("c-shared", _) if image.format == Format::Wasm => Verdict::Unverifiable,
        // Several ports, and some C linkers, make position-independent programs of `exe`; not every port can make them of `pie`.
        ("exe", Kind::Pie) | ("pie", Kind::Exe) => Verdict::Unverifiable,
        ("exe" | "pie" | "c-shared" | "plugin" | "shared" | "archive", _) => Verdict::Contradicted,
        _ => Verdict::Unverifiable,
    };
    Some(row(
        "buildmode",
        recorded,
        Some(image.kind.name().to_owned()),
        verdict,
        "type of the file",
    ))
}

/// Whether the headers leave the system open, so that the source files may fill it in.
pub fn system(image: &Image<'_>, files: &SourceFiles, recorded: Option<&str>) -> Option<String> {
    let seen = files.os.or(image.os)?;
    let alike = recorded.filter(|r| ALIKE.iter().any(|p| p.0 == *r && p.1 == seen));
    Some(alike.unwrap_or(seen).to_owned())
}
