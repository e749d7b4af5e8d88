//! GODEBUG: the settings from the build info, the linker and the environment, and their effective values.

mod language;
mod rules;
mod sources;
#[cfg(test)]
mod tests;

pub use language::LanguageRange;

use crate::{EffectiveSetting, Godebug, GodebugStatus};
use gospect_knowledge::go_version::GoVersion;
use gospect_knowledge::{
    TableRow, cpu,
    godebug::{self, Setting},
};
use rules::{REMOVAL_IS_ENFORCED, Rules};
use sources::{GodebugOrigin, Source, bare_fields, owned_pairs};
use std::collections::BTreeSet;

/// Most settings to judge, over all strings; no real configuration has more.
const MOST_KEYS: usize = 1024;

/// What decides about the settings.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Version of the toolchain.
    pub version: &'a GoVersion,
    /// The recorded DefaultGODEBUG; `None`: not recorded.
    pub recorded: Option<&'a str>,
    /// The linker string `runtime.godebugDefault`; `None`: not found, or not looked for; empty: found and empty.
    pub baked: Option<&'a str>,
    /// GODEBUG of the assumed environment; `None`: no environment is assumed.
    pub environment: Option<&'a str>,
    /// Whether any build setting is recorded; then a missing DefaultGODEBUG means that there are no defaults.
    pub has_settings: bool,
    /// Import path of the main package. Only `cmd/go` reads the settings of the go command.
    pub main_package: Option<&'a str>,
    /// Go's name of the system; `None`: unknown.
    pub goos: Option<&'a str>,
    /// Go's name of the architecture; `None`: unknown.
    pub goarch: Option<&'a str>,
    /// Whether package crypto/internal/fips140 is linked in; `None`: unknown.
    pub crypto_linked: Option<bool>,
    /// The build option with which FIPS 140-3 mode does not work, such as `-asan`.
    pub unfit_for_fips: Option<&'a str>,
}

/// The build option with which FIPS 140-3 mode ends the process (src/crypto/internal/fips140/check/check.go): there is no
/// checksum to verify, or it may not read the memory around it.
pub fn unfit_for_fips<'s>(setting: impl Fn(&str) -> Option<&'s str>) -> Option<&'static str> {
    if setting("-asan") == Some("true") {
        return Some("-asan");
    }
    (setting("-buildmode") == Some("c-archive")).then_some("-buildmode=c-archive")
}

/// The settings by the build info alone.
pub fn recorded(recorded: Option<&str>) -> Godebug {
    Godebug {
        recorded: recorded.map(str::to_owned),
        ..Godebug::default()
    }
}

/// All that is known about the GODEBUG settings of a program. `effective` is `None` when the tables have no row for the
/// toolchain; [`TableRow::note`] says why.
pub fn assess(facts: &Facts) -> Godebug {
    let minor = TableRow::of(facts.version).minor();
    Godebug {
        recorded: facts.recorded.map(str::to_owned),
        baked: facts.baked.map(str::to_owned),
        environment: facts.environment.map(str::to_owned),
        recorded_pairs: owned_pairs(facts.recorded),
        baked_pairs: owned_pairs(facts.baked),
        environment_pairs: owned_pairs(facts.environment),
        effective: minor.map(|minor| effective(facts, minor)),
        language_version: language(facts).map(|range| range.to_string()),
    }
}

/// The `go` lines that explain the defaults in a record; `None` when it does not tell.
pub fn recorded_language(
    version: &GoVersion,
    recorded: Option<&str>,
    has_settings: bool,
) -> Option<LanguageRange> {
    language(&Facts {
        version,
        recorded,
        baked: None,
        environment: None,
        has_settings,
        main_package: None,
        goos: None,
        goarch: None,
        crypto_linked: None,
        unfit_for_fips: None,
    })
}

/// The `go` lines of the main module that explain the defaults; `None` without evidence: neither build info nor a built-in
/// string, a toolchain before 1.21, or one without a row.
pub fn language(facts: &Facts) -> Option<LanguageRange> {
    let TableRow::Own(minor @ 21..) = TableRow::of(facts.version) else {
        return None;
    };
    let text = match (facts.recorded, facts.has_settings, facts.baked) {
        (Some(text), _, _) => text,
        (None, true, _) => "",
        (None, false, Some(text)) if !text.is_empty() => text,
        _ => return None,
    };
    language::infer(sources::pairs(text), minor)
}

