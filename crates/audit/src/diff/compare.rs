//! Compares two states of one program fact by fact. A single fact that one side does not know (`None` in the record) is not a change; that the Go release,
//! the settings or the environment of the build are no longer known is one, of each class that depends on it.

use super::changes::{Changes, directed};
use super::facts::{FACTS, LISTS, all};
use super::{Change, Class, Direction, versions};
use crate::keys::BuildSetting;
use crate::known::{self, GoRelease};
use crate::policy::condition;
use gospect_record::{
    Binary, Corroboration, EffectiveSetting, GodebugOrigin, GodebugStatus, Linkage, Module, Verdict,
};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn compare(old: &Binary, new: &Binary) -> Vec<Change> {
    let mut out = Changes::default();
    go_version(old, new, &mut out);
    lost(old, new, &mut out);
    for list in LISTS {
        if let (Some(before), Some(now)) = ((list.entries)(old), (list.entries)(new)) {
            let known = list.known.map(|(said, is_known)| (said(&before), is_known));
            let is_known = |key: &str, is: Option<&str>| {
                known
                    .as_ref()
                    .zip(is)
                    .is_some_and(|((said, is_known), is)| is_known(key, is, said))
            };
            each(&before, &now, |key, was, is| {
                let [was, is] = [was, is].map(|value| value.map(String::as_str));
                let is_unknown = |binary, value: Option<&str>| {
                    value.is_none() && is_unrecorded(list.class, binary, key)
                };
                if is_unknown(old, was) || is_unknown(new, is) {
                    return;
                }
                let worse = list.worse.holds(key, was, is) && !is_known(key, is);
                out.value(list.class, key, was, is, worse);
            });
        }
    }
    for fact in FACTS {
        if let (Some(was), Some(is)) = ((fact.value)(old), (fact.value)(new)) {
            let worse = fact.worse.holds(fact.key, was.as_deref(), is.as_deref());
            out.value(fact.class, fact.key, was.as_deref(), is.as_deref(), worse);
        }
    }
    floors(old, new, &mut out);
    modules(old, new, &mut out);
    godebug(old, new, &mut out);
    contradictions(old, new, &mut out);
    versions::compare(old, new, &mut out);
    out.0
        .sort_by(|a, b| (a.class, &a.key).cmp(&(b.class, &b.key)));
    out.0
}

/// Whether a program does not record a setting even if it is set, as `-ldflags` with `-trimpath`.
fn is_unrecorded(class: Class, binary: &Binary, key: &str) -> bool {
    class == Class::Setting && matches!(BuildSetting::of(binary, key), BuildSetting::Unknown(_))
}

/// Calls `compare` for each key of either side.
fn each<V>(
    old: &BTreeMap<String, V>,
    new: &BTreeMap<String, V>,
    mut compare: impl FnMut(&str, Option<&V>, Option<&V>),
) {
    for key in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        compare(key, old.get(key), new.get(key));
    }
}

/// Keys of changes that say that something is no longer known.
pub(super) const BUILD_SETTINGS: &str = "build settings";
pub(super) const GODEBUG_SETTINGS: &str = "GODEBUG settings";
pub(super) const EXPERIMENTS: &str = "experiments";
pub(super) const BUILD_INFO: &str = "build info";

