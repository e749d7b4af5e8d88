//! The rules in `.gitignore` and `.ignore` files, read as git and ripgrep read them.
//!
//! A file of rules applies to everything below its directory; the nearest file with a matching rule decides. Git's rules end at
//! the root of a repository (the directory with `.git`), and inside it `.git/info/exclude` and the user's own file count too.
//! `.gitignore` files also apply in a tree that is not a repository: it may be an unpacked archive of one.

use super::dir::Dir;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Longest file of rules that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// The rules that apply in one directory.
pub struct Ignored {
    above: Option<Arc<Ignored>>,
    /// Path of the directory, absolute if the system tells it.
    path: PathBuf,
    /// Rules of `.ignore`.
    own: Option<Gitignore>,
    /// Rules of `.gitignore`, then of git's other files; the strongest first.
    git: Vec<Gitignore>,
    /// The directory is the root of a repository.
    repository: bool,
}

impl Ignored {
    /// The rules for the root of a walk, including those of the repository around it.
    pub fn root(dir: &Dir, path: &Path) -> Arc<Ignored> {
        let absolute = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut above = None;
        let inside = !holds_repository(dir);
        let outer: Vec<&Path> = absolute.ancestors().skip(1).collect();
        let top = outer.iter().position(|p| p.join(".git").exists());
        if let (true, Some(top)) = (inside, top) {
            for folder in outer.iter().take(top + 1).rev() {
                if let Ok(dir) = Dir::open(folder) {
                    above = Some(Arc::new(Self::of(above, &dir, folder.to_path_buf())));
                }
            }
        }
        Arc::new(Self::of(above, dir, absolute))
    }

    /// The rules for the directory `name` inside this one.
    pub fn enter(self: &Arc<Self>, dir: &Dir, name: &OsStr) -> Arc<Ignored> {
        let path = self.path.join(name);
        Arc::new(Self::of(Some(self.clone()), dir, path))
    }

    fn of(above: Option<Arc<Ignored>>, dir: &Dir, path: PathBuf) -> Ignored {
        let repository = holds_repository(dir);
        let rules = |name: &str| rules(dir, Path::new(name), &path);
        let own = rules(".ignore");
        let mut git: Vec<Gitignore> = rules(".gitignore").into_iter().collect();
        if repository {
            git.extend(rules(".git/info/exclude"));
            let (user, _) = GitignoreBuilder::new(&path).build_global();
            git.extend(Some(user).filter(|user| !user.is_empty()));
        }
        Ignored {
            above,
            path,
            own,
            git,
            repository,
        }
    }

    /// Whether the rules exclude an entry of this directory.
    pub fn covers(&self, name: &OsStr, directory: bool) -> bool {
        let entry = self.path.join(name);
        let mut git = true;
        let mut verdict = None;
        let mut next = Some(self);
        while let Some(here) = next {
            let own = here.own.iter();
            // As in ripgrep, a matching rule of any `.ignore` is stronger than every `.gitignore`.
            for rules in own {
                match rules.matched(&entry, directory) {
                    Match::Ignore(_) => return true,
                    Match::Whitelist(_) => return false,
                    Match::None => {}
                }
            }
            for rules in here.git.iter().filter(|_| git && verdict.is_none()) {
                match rules.matched(&entry, directory) {
                    Match::Ignore(_) => verdict = Some(true),
                    Match::Whitelist(_) => verdict = Some(false),
                    Match::None => continue,
                }
                break;
            }
            git &= !here.repository;
            next = here.above.as_deref();
        }
        verdict.unwrap_or(false)
    }
}

fn holds_repository(dir: &Dir) -> bool {
    dir.stat(OsStr::new(".git"), true).is_ok()
}

/// The rules in a file of a directory; lines that are not valid rules are skipped.
fn rules(dir: &Dir, name: &Path, root: &Path) -> Option<Gitignore> {
    let mut text = Vec::new();
    // Reading a FIFO of that name would never end.
    let file = dir.open_file(name.as_os_str(), true).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    file.take(MAX_BYTES).read_to_end(&mut text).ok()?;
    parse(&text, root)
}

/// The rules in `text`, for entries below `root`.
pub fn parse(text: &[u8], root: &Path) -> Option<Gitignore> {
    let mut builder = GitignoreBuilder::new(root);
    for line in String::from_utf8_lossy(text).lines() {
        let _ = builder.add_line(None, line);
    }
    builder.build().ok().filter(|rules| !rules.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn nearer_rules_win_and_end_at_the_repository() {
        let tmp = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = tmp.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put(".git/info/exclude", "private\n");
        put(".gitignore", "*.env\n/out/\n!keep.env\n");
        put("a/.gitignore", "!web.env\n");
        put("a/.ignore", "*.sh\n");
        put("sub/.git", "gitdir: elsewhere\n");
        put("sub/x", "");
        let open = |name: &str| Dir::open(&tmp.path().join(name)).unwrap();
        let root = Ignored::root(&open("."), tmp.path());
        let covers = |rules: &Ignored, name: &str| rules.covers(OsStr::new(name), false);
        assert!(covers(&root, "web.env") && !covers(&root, "keep.env"));
        assert!(covers(&root, "private") && !covers(&root, "Dockerfile"));
        assert!(root.covers(OsStr::new("out"), true) && !covers(&root, "out"));
        let a = root.enter(&open("a"), OsStr::new("a"));
        assert!(!covers(&a, "web.env") && covers(&a, "x.env") && covers(&a, "build.sh"));
        let sub = root.enter(&open("sub"), OsStr::new("sub"));
        assert!(!covers(&sub, "web.env"), "another repository");
        // For a walk that starts inside, rules above count up to the root of the repository.
        let inside = Ignored::root(&open("a"), &tmp.path().join("a"));
        assert!(covers(&inside, "x.env") && !covers(&inside, "web.env"));
    }
}