fn effective(facts: &Facts, minor: u32) -> Vec<EffectiveSetting> {
    let defaults = facts
        .baked
        .map(|text| Source::new(GodebugOrigin::Baked, text));
    let record = facts
        .recorded
        .map(|text| Source::new(GodebugOrigin::Recorded, text));
    let environment = facts
        .environment
        .map(|text| Source::new(GodebugOrigin::Environment, text));
    let texts = [facts.recorded, facts.baked, facts.environment];
    let fields = texts.into_iter().flatten().flat_map(|text| {
        sources::pairs(text)
            .map(|(key, _)| key)
            .chain(bare_fields(text))
    });
    let mut keys: BTreeSet<&str> = BTreeSet::new();
    for key in fields {
        if keys.len() >= MOST_KEYS {
            break;
        }
        keys.insert(key);
    }
    let default = defaults.or_else(|| record.clone());
    let rules = Rules {
        minor,
        goos: facts.goos,
        sources: default.into_iter().chain(environment).collect(),
        language: language(facts),
    };
    let implied =
        godebug::setting("gccheckmark").is_some_and(|s| rules.checkmark_stops_preemption(s));
    if implied {
        keys.insert("asyncpreemptoff");
    }
    keys.into_iter()
        .map(|key| judge(facts, &rules, record.as_ref(), key, implied))
        .collect()
}

fn judge(
    facts: &Facts,
    rules: &Rules,
    record: Option<&Source>,
    key: &str,
    implied: bool,
) -> EffectiveSetting {
    let minor = rules.minor;
    let entry = |value: &str,
                 origin: GodebugOrigin,
                 status: GodebugStatus,
                 note: Option<String>| EffectiveSetting {
        key: key.to_owned(),
        value: value.to_owned(),
        origin: origin.into(),
        status: status.into(),
        note,
    };
    if let Some(feature) = key.strip_prefix("cpu.")
        && let Some((status, note)) = cpu(facts, rules, key, feature)
    {
        let (value, origin) = last_text(rules, key).unwrap_or(("", GodebugOrigin::Toolchain));
        return entry(value, origin, status, Some(note));
    }
    let Some(setting) = godebug::setting(key).filter(|s| s.is_known(minor)) else {
        let named = last_text(rules, key);
        let (value, origin) = named.unwrap_or(("", GodebugOrigin::Toolchain));
        let setting = godebug::setting(key);
        if let Some((value, origin)) = setting.and_then(|s| rules.deadly_old_value(s, key)) {
            let removed = setting
                .and_then(|s| s.removed)
                .unwrap_or(REMOVAL_IS_ENFORCED);
            let note = format!(
                "Go 1.{removed} removed it: {key}={value} in {} kills the process at start, whatever comes after it",
                origin.phrase()
            );
            return entry(value, origin, GodebugStatus::Fatal, Some(note));
        }
        let (status, note) = absent(facts, setting, key, minor);
        return entry(value, origin, status, Some(note));
    };
    if let Some((n, origin)) = rules.deadly_number(setting, key) {
        let note = format!(
            "{key}={n} in {} kills the process at start on this toolchain",
            origin.phrase()
        );
        return entry(&n.to_string(), origin, GodebugStatus::Fatal, Some(note));
    }
    let now = rules.in_force(setting, key, None);
    let without = rules.in_force(setting, key, Some(now.origin));
    if key == "asyncpreemptoff" && implied && now.value != "1" {
        return entry(
            "1",
            GodebugOrigin::Toolchain,
            GodebugStatus::Ok,
            Some("gccheckmark turns it on".to_owned()),
        );
    }
    if key == "fips140"
        && let Some((status, note)) = fips140(facts, &now.value)
    {
        return entry(&now.value, now.origin, status, Some(note));
    }
    let (status, note) = status(facts, rules, setting, record, &now, &without);
    entry(&now.value, now.origin, status, note)
}

