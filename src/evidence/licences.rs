//! Licences of modules by the files in a module cache, in a `vendor` folder, or in any folder that is laid out like one of them.
//!
//! The module cache has each version of a module by its name; of a `vendor` folder, `modules.txt` says which version is there.

use super::licence_text;
use crate::proxy::{escape_path, escape_version};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Longest licence file that is read.
const LARGEST: u64 = 1 << 20;
/// Most bytes of `modules.txt` that are read.
const LARGEST_LIST: u64 = 16 << 20;
/// Most entries of a folder that are looked at.
const ENTRIES: usize = 10_000;
/// What the files of a module say about its licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Licence {
    /// An identifier of the SPDX list, or an expression of several; `None`: unknown.
    pub expression: Option<String>,
    /// The file that has it, or why it is unknown.
    pub how: String,
}

impl Licence {
    fn known(expression: impl Into<String>, file: &str) -> Self {
        Self {
            expression: Some(expression.into()),
            how: file.to_owned(),
        }
    }

    fn unknown(why: impl Into<String>) -> Self {
        Self {
            expression: None,
            how: why.into(),
        }
    }
}

/// The licence of a module by the first of the folders that has the module.
pub fn licence_of(folders: &[PathBuf], path: &str, version: &str) -> Licence {
    let homes = folders
        .iter()
        .flat_map(|folder| homes(folder, path, version));
    match homes.into_iter().find(|home| home.is_dir()) {
        Some(home) => of_folder(&home),
        None => Licence::unknown("no folder of --licenses has the module in this version"),
    }
}

/// Where a folder may have a module: as the module cache has it, with or without escaped capitals, or as `go mod vendor` has it. Only in the
/// last one the name of the folder has no version.
fn homes(folder: &Path, path: &str, version: &str) -> Vec<PathBuf> {
    let Ok(escaped) = escape_path(path) else {
        return Vec::new();
    };
    let mut homes = Vec::new();
    if let Ok(version) = escape_version(version) {
        homes.push(folder.join(format!("{escaped}@{version}")));
        homes.push(folder.join(format!("{path}@{version}")));
    }
    homes.extend(vendored(folder, path, version));
    homes
}

/// The folder of a module in a `vendor` folder whose `modules.txt` has this version.
fn vendored(folder: &Path, path: &str, version: &str) -> Option<PathBuf> {
    let list = folder.join("modules.txt");
    let is_plain = fs::symlink_metadata(&list).is_ok_and(|found| found.is_file());
    let file = is_plain.then(|| fs::File::open(&list).ok()).flatten()?;
    let mut text = String::new();
    file.take(LARGEST_LIST).read_to_string(&mut text).ok()?;
    let original = text.lines().find_map(|line| {
        let (original, built) = vendored_module(line)?;
        (built == (path, version)).then_some(original)
    })?;
    escape_path(original).ok().map(|_| folder.join(original))
}

/// The path of a module and what is there in its place, a path and a version, by a line of `modules.txt`: `# PATH VERSION`, with
/// `=> PATH VERSION` after it when it is replaced (Go 1.27, src/cmd/go/internal/modload/vendor.go).
fn vendored_module(line: &str) -> Option<(&str, (&str, &str))> {
    let words: Vec<&str> = line.strip_prefix("# ")?.split_whitespace().collect();
    match words.as_slice() {
        [path, version] => Some((path, (path, version))),
        [path, "=>", by, version] | [path, _, "=>", by, version] => Some((path, (by, version))),
        _ => None,
    }
}

/// The licence by the files of one folder.
fn of_folder(folder: &Path) -> Licence {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return Licence::unknown(format!("{}: {error}", folder.display())),
    };
    let names = entries.take(ENTRIES).flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| is_licence_file(name)).collect();
    names.sort_unstable();
    let mut found: Vec<Licence> = Vec::new();
    for name in &names {
        let file = folder.join(name);
        let is_read = fs::metadata(&file).is_ok_and(|m| m.is_file() && m.len() <= LARGEST);
        let bytes = is_read.then(|| fs::read(&file).ok()).flatten();
        let Some(bytes) = bytes else { continue };
        let shown = file.display().to_string();
        found.push(
            match licence_text::recognise(&String::from_utf8_lossy(&bytes)) {
                Ok(expression) => Licence::known(expression, &shown),
                Err(why) => Licence::unknown(format!("{shown} {why}")),
            },
        );
    }
    match found.as_slice() {
        [] => Licence::unknown(format!("{} has no licence file", folder.display())),
        [one] => one.clone(),
        [first, rest @ ..] => match rest.iter().all(|l| l.expression == first.expression) {
            true if first.expression.is_some() => first.clone(),
            _ => Licence::unknown(format!(
                "{} has several licence files: {}",
                folder.display(),
                names.join(", ")
            )),
        },
    }
}

/// `LICENSE`, `LICENCE.md`, `COPYING`, `UNLICENSE`.
fn is_licence_file(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let stem = lower.split(['.', '-']).next().unwrap_or_default();
    let is_text = !lower.ends_with(".go");
    is_text && ["license", "licence", "copying", "unlicense"].contains(&stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIT: &str = include_str!("../../LICENSE-MIT");
    const APACHE: &str = include_str!("../../LICENSE-APACHE");

    #[test]
    fn modules_are_found_as_caches_and_vendor_folders_have_them() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        put("github.com/!burnt!sushi/toml@v1.5.0/COPYING", MIT);
        put("example.com/vendored/LICENSE.md", APACHE);
        put("example.com/forked/LICENSE", MIT);
        put("example.com/unlisted/LICENSE", MIT);
        let list = "# example.com/vendored v2.0.0\n## explicit; go 1.21\nexample.com/vendored\n# example.com/forked v1.0.0 => example.com/fork v1.2.0\n\
                    # example.com/local v1.0.0 => ../local\n# ../../etc v1.0.0\n# ../evil v1.0.0 => example.com/evil v1.0.0\n";
        put("modules.txt", list);
        put("example.com/empty@v1.0.0/README", "");
        put("example.com/two@v1.0.0/LICENSE", MIT);
        put("example.com/two@v1.0.0/LICENSE-other", "other");
        let of = |path: &str, version: &str| licence_of(&[folder.path().to_owned()], path, version);
        let id = |path: &str, version: &str| of(path, version).expression;
        assert_eq!(
            id("github.com/BurntSushi/toml", "v1.5.0").as_deref(),
            Some("MIT")
        );
        assert_eq!(
            id("example.com/vendored", "v2.0.0").as_deref(),
            Some("Apache-2.0")
        );
        assert_eq!(id("example.com/fork", "v1.2.0").as_deref(), Some("MIT"));
        for (path, version, why) in [
            (
                "github.com/BurntSushi/toml",
                "v1.4.0",
                "no folder of --licenses has the module",
            ),
            ("example.com/vendored", "v2.0.1", "no folder"),
            ("example.com/unlisted", "v1.0.0", "no folder"),
            ("example.com/forked", "v1.0.0", "no folder"),
            ("example.com/evil", "v1.0.0", "no folder"),
            ("example.com/empty", "v1.0.0", "has no licence file"),
            (
                "example.com/two",
                "v1.0.0",
                "several licence files: LICENSE, LICENSE-other",
            ),
            ("../../etc", "v1.0.0", "no folder"),
        ] {
            let licence = of(path, version);
            assert_eq!(licence.expression, None, "{path}");
            assert!(licence.how.contains(why), "{}", licence.how);
        }
    }
}
