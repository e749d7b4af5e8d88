//! The arrows of docs/architecture.md: no crate, and neither `cli` nor `scan` of the crate at the top, uses a crate above it, and no two files use each
//! other, except a module and its submodules.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The drawing of docs/architecture.md: each stage, and the stages that it may use.
fn drawing() -> BTreeMap<String, BTreeSet<String>> {
    let path = root().join("docs/architecture.md");
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().filter_map(|line| line.split_once(" may use:"));
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    rows.map(|(stage, may)| (stage.trim().to_owned(), words(may)))
        .collect()
}

fn root() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
}

/// A file as a module: its path (`go::tables::pclntab`, the crate first), and the text that is compiled into the library.
struct Module {
    path: Vec<String>,
    text: String,
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// The text without comments and without what only tests compile.
fn product(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let code = line.trim_start();
        at += 1;
        if code.starts_with("//") {
            continue;
        }
        let is_test = ["#[cfg(test)]", "#[cfg(all(test", "#[cfg(any(test"];
        if is_test.iter().any(|mark| code.starts_with(mark)) {
            let indent = line.len() - code.len();
            while lines
                .get(at)
                .is_some_and(|l| l.trim_start().starts_with("#["))
            {
                at += 1;
            }
            let opens = lines.get(at).is_some_and(|l| l.trim_end().ends_with('{'));
            at += 1;
            while opens && at < lines.len() {
                let closing = lines[at];
                at += 1;
                if closing.trim_start().starts_with('}')
                    && closing.len() - closing.trim_start().len() == indent
                {
                    break;
                }
            }
            continue;
        }
        out.push_str(line.split(" //").next().unwrap_or_default());
        out.push('\n');
    }
    out
}

