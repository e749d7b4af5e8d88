//! Finds the folder of a module in a checkout.

use super::evidence::is_word;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// Deepest folder below the source in which a module is looked for.
const DEPTH: usize = 4;
/// Most folders to look into.
const FOLDERS: usize = 20_000;

/// The folder of a module in a checkout, its path in the repository, and whether there is a repository.
pub fn module_folder(root: &Path, module: &str) -> Option<(PathBuf, String, bool)> {
    let root = std::path::absolute(root).ok()?;
    let mut queue = VecDeque::from([(root.clone(), 0)]);
    let mut seen = 0;
    while let Some((folder, depth)) = queue.pop_front() {
        seen += 1;
        if seen > FOLDERS {
            return None;
        }
        let text = std::fs::read_to_string(folder.join("go.mod")).unwrap_or_default();
        if module_line(&text) == Some(module) {
            let repository = folder.ancestors().find(|f| f.join(".git").exists());
            let base = repository.unwrap_or(&root);
            let below = folder.strip_prefix(base).unwrap_or(Path::new(""));
            let names: Vec<_> = below
                .iter()
                .map(|n| format!("{}/", n.to_string_lossy()))
                .collect();
            let prefix = names.concat();
            let is_plain = is_word(&prefix) || prefix.is_empty();
            return Some((
                folder.clone(),
                if is_plain { prefix } else { String::new() },
                repository.is_some(),
            ));
        }
        if depth == DEPTH {
            continue;
        }
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut folders: Vec<PathBuf> = entries
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .filter(|entry| !entry.file_name().to_string_lossy().starts_with(['.', '_']))
            .map(|entry| entry.path())
            .collect();
        folders.sort();
        queue.extend(folders.into_iter().map(|folder| (folder, depth + 1)));
    }
    None
}

/// The module path of a go.mod file.
fn module_line(text: &str) -> Option<&str> {
    let line = text
        .lines()
        .map(str::trim)
        .find_map(|line| line.strip_prefix("module"))?;
    let line = line.split("//").next()?.trim();
    Some(line.trim_matches(['"', '`', '(', ')']).trim())
}
