//! At which level the programs with a vulnerability have it.

#[cfg(feature = "formats")]
use gospect_bytes::number::count;
use gospect_vuln::{Finding, Level, Program};

/// A program with a vulnerability.
pub(super) type Affected<'r> = (&'r Program, &'r Finding);

/// The programs by level, the worst level first.
pub(super) fn by_level<'r>(programs: &[Affected<'r>]) -> Vec<(Level, Vec<Affected<'r>>)> {
    let groups = Level::ALL.map(|level| {
        let same = programs.iter().filter(|(_, f)| f.level == level);
        (level, same.copied().collect::<Vec<_>>())
    });
    let groups = groups.into_iter();
    groups.filter(|(_, same)| !same.is_empty()).collect()
}

/// How many programs have it at which level: `1 program links it, 3 by version only`.
#[cfg(feature = "formats")]
pub(super) fn numbers(programs: &[Affected<'_>]) -> String {
    let texts = by_level(programs)
        .into_iter()
        .enumerate()
        .map(|(index, (level, same))| {
            let number = same.len() as u64;
            let programs = match index {
                0 => count(number, "program", "programs"),
                _ => number.to_string(),
            };
            let how = match (level, number) {
                (Level::Symbol, 1) => "links it",
                (Level::Symbol, _) => "link it",
                (Level::Package, 1) => "links only its package",
                (Level::Package, _) => "link only its package",
                (Level::Module, _) => "by version only",
            };
            format!("{programs} {how}")
        });
    texts.collect::<Vec<_>>().join(", ")
}