/// Status and note of a CPU feature that this release cannot switch, or not to this value (src/internal/cpu/cpu.go
/// processOptions: Go prints a line and goes on).
fn cpu(facts: &Facts, rules: &Rules, key: &str, feature: &str) -> Option<(GodebugStatus, String)> {
    let minor = rules.minor;
    if minor < 21 || !cpu::is_listed(facts.goarch) {
        return None;
    }
    if !cpu::is_feature(feature, facts.goarch, minor) {
        let arch = facts.goarch.unwrap_or("any architecture");
        let note = format!(
            "Go 1.{minor} has no such switch on {arch}: it prints `unknown cpu feature` and goes on"
        );
        return Some((GodebugStatus::Unknown, note));
    }
    let (value, _) = last_text(rules, key)?;
    (!matches!(value, "on" | "off")).then(|| {
        let note = "Go reads `on` and `off`: it prints that the value is not supported and goes on";
        (GodebugStatus::NoEffect, note.to_owned())
    })
}

/// Status and note of a name that this release does not read.
fn absent(
    facts: &Facts,
    setting: Option<&Setting>,
    key: &str,
    minor: u32,
) -> (GodebugStatus, String) {
    let Some(setting) = setting else {
        let note = match godebug::hint(key, minor) {
            Some(near) => {
                format!("Go 1.{minor} knows no such setting and ignores it; did you mean {near}?")
            }
            None => format!("Go 1.{minor} knows no such setting and ignores it"),
        };
        return (GodebugStatus::Unknown, note);
    };
    let first = setting.known.first().copied().unwrap_or(minor);
    if first < minor {
        let removed = setting.removed.unwrap_or(minor);
        return (
            GodebugStatus::Removed,
            format!("gone since Go 1.{removed}: this toolchain ignores it"),
        );
    }
    // A security fix may add its setting to older releases, in a patch release newer than the table.
    let mut trees = godebug::table().trees.iter();
    let tree = trees.find(|tree| tree.0 == minor);
    let tree = tree.map_or("", |tree| tree.1);
    let tree_patch: Option<u32> = tree.rsplit('.').next().and_then(|patch| patch.parse().ok());
    let newer = facts.version.minor() == Some(minor) && facts.version.patch() > tree_patch;
    let backported = setting.changed.iter().any(|c| c.0 <= minor);
    match (newer, backported) {
        (true, true) => (
            GodebugStatus::Ok,
            format!("came to Go 1.{minor} with a patch release after {tree}"),
        ),
        _ => (
            GodebugStatus::Unknown,
            format!("came with Go 1.{first}: go{tree} ignores it"),
        ),
    }
}

/// Status and note of a setting that this release reads.
fn status(
    facts: &Facts,
    rules: &Rules,
    setting: &Setting,
    record: Option<&Source>,
    now: &rules::InForce,
    without: &rules::InForce,
) -> (GodebugStatus, Option<String>) {
    let minor = rules.minor;
    let key = setting.name;
    let acts = rules.acts(setting, &now.value);
    if setting.is_go_command() && facts.main_package != Some("cmd/go") {
        return (
            GodebugStatus::NoEffect,
            Some("only the go command reads it".to_owned()),
        );
    }
    if let Some(os) = facts
        .goos
        .filter(|os| !setting.goos.is_empty() && !setting.goos.contains(os))
    {
        return (
            GodebugStatus::NoEffect,
            Some(format!(
                "it has no effect on {os}, only on {}",
                setting.goos.join(", ")
            )),
        );
    }
    if now.origin == GodebugOrigin::Toolchain {
        return (
            GodebugStatus::NoEffect,
            Some(ignored(rules, setting, record)),
        );
    }
    let overrides = without.origin != GodebugOrigin::Toolchain
        && rules.acts(setting, &without.value)
        && without.value != now.value;
    if !acts
        && now.origin != GodebugOrigin::Environment
        && let Some((changed, old)) = kept_from(rules, key)
    {
        let note = format!(
            "keeps the toolchain's default where a go line before 1.{changed} brings back {key}={old}"
        );
        return (GodebugStatus::Ok, Some(note));
    }
    if !acts && !overrides {
        let note = if setting.is_runtime(minor) || now.value.is_empty() {
            "this is the toolchain's default".to_owned()
        } else {
            format!("this value changes nothing: Go 1.{minor} takes it as the default")
        };
        return (GodebugStatus::NoEffect, Some(note));
    }
    let old = setting.change(minor).filter(|c| c.1 == now.value && acts);
    let note = match (&now.pattern, old) {
        (Some(pattern), _) => Some(format!(
            "only for call stacks that match the bisect pattern {pattern}"
        )),
        _ if overrides => Some(format!(
            "overrides {key}={} of {}",
            without.value,
            without.origin.phrase()
        )),
        (None, Some(change)) => Some(format!(
            "brings back the behaviour from before Go 1.{}",
            change.0
        )),
        _ => None,
    };
    (GodebugStatus::Ok, note)
}

