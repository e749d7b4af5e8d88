//! Compares the recorded modules with the packages of the function table.

use super::{Evidence, row};
use gospect_record::{Claim, Corroboration, Verdict};

pub(super) fn modules(evidence: &Evidence<'_, '_>) -> Option<Corroboration> {
    let linked = evidence.linked;
    let info = evidence
        .program
        .build_info
        .as_ref()
        .filter(|b| !b.deps.is_empty() || !b.main.path.is_empty())?;
    let recorded = match info.deps.len() + usize::from(!info.main.path.is_empty()) {
        1 => "1 module".to_owned(),
        many => format!("{many} modules"),
    };
    let (observed, verdict) = match (&linked.not_linked[..], &linked.not_recorded[..]) {
        ([], []) => (
            "every module has functions, and every package a module".to_owned(),
            Verdict::Confirmed,
        ),
        // Modules with nothing but constants and types leave no function. Packages that come by go:linkname or another build
        // system have no module.
        (unlinked, []) => (
            format!("no function of {}", first_names(unlinked)),
            Verdict::Unverifiable,
        ),
        (_, unlisted) => (
            format!(
                "functions of {}, which no module explains",
                first_names(unlisted)
            ),
            Verdict::Unverifiable,
        ),
    };
    Some(row(
        Claim::Modules,
        recorded,
        Some(observed),
        verdict,
        "module paths against the packages of the function table",
    ))
}

/// The recorded versions, if source files contradict them.
pub(super) fn versions(evidence: &Evidence<'_, '_>) -> Option<Corroboration> {
    let others = &evidence.linked.other_versions;
    let info = evidence.program.build_info.as_ref()?;
    let first = others.first()?;
    let modules = std::iter::once(&info.main).chain(&info.deps);
    let mut sides =
        modules.flat_map(|module| std::iter::once(module).chain(module.replace.as_deref()));
    let recorded = sides.find(|module| module.path == first.path)?;
    let seen: Vec<String> = others
        .iter()
        .map(|module| format!("{} {}", module.path, module.version))
        .collect();
    Some(row(
        Claim::Modules,
        format!("{} {}", recorded.path, recorded.version),
        Some(format!("source files of {}", first_names(&seen))),
        Verdict::Contradicted,
        "versions of modules in the paths of source files",
    ))
}

fn first_names(names: &[String]) -> String {
    match names {
        [a, b, c, rest @ ..] if !rest.is_empty() => {
            format!("{a}, {b}, {c} and {} more", rest.len())
        }
        _ => names.join(", "),
    }
}
