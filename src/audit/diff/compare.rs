//! Two states of one program, fact by fact. A fact that one side does not know (`None` in the record) is no change.

use super::changes::{Changes, directed};
use super::{Change, Class, Direction, versions};
use crate::audit::known::{self, Release};
use crate::record::{
    Binary, BuildInfo, Corroboration, EffectiveSetting, Linkage, Module, PathLeak, Verdict,
};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn compare(old: &Binary, new: &Binary) -> Vec<Change> {
    let mut out = Changes::default();
    toolchain(old, new, &mut out);
    source(old, new, &mut out);
    modules(old, new, &mut out);
    settings(old, new, &mut out);
    experiments(old, new, &mut out);
    godebug(old, new, &mut out);
    goroot(old, new, &mut out);
    linkage(old, new, &mut out);
    integrity(old, new, &mut out);
    versions::compare(old, new, &mut out);
    owner(old, new, &mut out);
    out.0
        .sort_by(|a, b| (a.class, &a.key).cmp(&(b.class, &b.key)));
    out.0
}

fn owner(old: &Binary, new: &Binary, out: &mut Changes) {
    let (Some(a), Some(b)) = (&old.owner, &new.owner) else {
        return;
    };
    let mut facts = vec![
        ("package", Some(&a.name), Some(&b.name)),
        ("package version", Some(&a.version), Some(&b.version)),
        ("package architecture", a.arch.as_ref(), b.arch.as_ref()),
    ];
    // A package file does not say for which distribution it is.
    if a.distribution.is_some() && b.distribution.is_some() {
        facts.push((
            "distribution",
            a.distribution.as_ref(),
            b.distribution.as_ref(),
        ));
        facts.push((
            "distribution release",
            a.release.as_ref(),
            b.release.as_ref(),
        ));
    }
    for (key, a, b) in facts {
        let (a, b) = (a.map(String::as_str), b.map(String::as_str));
        out.value(Class::Owner, key, a, b, false);
    }
}

fn toolchain(old: &Binary, new: &Binary, out: &mut Changes) {
    if let (Some(a), Some(b)) = (&old.go_version, &new.go_version)
        && a != b
    {
        let direction = directed(
            Release::parse(a)
                .zip(Release::parse(b))
                .map(|(a, b)| a.cmp(&b)),
        );
        out.push(
            Class::Toolchain,
            "go_version",
            direction,
            Some(a),
            Some(b),
            direction == Direction::Down,
        );
    }
    out.value(
        Class::Toolchain,
        "go_vendor",
        old.go_vendor.as_deref(),
        new.go_vendor.as_deref(),
        false,
    );
}

fn source(old: &Binary, new: &Binary, out: &mut Changes) {
    let (Some(a), Some(b)) = (&old.build_info, &new.build_info) else {
        return;
    };
    out.value(
        Class::Source,
        "main_package",
        old.main_package.as_deref(),
        new.main_package.as_deref(),
        false,
    );
    for key in ["vcs.time", "vcs.modified"] {
        out.value(
            Class::Source,
            key,
            a.setting(key),
            b.setting(key),
            key == "vcs.modified" && b.setting(key) == Some("true"),
        );
    }
}

/// Where the modules of a side are unknown, that is said; of two such sides the paths that the function tables show are compared.
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
    if !old.has_package_names() || !new.has_package_names() {
        return;
    }
    let groups = |b: &Binary| -> BTreeSet<String> {
        let rows = b.stand_ins();
        let rows = rows.iter().filter(|row| !row.is_own);
        rows.map(|row| row.group().to_owned()).collect()
    };
    if old.module_list().is_unknown() && new.module_list().is_unknown() {
        let (a, b) = (groups(old), groups(new));
        for path in a.union(&b) {
            let shown = |side: &BTreeSet<String>| side.contains(path).then_some("version unknown");
            out.value(Class::Module, path, shown(&a), shown(&b), false);
        }
    }
}

