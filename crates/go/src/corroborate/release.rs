//! Compares the version with what differs between releases.

use super::{Evidence, is_declared, row, text, verdict};
use crate::written::compiler;
use gospect_exe::{Format, dwarf};
use gospect_knowledge::go_version::GoVersion;
use gospect_record::{Claim, Corroboration, Verdict};
use std::ops::ControlFlow;

pub(super) fn layout(evidence: &Evidence<'_, '_>) -> Option<Corroboration> {
    let version = evidence.program.version.as_ref().filter(|v| !v.devel)?;
    let minor = version.minor()?;
    let table = evidence.program.tables.pclntab()?;
    let (first, last) = table.layout.minors();
    let agrees = minor >= first && last.is_none_or(|l| minor <= l);
    let observed = match last {
        Some(last) => format!("function table of Go 1.{first} to 1.{last}"),
        None => format!("function table of Go 1.{first} or newer"),
    };
    Some(row(
        Claim::GoVersion,
        version.raw.clone(),
        Some(observed),
        verdict(agrees),
        "layout of the function table (pclntab)",
    ))
}

/// Sections that not all releases have: name, first minor release, last minor release.
const SECTIONS: &[(&[u8], u32, Option<u32>)] = &[
    (b".go.fipsinfo", 24, None),
    (b"__go_fipsinfo", 24, None),
    (b".go.module", 26, None),
    (b"__go_module", 26, None),
    (b".go.type", 27, None),
    (b"__go_type", 27, None),
    (b".go.func", 27, None),
    (b"__go_func", 27, None),
    (b".typelink", 1, Some(26)),
    (b"__typelink", 1, Some(26)),
    (b".itablink", 5, Some(26)),
    (b"__itablink", 5, Some(26)),
];

pub(super) fn sections(evidence: &Evidence<'_, '_>) -> Option<Corroboration> {
    let version = evidence.program.version.as_ref().filter(|v| !v.devel)?;
    let minor = version.minor()?;
    let image = evidence.program.tables.image();
    let there = |row: &&(&[u8], u32, Option<u32>)| image.sections.iter().any(|s| *s.name == *row.0);
    let mut present = SECTIONS.iter().filter(there).peekable();
    present.peek()?;
    let wrong = present.find(|s| minor < s.1 || s.2.is_some_and(|last| minor > last));
    let observed = match wrong {
        None => "sections of that release".to_owned(),
        Some((name, first, None)) => format!("section {}, which Go 1.{first} brought", text(name)),
        Some((name, _, Some(last))) => {
            format!("section {}, which Go 1.{last} wrote last", text(name))
        }
    };
    Some(row(
        Claim::GoVersion,
        version.raw.clone(),
        Some(observed),
        verdict(wrong.is_none()),
        "section names, which differ between releases",
    ))
}

/// Bytes of debug information in which to look for the first Go unit: C start files may come before it.
const PRODUCER_LIMIT: u64 = 256 << 10;

/// The version that the compiler writes into debug information and wasm modules; `-X runtime.buildVersion` does not change it.
pub(super) fn compiler(evidence: &Evidence<'_, '_>) -> Option<Corroboration> {
    const PRODUCER: &str = "Go cmd/compile ";
    let version = evidence.program.version.as_ref()?;
    let image = evidence.program.tables.image();
    let found = match image.format {
        Format::Wasm => compiler::go_producer(image),
        _ => dwarf::units(image, PRODUCER_LIMIT, &mut |unit| {
            let producer = String::from_utf8_lossy(unit.producer);
            let version = producer.strip_prefix(PRODUCER).filter(|_| unit.is_go());
            // Compiler flags follow, as in `; regabi`.
            match version.map(|v| v.split(';').next().unwrap_or(v)) {
                Some(version) => ControlFlow::Break(version.trim().to_owned()),
                None => ControlFlow::Continue(()),
            }
        }),
    };
    let observed = found?;
    // The linker adds the experiments to the version, so the compiler's text does not name them.
    let other = GoVersion::parse(&observed)?;
    let agrees = other.release == version.release
        && other.devel == version.devel
        && other.vendor == version.vendor;
    let (verdict, how) = match (agrees, is_declared(evidence, "runtime.buildVersion")) {
        (false, true) => (
            Verdict::Unverifiable,
            "-ldflags sets runtime.buildVersion: the compiler's own version is another",
        ),
        _ => (
            verdict(agrees),
            "the compiler's own version, in the debug information or the producers section",
        ),
    };
    Some(row(
        Claim::GoVersion,
        version.raw.clone(),
        Some(observed),
        verdict,
        how,
    ))
}

/// Build IDs have had four parts of 20 letters since Go 1.10 (src/cmd/internal/buildid/buildid.go). Other forms are set by hand
/// and say nothing about the release.
pub(super) fn build_id(evidence: &Evidence<'_, '_>) -> Option<Corroboration> {
    const FIRST: u32 = 10;
    let version = evidence.program.version.as_ref().filter(|v| !v.devel)?;
    let minor = version.minor()?;
    let id = evidence.build_id?;
    let mut parts = id.split('/');
    let is_new = parts.clone().count() == 4 && parts.all(|p| p.len() == 20);
    is_new.then(|| {
        row(
            Claim::GoVersion,
            version.raw.clone(),
            Some(format!("build ID of Go 1.{FIRST} or newer")),
            verdict(minor >= FIRST),
            "form of the Go build ID",
        )
    })
}

/// The release in the GOROOT, if the `go` command had fetched the toolchain as a module: `…/golang.org/toolchain@v0.0.1-go1.26.5.linux-amd64`
/// (src/cmd/go/internal/toolchain/select.go, Go 1.21 to 1.27). Only a contradiction is worth a row.
pub(super) fn toolchain_module(evidence: &Evidence<'_, '_>) -> Option<Corroboration> {
    const MODULE: &str = "/golang.org/toolchain@v0.0.1-";
    let version = evidence.program.version.as_ref()?;
    let root = evidence.program.files().goroot.as_deref()?;
    let name = root.split_once(MODULE)?.1;
    let (release, _) = name.split('/').next()?.rsplit_once('.')?;
    let other = GoVersion::parse(release)?;
    let contradicts =
        other.release != version.release && !is_declared(evidence, "runtime.buildVersion");
    contradicts.then(|| {
        row(
            Claim::GoVersion,
            version.raw.clone(),
            Some(format!("standard library of {release}")),
            Verdict::Contradicted,
            "the toolchain module in the paths of source files",
        )
    })
}
