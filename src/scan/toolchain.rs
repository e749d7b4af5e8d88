//! The Go release that files beside or above a deployment file ask for: go.mod, go.work, .go-version, .tool-versions, mise.toml.

use crate::deploy::Toolchain;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// Most directories searched above a file.
const HIGHEST: usize = 16;
/// Longest such file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Finds toolchains and remembers the result for each directory.
#[derive(Debug, Default)]
pub struct Toolchains {
    known: HashMap<PathBuf, Option<Toolchain>>,
    modules: HashMap<PathBuf, Option<String>>,
}

impl Toolchains {
    /// The release in the nearest such file, beside the file or above it, in one of its `folders`.
    pub fn of(&mut self, file: &Path) -> Option<Toolchain> {
        let shown = file.parent().unwrap_or(Path::new(""));
        for (above, folder) in folders(file).into_iter().enumerate() {
            let found = match self.known.get(&folder) {
                Some(found) => found.clone(),
                None => {
                    let found = look(&folder);
                    self.known.insert(folder, found.clone());
                    found
                }
            };
            if let Some(found) = found {
                let folder = shown.ancestors().nth(above);
                let folder = folder.filter(|f| !f.as_os_str().is_empty());
                return Some(Toolchain {
                    source: match folder {
                        Some(folder) => folder.join(&found.source).to_string_lossy().into_owned(),
                        None => found.source,
                    },
                    ..found
                });
            }
        }
        None
    }

    /// The module in the nearest go.mod, in one of the file's `folders`.
    pub fn module(&mut self, file: &Path) -> Option<String> {
        folders(file).into_iter().find_map(|folder| {
            if let Some(found) = self.modules.get(&folder) {
                return found.clone();
            }
            let found = text(&folder.join("go.mod")).and_then(|text| module_path(&text));
            self.modules.insert(folder, found.clone());
            found
        })
    }
}

/// The directory of a file and those above it, the nearest first, up to the root of the repository (`.git`) if there is one, else
/// before the home directory, the directory of temporary files or the root.
pub(super) fn folders(file: &Path) -> Vec<PathBuf> {
    let Ok(mut absolute) = std::path::absolute(file) else {
        return Vec::new();
    };
    // The directories before `..` are not above the file.
    if absolute
        .components()
        .any(|part| part == Component::ParentDir)
        && let (Some(folder), Some(name)) = (absolute.parent(), absolute.file_name())
        && let Ok(folder) = folder.canonicalize()
    {
        absolute = folder.join(name);
    }
    let stops = [std::env::home_dir(), Some(std::env::temp_dir())];
    let mut found: Vec<PathBuf> = Vec::new();
    for folder in absolute.ancestors().skip(1).take(HIGHEST) {
        let outside = folder.parent().is_none() || stops.iter().flatten().any(|s| s == folder);
        if outside && !found.is_empty() {
            break;
        }
        found.push(folder.to_owned());
        if folder.join(".git").exists() {
            break;
        }
    }
    found
}

/// The path after `module`.
fn module_path(text: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let line = line.split("//").next().unwrap_or(line);
        let mut words = line.split_whitespace();
        (words.next() == Some("module")).then_some(())?;
        Some(words.next()?.trim_matches(['"', '`']).to_owned())
    })
}

/// The files that state a release; those that state an exact one come first.
const FILES: [(&str, Reading); 6] = [
    (".go-version", plain),
    (".tool-versions", tool_versions),
    ("mise.toml", mise),
    (".mise.toml", mise),
    ("go.mod", module),
    ("go.work", module),
];

/// The release in the files of one directory.
fn look(folder: &Path) -> Option<Toolchain> {
    FILES.iter().find_map(|(name, read)| {
        let text = text(&folder.join(name))?;
        let stated = read(&text)?;
        let mut found = Toolchain::parse(&stated.version, format!("{name}, line {}", stated.line))?;
        found.at_least = stated.at_least;
        Some(found)
    })
}

/// Reads a file with a certain name.
type Reading = fn(&str) -> Option<Stated>;

/// A version and its line.
struct Stated {
    version: String,
    line: usize,
    at_least: bool,
}