fn modules(old: &Binary, new: &Binary, out: &mut Changes) {
    // A side without a list of modules (Bazel, GOPATH) claims nothing about versions: what both sides show is compared.
    if old.module_list().is_unknown() || new.module_list().is_unknown() {
        return unknown_modules(old, new, out);
    }
    let (Some(a), Some(b)) = (&old.build_info, &new.build_info) else {
        return;
    };
    let table = |deps: &'_ [Module]| -> BTreeMap<String, Module> {
        deps.iter().map(|m| (m.path.clone(), m.clone())).collect()
    };
    let (a, b) = (table(&a.deps), table(&b.deps));
    let text = |m: &Module| match &m.replace {
        None => m.version.clone(),
        Some(r) if r.version.is_empty() => format!("{} => {}", m.version, r.path),
        Some(r) => format!("{} => {} {}", m.version, r.path, r.version),
    };
    for path in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
        match (a.get(path), b.get(path)) {
            (Some(x), Some(y)) => {
                let (tx, ty) = (text(x), text(y));
                let (ex, ey) = (
                    x.replace.as_deref().unwrap_or(x),
                    y.replace.as_deref().unwrap_or(y),
                );
                if tx != ty {
                    let comparable = ex.path == ey.path
                        && known::is_module_version(&ex.version)
                        && known::is_module_version(&ey.version);
                    let direction = directed(
                        comparable.then(|| known::compare_modules(&ex.version, &ey.version)),
                    );
                    let appeared = x.replace.is_none() && y.replace.is_some();
                    out.push(
                        Class::Module,
                        path,
                        direction,
                        Some(&tx),
                        Some(&ty),
                        direction == Direction::Down || appeared,
                    );
                } else if !ex.sum.is_empty() && !ey.sum.is_empty() && ex.sum != ey.sum {
                    let (sx, sy) = (format!("{tx} {}", ex.sum), format!("{ty} {}", ey.sum));
                    out.push(
                        Class::Module,
                        path,
                        Direction::Changed,
                        Some(&sx),
                        Some(&sy),
                        true,
                    );
                }
            }
            (Some(x), None) => out.push(
                Class::Module,
                path,
                Direction::Removed,
                Some(&text(x)),
                None,
                false,
            ),
            (None, Some(y)) => out.push(
                Class::Module,
                path,
                Direction::Added,
                None,
                Some(&text(y)),
                false,
            ),
            (None, None) => {}
        }
    }
}

/// Settings whose `true` makes a program unfit for release.
const UNFIT: [&str; 4] = ["-race", "-msan", "-asan", "-cover"];

fn settings(old: &Binary, new: &Binary, out: &mut Changes) {
    if let (Some(a), Some(b)) = (&old.build_info, &new.build_info)
        && !a.settings.is_empty()
        && !b.settings.is_empty()
    {
        // Of a key that is there twice the first counts, as for `BuildInfo::setting`.
        let values = |info: &BuildInfo| -> BTreeMap<String, String> {
            let settings = info.settings.iter().rev();
            settings.map(|s| (s.key.clone(), s.value.clone())).collect()
        };
        let (a, b) = (values(a), values(b));
        let keys: BTreeSet<&str> = a.keys().chain(b.keys()).map(String::as_str).collect();
        // Told by their effect under other classes.
        for key in keys
            .into_iter()
            .filter(|k| !k.starts_with("vcs") && !matches!(*k, "DefaultGODEBUG" | "GOEXPERIMENT"))
        {
            let [a, b] = [&a, &b].map(|side| side.get(key).map(String::as_str));
            let worse = UNFIT.contains(&key) && b == Some("true")
                || key == "-trimpath" && b != Some("true");
            out.value(Class::Setting, key, a, b, worse);
        }
    }
    if let (Some(a), Some(b)) = (&old.fips, &new.fips) {
        out.known(
            Class::Setting,
            "fips.module",
            a.module.clone(),
            b.module.clone(),
            |_| false,
        );
        out.known(
            Class::Setting,
            "fips.mode",
            a.mode.clone(),
            b.mode.clone(),
            |m| m == "off",
        );
        out.known(
            Class::Setting,
            "fips.crypto",
            a.crypto.clone(),
            b.crypto.clone(),
            |_| false,
        );
    }
}