/// The old value of a setting that the main module's `go` line may imply: it would apply without the setting.
fn kept_from(rules: &Rules, key: &str) -> Option<(u32, &'static str)> {
    let range = rules.language?;
    godebug::changes(rules.minor)
        .find(|c| c.0 == key && range.min < c.1)
        .map(|c| (c.1, c.2))
}

/// Why a setting in a string leaves the toolchain's default in force.
fn ignored(rules: &Rules, setting: &Setting, record: Option<&Source>) -> String {
    let key = setting.name;
    let has = |source: &Source| !source.values(key).is_empty();
    match rules.sources.iter().rev().find(|s| has(s)) {
        Some(source) if source.origin != GodebugOrigin::Environment && rules.minor == 19 => {
            "Go 1.19 has no built-in defaults: only the environment counts".to_owned()
        }
        Some(source) if source.origin != GodebugOrigin::Environment && setting.env_only => {
            "it is read from the environment variable only".to_owned()
        }
        Some(source) => format!(
            "its value in {} is not a number that Go reads, so Go ignores it",
            source.origin.phrase()
        ),
        None if record.is_some_and(has) => {
            "the built-in defaults replaced the recorded ones and lack it".to_owned()
        }
        None => "without a = Go ignores it".to_owned(),
    }
}

/// FIPS 140-3 mode ends the process at start for a value that it does not know, and where it cannot work
/// (src/crypto/internal/fips140/fips140.go init and Supported, check/check.go, Go 1.24-1.27).
fn fips140(facts: &Facts, value: &str) -> Option<(GodebugStatus, String)> {
    let port = match (facts.goos, facts.goarch) {
        (_, Some("wasm")) => Some("wasm"),
        (Some("windows"), Some("386" | "arm")) => Some("32-bit windows"),
        (Some(os @ ("openbsd" | "aix")), _) => Some(os),
        _ => None,
    };
    let boring = facts
        .version
        .experiments
        .iter()
        .any(|name| name == "boringcrypto");
    let reason = match value {
        "" | "off" => return None,
        "on" | "only" | "debug" => match port {
            Some(port) => format!("FIPS 140-3 mode does not work on {port}"),
            None if facts.unfit_for_fips.is_some() => format!(
                "FIPS 140-3 mode does not work with {}",
                facts.unfit_for_fips.unwrap_or_default()
            ),
            None if boring => "FIPS 140-3 mode does not work with boringcrypto".to_owned(),
            None => return None,
        },
        _ => format!("fips140={value} is not one of off, on, only, debug"),
    };
    Some(match facts.crypto_linked {
        Some(false) => (
            GodebugStatus::NoEffect,
            format!("{reason}, but the program links no crypto that would look"),
        ),
        Some(true) => (
            GodebugStatus::Fatal,
            format!("{reason}: the process dies at start"),
        ),
        None => (
            GodebugStatus::Fatal,
            format!(
                "{reason}: the process dies at start if it links package crypto, which was not checked"
            ),
        ),
    })
}

/// The last value of a key in the strongest string that has it.
fn last_text<'a>(rules: &Rules<'a>, key: &str) -> Option<(&'a str, GodebugOrigin)> {
    rules.sources.iter().rev().find_map(|source| {
        source
            .values(key)
            .last()
            .map(|value| (*value, source.origin))
    })
}
