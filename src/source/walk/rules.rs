//! What a walk passes over, and how much that was.

use globset::GlobSet;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Extensions of text that `likely` passes over.
const TEXT: &[&str] = &[
    "c", "cc", "cfg", "conf", "cpp", "css", "csv", "go", "h", "hpp", "htm", "html", "ini", "java",
    "js", "json", "jsx", "log", "lua", "md", "mjs", "mo", "pl", "pm", "po", "py", "pyc", "rb",
    "rs", "rst", "scss", "sh", "sql", "svg", "tex", "toml", "ts", "tsx", "txt", "xml", "yaml",
    "yml",
];

/// What the walk may pass over.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Files below this many bytes are not opened.
    pub min_size: u64,
    /// Pass over files whose name ends like text.
    pub likely: bool,
    /// Follow symbolic links.
    pub follow: bool,
    /// Stay on the file system of the root.
    pub one_file_system: bool,
    /// Paths and names passed over, directories with all that is in them.
    pub exclude: Option<GlobSet>,
    /// Pass over what `.gitignore` and `.ignore` files name.
    pub gitignore: bool,
    /// Tell of symbolic links that are not followed.
    pub links: bool,
    /// Enter file systems that describe the kernel, such as `/proc`.
    pub pseudo: bool,
}

impl Default for Rules {
    /// Everything but files below 16 KiB: no linked Go program is smaller (a `-linkshared` one of Go 1.27 has 20 KB).
    fn default() -> Self {
        Self {
            min_size: 16 << 10,
            likely: false,
            follow: false,
            one_file_system: false,
            exclude: None,
            gitignore: false,
            links: false,
            pseudo: false,
        }
    }
}

/// Counts of what was passed over without a word.
#[derive(Debug, Default)]
pub struct Tally {
    /// Regular files met.
    pub files: AtomicU64,
    /// Of these, below the size floor.
    pub below_min_size: AtomicU64,
    /// Symbolic links that were not followed.
    pub links: AtomicU64,
    /// Which globs of [`Rules::exclude`] something matched.
    excluded: OnceLock<Vec<AtomicBool>>,
}

impl Tally {
    /// Whether something matched the glob of this number; globs are numbered as they were added.
    pub fn is_excluded_by(&self, glob: usize) -> bool {
        let used = self.excluded.get().and_then(|all| all.get(glob));
        used.is_some_and(|used| used.load(Ordering::Relaxed))
    }

    /// Notes which globs match, where one does.
    pub(super) fn excludes(&self, globs: &GlobSet, path: &Path) -> bool {
        if !globs.is_match(path) {
            return false;
        }
        let used = self
            .excluded
            .get_or_init(|| (0..globs.len()).map(|_| AtomicBool::new(false)).collect());
        if used.iter().any(|used| !used.load(Ordering::Relaxed)) {
            for glob in globs.matches(path) {
                if let Some(used) = used.get(glob) {
                    used.store(true, Ordering::Relaxed);
                }
            }
        }
        true
    }
}

/// Whether a name ends like text.
pub(super) fn is_text(name: &OsStr) -> bool {
    Path::new(name)
        .extension()
        .and_then(OsStr::to_str)
        .is_some_and(|e| TEXT.binary_search(&e).is_ok())
}
