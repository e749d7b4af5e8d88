//! Licences of modules by the files in a module cache, in a `vendor` folder, or in any folder that is laid out like one of them.
//!
//! The module cache has each version of a module by its name; of a `vendor` folder, `modules.txt` says which version is there.

use super::licence_text;
use crate::proxy::{escape_path, escape_version};
use crate::source::dir::read_file;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Longest licence file that is read.
const MAX_BYTES: u64 = 1 << 20;
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
    let bytes = is_plain
        .then(|| read_file(&list, LARGEST_LIST).ok())
        .flatten()?;
    let text = String::from_utf8(bytes).ok()?;
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
        if file.is_dir() {
            continue;
        }
        let shown = file.display().to_string();
        let bytes = match read_inside(folder, &file) {
            Ok(bytes) => bytes,
            Err(error) => {
                found.push(Licence::unknown(format!("{shown}: {error}")));
                continue;
            }
        };
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

/// Reads a file of a module. Modules are foreign: a link that leads out of the module is not followed.
fn read_inside(folder: &Path, file: &Path) -> io::Result<Vec<u8>> {
    let real = fs::canonicalize(file)?;
    if !real.starts_with(fs::canonicalize(folder)?) {
        return Err(io::Error::other("a link out of the module"));
    }
    read_file(&real, MAX_BYTES)
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

    #[cfg(target_os = "linux")]
    #[test]
    fn licence_files_are_read_inside_the_module_and_up_to_a_bound() {
        use std::os::unix::fs::symlink;

        let cache = tempfile::tempdir().unwrap();
        let outside = cache.path().join("outside");
        fs::write(&outside, MIT).unwrap();
        let licence = |name: &str, put: &dyn Fn(&Path)| {
            let home = cache.path().join(format!("example.com/{name}@v1.0.0"));
            fs::create_dir_all(&home).unwrap();
            put(&home.join("LICENSE"));
            let path = format!("example.com/{name}");
            licence_of(&[cache.path().to_owned()], &path, "v1.0.0")
        };
        let inside = licence("inside", &|file| {
            fs::write(file.with_file_name("text"), MIT).unwrap();
            symlink("text", file).unwrap();
        });
        assert_eq!(inside.expression.as_deref(), Some("MIT"));
        let link = |to: &'static Path| move |file: &Path| symlink(to, file).unwrap();
        let long = |file: &Path| {
            let text = MIT.to_owned() + &" ".repeat(MAX_BYTES as usize);
            fs::write(file, text).unwrap();
        };
        let pipe = |file: &Path| {
            let made = std::process::Command::new("mkfifo").arg(file).status();
            assert!(made.unwrap().success());
        };
        for (unknown, why) in [
            (
                licence("out", &|file| symlink(&outside, file).unwrap()),
                "out of the module",
            ),
            (
                licence("pages", &link(Path::new("/proc/self/pagemap"))),
                "out of the module",
            ),
            (
                licence("zeros", &link(Path::new("/dev/zero"))),
                "out of the module",
            ),
            (licence("long", &long), "has more than 1048576 bytes"),
            (licence("pipe", &pipe), "is not a regular file"),
        ] {
            assert_eq!(unknown.expression, None, "{}", unknown.how);
            assert!(unknown.how.contains(why), "{}", unknown.how);
        }
    }
}
