//! Which program it is, and how much of that its file proves.

use crate::card::{Context, joined, safe};
use crate::terms;
use gospect_bytes::number;
use gospect_record::{BuildInfoSource, LinkedPackage, Verdict, VersionClaim, Word};
use std::collections::BTreeSet;

pub(super) fn place(c: &Context) -> Option<String> {
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

pub(super) fn owner(c: &Context) -> Option<String> {
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

pub(super) fn program(c: &Context) -> Option<String> {
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

pub(super) fn version(c: &Context) -> Option<String> {
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

pub(super) fn go(c: &Context) -> Option<String> {
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

pub(super) fn record(c: &Context) -> Option<String> {
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
pub(super) fn modules(c: &Context) -> Option<String> {
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
pub(super) fn packages(c: &Context) -> Option<String> {
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

pub(super) fn evidence(c: &Context) -> Option<String> {
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
