//! Which program it is, and how much of that its file proves.

use crate::card::{Context, joined, safe};
use crate::terms;
use gospect_bytes::number;
use gospect_record::{
    BuildInfoSource, ImageRecord, LayerRef, LinkedPackage, Verdict, VersionClaim, Word,
};
use std::collections::BTreeSet;

pub(super) fn place(context: &Context) -> Option<String> {
    let location = &context.binary.location;
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
        parts.push(layer_of(layer, context.image));
    }
    if location.visible == Some(false) {
        parts.push(context.warn("deleted or replaced by a later layer"));
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
        parts.push(context.warn(&format!(
            "mode {mode:04o} (runs with its owner's or group's rights)"
        )));
    }
    joined(parts)
}

/// The layer, with the last one, because they count from 0, and with the step that made it.
fn layer_of(layer: &LayerRef, image: Option<&ImageRecord>) -> String {
    let layers = image.map_or(&[][..], |image| &image.layers);
    let mut text = format!("layer {}", layer.index);
    if let Some(last @ 1..) = layers.len().checked_sub(1) {
        text = format!("{text} of 0-{last}");
    }
    let step = usize::try_from(layer.index)
        .ok()
        .and_then(|index| layers.get(index));
    let made_by = step
        .and_then(|layer| layer.created_by.as_deref())
        .map(str::trim);
    match made_by.filter(|step| !step.is_empty()) {
        None => text,
        Some(step) => {
            let short: String = step.chars().take(STEP).collect();
            let sign = if short.len() < step.len() { "..." } else { "" };
            format!("{text}, made by `{}{sign}`", safe(&short))
        }
    }
}

/// Characters of the step of a build that are shown.
const STEP: usize = 60;

pub(super) fn owner(context: &Context) -> Option<String> {
    let owner = context.binary.owner.as_ref()?;
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
        context.dim(&format!("({kind})"))
    )];
    if let Some(source) = owner.source.as_ref().filter(|source| {
        source.name != owner.name
            || source
                .version
                .as_ref()
                .is_some_and(|version| !owner.version.ends_with(version.as_str()))
    }) {
        let version = source.version.as_deref().unwrap_or_default();
        let source_text = format!("source {} {version}", source.name);
        parts.push(safe(source_text.trim_end()));
    }
    joined(parts)
}

pub(super) fn program(context: &Context) -> Option<String> {
    let package = context.binary.main_package.as_deref().unwrap_or_default();
    let module = terms::main_module(context.binary)
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
            context.dim(&format!("(module {module})"))
        )),
    }
}

pub(super) fn version(context: &Context) -> Option<String> {
    let claims = context.binary.versions.as_deref().unwrap_or_default();
    let claim = |claim: &VersionClaim| {
        let name = claim
            .name
            .as_deref()
            .map(|name| format!(" {name}"))
            .unwrap_or_default();
        format!(
            "{} {}",
            safe(&claim.value),
            context.dim(&format!("({}{name})", claim.source))
        )
    };
    let chosen = context.binary.main_version();
    let is_chosen = |claim: &&VersionClaim| {
        chosen.is_some_and(|v| {
            (v.value, v.source, v.name) == (&*claim.value, &*claim.source, claim.name.as_deref())
        })
    };
    // The version that all other formats show comes first.
    let first = claims.iter().filter(is_chosen);
    let rest = claims.iter().filter(|claim| !is_chosen(claim));
    if claims.is_empty() {
        return context.binary.shown_version().map(safe);
    }
    joined(first.chain(rest).map(claim).collect())
}

pub(super) fn go(context: &Context) -> Option<String> {
    let Some(version) = &context.binary.go_version else {
        let range = context.binary.go_version_range.as_ref();
        return Some(match range.map(terms::range) {
            Some(range) => format!("{}, {}", context.warn("unknown"), safe(&range)),
            None => context.warn("unknown"),
        });
    };
    let mut text = safe(version);
    if let Some(vendor) = &context.binary.go_vendor {
        text = format!("{text}, {}", safe(vendor));
    }
    if let Some(raw) = context
        .binary
        .go_version_raw
        .as_ref()
        .filter(|raw| *raw != version && context.binary.go_vendor.is_none())
    {
        text = format!("{text}, recorded as {}", safe(raw));
    }
    if let Some(support) = context.support.get(version) {
        let status = match support.supported {
            Some(true) => context.good(&support.text),
            Some(false) => context.warn(&support.text),
            None => safe(&support.text),
        };
        text = format!("{text}, {status}");
    }
    Some(text)
}

pub(super) fn record(context: &Context) -> Option<String> {
    let text = match (
        &context.binary.build_info,
        context
            .binary
            .build_info_source
            .as_ref()
            .and_then(Word::known),
    ) {
        (None, _) => context.warn("no module record in this file"),
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
pub(super) fn modules(context: &Context) -> Option<String> {
    let list = context.binary.module_list();
    let why = list.why()?;
    let how_much = if list.is_unknown() {
        "unknown"
    } else {
        "incomplete"
    };
    let text = context.warn(&format!("{how_much} ({why})"));
    if context.binary.packages.is_some() && !context.binary.has_package_names() {
        return Some(format!("{text}, and the names of packages are made up"));
    }
    let rows = context.binary.stand_ins();
    let groups: BTreeSet<&str> = rows
        .iter()
        .filter(|s| !s.is_own)
        .map(|s| s.group())
        .collect();
    if context.binary.packages.is_none() {
        return Some(text);
    }
    let count = number::count(groups.len() as u64, "dependency", "dependencies");
    Some(format!("{text}, {count} in the function table"))
}

/// The packages of the function table.
pub(super) fn packages(context: &Context) -> Option<String> {
    // The card of a program with a list of modules is the same whether packages were read or not.
    context.binary.module_list().why()?;
    let all = context.binary.packages.as_deref()?;
    let sum = |f: fn(&LinkedPackage) -> u64| all.iter().map(f).fold(0, u64::saturating_add);
    let functions = number::count(sum(|p| p.functions), "function", "functions");
    let mut text = format!("{} with {functions}", number::thousands(all.len() as u64));
    let code = sum(|p| p.bytes);
    if code > 0 {
        text = format!("{text}, {} of code", number::bytes(code));
    }
    Some(text)
}

pub(super) fn evidence(context: &Context) -> Option<String> {
    let all = context.binary.corroboration.as_deref()?;
    let count = |verdict| all.iter().filter(|claim| claim.verdict == verdict).count();
    let (confirmed, contradicted, unverifiable) = (
        count(Verdict::Confirmed),
        count(Verdict::Contradicted),
        count(Verdict::Unverifiable),
    );
    let mut parts = Vec::new();
    if contradicted > 0 {
        parts.push(context.bad(&format!(
            "{contradicted} of {} claims contradicted",
            all.len()
        )));
    }
    if confirmed > 0 {
        parts.push(context.good(&format!("{confirmed} confirmed")));
    }
    if unverifiable > 0 {
        parts.push(format!("{unverifiable} cannot be checked"));
    }
    joined(parts)
}
