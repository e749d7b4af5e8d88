//! What is linked in according to the function table, compared with the recorded modules.

use super::program::Program;
use super::source_versions;
use crate::tables::functions::Functions;
use crate::written::modinfo::ModInfo;
use gospect_knowledge::modules::is_fetched;
use gospect_record::{Linked, ModuleVersion};

/// The functions and packages that other facts and rules ask about.
pub fn of(program: &Program<'_>) -> Linked {
    let functions = program.tables.functions();
    let (not_linked, not_recorded) = match &program.modinfo {
        Some(info) if functions.count > 0 && (info.main.is_some() || !info.deps.is_empty()) => {
            compare_modules(info, functions)
        }
        _ => Default::default(),
    };
    Linked {
        functions: functions.count,
        system_roots: functions.has("crypto/x509.loadSystemRoots"),
        embedded_roots: functions.has_package("golang.org/x/crypto/x509roots/fallback"),
        load_location: functions.has("time.LoadLocation"),
        tzdata: functions.has_package("time/tzdata"),
        crypto: functions.has_fips_module(),
        not_linked,
        not_recorded,
        other_versions: other_versions(program),
    }
}

/// The modules of which the source files are of another version than the build info says.
fn other_versions(program: &Program<'_>) -> Vec<ModuleVersion> {
    let seen = &program.files().module_versions;
    let info = program.build_info.as_ref().filter(|_| !seen.is_empty());
    info.map_or(Vec::new(), |info| {
        source_versions::contradicting(info, seen.iter().map(String::as_str))
    })
}

/// Modules without a function, and packages without a module.
fn compare_modules(info: &ModInfo<'_>, functions: &Functions) -> (Vec<String>, Vec<String>) {
    let mut modules: Vec<String> = info
        .main
        .iter()
        .chain(&info.deps)
        .map(|m| text(m.path))
        .collect();
    modules.sort_unstable();
    let mut used = vec![false; modules.len()];
    // The module of the last package, unless its path is the start of other modules' paths. Packages are sorted by path.
    let mut last: Option<String> = None;
    let mut unlisted = Vec::new();
    let main_package = text(info.path);
    for package in &functions.packages {
        if last
            .as_ref()
            .is_some_and(|below| package.starts_with(below))
        {
            continue;
        }
        // The longest module path wins: shorten the package path element by element.
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
            Some(used) => {
                *used = true;
                let below = format!("{prefix}/");
                let next = modules.partition_point(|m| *m < below);
                let holds_others = modules.get(next).is_some_and(|m| m.starts_with(&below));
                last = (!holds_others).then_some(below);
            }
            None if is_fetched(package, &main_package) => unlisted.push(package.clone()),
            None => {}
        }
    }
    // The code of the main module has the package `main`, whatever its path.
    let main = info.main.as_ref().map(|m| text(m.path));
    let not_linked = modules
        .iter()
        .zip(&used)
        .filter(|(m, used)| !**used && main.as_ref() != Some(*m))
        .map(|(m, _)| m.clone())
        .collect();
    (not_linked, unlisted)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
