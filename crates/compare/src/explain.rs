//! Explains differences: by another release, setting, module version or linker string, else by a patched toolchain or other source.

use super::functions::Functions;
use super::side::Side;
use gospect_go::tables::functions::package;
use gospect_knowledge::{GoVersion, modules};
use gospect_record::rebuild::{FunctionDifference, StringChange};
use gospect_record::{BuildInfo, Module};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;

/// Most explanations of one kind that are listed.
const SHOWN: usize = 10;

/// Linker strings that differ.
pub fn strings(old: &Side<'_, '_>, new: &Side<'_, '_>, functions: &Functions) -> Vec<StringChange> {
    let (old_strings, new_strings) = (recorded_strings(old), recorded_strings(new));
    let (old_names, new_names) = (names(old, &old_strings), names(new, &new_strings));
    let old_readers: HashMap<u64, u32> = functions
        .pairs
        .iter()
        .rev()
        .map(|pair| (pair.old, pair.function))
        .collect();
    let new_readers: HashMap<u64, u32> = functions
        .pairs
        .iter()
        .rev()
        .map(|pair| (pair.new, pair.function))
        .collect();
    let reader = |old_address: Option<&u64>, new_address: Option<&u64>| {
        let by_old = old_address.and_then(|at| old_readers.get(at));
        let function = by_old.or_else(|| new_address.and_then(|at| new_readers.get(at)))?;
        Some(old.name(*function as usize))
    };
    let new_addresses: HashMap<u64, u64> = functions
        .pairs
        .iter()
        .map(|pair| (pair.old, pair.new))
        .collect();
    let mut unmatched: Vec<&(u64, String)> = new_strings.iter().collect();
    let mut changes = Vec::new();
    let mut unpaired = Vec::new();
    for (address, text) in &old_strings {
        let place = new_addresses.get(address);
        let same_variable = unmatched.iter().position(|(at, _)| Some(at) == place);
        let position =
            same_variable.or_else(|| unmatched.iter().position(|(_, other)| other == text));
        match position.map(|position| unmatched.remove(position)) {
            Some((_, other)) if other == text => {}
            Some((at, other)) => changes.push(StringChange {
                name: old_names.get(address).or(new_names.get(at)).cloned(),
                old: Some(text.clone()),
                new: Some(other.clone()),
                new_address: Some(*at),
                reader: reader(Some(address), Some(at)),
            }),
            None => unpaired.push((address, text, place)),
        }
    }
    changes.extend(
        unpaired
            .into_iter()
            .map(|(address, text, place)| StringChange {
                name: old_names.get(address).cloned(),
                old: Some(text.clone()),
                new: None,
                new_address: place.copied(),
                reader: reader(Some(address), place),
            }),
    );
    changes.extend(unmatched.into_iter().map(|(address, text)| StringChange {
        name: new_names.get(address).cloned(),
        old: None,
        new: Some(text.clone()),
        new_address: Some(*address),
        reader: reader(None, Some(address)),
    }));
    changes
}

/// The linker strings that the record lists, with the addresses of their variables.
fn recorded_strings(side: &Side<'_, '_>) -> Vec<(u64, String)> {
    let recorded: BTreeSet<&str> = side
        .facts
        .binary
        .linker_strings
        .iter()
        .flatten()
        .map(|s| s.value.as_str())
        .collect();
    let strings = side.tables.strings().all.iter();
    strings
        .filter_map(|s| Some((s.address, std::str::from_utf8(s.text).ok()?)))
        .filter(|(_, text)| recorded.contains(text))
        .map(|(address, text)| (address, text.to_owned()))
        .collect()
}

/// Names of the variables of linker strings, by address.
fn names(side: &Side<'_, '_>, strings: &[(u64, String)]) -> HashMap<u64, String> {
    let wanted: BTreeSet<u64> = strings.iter().map(|s| s.0).collect();
    let mut all = HashMap::new();
    if wanted.is_empty() {
        return all;
    }
    side.image.symbols::<()>(&mut |symbol| {
        if wanted.contains(&symbol.address) {
            let name = String::from_utf8_lossy(symbol.name).into_owned();
            all.entry(symbol.address).or_insert(name);
        }
        ControlFlow::Continue(())
    });
    all
}

/// Whether two releases of Go differ only in the patch.
fn is_same_minor(a: &str, b: &str) -> bool {
    let minor = |release: &str| GoVersion::parse(release).and_then(|version| version.minor());
    minor(a).is_some() && minor(a) == minor(b)
}

