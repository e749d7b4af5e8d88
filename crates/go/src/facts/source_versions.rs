//! Versions of modules in the paths of source files. Those from a module cache are `…/golang.org/x/net@v0.17.0/html/parse.go`, and `-trimpath` writes
//! `golang.org/x/net@v0.17.0/html/parse.go` (src/cmd/go/internal/work/gc.go, `trimpath`, Go 1.13 to 1.27).

use super::paths::is_absolute;
use gospect_knowledge::modules::escaped;
use gospect_record::{BuildInfo, ModuleVersion};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Versions that the build info gives a path.
#[derive(Default)]
struct Recorded<'i> {
    path: &'i str,
    versions: Vec<&'i str>,
    is_main: bool,
    /// Its source may be of any version: it is from a folder.
    is_open: bool,
}

/// The modules of which no source file is of a recorded version, with the versions of the files. `seen` has all `MODULE@VERSION` of the paths.
pub fn contradicting<'s>(
    info: &BuildInfo,
    seen: impl Iterator<Item = &'s str>,
) -> Vec<ModuleVersion> {
    let recorded = recorded(info);
    let by_path: HashMap<&str, &Recorded<'_>> = recorded
        .iter()
        .map(|module| (module.path, module))
        .collect();
    let by_escaped: HashMap<String, &Recorded<'_>> = recorded
        .iter()
        .filter(|module| !module.is_main)
        .map(|module| (escaped(module.path), module))
        .collect();
    let mut seen_of: BTreeMap<&str, (BTreeSet<&str>, bool)> = BTreeMap::new();
    for text in seen {
        let Some((before, version)) = text.rsplit_once('@') else {
            continue;
        };
        let cached = is_absolute(before);
        let module = match cached {
            false => by_path.get(before).copied(),
            true => {
                let slashes = before.match_indices('/').map(|(at, _)| at + 1);
                let mut ends = slashes.filter_map(|at| before.get(at..));
                ends.find_map(|end| by_escaped.get(end).copied())
            }
        };
        let Some(module) = module.filter(|module| !module.is_open) else {
            continue;
        };
        let (others, is_confirmed) = seen_of.entry(module.path).or_default();
        let mut versions = module.versions.iter();
        let is_same = versions.any(|known| match cached {
            true => escaped(known) == version,
            false => *known == version,
        });
        match is_same {
            true => *is_confirmed = true,
            false => _ = others.insert(version),
        }
    }
    let contradicted = seen_of
        .into_iter()
        .filter(|(_, (_, is_confirmed))| !is_confirmed);
    contradicted
        .flat_map(|(path, (versions, _))| {
            versions.into_iter().map(|version| ModuleVersion {
                path: path.to_owned(),
                version: version.to_owned(),
            })
        })
        .collect()
}

/// What the build info says of each path, also of replacements.
fn recorded(info: &BuildInfo) -> Vec<Recorded<'_>> {
    let mut all: BTreeMap<&str, Recorded<'_>> = BTreeMap::new();
    let main = std::iter::once((&info.main, true));
    for (module, is_main) in main.chain(info.deps.iter().map(|dep| (dep, false))) {
        let replacement = module.replace.as_deref();
        let is_local = replacement.is_some_and(|replacement| replacement.version.is_empty());
        for (side, is_open) in [(Some(module), is_local), (replacement, false)] {
            let Some(side) = side.filter(|side| !side.path.is_empty()) else {
                continue;
            };
            let entry = all.entry(&side.path).or_default();
            entry.path = &side.path;
            entry.versions.push(&side.version);
            entry.is_main |= is_main;
            entry.is_open |= is_open || !side.version.starts_with('v');
        }
    }
    all.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::super::paths::module_versions;
    use super::*;
    use gospect_record::Module;

    fn module(path: &str, version: &str) -> Module {
        Module {
            path: path.to_owned(),
            version: version.to_owned(),
            ..Module::default()
        }
    }

    fn found(info: &BuildInfo, directories: &[&str]) -> Vec<String> {
        let seen = directories
            .iter()
            .flat_map(|directory| module_versions(directory));
        let all = contradicting(info, seen).into_iter();
        all.map(|m| format!("{}@{}", m.path, m.version)).collect()
    }

    #[test]
    fn files_of_another_version_contradict_the_record() {
        let mut forked = module("example.com/forked", "v1.0.0");
        forked.replace = Some(Box::new(module("example.com/fork", "v1.5.0")));
        let mut local = module("example.com/local", "v1.0.0");
        local.replace = Some(Box::new(module("../local@v9.9.9", "")));
        let info = BuildInfo {
            main: module("example.com/app", "v1.2.3"),
            deps: vec![
                module("golang.org/x/net", "v0.44.0"),
                module("github.com/BurntSushi/toml", "v1.0.0-RC1"),
                module("github.com/BurntSushi/toml/v2", "(devel)"),
                forked,
                local,
            ],
            ..BuildInfo::default()
        };
        for (directories, want) in [
            (&["golang.org/x/net@v0.44.0/html/"][..], &[][..]),
            (
                &["golang.org/x/net@v0.17.0/html/"],
                &["golang.org/x/net@v0.17.0"],
            ),
            (
                &[
                    "/root/go/pkg/mod/golang.org/x/net@v0.17.0/html/",
                    "C:/m/golang.org/x/net@v0.17.0/",
                ],
                &["golang.org/x/net@v0.17.0"],
            ),
            // Code with `//line` may name files of another version.
            (
                &["golang.org/x/net@v0.17.0/a/", "golang.org/x/net@v0.44.0/b/"],
                &[],
            ),
            (&["/cache/github.com/!burnt!sushi/toml@v1.0.0-!r!c1/"], &[]),
            (&["github.com/BurntSushi/toml@v1.0.0-RC1/"], &[]),
            (&["github.com/BurntSushi/toml/v2@v2.0.0/"], &[]),
            // With -trimpath the path of the module that was replaced, from a cache that of the replacement.
            (&["example.com/forked@v1.0.0/"], &[]),
            (&["/home/me@corp/m/example.com/fork@v1.5.0/a/"], &[]),
            (
                &["/m/example.com/fork@v1.4.0/"],
                &["example.com/fork@v1.4.0"],
            ),
            (&["/src/example.com/local@v9.9.9/"], &[]),
            // A checkout may be in a folder of any name.
            (&["/src/example.com/app@v1.0.0/"], &[]),
            (&["example.com/app@v1.0.0/"], &["example.com/app@v1.0.0"]),
            (
                &[
                    "golang.org/x/net@next/",
                    "other.example/x@v1.0.0/",
                    "golang.org/x/net@v0.17.0",
                ],
                &[],
            ),
        ] {
            assert_eq!(found(&info, directories), want, "{directories:?}");
        }
    }
}
