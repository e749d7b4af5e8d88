//! What makes the releases of the project that a deployment file belongs to: GoReleaser files, Dockerfiles and workflows beside
//! it and above it.

use super::toolchain::{folders, text};
use crate::bytes::guard::guarded;
use crate::deploy::{self, Deployment, Kind, ReleasedBy};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Directories below one in which projects keep such files.
const BELOW: [&str; 13] = [
    ".docker",
    ".github",
    ".github/workflows",
    ".goreleaser",
    "build",
    "ci",
    "deploy",
    "docker",
    "dockerfiles",
    "images",
    "package",
    "packaging",
    "release",
];
/// Words in names of workflows that make releases.
const WORKFLOWS: [&str; 7] = [
    "deliver", "docker", "image", "nightly", "package", "publish", "release",
];
/// Most entries of a directory that are looked at.
const MOST_ENTRIES: usize = 2000;
/// Most files of a directory that are read.
const MOST_FILES: usize = 32;

/// Most names of commands that are kept, and most characters of a command that are read.
const MOST_NAMES: usize = 200;
const LONGEST_COMMAND: usize = 400;

/// Finds what makes releases and remembers the result for each directory.
#[derive(Debug, Default)]
pub struct Releases {
    known: HashMap<PathBuf, ReleasedBy>,
}

impl Releases {
    /// What makes releases, as the files beside `file` and above it show, up to the root of the repository.
    pub fn of(&mut self, file: &Path) -> ReleasedBy {
        let mut all = ReleasedBy::default();
        for folder in folders(file) {
            let found = self.known.entry(folder).or_insert_with_key(|folder| {
                let mut found = ReleasedBy::default();
                look(folder, &mut found);
                for name in BELOW {
                    look(&folder.join(name), &mut found);
                }
                found
            });
            all.goreleaser |= found.goreleaser;
            all.runs.extend(found.runs.iter().cloned());
        }
        all
    }
}

/// Reads the files of one directory that make releases.
fn look(folder: &Path, found: &mut ReleasedBy) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<PathBuf> = entries
        .take(MOST_ENTRIES)
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| kind(path).is_some())
        .collect();
    paths.sort();
    for path in paths.iter().take(MOST_FILES) {
        let Some(text) = text(path) else { continue };
        let name = path.to_string_lossy();
        // A file that cannot be read shows nothing.
        if let Some(Ok(file)) = guarded(|| deploy::read(&name, &text, kind(path))) {
            add(&file, &text, found);
        }
    }
}

/// The kind of a file that makes releases, by its name.
fn kind(path: &Path) -> Option<Kind> {
    let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    match deploy::kind::of_name(&path.to_string_lossy()) {
        deploy::kind::Named::Kind(kind @ (Kind::Goreleaser | Kind::Dockerfile)) => Some(kind),
        deploy::kind::Named::Kind(Kind::Ci) => WORKFLOWS
            .iter()
            .any(|word| name.contains(word))
            .then_some(Kind::Ci),
        _ => None,
    }
}

/// Adds what one file shows.
fn add(file: &Deployment, text: &str, found: &mut ReleasedBy) {
    if file.kind == Kind::Goreleaser {
        // Without `builds` GoReleaser builds the package of its directory.
        found.goreleaser |= file.commands.iter().any(|c| c.release) || !text.contains("builds:");
        return;
    }
    for start in &file.starts {
        let name = start.name.rsplit('/').next().unwrap_or_default();
        if found.runs.len() >= MOST_NAMES {
            return;
        }
        if !matches!(name, "make" | "gmake" | "task" | "go-task" | "just") {
            found.runs.insert(name.to_owned());
            continue;
        }
        let line = file.source.get(start.at.line).unwrap_or_default();
        let after = line
            .chars()
            .skip(start.at.end_column.saturating_sub(1) as usize);
        let after: String = after.take(LONGEST_COMMAND).collect();
        let words = after
            .split_whitespace()
            .take_while(|w| !w.contains(['&', '|', ';', '#', '"']));
        let targets = words.filter(|w| !w.starts_with('-') && !w.contains(['=', '$']));
        found
            .runs
            .extend(targets.map(|target| format!("make {target}")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_around_show_what_makes_releases() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        let of = |name: &str| Releases::default().of(&folder.path().join(name));
        assert_eq!(of("Makefile"), ReleasedBy::default());
        write(
            "Dockerfile",
            "FROM golang:1.27\nRUN make app && ./hack/build.sh\n",
        );
        write(
            ".github/workflows/test.yml",
            "on: push\njobs:\n  a:\n    steps:\n      - run: ./try.sh\n",
        );
        write(
            ".github/workflows/release.yml",
            "on: push\njobs:\n  a:\n    steps:\n      - run: ./scripts/pack.sh\n",
        );
        let runs: Vec<String> = of("cmd/app/Makefile").runs.into_iter().collect();
        assert_eq!(runs, ["build.sh", "make app", "pack.sh"]);
        write(".goreleaser.yaml", "builds:\n  - builder: prebuilt\n");
        assert!(!of("Makefile").goreleaser);
        write(".goreleaser.yaml", "builds:\n  - id: app\n");
        assert!(of("Makefile").goreleaser && of("cmd/app/Makefile").goreleaser);
        assert!(!Releases::default().of(folder.path()).goreleaser);
    }
}
