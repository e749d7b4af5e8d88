//! How the program was built, and what that means when it runs.

use crate::card::{Context, joined, safe};
use crate::terms;
use gospect_bytes::number;
use gospect_record::{CPU_LEVELS, Checksum, Loopvar, ModuleList};

pub(super) fn port(context: &Context) -> Option<String> {
    let mut parts = vec![safe(&context.binary.port()?)];
    // Only the CPU level setting of the program's own architecture is recorded.
    let levels = context
        .binary
        .build_info
        .iter()
        .flat_map(|info| &info.settings);
    parts.extend(
        levels
            .filter(|s| CPU_LEVELS.contains(&s.key.as_str()))
            .map(|s| safe(&format!("{}={}", s.key, s.value))),
    );
    joined(parts)
}

pub(super) fn build(context: &Context) -> Option<String> {
    let executable = &context.binary.executable;
    let mut parts = Vec::new();
    if !executable.kind.is_empty() {
        parts.push(safe(&executable.kind));
    }
    let setting = |key| terms::setting(context.binary, key);
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
        parts.push(context.warn(&format!("packed by {packer}")));
    }
    joined(parts)
}

pub(super) fn vcs(context: &Context) -> Option<String> {
    let setting = |key| terms::setting(context.binary, key);
    let revision = setting("vcs.revision")?;
    let mut text = safe(&format!(
        "{} {revision}",
        setting("vcs").unwrap_or("revision")
    ));
    if let Some(time) = setting("vcs.time") {
        text = format!("{text} of {}", safe(time));
    }
    match setting("vcs.modified") {
        Some("true") => text = format!("{text}, {}", context.warn("modified")),
        Some("false") => text.push_str(", unmodified"),
        _ => {}
    }
    Some(text)
}

pub(super) fn goroot(context: &Context) -> Option<String> {
    let goroot = context.binary.goroot.as_ref()?;
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
    let mut environment = context.binary.environment.iter().flatten();
    let answer = environment.find(|(name, _)| name == "GOROOT");
    if let Some((_, value)) = answer {
        let text = format!("runtime.GOROOT() is {value}, by the environment");
        parts.push(safe(&text));
        return joined(parts);
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

pub(super) fn experiments(context: &Context) -> Option<String> {
    let facts = &context.binary.experiments;
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
        parts.push(context.bad("setting and version disagree"));
    }
    if let Some(unknown) = facts.unknown.as_ref().filter(|unknown| !unknown.is_empty()) {
        parts.push(context.warn(&format!("unknown to this release: {}", unknown.join(" "))));
    }
    if let Some(enabled) = facts.enabled.as_ref().filter(|enabled| !enabled.is_empty()) {
        parts.push(safe(&format!("on: {}", enabled.join(" "))));
    }
    if facts.loopvar == Some(Loopvar::PerLoop.into()) {
        parts.push("loop variables are per loop".to_owned());
    }
    joined(parts)
}

pub(super) fn godebug(context: &Context) -> Option<String> {
    let facts = &context.binary.godebug;
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
            // Nothing can start a copy that a later layer hides.
            .filter(|_| context.binary.location.visible != Some(false))
            .map(|text| format!("environment {}", safe(text))),
    );
    parts.extend(
        facts
            .language_version
            .as_ref()
            .map(|range| match context.binary.module_list() {
                // Without a go.mod the go command uses the defaults of Go 1.20.
                ModuleList::Gopath => "as of Go 1.20, as always in GOPATH mode".to_owned(),
                _ => format!("as of a go.mod that says go {}", safe(range)),
            }),
    );
    joined(parts)
}

pub(super) fn linkage(context: &Context) -> Option<String> {
    let facts = context.binary.linkage.as_ref()?;
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
        parts.push(context.warn("executable stack or data"));
    }
    match facts.signed {
        Some(true) => parts.push("signed (not verified)".to_owned()),
        Some(false) => parts.push("not signed".to_owned()),
        None => {}
    }
    joined(parts)
}

pub(super) fn fips(context: &Context) -> Option<String> {
    let facts = context.binary.fips.as_ref()?;
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
                Some(Checksum::Valid) => context.good("checksum valid"),
                Some(Checksum::Invalid) => {
                    context.bad("checksum invalid: the program stops at start in FIPS mode")
                }
                _ => safe(&format!("checksum {checksum}")),
            }),
    );
    joined(parts)
}

pub(super) fn file(context: &Context) -> Option<String> {
    let executable = &context.binary.executable;
    let mut parts = Vec::new();
    if !executable.format.is_empty() {
        parts.push(safe(&format!(
            "{} {}-bit {} endian",
            executable.format, executable.bits, executable.endian
        )));
    }
    parts.push(number::bytes(context.binary.size));
    parts.extend(
        executable
            .build_id
            .as_ref()
            .map(|id| safe(&format!("build ID {id}"))),
    );
    parts.extend(
        context
            .binary
            .sha256
            .as_ref()
            .map(|digest| safe(&format!("sha256 {digest}"))),
    );
    joined(parts)
}