fn experiments(old: &Binary, new: &Binary, out: &mut Changes) {
    if let (Some(a), Some(b)) = (&old.experiments.enabled, &new.experiments.enabled) {
        let [a, b] = [a, b].map(|list| list.iter().collect::<BTreeSet<_>>());
        for name in a.union(&b) {
            let on = |list: &BTreeSet<_>| list.contains(name).then_some("on");
            out.value(Class::Experiment, name, on(&a), on(&b), false);
        }
    } else {
        let joined = |b: &Binary| Some(b.experiments.suffix.join(",")).filter(|s| !s.is_empty());
        out.value(
            Class::Experiment,
            "version suffix",
            joined(old).as_deref(),
            joined(new).as_deref(),
            false,
        );
    }
    out.known(
        Class::Experiment,
        "loopvar",
        old.experiments.loopvar.clone(),
        new.experiments.loopvar.clone(),
        |v| v == "per-loop",
    );
}

fn godebug(old: &Binary, new: &Binary, out: &mut Changes) {
    let (Some(a), Some(b)) = (&old.godebug.effective, &new.godebug.effective) else {
        out.known(
            Class::Godebug,
            "DefaultGODEBUG",
            old.godebug.recorded.clone(),
            new.godebug.recorded.clone(),
            |_| false,
        );
        return;
    };
    let minor = new
        .go_version
        .as_deref()
        .and_then(Release::parse)
        .map_or(0, |r| r.minor);
    // Of a key that is there twice the first counts.
    let table = |list: &'_ [EffectiveSetting]| -> BTreeMap<String, EffectiveSetting> {
        let settings = list.iter().rev();
        settings.map(|s| (s.key.clone(), s.clone())).collect()
    };
    let (a, b) = (table(a), table(b));
    for key in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
        let (x, y) = (a.get(key), b.get(key));
        let text = |s: &EffectiveSetting| {
            let value = match (s.value.as_str(), s.origin.as_str()) {
                ("", "toolchain") => "default",
                ("", _) => "\"\"",
                (value, _) => value,
            };
            match s.status.as_str() {
                "ok" => format!("{value} ({})", s.origin),
                status => format!("{value} ({}, {status})", s.origin),
            }
        };
        // The same value from another place has the same effect.
        if x.map(|s| (&s.value, &s.status)) == y.map(|s| (&s.value, &s.status)) {
            continue;
        }
        let worse = y.is_some_and(|s| {
            s.status == "fatal"
                || (s.status == "ok" && known::weakens(key, &s.value, minor).is_some())
        });
        out.value(
            Class::Godebug,
            key,
            x.map(text).as_deref(),
            y.map(text).as_deref(),
            worse,
        );
    }
}

fn goroot(old: &Binary, new: &Binary, out: &mut Changes) {
    if let (Some(a), Some(b)) = (&old.goroot, &new.goroot) {
        // Trimmed or not is a fact of its own: it explains a value that appears or goes.
        out.known(Class::Goroot, "trimmed", a.trimmed, b.trimmed, |t| !*t);
        out.known(
            Class::Goroot,
            "goroot",
            a.value.clone(),
            b.value.clone(),
            |_| false,
        );
        out.known(
            Class::Goroot,
            "runtime.GOROOT()",
            a.runtime.clone(),
            b.runtime.clone(),
            |_| false,
        );
    }
    if let (Some(a), Some(b)) = (&old.paths, &new.paths) {
        // Of a prefix that is there twice the first counts.
        let kinds = |list: &'_ [PathLeak]| -> BTreeMap<String, String> {
            let leaks = list.iter().rev();
            leaks.map(|p| (p.prefix.clone(), p.kind.clone())).collect()
        };
        let (a, b) = (kinds(a), kinds(b));
        for prefix in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
            let [a, b] = [&a, &b].map(|side| side.get(prefix).map(String::as_str));
            out.value(Class::Goroot, prefix, a, b, a.is_none());
        }
    }
}

