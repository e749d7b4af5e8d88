//! Finds the folder of a module in a checkout.

use super::evidence::is_word;
use crate::source::dir::read_file;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// Deepest folder below the source in which a module is looked for.
const DEPTH: usize = 4;
/// Most folders to look into.
const FOLDERS: usize = 20_000;

/// Longest go.mod file that is read.
const GO_MOD_MAX: u64 = 16 << 20;

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
        let bytes = read_file(&folder.join("go.mod"), GO_MOD_MAX).unwrap_or_default();
        let text = String::from_utf8(bytes).unwrap_or_default();
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn pipes_and_devices_named_go_mod_are_passed_over() {
        let root = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let folder = root.path().join(name);
            std::fs::create_dir_all(&folder).unwrap();
            folder.join("go.mod")
        };
        let pipe = folder("a");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        std::os::unix::fs::symlink("/dev/zero", folder("b")).unwrap();
        let go_mod = folder("c");
        std::fs::write(&go_mod, "module example.com/app\n").unwrap();
        let (found, _, _) = module_folder(root.path(), "example.com/app").unwrap();
        assert_eq!(found, go_mod.parent().unwrap());
        assert_eq!(module_folder(root.path(), "example.com/other"), None);
    }
}
