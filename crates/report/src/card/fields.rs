//! The rows at the top of the card, with a function for each.

use super::{Context, joined, safe};
use crate::terms;
use gospect_bytes::number;
use gospect_record::{
    BuildInfoSource, Checksum, LinkedPackage, Loopvar, ModuleList, Verdict, VersionClaim, Word,
};
use std::collections::BTreeSet;

/// A label, and the text of the row; `None` leaves the row out.
pub type Field = (&'static str, fn(&Context) -> Option<String>);

/// The rows in order; their text may contain marks.
pub const FIELDS: &[Field] = &[
    ("where", place),
    ("owner", owner),
    ("program", program),
    ("version", version),
    ("go", go),
    ("record", record),
    ("modules", modules),
    ("packages", packages),
    ("evidence", evidence),
    ("port", port),
    ("build", build),
    ("source", vcs),
    ("goroot", goroot),
    ("experiments", experiments),
    ("godebug", godebug),
    ("linkage", linkage),
    ("fips 140", fips),
    ("file", file),
];

fn place(c: &Context) -> Option<String> {
    let location = &c.binary.location;
    let mut parts = Vec::new();
    if let Some(image) = &location.image {
        let platform = image
            .platform
            .as_deref()
            .map(|p| format!(" ({p})"))
            .unwrap_or_default();
        parts.push(safe(&format!("image {}{platform}", image.reference)));
    }
    if let Some(layer) = &location.layer {
        parts.push(format!("layer {}", layer.index));
    }
    if location.visible == Some(false) {
        parts.push(c.warn("deleted or replaced by a later layer"));
    }
    if location.started == Some(true) {
        parts.push("started by the image".to_owned());
    }
    if let Some(slice) = &location.slice {
        parts.push(safe(&format!("slice {slice}")));
    }
    if let Some(pid) = location.pid {
        parts.push(format!("process {pid}"));
    }
    if let Some(mode) = location.mode.filter(|mode| mode & 0o6000 != 0) {
        parts.push(c.warn(&format!(
            "mode {mode:04o} (runs with its owner's or group's rights)"
        )));
    }
    joined(parts)
}

fn owner(c: &Context) -> Option<String> {
    let owner = c.binary.owner.as_ref()?;
    let distribution = owner.distribution.iter().chain(&owner.release);
    let mut kind = owner.kind.to_string();
    if let Some(arch) = &owner.arch {
        kind = format!("{kind} {arch}");
    }
    if owner.distribution.is_some() {
        let name: Vec<&str> = distribution.map(String::as_str).collect();
        kind = format!("{kind} of {}", name.join(" "));
    }
    let mut parts = vec![format!(
        "{} {} {}",
        safe(&owner.name),
        safe(&owner.version),
        c.dim(&format!("({kind})"))
    )];
    if let Some(source) = owner.source.as_ref().filter(|source| {
        source.name != owner.name
            || source
                .version
                .as_ref()
                .is_some_and(|version| !owner.version.ends_with(version.as_str()))
    }) {
        let version = source.version.as_deref().unwrap_or_default();
        let text = format!("source {} {version}", source.name);
        parts.push(safe(text.trim_end()));
    }
    joined(parts)
}

fn program(c: &Context) -> Option<String> {
    let package = c.binary.main_package.as_deref().unwrap_or_default();
    let module = terms::main_module(c.binary)
        .map(|m| m.path.as_str())
        .unwrap_or_default();
    match (package, module) {
        ("", "") => None,
        (package, "") => Some(safe(package)),
        ("", module) => Some(safe(&format!("module {module}"))),
        (package, module) if package == module => Some(safe(package)),
        (package, module) => Some(format!(
            "{} {}",
            safe(package),
            c.dim(&format!("(module {module})"))
        )),
    }
}

fn version(c: &Context) -> Option<String> {
    let claims = c.binary.versions.as_deref().unwrap_or_default();
    let claim = |claim: &VersionClaim| {
        let name = claim
            .name
            .as_deref()
            .map(|name| format!(" {name}"))
            .unwrap_or_default();
        format!(
            "{} {}",
            safe(&claim.value),
            c.dim(&format!("({}{name})", claim.source))
        )
    };
    let chosen = c.binary.main_version();
    let is_chosen = |claim: &&VersionClaim| {
        chosen.is_some_and(|v| {
            (v.value, v.source, v.name) == (&*claim.value, &*claim.source, claim.name.as_deref())
        })
    };
    // The version that all other formats show comes first.
    let first = claims.iter().filter(is_chosen);
    let rest = claims.iter().filter(|claim| !is_chosen(claim));
    if claims.is_empty() {
        return c.binary.shown_version().map(safe);
    }
    joined(first.chain(rest).map(claim).collect())
}

fn go(c: &Context) -> Option<String> {
    let Some(version) = &c.binary.go_version else {
        let range = c.binary.go_version_range.as_ref();
        return Some(match range.map(terms::range) {
            Some(range) => format!("{}, {}", c.warn("unknown"), safe(&range)),
            None => c.warn("unknown"),
        });
    };
    let mut text = safe(version);
    if let Some(vendor) = &c.binary.go_vendor {
        text = format!("{text}, {}", safe(vendor));
    }
    if let Some(raw) = c
        .binary
        .go_version_raw
        .as_ref()
        .filter(|raw| *raw != version && c.binary.go_vendor.is_none())
    {
        text = format!("{text}, recorded as {}", safe(raw));
    }
    if let Some(support) = c.support.get(version) {
        let status = match support.supported {
            Some(true) => c.good(&support.text),
            Some(false) => c.warn(&support.text),
            None => safe(&support.text),
        };
        text = format!("{text}, {status}");
    }
    Some(text)
}

fn record(c: &Context) -> Option<String> {
    let text = match (
        &c.binary.build_info,
        c.binary.build_info_source.as_ref().and_then(Word::known),
    ) {
        (None, _) => c.warn("no module record in this file"),
        (Some(_), None | Some(BuildInfoSource::Section)) => return None,
        (_, Some(BuildInfoSource::Segment)) => {
            "found in the data segment, where no section names it".to_owned()
        }
        (_, Some(BuildInfoSource::LinkerStrings)) => {
            "recovered from the second copy among the linker's strings".to_owned()
        }
        (_, Some(BuildInfoSource::Scan)) => "found by searching the whole file".to_owned(),
    };
    Some(text)
}

/// Only for a list of modules that is missing or has gaps.
fn modules(c: &Context) -> Option<String> {
    let list = c.binary.module_list();
    let why = list.why()?;
    let how_much = if list.is_unknown() {
        "unknown"
    } else {
        "incomplete"
    };
    let text = c.warn(&format!("{how_much} ({why})"));
    if c.binary.packages.is_some() && !c.binary.has_package_names() {
        return Some(format!("{text}, and the names of packages are made up"));
    }
    let rows = c.binary.stand_ins();
    let groups: BTreeSet<&str> = rows
        .iter()
        .filter(|s| !s.is_own)
        .map(|s| s.group())
        .collect();
    if c.binary.packages.is_none() {
        return Some(text);
    }
    let count = number::count(groups.len() as u64, "dependency", "dependencies");
    Some(format!("{text}, {count} in the function table"))
}

/// The packages of the function table.
fn packages(c: &Context) -> Option<String> {
    // The card of a program with a list of modules is the same whether packages were read or not.
    c.binary.module_list().why()?;
    let all = c.binary.packages.as_deref()?;
    let sum = |f: fn(&LinkedPackage) -> u64| all.iter().map(f).fold(0, u64::saturating_add);
    let functions = number::count(sum(|p| p.functions), "function", "functions");
    let mut text = format!("{} with {functions}", number::thousands(all.len() as u64));
    let code = sum(|p| p.bytes);
    if code > 0 {
        text = format!("{text}, {} of code", number::bytes(code));
    }
    Some(text)
}

fn evidence(c: &Context) -> Option<String> {
    let all = c.binary.corroboration.as_deref()?;
    let count = |verdict| all.iter().filter(|claim| claim.verdict == verdict).count();
    let (good, bad, open) = (
        count(Verdict::Confirmed),
        count(Verdict::Contradicted),
        count(Verdict::Unverifiable),
    );
    let mut parts = Vec::new();
    if bad > 0 {
        parts.push(c.bad(&format!("{bad} of {} claims contradicted", all.len())));
    }
    if good > 0 {
        parts.push(c.good(&format!("{good} confirmed")));
    }
    if open > 0 {
        parts.push(format!("{open} cannot be checked"));
    }
    joined(parts)
}

fn port(c: &Context) -> Option<String> {
    let mut parts = vec![safe(&c.binary.port()?)];
    // Only the CPU level setting of the program's own architecture is recorded.
    let levels = c.binary.build_info.iter().flat_map(|info| &info.settings);
    let names = [
        "GO386",
        "GOAMD64",
        "GOARM",
        "GOARM64",
        "GOMIPS",
        "GOMIPS64",
        "GOPPC64",
        "GORISCV64",
        "GOWASM",
    ];
    parts.extend(
        levels
            .filter(|s| names.contains(&s.key.as_str()))
            .map(|s| safe(&format!("{}={}", s.key, s.value))),
    );
    joined(parts)
}

fn build(c: &Context) -> Option<String> {
    let executable = &c.binary.executable;
    let mut parts = Vec::new();
    if !executable.kind.is_empty() {
        parts.push(safe(&executable.kind));
    }
    let setting = |key| terms::setting(c.binary, key);
    for (key, value, text) in [
        ("-trimpath", "true", "trimmed paths"),
        ("CGO_ENABLED", "1", "cgo"),
        ("CGO_ENABLED", "0", "no cgo"),
        ("-race", "true", "race detector"),
        ("-msan", "true", "memory sanitizer"),
        ("-asan", "true", "address sanitizer"),
    ] {
        if setting(key) == Some(value) {
            parts.push(text.to_owned());
        }
    }
    parts.extend(setting("-tags").map(|tags| safe(&format!("tags {tags}"))));
    match (executable.go_symbols, executable.debug_info) {
        (Some(false), Some(false)) => parts.push("stripped".to_owned()),
        (Some(false), _) => parts.push("no symbols".to_owned()),
        (_, Some(false)) => parts.push("no debug info".to_owned()),
        _ => {}
    }
    if let Some(packer) = &executable.packed {
        parts.push(c.warn(&format!("packed by {packer}")));
    }
    joined(parts)
}

fn vcs(c: &Context) -> Option<String> {
    let setting = |key| terms::setting(c.binary, key);
    let revision = setting("vcs.revision")?;
    let mut text = safe(&format!(
        "{} {revision}",
        setting("vcs").unwrap_or("revision")
    ));
    if let Some(time) = setting("vcs.time") {
        text = format!("{text} of {}", safe(time));
    }
    match setting("vcs.modified") {
        Some("true") => text = format!("{text}, {}", c.warn("modified")),
        Some("false") => text.push_str(", unmodified"),
        _ => {}
    }
    Some(text)
}

fn goroot(c: &Context) -> Option<String> {
    let goroot = c.binary.goroot.as_ref()?;
    let mut parts = Vec::new();
    match (&goroot.value, goroot.trimmed) {
        (Some(value), _) => {
            let origin = goroot
                .origin
                .as_deref()
                .map(|origin| format!(" ({origin})"))
                .unwrap_or_default();
            parts.push(safe(&format!("{value}{origin}")));
        }
        (None, Some(true)) => parts.push("trimmed".to_owned()),
        (None, _) => parts.push("unknown".to_owned()),
    }
    match (&goroot.runtime, goroot.linked) {
        (Some(value), _) if value.is_empty() => parts.push("runtime.GOROOT() is empty".to_owned()),
        (Some(value), _) if Some(value) == goroot.value.as_ref() => {
            parts.push("runtime.GOROOT() says the same".to_owned())
        }
        (Some(value), _) => parts.push(safe(&format!("runtime.GOROOT() says {value}"))),
        (None, Some(false)) => parts.push("runtime.GOROOT() is not linked in".to_owned()),
        (None, _) => {}
    }
    joined(parts)
}

fn experiments(c: &Context) -> Option<String> {
    let facts = &c.binary.experiments;
    let mut parts = Vec::new();
    parts.extend(
        facts
            .setting
            .as_ref()
            .map(|setting| safe(&format!("GOEXPERIMENT={setting}"))),
    );
    if !facts.suffix.is_empty() {
        parts.push(safe(&format!("version says X:{}", facts.suffix.join(","))));
    }
    if facts.consistent == Some(false) {
        parts.push(c.bad("setting and version disagree"));
    }
    if let Some(unknown) = facts.unknown.as_ref().filter(|unknown| !unknown.is_empty()) {
        parts.push(c.warn(&format!("unknown to this release: {}", unknown.join(" "))));
    }
    if let Some(enabled) = facts.enabled.as_ref().filter(|enabled| !enabled.is_empty()) {
        parts.push(safe(&format!("on: {}", enabled.join(" "))));
    }
    if facts.loopvar == Some(Loopvar::PerLoop.into()) {
        parts.push("loop variables are per loop".to_owned());
    }
    joined(parts)
}

fn godebug(c: &Context) -> Option<String> {
    let facts = &c.binary.godebug;
    // Long lists appear among the settings and in the list of effective values.
    let shown = |text: &str| match text.split(',').count() {
        _ if text.is_empty() => "nothing".to_owned(),
        many @ 4.. => format!("{many} settings"),
        _ => safe(text),
    };
    let mut parts = Vec::new();
    parts.extend(
        facts
            .recorded
            .as_ref()
            .filter(|text| !text.is_empty())
            .map(|text| format!("recorded {}", shown(text))),
    );
    if facts.baked != facts.recorded
        && let Some(baked) = &facts.baked
    {
        parts.push(format!("in the program {}", shown(baked)));
    }
    parts.extend(
        facts
            .environment
            .as_ref()
            .map(|text| format!("environment {}", safe(text))),
    );
    parts.extend(
        facts
            .language_version
            .as_ref()
            .map(|range| match c.binary.module_list() {
                // Without a go.mod the go command uses the defaults of Go 1.20.
                ModuleList::Gopath => "as of Go 1.20, as GOPATH mode has it".to_owned(),
                _ => format!("as of a go.mod that says go {}", safe(range)),
            }),
    );
    joined(parts)
}

fn linkage(c: &Context) -> Option<String> {
    let facts = c.binary.linkage.as_ref()?;
    let mut parts = Vec::new();
    let needed = facts.needed.as_deref().unwrap_or_default();
    match facts.is_static {
        Some(true) => parts.push("static".to_owned()),
        Some(false) => parts.push("dynamic".to_owned()),
        None => {}
    }
    parts.extend(facts.interpreter.as_ref().map(|loader| safe(loader)));
    if !needed.is_empty() {
        parts.push(safe(&format!("needs {}", needed.join(" "))));
    }
    let rpath = facts
        .rpath
        .as_ref()
        .map(|directories| directories.join(":"));
    for (value, label) in [
        (&facts.glibc, "glibc"),
        (&facts.min_os, "needs at least"),
        (&rpath, "rpath"),
    ] {
        parts.extend(
            value
                .as_ref()
                .map(|value| safe(&format!("{label} {value}"))),
        );
    }
    if facts.pie == Some(true) {
        parts.push("PIE".to_owned());
    }
    parts.extend(
        facts
            .relro
            .as_ref()
            .map(|relro| safe(&format!("RELRO {relro}"))),
    );
    if facts.nx == Some(false) {
        parts.push(c.warn("executable stack or data"));
    }
    match facts.signed {
        Some(true) => parts.push("signed (not verified)".to_owned()),
        Some(false) => parts.push("not signed".to_owned()),
        None => {}
    }
    joined(parts)
}

fn fips(c: &Context) -> Option<String> {
    let facts = c.binary.fips.as_ref()?;
    let mut parts = Vec::new();
    parts.extend(
        facts
            .module
            .as_ref()
            .map(|module| safe(&format!("module {module}"))),
    );
    parts.extend(
        facts
            .mode
            .as_ref()
            .map(|mode| safe(&format!("mode {mode}"))),
    );
    parts.extend(
        facts
            .crypto
            .as_ref()
            .map(|crypto| safe(&format!("crypto by {crypto}"))),
    );
    parts.extend(
        facts
            .checksum
            .as_ref()
            .map(|checksum| match checksum.known() {
                Some(Checksum::Valid) => c.good("checksum valid"),
                Some(Checksum::Invalid) => {
                    c.bad("checksum invalid: the program stops at start in FIPS mode")
                }
                _ => safe(&format!("checksum {checksum}")),
            }),
    );
    joined(parts)
}

fn file(c: &Context) -> Option<String> {
    let executable = &c.binary.executable;
    let mut parts = Vec::new();
    if !executable.format.is_empty() {
        parts.push(safe(&format!(
            "{} {}-bit {} endian",
            executable.format, executable.bits, executable.endian
        )));
    }
    parts.push(number::bytes(c.binary.size));
    parts.extend(
        executable
            .build_id
            .as_ref()
            .map(|id| safe(&format!("build ID {id}"))),
    );
    parts.extend(
        c.binary
            .sha256
            .as_ref()
            .map(|digest| safe(&format!("sha256 {digest}"))),
    );
    joined(parts)
}
