//! The facts of a program that a comparison holds against each other: each with its class, how to read it from a record, and when a change of it is worse.

use super::{Class, paths};
use gospect_record::Binary;
use std::collections::{BTreeMap, BTreeSet};

/// When a change is worse, so that it comes first.
pub(super) enum Worse {
    Never,
    /// When there is a value now.
    Present,
    /// When there was no value before.
    New,
    /// When the new value is this one.
    If(&'static str),
    /// When the function says so for the key and the new value.
    By(fn(&str, Option<&str>) -> bool),
}

impl Worse {
    pub(super) fn holds(&self, key: &str, old: Option<&str>, new: Option<&str>) -> bool {
        match self {
            Worse::Never => false,
            Worse::Present => new.is_some(),
            Worse::New => old.is_none(),
            Worse::If(text) => new == Some(text),
            Worse::By(judge) => judge(key, new),
        }
    }
}

/// The value of a fact: `None` when unknown, `Some(None)` when known to be absent.
type Fact = Option<Option<String>>;

/// A fact with one value.
pub(super) struct SingleFact {
    pub class: Class,
    pub key: &'static str,
    pub value: fn(&Binary) -> Fact,
    pub worse: Worse,
}

/// Declares the table of facts: class, key, when a change is worse, and how to read the value from a record.
macro_rules! facts {
    ($($class:ident $key:expr, $worse:expr, |$record:ident| $value:expr;)*) => {
        &[$(SingleFact {
            class: Class::$class,
            key: $key,
            value: |$record| $value,
            worse: $worse,
        }),*]
    };
}

use Worse::{By, If, Never, New, Present};

pub(super) const FACTS: &[SingleFact] = facts! {
    Toolchain "go_vendor", Never, |b| Some(b.go_vendor.clone());
    Source "main_package", Never, |b| main_package(b);
    Source "vcs.time", Never, |b| setting(b, "vcs.time");
    Source "vcs.modified", If("true"), |b| setting(b, "vcs.modified");
    Setting "fips.module", Never, |b| if_known(&b.fips.as_ref()?.module);
    Setting "fips.mode", If("off"), |b| if_known(&b.fips.as_ref()?.mode);
    Setting "fips.crypto", Never, |b| if_known(&b.fips.as_ref()?.crypto);
    Experiment "loopvar", If("per-loop"), |b| if_known(&b.experiments.loopvar);
    // A fact of its own, because it explains why a GOROOT appears or disappears.
    Goroot "trimmed", If("false"), |b| if_known(&b.goroot.as_ref()?.trimmed);
    Goroot "goroot", Never, |b| if_known(&b.goroot.as_ref()?.value);
    Goroot "runtime.GOROOT()", Never, |b| Some(Some(b.goroot_in_force()?.to_owned()));
    Linkage "format", Never, |b| Some(Some(b.executable.format.to_string()));
    Linkage "kind", Never, |b| Some(Some(b.executable.kind.to_string()));
    Linkage "symbols", Never, |b| if_known(&b.executable.go_symbols);
    Linkage "debug info", Never, |b| if_known(&b.executable.debug_info);
    Linkage "interpreter", New, |b| Some(b.linkage.as_ref()?.interpreter.clone());
    Linkage "rpath", Present, |b| rpath(b);
    Linkage "static", If("false"), |b| if_known(&b.linkage.as_ref()?.is_static);
    Linkage "pie", If("false"), |b| if_known(&b.linkage.as_ref()?.pie);
    Linkage "relro", If("none"), |b| if_known(&b.linkage.as_ref()?.relro);
    Linkage "nx", If("false"), |b| if_known(&b.linkage.as_ref()?.nx);
    Linkage "signed", If("false"), |b| if_known(&b.linkage.as_ref()?.signed);
    Integrity "packed", Present, |b| Some(b.executable.packed.clone());
    // `go version -m` reads the first place only.
    Integrity BUILD_INFO_SOURCE, By(is_unread_by_go), |b| if_known(&b.build_info_source);
    Integrity "module data", If("missing"), |b| module_data(b);
    Integrity "fips checksum", If("invalid"), |b| if_known(&b.fips.as_ref()?.checksum);
    Owner "package", Never, |b| if_known(&b.owner.as_ref().map(|o| &o.name));
    Owner "package version", Never, |b| if_known(&b.owner.as_ref().map(|o| &o.version));
    Owner "package architecture", Never, |b| Some(b.owner.as_ref()?.arch.clone());
    Owner "distribution", Never, |b| if_known(&b.owner.as_ref()?.distribution);
    Owner "distribution release", Never, |b| distribution_release(b);
};

/// A fact that is unknown when the record has no value.
fn if_known<T: ToString>(value: &Option<T>) -> Fact {
    value.as_ref().map(|value| Some(value.to_string()))
}

fn setting(binary: &Binary, key: &str) -> Fact {
    Some(binary.build_info.as_ref()?.setting(key).map(str::to_owned))
}

fn main_package(binary: &Binary) -> Fact {
    binary
        .build_info
        .as_ref()
        .map(|_| binary.main_package.clone())
}

fn rpath(binary: &Binary) -> Fact {
    let directories = binary.linkage.as_ref()?.rpath.as_ref();
    Some(directories.map(|list| list.join(":")))
}

fn module_data(binary: &Binary) -> Fact {
    let mut info = binary.build_info.iter();
    let is_there = info.any(|i| !i.path.is_empty() || !i.main.path.is_empty());
    Some(Some(
        if is_there { "recorded" } else { "missing" }.to_owned(),
    ))
}

/// Whether Go's own reader does not look where the build info is.
fn is_unread_by_go(_: &str, source: Option<&str>) -> bool {
    source.is_some_and(|source| source != "section")
}

/// Unknown for package files: they do not name the distribution, so its release means nothing.
fn distribution_release(binary: &Binary) -> Fact {
    let owner = binary.owner.as_ref()?;
    owner.distribution.as_ref().map(|_| owner.release.clone())
}

/// The key of where the build info is.
pub(super) const BUILD_INFO_SOURCE: &str = "build_info_source";

/// Values by their names.
type Entries = BTreeMap<String, String>;

/// What entries say.
type Said = fn(&Entries) -> BTreeSet<String>;
/// Whether an entry, by key and value, says only this.
type IsKnown = fn(&str, &str, &BTreeSet<String>) -> bool;

/// A kind of fact of which a side may have many, each with a name.
pub(super) struct ListFact {
    pub class: Class,
    pub entries: fn(&Binary) -> Option<Entries>,
    pub worse: Worse,
    /// What the old entries say, and whether that is all that a new entry says, so that it is not worse.
    pub known: Option<(Said, IsKnown)>,
}

pub(super) const LISTS: &[ListFact] = &[
    ListFact {
        class: Class::Setting,
        entries: settings,
        worse: By(|key, new| match key {
            "-race" | "-msan" | "-asan" | "-cover" => new == Some("true"),
            "-trimpath" => new != Some("true"),
            "CGO_ENABLED" => new == Some("1"),
            // Recorded unless it is off (src/cmd/go/internal/load/pkg.go, Go 1.24 to 1.27).
            "GOFIPS140" => new.is_none_or(|new| new == "off"),
            "-gcflags" => new.is_some_and(optimizes_less),
            _ => false,
        }),
        known: None,
    },
    ListFact {
        class: Class::Experiment,
        entries: |b| Some(all(b.experiments.enabled.as_ref()?, "on")),
        worse: Worse::Never,
        known: None,
    },
    ListFact {
        class: Class::Paths,
        entries: |b| {
            let leaks = b.paths.as_ref()?.iter().rev();
            Some(
                leaks
                    .map(|p| (p.prefix.clone(), p.kind.to_string()))
                    .collect(),
            )
        },
        worse: Worse::New,
        known: Some((paths::disclosed, paths::is_known)),
    },
    ListFact {
        class: Class::Godebug,
        entries: |b| Some(variables(b)),
        worse: Worse::Never,
        known: None,
    },
    ListFact {
        class: Class::Linkage,
        entries: |b| Some(all(b.linkage.as_ref()?.needed.as_ref()?, "needed")),
        worse: Worse::New,
        known: None,
    },
];

/// The variables that the runtime reads in the environment of an image, besides GODEBUG and GOROOT, whose effects are compared.
fn variables(binary: &Binary) -> BTreeMap<String, String> {
    let set = binary.environment.iter().flatten();
    let others = set.filter(|(name, _)| name != "GOROOT");
    others
        .map(|(name, value)| (name.clone(), format!("{value} (environment)")))
        .collect()
}

/// An entry of the same value for each name.
pub(super) fn all(names: &[String], value: &str) -> BTreeMap<String, String> {
    let entries = names.iter().map(|name| (name.clone(), value.to_owned()));
    entries.collect()
}

/// Whether compiler flags turn optimizations or inlining off.
fn optimizes_less(flags: &str) -> bool {
    let mut words = flags.split_whitespace();
    words.any(|word| matches!(word.rsplit('=').next(), Some("-N" | "-l")))
}

/// The recorded settings, without those whose effect has a class of its own. Of a repeated key the first counts, as in
/// `BuildInfo::setting`.
fn settings(binary: &Binary) -> Option<BTreeMap<String, String>> {
    let settings = &binary.build_info.as_ref()?.settings;
    let other =
        |key: &str| key.starts_with("vcs") || matches!(key, "DefaultGODEBUG" | "GOEXPERIMENT");
    let entries = settings.iter().rev().filter(|s| !other(&s.key));
    let entries = entries.map(|s| (s.key.clone(), s.value.clone()));
    (!settings.is_empty()).then(|| entries.collect())
}

#[cfg(test)]
mod tests {
    use crate::diff::diff;
    use crate::testing::{binary, set};

    #[test]
    fn settings_for_the_worse_are_marked_in_one_direction() {
        for (key, better, worse) in [
            ("CGO_ENABLED", "0", "1"),
            ("-gcflags", "", "all=-N -l"),
            ("-gcflags", "-m", "-m -l"),
            ("GOFIPS140", "latest", ""),
            ("GOFIPS140", "v1.0.0-c2097c7c", "off"),
            ("-race", "", "true"),
        ] {
            let [better, worse] = [better, worse].map(|value| {
                let mut program = binary(|_| ());
                if let Some(info) = &mut program.build_info {
                    info.settings.retain(|setting| setting.key != key);
                }
                if !value.is_empty() {
                    set(&mut program, key, value);
                }
                program
            });
            let marks = |old, new| {
                let found = diff(std::slice::from_ref(old), std::slice::from_ref(new));
                let marks = found.changes().map(|c| (c.worse, c.meaning().is_some()));
                marks.collect::<Vec<_>>()
            };
            assert_eq!(marks(&better, &worse), [(true, true)], "{key}");
            assert_eq!(marks(&worse, &better), [(false, false)], "{key}");
        }
    }
}