/// What a class of changes is read from, and whether a record has it.
type Known = (Class, &'static str, fn(&Binary) -> bool);

/// What must be known, or a class of changes has nothing to compare.
const KNOWN: [Known; 5] = [
    (Class::Toolchain, "go_version", |b| b.go_version.is_some()),
    (Class::Setting, BUILD_SETTINGS, |b| b.build_info.is_some()),
    (Class::Godebug, GODEBUG_SETTINGS, |b| {
        b.godebug.effective.is_some() || b.godebug.recorded.is_some()
    }),
    (Class::Experiment, EXPERIMENTS, |b| {
        b.experiments.enabled.is_some()
    }),
    (Class::Source, BUILD_INFO, |b| b.build_info.is_some()),
];

/// Says what the old program says and the new one does not: otherwise a gate for that class would pass it.
fn lost(old: &Binary, new: &Binary, out: &mut Changes) {
    for (class, key, is_known) in KNOWN {
        if is_known(old) && !is_known(new) {
            let was = match class {
                Class::Toolchain => old.go_version.as_deref(),
                _ => None,
            };
            let was = was.unwrap_or("recorded");
            out.value(class, key, Some(was), Some("unknown"), true);
        }
    }
}

fn go_version(old: &Binary, new: &Binary, out: &mut Changes) {
    if let (Some(a), Some(b)) = (&old.go_version, &new.go_version)
        && a != b
    {
        let releases = GoRelease::parse(a).zip(GoRelease::parse(b));
        let direction = directed(releases.map(|(a, b)| a.cmp(&b)));
        let worse = direction == Direction::Down;
        out.push(
            Class::Toolchain,
            "go_version",
            direction,
            Some(a),
            Some(b),
            worse,
        );
    }
    if old.experiments.enabled.is_none() || new.experiments.enabled.is_none() {
        let suffix = |b: &Binary| Some(b.experiments.suffix.join(",")).filter(|s| !s.is_empty());
        let (a, b) = (suffix(old), suffix(new));
        out.value(
            Class::Experiment,
            "version suffix",
            a.as_deref(),
            b.as_deref(),
            false,
        );
    }
}

/// Keys of the oldest systems that a program runs on.
pub(super) const GLIBC: &str = "glibc";
pub(super) const MIN_OS: &str = "min_os";

/// What the oldest system that a program runs on must have.
type Floor = fn(&Linkage) -> Option<&String>;

/// Compares the oldest systems on which the programs run.
fn floors(old: &Binary, new: &Binary, out: &mut Changes) {
    let all: [(&str, Floor); 2] = [
        (GLIBC, |linkage| linkage.glibc.as_ref()),
        (MIN_OS, |linkage| linkage.min_os.as_ref()),
    ];
    for (key, floor) in all {
        let [was, is] = [old, new].map(|binary| binary.linkage.as_ref().and_then(floor));
        if let (Some(was), Some(is)) = (was, is)
            && was != is
        {
            let direction = directed(condition::compare(was, is));
            let worse = direction == Direction::Up;
            out.push(Class::Linkage, key, direction, Some(was), Some(is), worse);
        }
    }
}

/// Says when the modules of one side are unknown. When both are, compares the paths in the function tables.
fn unknown_modules(old: &Binary, new: &Binary, out: &mut Changes) {
    let list = |b: &Binary| match (b.module_list().why(), &b.build_info) {
        (Some(why), _) if b.module_list().is_unknown() => format!("unknown ({why})"),
        (_, Some(info)) => format!("{} recorded", info.deps.len()),
        (_, None) => "none".to_owned(),
    };
    out.value(
        Class::Module,
        "list of modules",
        Some(&list(old)),
        Some(&list(new)),
        new.module_list().is_unknown(),
    );
    let both = |f: fn(&Binary) -> bool| f(old) && f(new);
    if both(|b| b.has_package_names() && b.module_list().is_unknown()) {
        let groups = |b: &Binary| {
            let rows = b.stand_ins();
            let others = rows.iter().filter(|row| !row.is_own);
            let groups: Vec<String> = others.map(|row| row.group().to_owned()).collect();
            all(&groups, "version unknown")
        };
        each(&groups(old), &groups(new), |path, a, b| {
            let [a, b] = [a, b].map(|value| value.map(String::as_str));
            out.value(Class::Module, path, a, b, false);
        });
    }
}

fn modules(old: &Binary, new: &Binary, out: &mut Changes) {
    // A side without a list of modules (Bazel, GOPATH) says nothing about versions, so only what both sides show is compared.
    if old.module_list().is_unknown() || new.module_list().is_unknown() {
        return unknown_modules(old, new, out);
    }
    let (Some(old_info), Some(new_info)) = (&old.build_info, &new.build_info) else {
        return;
    };
    let table = |deps: &[Module]| -> BTreeMap<String, Module> {
        deps.iter()
            .map(|module| (module.path.clone(), module.clone()))
            .collect()
    };
    let text = |module: &Module| match &module.replace {
        None => module.version.clone(),
        Some(replacement) if replacement.version.is_empty() => {
            format!("{} => {}", module.version, replacement.path)
        }
        Some(replacement) => format!(
            "{} => {} {}",
            module.version, replacement.path, replacement.version
        ),
    };
    each(
        &table(&old_info.deps),
        &table(&new_info.deps),
        |path, old, new| {
            let (old_text, new_text) = (old.map(text), new.map(text));
            let (Some(old), Some(new)) = (old, new) else {
                return out.value(
                    Class::Module,
                    path,
                    old_text.as_deref(),
                    new_text.as_deref(),
                    false,
                );
            };
            let [old_built, new_built] =
                [old, new].map(|module| module.replace.as_deref().unwrap_or(module));
            if old_text != new_text {
                let comparable = old_built.path == new_built.path
                    && known::is_module_version(&old_built.version)
                    && known::is_module_version(&new_built.version);
                let order = comparable
                    .then(|| known::compare_modules(&old_built.version, &new_built.version));
                let direction = directed(order);
                let replaced_now = old.replace.is_none() && new.replace.is_some();
                let worse = direction == Direction::Down || replaced_now;
                out.push(
                    Class::Module,
                    path,
                    direction,
                    old_text.as_deref(),
                    new_text.as_deref(),
                    worse,
                );
            } else if !old_built.sum.is_empty()
                && !new_built.sum.is_empty()
                && old_built.sum != new_built.sum
            {
                let [old_sum, new_sum] = [(old_text, old_built), (new_text, new_built)]
                    .map(|(text, module)| format!("{} {}", text.unwrap_or_default(), module.sum));
                out.value(Class::Module, path, Some(&old_sum), Some(&new_sum), true);
            }
        },
    );
}

fn godebug(old: &Binary, new: &Binary, out: &mut Changes) {
    let (Some(old_settings), Some(new_settings)) = (&old.godebug.effective, &new.godebug.effective)
    else {
        if let (Some(old_settings), Some(new_settings)) =
            (&old.godebug.recorded, &new.godebug.recorded)
        {
            out.value(
                Class::Godebug,
                "DefaultGODEBUG",
                Some(old_settings),
                Some(new_settings),
                false,
            );
        }
        return;
    };
    let release = new.go_version.as_deref().and_then(GoRelease::parse);
    let minor = release.map_or(0, |r| r.minor);
    // Of a repeated key the first counts.
    let table = |list: &[EffectiveSetting]| -> BTreeMap<String, EffectiveSetting> {
        let settings = list.iter().rev();
        settings.map(|s| (s.key.clone(), s.clone())).collect()
    };
    let text = |s: &EffectiveSetting| {
        let value = match (s.value.as_str(), s.origin.known()) {
            ("", Some(GodebugOrigin::Toolchain)) => "default",
            ("", _) => "\"\"",
            (value, _) => value,
        };
        match s.status.known() {
            Some(GodebugStatus::Ok) => format!("{value} ({})", s.origin),
            _ => format!("{value} ({}, {})", s.origin, s.status),
        }
    };
    each(
        &table(old_settings),
        &table(new_settings),
        |key, old_setting, new_setting| {
            // The same value from another source has the same effect.
            if old_setting.map(|s| (&s.value, &s.status))
                == new_setting.map(|s| (&s.value, &s.status))
            {
                return;
            }
            let is_weak = new_setting.is_some_and(|s| {
                s.status == GodebugStatus::Fatal
                    || (s.status == GodebugStatus::Ok
                        && known::weakens(key, &s.value, minor).is_some())
            });
            let is_fips_lost =
                key == FIPS_MODE && turns_fips_on(old_setting) && !turns_fips_on(new_setting);
            let worse = is_weak || is_fips_lost;
            let [old_setting, new_setting] = [old_setting, new_setting].map(|s| s.map(text));
            out.value(
                Class::Godebug,
                key,
                old_setting.as_deref(),
                new_setting.as_deref(),
                worse,
            );
        },
    );
}

/// The GODEBUG setting that turns FIPS 140 mode on, as GOFIPS140 does in a build.
pub(super) const FIPS_MODE: &str = "fips140";

fn turns_fips_on(setting: Option<&EffectiveSetting>) -> bool {
    setting.is_some_and(|s| {
        s.status == GodebugStatus::Ok && matches!(&*s.value, "on" | "only" | "debug")
    })
}

fn contradictions(old: &Binary, new: &Binary, out: &mut Changes) {
    let (Some(old_claims), Some(new_claims)) = (&old.corroboration, &new.corroboration) else {
        return;
    };
    fn contradicted(list: &[Corroboration]) -> BTreeSet<&str> {
        let bad = list.iter().filter(|c| c.verdict == Verdict::Contradicted);
        bad.map(|c| &*c.claim).collect()
    }
    let (was, is) = (contradicted(old_claims), contradicted(new_claims));
    let word = |bad| {
        Some(if bad {
            "contradicted"
        } else {
            "not contradicted"
        })
    };
    let claims = old_claims.iter().chain(new_claims).map(|c| &*c.claim);
    for claim in claims.collect::<BTreeSet<_>>() {
        let (was, is) = (was.contains(claim), is.contains(claim));
        out.value(Class::Integrity, claim, word(was), word(is), is);
    }
}

#[cfg(test)]
mod tests {
    use super::Class;
    use crate::diff::diff;
    use crate::testing::{binary, set};
    use gospect_record::{Binary, EffectiveSetting};

    #[test]
    fn settings_that_trimpath_hides_are_not_known_to_change() {
        let with = |settings: &[(&str, &str)]| {
            binary(|b| {
                let info = b.build_info.as_mut().unwrap();
                let is_asked = |key: &str| matches!(key, "-trimpath" | "-ldflags" | "-tags");
                info.settings.retain(|setting| !is_asked(&setting.key));
                for (key, value) in settings {
                    set(b, key, value);
                }
            })
        };
        let keys = |old: &Binary, new: &Binary| {
            let found = diff(std::slice::from_ref(old), std::slice::from_ref(new));
            let settings = found.changes().filter(|c| c.class == Class::Setting);
            settings.map(|c| c.key.clone()).collect::<Vec<_>>()
        };
        let trimmed = with(&[("-trimpath", "true")]);
        let plain = with(&[("-ldflags", "-s"), ("-tags", "x")]);
        assert_eq!(keys(&trimmed, &plain), ["-tags", "-trimpath"]);
        assert_eq!(keys(&plain, &trimmed), ["-tags", "-trimpath"]);
        assert_eq!(keys(&with(&[]), &plain), ["-ldflags", "-tags"]);
    }

    #[test]
    fn fips_mode_that_a_variable_no_longer_turns_on_is_worse() {
        let with = |value: &'static str| {
            move |b: &mut Binary| {
                b.go_version = Some("go1.27.3".into());
                let setting = EffectiveSetting {
                    key: "fips140".into(),
                    value: value.into(),
                    origin: "environment".into(),
                    status: "ok".into(),
                    note: None,
                };
                let is_set = !value.is_empty();
                b.godebug.effective = Some(is_set.then_some(setting).into_iter().collect());
            }
        };
        for (old, new, worse) in [
            ("on", "", true),
            ("only", "", true),
            ("debug", "off", true),
            ("only", "on", false),
            ("off", "", false),
            ("", "on", false),
            ("off", "only", false),
        ] {
            let found = diff(&[binary(with(old))], &[binary(with(new))]);
            let changes: Vec<_> = found.changes().collect();
            let seen: Vec<_> = changes.iter().map(|c| (&*c.key, c.worse)).collect();
            assert_eq!(seen, [("fips140", worse)], "{old} -> {new}");
            let rule = changes[0].meaning().and_then(|meaning| meaning.rule);
            assert_eq!(rule, worse.then_some("fips-off"));
        }
    }
}