/// The explanations, the most likely one first.
pub fn explain(
    old: &Side<'_, '_>,
    new: &Side<'_, '_>,
    functions: &Functions,
    changed: &[FunctionDifference],
    strings: &[StringChange],
    is_harmless: bool,
) -> Vec<String> {
    let mut all = Vec::new();
    let equal = functions.equal();
    let releases = (&old.facts.binary.go_version, &new.facts.binary.go_version);
    let release = match releases {
        (Some(old_release), Some(new_release)) if old_release != new_release => {
            let what = match is_same_minor(old_release, new_release) {
                true => "another patch release of Go",
                false => "another Go release",
            };
            Some(format!("{what}: {old_release} and {new_release}"))
        }
        _ => None,
    };
    if is_harmless {
        all.push(format!(
            "{equal} of {} functions equal; nothing that is run differs",
            functions.count()
        ));
        all.extend(release.map(|text| format!("{text}, which make the same code of it")));
        return all;
    }
    all.extend(release);
    let (old_info, new_info) = (old.build_info(), new.build_info());
    all.extend(other_settings(&old_info, &new_info));
    all.extend(other_modules(&old_info, &new_info, changed));
    let named = |change: &StringChange| {
        change
            .name
            .clone()
            .unwrap_or_else(|| "a variable".to_owned())
    };
    let shown = |text: &Option<String>| {
        text.as_ref()
            .map_or("not set".to_owned(), |text| format!("`{text}`"))
    };
    for change in strings.iter().take(SHOWN) {
        all.push(format!(
            "another string set by the linker (-X): {}, {} and {}",
            named(change),
            shown(&change.old),
            shown(&change.new)
        ));
    }
    if strings.len() > SHOWN {
        all.push(format!(
            "{} more strings set by the linker",
            strings.len() - SHOWN
        ));
    }
    if all.is_empty() {
        all.push(unexplained(&old_info, changed));
    }
    all.push(format!("{equal} of {} functions equal", functions.count()));
    all
}

/// Settings that change code, and differ.
fn other_settings(old: &BuildInfo, new: &BuildInfo) -> Vec<String> {
    let is_code = |key: &str| {
        !key.starts_with("vcs") && !matches!(key, "-ldflags" | "DefaultGODEBUG" | "-compiler")
    };
    let keys = old
        .settings
        .iter()
        .chain(&new.settings)
        .map(|s| s.key.as_str());
    let keys: BTreeSet<&str> = keys.filter(|key| is_code(key)).collect();
    let text = |info: &BuildInfo, key: &str| {
        info.setting(key)
            .map_or(format!("no {key}"), |value| format!("{key}={value}"))
    };
    keys.into_iter()
        .filter(|key| old.setting(key) != new.setting(key))
        .map(|key| format!("another setting: {} and {}", text(old, key), text(new, key)))
        .collect()
}

/// Modules whose versions differ, with the number of their functions that do.
fn other_modules(old: &BuildInfo, new: &BuildInfo, changed: &[FunctionDifference]) -> Vec<String> {
    let linked = |module: &Module| {
        let used = module.replace.as_deref().unwrap_or(module);
        match used.path == module.path {
            true => used.version.clone(),
            false => format!("{} {}", used.path, used.version),
        }
    };
    let versions = |info: &BuildInfo| -> BTreeMap<String, String> {
        let modules = info
            .deps
            .iter()
            .chain([&info.main])
            .filter(|m| !m.path.is_empty());
        modules.map(|m| (m.path.clone(), linked(m))).collect()
    };
    let (old_versions, new_versions) = (versions(old), versions(new));
    let by_module = by_module(old, changed);
    let count = |module: &str| by_module.get(module).copied().unwrap_or_default();
    let paths: BTreeSet<&String> = old_versions.keys().chain(new_versions.keys()).collect();
    let mut lines: Vec<(usize, String)> = paths
        .into_iter()
        .filter(|path| old_versions.get(*path) != new_versions.get(*path))
        .map(|path| {
            let text = |version: Option<&String>| version.map_or("not linked", String::as_str).to_owned();
            let line = format!(
                "another version of module {path}: {} and {}; {} of the functions that differ are its own",
                text(old_versions.get(path)),
                text(new_versions.get(path)),
                count(path)
            );
            (count(path), line)
        })
        .collect();
    // The version of the main module alone explains nothing where none of its functions differ.
    lines.retain(|(count, line)| {
        *count > 0 || !line.contains(&format!("module {}:", old.main.path))
    });
    lines.sort_by_key(|line| std::cmp::Reverse(line.0));
    lines.into_iter().take(SHOWN).map(|line| line.1).collect()
}

/// For each module, the number of its functions that differ; the standard library is [`modules::STANDARD`].
fn by_module(info: &BuildInfo, changed: &[FunctionDifference]) -> BTreeMap<String, usize> {
    let mut all: BTreeMap<String, usize> = BTreeMap::new();
    for function in changed {
        let path = package(function.function.as_bytes())
            .map(|p| String::from_utf8_lossy(p).replace("%2e", "."));
        let path = path.unwrap_or_default();
        let linked = info
            .deps
            .iter()
            .chain([&info.main])
            .map(|m| m.path.as_str());
        let module = match path.as_str() {
            modules::MAIN => info.main.path.clone(),
            _ => modules::of_package(&path, linked).map_or_else(|| path.clone(), str::to_owned),
        };
        *all.entry(module).or_default() += 1;
    }
    all
}

/// The explanation when the records have no difference that explains it.
fn unexplained(info: &BuildInfo, changed: &[FunctionDifference]) -> String {
    let by_module = by_module(info, changed);
    let mut most: Vec<(&String, &usize)> = by_module.iter().collect();
    most.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    match most.as_slice() {
        [] => "the records name the same release, settings and modules, and all functions are equal: other constants or embedded files, or edited data".to_owned(),
        [(module, _)] if module.as_str() == modules::STANDARD => {
            "the records name the same release, and only functions of the standard library differ: a patched toolchain, or an edited program".to_owned()
        }
        all => {
            let names: Vec<String> = all.iter().take(SHOWN).map(|(module, count)| format!("{count} of {module}")).collect();
            format!(
                "the records name the same release, settings and modules: other source, a patched toolchain or an edited program; functions that differ: {}",
                names.join(", ")
            )
        }
    }
}
