//! Claims held against evidence.
//!
//! The record is text that anyone can edit; the program it describes is harder to fake. Each check here takes one claim and one independent
//! place, and says whether they agree. Nothing in the file is keyed, so a contradiction shows editing or an unusual build, and a confirmation
//! is no proof. Honest builds must never be contradicted: what ordinary builds do differently is `unverifiable`.

use super::functions::Functions;
use super::identify::{Identity, Tables};
use super::modinfo::ModInfo;
use super::paths::SourceFiles;
use super::version::GoVersion;
use crate::exe::{Format, Image, Kind};
use crate::report::model::{Binary, BuildInfoSource, Corroboration, Verdict};

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
    module_text,
    version_string,
    version_layout,
    version_sections,
    arch,
    os,
    build_mode,
    cgo,
    race,
    msan,
    asan,
    cover,
    trimpath,
    default_godebug,
    experiments,
    modules,
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

/// Blobs since Go 1.18 hold copies; older ones point at the variables themselves, which leaves nothing to compare.
fn is_copy(evidence: &Evidence<'_, '_, '_>) -> bool {
    matches!(
        evidence.identity.source,
        Some(BuildInfoSource::Section | BuildInfoSource::Segment)
    ) && evidence.identity.inline
}

fn module_text(evidence: &Evidence<'_, '_, '_>) -> Option<Corroboration> {
    const HOW: &str = "build-info blob against the linker's own copy, runtime.modinfo";
    if !is_copy(evidence) {
        return None;
    }
    let blob = evidence.identity.modinfo;
    let copy = evidence.tables.strings().modinfo();
    match (blob, copy) {
        (None, None) => None,
        (Some(blob), None) => Some(row(
            "build-info",
            size(blob),
            None,
            Verdict::Unverifiable,
            "the program holds no second copy of the module text",
        )),
        (None, Some(copy)) => Some(row(
            "build-info",
            "no module text",
            Some(size(copy)),
            Verdict::Contradicted,
            HOW,
        )),
        (Some(blob), Some(copy)) if blob == copy => Some(row(
            "build-info",
            size(blob),
            Some("the same text".to_owned()),
            Verdict::Confirmed,
            HOW,
        )),
        (Some(blob), Some(copy)) => {
            let (recorded, observed) = first_difference(blob, copy);
            Some(row(
                "build-info",
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

/// The first line that only one of two texts has, from either side.
fn first_difference(blob: &[u8], copy: &[u8]) -> (String, String) {
    let mut a = blob.split(|&b| b == b'\n');
    let mut b = copy.split(|&b| b == b'\n');
    loop {
        match (a.next(), b.next()) {
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

fn version_string(evidence: &Evidence<'_, '_, '_>) -> Option<Corroboration> {
    const HOW: &str = "build-info blob against the linker's own copy, runtime.buildVersion";
    let recorded = evidence.identity.version.filter(|_| is_copy(evidence))?;
    let strings = evidence.tables.strings();
    if strings.all.iter().any(|s| s.text == recorded) {
        return Some(row(
            "go-version",
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
            "go-version",
            text(recorded),
            None,
            Verdict::Unverifiable,
            how,
        ));
    }
    Some(row(
        "go-version",
        text(recorded),
        Some(others.join(", ")),
        Verdict::Contradicted,
        HOW,
    ))
}

fn version_layout(evidence: &Evidence<'_, '_, '_>) -> Option<Corroboration> {
    let version = evidence.version.filter(|v| !v.devel)?;
    let minor = version.minor()?;
    let table = evidence.tables.pclntab()?;
    let (first, last) = table.layout.minors();
    let agrees = minor >= first && last.is_none_or(|l| minor <= l);
    let observed = match last {
        Some(last) => format!("function table of Go 1.{first} to 1.{last}"),
        None => format!("function table of Go 1.{first} or newer"),
    };
    Some(row(
        "go-version",
        version.raw.clone(),
        Some(observed),
        verdict(agrees),
        "layout of the function table (pclntab)",
    ))
}

/// Sections that a release brought or dropped: name, first minor, last minor.
const SECTIONS: &[(&[u8], u32, Option<u32>)] = &[
    (b".go.fipsinfo", 24, None),
    (b"__go_fipsinfo", 24, None),
    (b".go.module", 26, None),
    (b"__go_module", 26, None),
    (b".go.type", 27, None),
    (b"__go_type", 27, None),
    (b".go.func", 27, None),
    (b"__go_func", 27, None),
    (b".typelink", 5, Some(26)),
    (b"__typelink", 5, Some(26)),
    (b".itablink", 5, Some(26)),
    (b"__itablink", 5, Some(26)),
];

fn version_sections(evidence: &Evidence<'_, '_, '_>) -> Option<Corroboration> {
    let version = evidence.version.filter(|v| !v.devel)?;
    let minor = version.minor()?;
    let image = evidence.tables.image();
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
        "go-version",
        version.raw.clone(),
        Some(observed),
        verdict(wrong.is_none()),
        "section names, which differ between releases",
    ))
}

fn setting<'e>(evidence: &'e Evidence<'_, '_, '_>, key: &str) -> Option<&'e str> {
    evidence.binary.build_info.as_ref()?.setting(key)
}

fn arch(evidence: &Evidence<'_, '_, '_>) -> Option<Corroboration> {
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

fn os(evidence: &Evidence<'_, '_, '_>) -> Option<Corroboration> {
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

fn build_mode(evidence: &Evidence<'_, '_, '_>) -> Option<Corroboration> {
    let recorded = setting(evidence, "-buildmode")?;
    let image = evidence.tables.image();
    let verdict = match (recorded, image.kind) {
        ("exe", Kind::Exe) | ("pie", Kind::Pie) => Verdict::Confirmed,
        ("c-shared" | "plugin" | "shared", Kind::Shared)
        | ("c-archive" | "archive", Kind::Object) => Verdict::Confirmed,
        // A static position-independent program has no loader, and looks like a library.
        ("pie" | "exe", Kind::Shared) if image.format == Format::Elf => Verdict::Unverifiable,
        // Several ports, and some C linkers, make position-independent programs of `exe`; not every port can make them of `pie`.
        ("exe", Kind::Pie) | ("pie", Kind::Exe) => Verdict::Unverifiable,
        ("exe" | "pie" | "c-shared" | "plugin" | "shared" | "c-archive" | "archive", _) => {
            Verdict::Contradicted
        }
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

/// A setting held against a sign in the function table: signs prove presence; absence proves something only where `always` says so.
fn linked_in(
    evidence: &Evidence<'_, '_, '_>,
    claim: &str,
    recorded: String,
    on: bool,
    present: bool,
    what: &str,
    always: bool,
) -> Option<Corroboration> {
    if evidence.functions.count == 0 {
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

fn cgo(evidence: &Evidence<'_, '_, '_>) -> Option<Corroboration> {
    let recorded = setting(evidence, "CGO_ENABLED")?;
    let present = evidence.functions.has_package("runtime/cgo");
    linked_in(
        evidence,
        "cgo",
        format!("CGO_ENABLED={recorded}"),
        recorded == "1",
        present,
        "runtime/cgo",
        false,
    )
}

/// A flag that is recorded only when it is on. Nothing is claimed where there is no build info at all.
fn flag(
    evidence: &Evidence<'_, '_, '_>,
    key: &str,
    present: bool,
    what: &str,
) -> Option<Corroboration> {
    let on = setting(evidence, key) == Some("true");
    if !on
        && (!present
            || evidence
                .binary
                .build_info
                .as_ref()
                .is_none_or(|b| b.settings.is_empty()))
    {
        return None;
    }
    let recorded = if on {
        format!("{key}=true")
    } else {
        format!("no {key}")
    };
    linked_in(
        evidence,
        key.trim_start_matches('-'),
        recorded,
        on,
        present,
        what,
        true,
    )
}

fn race(evidence: &Evidence<'_, '_, '_>) -> Option<Corroboration> {
    flag(
        evidence,
        "-race",
        evidence.functions.has("runtime.racecall"),
        "the race detector",
    )
}

fn msan(evidence: &Evidence<'_, '_, '_>) -> Option<Corroboration> {
    flag(
        evidence,
        "-msan",
        evidence.functions.has("runtime.msanread"),
        "the memory sanitizer",
    )
}

fn asan(evidence: &Evidence<'_, '_, '_>) -> Option<Corroboration> {
    flag(
        evidence,
        "-asan",
        evidence.functions.has("runtime.asanread"),
        "the address sanitizer",
    )
}

fn cover(evidence: &Evidence<'_, '_, '_>) -> Option<Corroboration> {
    // The setting is recorded since Go 1.23 only, so older programs make no claim.
    setting(evidence, "-cover")?;
    let present = ["internal/coverage/cfile", "runtime/coverage"]
        .iter()
        .any(|p| evidence.functions.has_package(p));
    flag(evidence, "-cover", present, "coverage instrumentation")
}

fn trimpath(evidence: &Evidence<'_, '_, '_>) -> Option<Corroboration> {
    if !evidence.files.any
        || evidence
            .binary
            .build_info
            .as_ref()
            .is_none_or(|b| b.settings.is_empty())
    {
        return None;
    }
    let on = setting(evidence, "-trimpath") == Some("true");
    let root = evidence.files.goroot.as_deref();
    let observed = match (evidence.files.trimmed, root) {
        (true, _) => "standard library without its root".to_owned(),
        (false, Some(root)) => format!("standard library below {root}"),
        (false, None) => return None,
    };
    let verdict = match (on, evidence.files.trimmed) {
        (true, true) | (false, false) => Verdict::Confirmed,
        (true, false) => Verdict::Contradicted,
        // Other build systems trim by flags of their own.
        (false, true) => Verdict::Unverifiable,
    };
    let recorded = if on { "-trimpath=true" } else { "no -trimpath" };
    Some(row(
        "trimpath",
        recorded,
        Some(observed),
        verdict,
        "source-file table",
    ))
}

fn default_godebug(evidence: &Evidence<'_, '_, '_>) -> Option<Corroboration> {
    let recorded = evidence.binary.godebug.recorded.as_deref();
    let baked = evidence.binary.godebug.baked.as_deref();
    if recorded.is_none() && baked.is_none() {
        return None;
    }
    let (verdict, how) = match (recorded, baked) {
        (Some(r), Some(b)) => (
            verdict(r == b),
            "DefaultGODEBUG against the linker string runtime.godebugDefault",
        ),
        (None, Some(_)) if evidence.binary.build_info.is_some() => (
            Verdict::Contradicted,
            "the linker string runtime.godebugDefault is set, and no DefaultGODEBUG is recorded",
        ),
        _ => (
            Verdict::Unverifiable,
            "the program holds no linker string runtime.godebugDefault",
        ),
    };
    Some(row(
        "godebug",
        recorded.unwrap_or("no DefaultGODEBUG"),
        baked.map(str::to_owned),
        verdict,
        how,
    ))
}

fn experiments(evidence: &Evidence<'_, '_, '_>) -> Option<Corroboration> {
    let experiments = &evidence.binary.experiments;
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
        "experiments",
        recorded,
        Some(suffix),
        verdict,
        "GOEXPERIMENT setting against the suffix of the version, both expanded",
    ))
}

fn modules(evidence: &Evidence<'_, '_, '_>) -> Option<Corroboration> {
    let linked = evidence.binary.linked.as_ref()?;
    let info = evidence
        .binary
        .build_info
        .as_ref()
        .filter(|b| !b.deps.is_empty() || !b.main.path.is_empty())?;
    let recorded = format!(
        "{} modules",
        info.deps.len() + usize::from(!info.main.path.is_empty())
    );
    let (observed, verdict) = match (&linked.not_linked[..], &linked.not_recorded[..]) {
        ([], []) => (
            "every module has functions, and every package a module".to_owned(),
            Verdict::Confirmed,
        ),
        // Modules of constants and types leave no function; packages pushed in by go:linkname or another build system have no module.
        (unlinked, []) => (
            format!("no function of {}", some(unlinked)),
            Verdict::Unverifiable,
        ),
        (_, unlisted) => (
            format!("functions of {}, which no module explains", some(unlisted)),
            Verdict::Unverifiable,
        ),
    };
    Some(row(
        "modules",
        recorded,
        Some(observed),
        verdict,
        "module paths against the packages of the function table",
    ))
}

fn some(names: &[String]) -> String {
    match names {
        [a, b, c, rest @ ..] if !rest.is_empty() => {
            format!("{a}, {b}, {c} and {} more", rest.len())
        }
        _ => names.join(", "),
    }
}

/// Modules without a function, and packages without a module.
pub fn compare_modules(info: &ModInfo<'_>, functions: &Functions) -> (Vec<String>, Vec<String>) {
    let mut modules: Vec<String> = info
        .main
        .iter()
        .chain(&info.deps)
        .map(|m| text(m.path))
        .collect();
    modules.sort_unstable();
    let mut used = vec![false; modules.len()];
    let mut unlisted = Vec::new();
    let main_package = text(info.path);
    for package in &functions.packages {
        // Longest module first: walk up the elements of the path.
        let mut prefix = package.as_str();
        let owner = loop {
            if let Ok(i) = modules.binary_search_by(|m| m.as_str().cmp(prefix)) {
                break Some(i);
            }
            match prefix.rsplit_once('/') {
                Some((parent, _)) => prefix = parent,
                None => break None,
            }
        };
        match owner.and_then(|i| used.get_mut(i)) {
            Some(used) => *used = true,
            None if is_foreign(package, &main_package) => unlisted.push(package.clone()),
            None => {}
        }
    }
    // The main module's own code is package main, whatever its path.
    let main = info.main.as_ref().map(|m| text(m.path));
    let not_linked = modules
        .iter()
        .zip(&used)
        .filter(|(m, used)| !**used && main.as_ref() != Some(*m))
        .map(|(m, _)| m.clone())
        .collect();
    (not_linked, unlisted)
}

/// Whether a package needs a module: a dot in its first element, as every module path outside the standard library has.
fn is_foreign(package: &str, main_package: &str) -> bool {
    let first = package.split('/').next().unwrap_or_default();
    // Methods of embedded types carry a second import path in their name, which is no package of its own.
    let inner = package
        .split('/')
        .skip(1)
        .any(|e| e.matches('.').count() > 1);
    first.contains('.')
        && !inner
        && !package.starts_with("vendor/")
        && package.strip_suffix("_test") != Some(main_package)
        && package != main_package
}

/// Whether the headers leave the system open, so that the source files may fill it in.
pub fn system(image: &Image<'_>, files: &SourceFiles, recorded: Option<&str>) -> Option<String> {
    let seen = files.os.or(image.os)?;
    let alike = recorded.filter(|r| ALIKE.iter().any(|p| p.0 == *r && p.1 == seen));
    Some(alike.unwrap_or(seen).to_owned())
}