fn linkage(old: &Binary, new: &Binary, out: &mut Changes) {
    let (ea, eb) = (&old.executable, &new.executable);
    out.value(
        Class::Linkage,
        "format",
        Some(&ea.format),
        Some(&eb.format),
        false,
    );
    out.value(
        Class::Linkage,
        "kind",
        Some(&ea.kind),
        Some(&eb.kind),
        false,
    );
    out.known(
        Class::Linkage,
        "symbols",
        ea.go_symbols,
        eb.go_symbols,
        |_| false,
    );
    out.known(
        Class::Linkage,
        "debug info",
        ea.debug_info,
        eb.debug_info,
        |_| false,
    );
    let (Some(a), Some(b)) = (&old.linkage, &new.linkage) else {
        return;
    };
    out.value(
        Class::Linkage,
        "interpreter",
        a.interpreter.as_deref(),
        b.interpreter.as_deref(),
        a.interpreter.is_none(),
    );
    let rpath = |l: &Linkage| l.rpath.as_ref().map(|directories| directories.join(":"));
    let worse = b.rpath.is_some();
    out.value(
        Class::Linkage,
        "rpath",
        rpath(a).as_deref(),
        rpath(b).as_deref(),
        worse,
    );
    out.known(Class::Linkage, "static", a.is_static, b.is_static, |s| !*s);
    out.known(Class::Linkage, "pie", a.pie, b.pie, |v| !*v);
    out.known(
        Class::Linkage,
        "relro",
        a.relro.clone(),
        b.relro.clone(),
        |v| v == "none",
    );
    out.known(Class::Linkage, "nx", a.nx, b.nx, |v| !*v);
    out.known(
        Class::Linkage,
        "glibc",
        a.glibc.clone(),
        b.glibc.clone(),
        |_| false,
    );
    out.known(
        Class::Linkage,
        "min_os",
        a.min_os.clone(),
        b.min_os.clone(),
        |_| false,
    );
    out.known(Class::Linkage, "signed", a.signed, b.signed, |v| !*v);
    if let (Some(na), Some(nb)) = (&a.needed, &b.needed) {
        let [na, nb] = [na, nb].map(|list| list.iter().collect::<BTreeSet<_>>());
        for name in na.union(&nb) {
            let there = |list: &BTreeSet<_>| list.contains(name).then_some("needed");
            out.value(
                Class::Linkage,
                name,
                there(&na),
                there(&nb),
                there(&na).is_none(),
            );
        }
    }
}

fn integrity(old: &Binary, new: &Binary, out: &mut Changes) {
    if let (Some(a), Some(b)) = (&old.corroboration, &new.corroboration) {
        let contradicted = |list: &'_ [Corroboration]| -> BTreeSet<String> {
            let bad = list.iter().filter(|c| c.verdict == Verdict::Contradicted);
            bad.map(|c| c.claim.clone()).collect()
        };
        let (of_a, of_b) = (contradicted(a), contradicted(b));
        for claim in a
            .iter()
            .chain(b)
            .map(|c| c.claim.as_str())
            .collect::<BTreeSet<_>>()
        {
            let word = |bad: bool| {
                if bad {
                    "contradicted"
                } else {
                    "not contradicted"
                }
            };
            out.value(
                Class::Integrity,
                claim,
                Some(word(of_a.contains(claim))),
                Some(word(of_b.contains(claim))),
                of_b.contains(claim),
            );
        }
    }
    out.value(
        Class::Integrity,
        "packed",
        old.executable.packed.as_deref(),
        new.executable.packed.as_deref(),
        new.executable.packed.is_some(),
    );
    let has = |b: &Binary| {
        if b.build_info
            .as_ref()
            .is_some_and(|i| !i.path.is_empty() || !i.main.path.is_empty())
        {
            "recorded"
        } else {
            "missing"
        }
    };
    out.value(
        Class::Integrity,
        "module data",
        Some(has(old)),
        Some(has(new)),
        has(new) == "missing",
    );
    let sum = |b: &Binary| b.fips.as_ref().and_then(|f| f.checksum.clone());
    out.known(Class::Integrity, "fips checksum", sum(old), sum(new), |v| {
        v == "invalid"
    });
}