/// The text with the paths of its inline modules written from the file's own module.
fn without_inline_modules(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for line in text.lines() {
        let starts = ["mod ", "pub mod ", "pub(crate) mod ", "pub(super) mod "];
        if line.ends_with('{') && starts.iter().any(|start| line.starts_with(start)) {
            inside = true;
        } else if line.starts_with('}') {
            inside = false;
        }
        if inside {
            out.push_str(
                &line
                    .replacen("super::", "self::", 1)
                    .replace("self::super::", "super::"),
            );
        } else {
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

/// The folders of the crates that users get, each with the path of its modules: none for the one at the top.
fn crates() -> Vec<(PathBuf, Vec<String>)> {
    let mut all = vec![(root(), Vec::new())];
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let folder = root().join("crates").join(&name);
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        if !manifest.contains("\npublish = false\n") {
            all.push((folder, vec![name]));
        }
    }
    all
}

/// The modules of the crates, but for those that only tests compile.
fn modules() -> Vec<Module> {
    let mut all = Vec::new();
    let mut kept = BTreeSet::new();
    for (folder, of) in crates() {
        let (folder, mut files) = (folder.join("src"), Vec::new());
        collect(&folder, &mut files);
        files.retain(|file| *file != folder.join("main.rs"));
        for file in files {
            let relative = file.strip_prefix(&folder).unwrap().with_extension("");
            let names = relative.iter().map(|p| p.to_str().unwrap().to_owned());
            let mut path: Vec<String> = of.iter().cloned().chain(names).collect();
            if path.last().is_some_and(|n| n == "mod" || n == "lib") {
                path.pop();
            }
            let text = product(&fs::read_to_string(file).unwrap());
            let text = without_inline_modules(&text);
            all.push(Module { path, text });
        }
        kept.insert(of);
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(all.len() > 100, "the sources are not where this test looks");
    // Kept: what a kept parent declares outside of its tests.
    let texts: BTreeMap<&Vec<String>, &str> =
        all.iter().map(|m| (&m.path, m.text.as_str())).collect();
    for module in &all {
        if let Some((name, parent)) = module.path.split_last()
            && kept.contains(parent)
            && texts.get(&parent.to_vec()).is_some_and(|text| {
                text.lines()
                    .any(|line| line.trim_end().ends_with(&format!("mod {name};")))
            })
        {
            kept.insert(module.path.clone());
        }
    }
    all.retain(|m| kept.contains(&m.path));
    all
}

/// Every path that a text writes, with the braces of `use` resolved: `crate::a::{b, c::d}` gives two.
fn paths(text: &str) -> Vec<Vec<String>> {
    let mut out = Vec::new();
    for start in ["crate::", "super::", "self::", "gospect_"] {
        for (at, _) in text.match_indices(start) {
            let before = text[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            read_path(&text[at..], &mut Vec::new(), &mut out);
        }
    }
    out
}

/// Reads one path, or a list of paths in braces; gives how many bytes it took.
fn read_path(text: &str, before: &mut Vec<String>, out: &mut Vec<Vec<String>>) -> usize {
    let depth = before.len();
    let mut at = 0;
    loop {
        let name: String = text[at..]
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        at += name.len();
        if !name.is_empty() {
            before.push(name);
        }
        let rest = &text[at..];
        if rest.starts_with("::{") {
            at += 3;
            loop {
                at += text[at..].len() - text[at..].trim_start().len();
                if text[at..].starts_with('}') || text[at..].is_empty() {
                    at += 1;
                    break;
                }
                let taken = read_path(&text[at..], before, out);
                at += taken.max(1);
                at += text[at..].len() - text[at..].trim_start_matches([',', ' ', '\n']).len();
            }
            before.truncate(depth);
            return at;
        }
        if rest.starts_with("::")
            && text[at + 2..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
        {
            at += 2;
            continue;
        }
        break;
    }
    if before.len() > depth {
        out.push(before.clone());
    }
    before.truncate(depth);
    // `as NAME`, and what follows it, is not part of the path.
    at + text[at..].find([',', '}', ';', '\n']).unwrap_or(0)
}

/// The modules that each module takes something from.
fn arrows(modules: &[Module]) -> BTreeMap<&[String], BTreeSet<&[String]>> {
    let all_crates: BTreeSet<String> = crates().into_iter().flat_map(|(_, of)| of).collect();
    let known: BTreeSet<&[String]> = modules.iter().map(|m| m.path.as_slice()).collect();
    let mut all = BTreeMap::new();
    for module in modules {
        let mut to = BTreeSet::new();
        for path in paths(&module.text) {
            let mut base: Vec<String> = Vec::new();
            let mut names = path.as_slice();
            match names[0].as_str() {
                "super" => {
                    base.clone_from(&module.path);
                    while names.first().is_some_and(|n| n == "super") {
                        base.pop();
                        names = &names[1..];
                    }
                }
                "self" => {
                    base.clone_from(&module.path);
                    names = &names[1..];
                }
                "crate" => {
                    let of = module.path.iter().take(1).cloned();
                    base.extend(of.filter(|name| all_crates.contains(name)));
                    names = &names[1..];
                }
                other => {
                    base.extend(other.strip_prefix("gospect_").map(str::to_owned));
                    names = &names[1..];
                }
            }
            base.extend(names.iter().cloned());
            let longest = (0..=base.len()).rev().find_map(|n| known.get(&base[..n]));
            if let Some(target) = longest.filter(|t| **t != module.path.as_slice()) {
                to.insert(*target);
            }
        }
        let parts = known.iter().filter(|path| {
            path.split_last()
                .is_some_and(|(_, whole)| whole == module.path.as_slice())
        });
        to.extend(parts.filter(|path| names_part(&module.text, &path[path.len() - 1])));
        all.insert(module.path.as_slice(), to);
    }
    all
}

/// Whether a text has a path that starts with the name of one of its parts: `print::print(self)`.
fn names_part(text: &str, part: &str) -> bool {
    text.match_indices(&format!("{part}::")).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

#[test]
fn no_stage_takes_anything_from_a_stage_above_it() {
    let (modules, stages) = (modules(), drawing());
    for (stage, may) in &stages {
        let below: Vec<_> = may.iter().filter(|b| stages[*b].contains(stage)).collect();
        assert!(below.is_empty(), "{stage} and {below:?} may use each other");
    }
    let mut wrong = Vec::new();
    for (from, targets) in arrows(&modules) {
        let Some(stage) = from.first() else { continue };
        let may = stages.get(stage);
        let may = may.unwrap_or_else(|| panic!("{stage} is not in the drawing"));
        for target in targets {
            if let Some(to) = target.first()
                && to != stage
                && !may.contains(to)
            {
                wrong.push(format!("{} -> {}", from.join("::"), target.join("::")));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} arrows are not in the drawing:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// What a manifest lets a crate use is what the drawing lets it use.
#[test]
fn crates_depend_on_crates_below_them() {
    let stages = drawing();
    for (folder, of) in crates() {
        let Some(name) = of.first() else { continue };
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let dependencies = manifest.split("\n[dependencies]\n").nth(1).unwrap();
        let dependencies = dependencies.split("\n[").next().unwrap();
        for line in dependencies.lines() {
            if let Some(other) = line.strip_prefix("gospect-") {
                let other = other.split(['.', ' ']).next().unwrap();
                assert!(stages[name].contains(other), "{name} -> {other}");
            }
        }
    }
}

#[test]
fn no_crate_that_users_get_has_unsafe_code() {
    for (folder, _) in crates() {
        let text = fs::read_to_string(folder.join("src/lib.rs")).unwrap();
        assert!(
            text.contains("\n#![forbid(unsafe_code)]\n"),
            "{}",
            folder.display()
        );
    }
}

#[test]
fn no_files_use_each_other_in_a_ring() {
    let modules = modules();
    let arrows = arrows(&modules);
    // Everything that can be reached from each module. What a submodule uses of its parent does not count.
    let mut rings = BTreeSet::new();
    for start in arrows.keys() {
        let mut from: BTreeMap<&[String], &[String]> = BTreeMap::new();
        let mut open = vec![*start];
        while let Some(at) = open.pop() {
            for to in arrows[at].iter().filter(|to| !at.starts_with(to)) {
                if to == start {
                    let mut ring = vec![at.join("::")];
                    let mut step = at;
                    while step != *start {
                        step = from[step];
                        ring.push(step.join("::"));
                    }
                    ring.reverse();
                    let least = ring
                        .iter()
                        .enumerate()
                        .min_by_key(|(_, name)| (*name).clone());
                    let least = least.map_or(0, |(i, _)| i);
                    ring.rotate_left(least);
                    rings.insert(ring.join(" -> "));
                } else if !from.contains_key(to) {
                    from.insert(to, at);
                    open.push(to);
                }
            }
        }
    }
    let rings: Vec<_> = rings.into_iter().collect();
    assert!(
        rings.is_empty(),
        "{} rings:\n{}",
        rings.len(),
        rings.join("\n")
    );
}

#[test]
fn paths_are_read_out_of_use_lines() {
    let text = "use crate::a::{b, c::{D, e as f}, self};\nuse super::g;\nlet x = crate::h::i(1);\nuse gospect_j::K;";
    let all: Vec<String> = paths(text).iter().map(|p| p.join("::")).collect();
    assert_eq!(
        all,
        [
            "crate::a::b",
            "crate::a::c::D",
            "crate::a::c::e",
            "crate::a::self",
            "crate::h::i",
            "super::g",
            "gospect_j::K"
        ]
    );
}

#[test]
fn the_guided_tour_names_what_is_there() {
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let steps = text.lines().filter(|line| {
        let number = line
            .split_once(". `src/")
            .or_else(|| line.split_once(". `crates/"))
            .map(|(number, _)| number);
        number.is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
    });
    let mut counted = 0;
    for step in steps {
        let mut names = step.split('`').skip(1).step_by(2);
        let (file, function) = (names.next().unwrap(), names.next().unwrap());
        let source = fs::read_to_string(root().join(file)).unwrap_or_default();
        let function = function.rsplit("::").next().unwrap();
        assert!(
            source.contains(&format!("fn {function}("))
                || source.contains(&format!("fn {function}<")),
            "{file} has no `{function}`"
        );
        counted += 1;
    }
    assert_eq!(counted, 14 + 22, "steps of the two walks");
}

#[test]
fn the_table_names_every_crate_and_stage() {
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let rows: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(name, _)| name)
        .collect();
    for parent in ["crates", "src"] {
        for entry in fs::read_dir(root().join(parent)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy();
            let folder = format!("{parent}/{name}");
            assert!(
                !path.is_dir() || rows.contains(folder.as_str()),
                "the table of docs/architecture.md has no row for {folder}"
            );
        }
    }
}