/// The text of a small file.
pub(super) fn text(path: &Path) -> Option<String> {
    // Reading a FIFO of that name would never end.
    let meta = std::fs::metadata(path).ok().filter(|m| m.is_file())?;
    if meta.len() > MAX_BYTES {
        return None;
    }
    let mut text = String::new();
    File::open(path)
        .ok()?
        .take(MAX_BYTES)
        .read_to_string(&mut text)
        .ok()?;
    Some(text)
}

fn stated(version: &str, line: usize) -> Stated {
    Stated {
        version: version.trim_matches(['"', '\'']).to_owned(),
        line: line + 1,
        at_least: false,
    }
}

/// The first line that is not a comment.
fn plain(text: &str) -> Option<Stated> {
    let mut lines = text.lines().enumerate();
    let (at, line) = lines.find(|(_, l)| !l.trim().is_empty() && !l.trim().starts_with('#'))?;
    Some(stated(line.trim(), at))
}

/// Reads `golang 1.27.3`.
fn tool_versions(text: &str) -> Option<Stated> {
    text.lines().enumerate().find_map(|(at, line)| {
        let mut words = line.split_whitespace();
        let name = words.next()?;
        let version = words.next()?;
        matches!(name, "golang" | "go").then(|| stated(version, at))
    })
}

/// Reads `go = "1.27"` below `[tools]`.
fn mise(text: &str) -> Option<Stated> {
    let mut tools = false;
    text.lines().enumerate().find_map(|(at, line)| {
        let line = line.trim();
        if line.starts_with('[') {
            tools = line == "[tools]";
        }
        let (name, value) = line.split_once('=').filter(|_| tools)?;
        let name = name.trim().trim_matches('"');
        let value = value.split('#').next().unwrap_or(value);
        // `{ version = "1.27" }` is allowed too.
        let value = value.rsplit('=').next()?;
        let version =
            value.trim_matches(|c: char| c.is_whitespace() || matches!(c, '{' | '}' | '[' | ']'));
        matches!(name, "go" | "golang").then(|| stated(version, at))
    })
}

/// Reads `toolchain go1.27.3`, else `go 1.27`: both state the oldest release that is good enough.
fn module(text: &str) -> Option<Stated> {
    let directive = |name: &str| {
        text.lines().enumerate().find_map(|(at, line)| {
            let line = line.split("//").next().unwrap_or(line);
            let mut words = line.split_whitespace();
            (words.next() == Some(name)).then_some(())?;
            Some(Stated {
                at_least: true,
                ..stated(words.next()?, at)
            })
        })
    };
    directive("toolchain")
        .filter(|t| t.version != "default")
        .or_else(|| directive("go"))
}

/// Reads a text as each of the files.
#[doc(hidden)]
pub fn stated_in(text: &str) -> Vec<Toolchain> {
    let stated = FILES.iter().filter_map(|(_, read)| read(text));
    let toolchains = stated.filter_map(|stated| Toolchain::parse(&stated.version, "text"));
    let _ = module_path(text);
    toolchains.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_state_their_release() {
        let of =
            |read: fn(&str) -> Option<Stated>, text: &str| read(text).map(|t| (t.version, t.line));
        let stated = |version: &str, line| Some((version.to_owned(), line));
        assert_eq!(of(plain, "# x\n1.27.3\n"), stated("1.27.3", 2));
        assert_eq!(
            of(tool_versions, "nodejs 20\ngolang 1.26.1\n"),
            stated("1.26.1", 2)
        );
        assert_eq!(
            of(mise, "[env]\ngo = \"1\"\n[tools]\ngo = \"1.25\"\n"),
            stated("1.25", 4)
        );
        assert_eq!(
            of(mise, "[tools]\ngo = { version = \"1.25.2\" }\n"),
            stated("1.25.2", 2)
        );
        assert_eq!(of(module, "module x\ngo 1.26 // y\n"), stated("1.26", 2));
        assert_eq!(
            of(module, "go 1.26\ntoolchain go1.27.1\n"),
            stated("go1.27.1", 2)
        );
        assert_eq!(of(module, "module go\n"), None);
        let path = |text: &str| module_path(text);
        assert_eq!(
            path("// x\nmodule \"a.b/c\" // y\n").as_deref(),
            Some("a.b/c")
        );
        assert_eq!(path("go 1.27\n"), None);
    }
}
