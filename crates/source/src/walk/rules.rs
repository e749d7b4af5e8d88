//! What a walk passes over, and the counts of it.

use globset::GlobSet;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// File name extensions of text that `likely` passes over.
const TEXT: &[&str] = &[
    "c", "cc", "cfg", "conf", "cpp", "css", "csv", "go", "h", "hpp", "htm", "html", "ini", "java",
    "js", "json", "jsx", "log", "lua", "md", "mjs", "mo", "pl", "pm", "po", "py", "pyc", "rb",
    "rs", "rst", "scss", "sh", "sql", "svg", "tex", "toml", "ts", "tsx", "txt", "xml", "yaml",
    "yml",
];

/// The rules for what a walk passes over.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Files of fewer bytes are not opened.
    pub min_size: u64,
    /// Passes over files with a text extension.
    pub likely: bool,
    /// Follows symbolic links.
    pub follow: bool,
    /// Stays on the file system of the root.
    pub one_file_system: bool,
    /// Paths and names to pass over; a directory with everything in it.
    pub exclude: Option<GlobSet>,
    /// Passes over what `.gitignore` and `.ignore` files exclude.
    pub gitignore: bool,
    /// Reports symbolic links that are not followed.
    pub links: bool,
    /// Enters file systems that describe the kernel, such as `/proc`.
    pub pseudo: bool,
}

impl Default for Rules {
    /// Passes over files below 16 KiB only: no linked Go program is smaller (the smallest, `-linkshared` with Go 1.27, has 20 KB).
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

/// Counts of files that are skipped without a report of each.
#[derive(Debug, Default)]
pub struct Tally {
    /// Regular files seen.
    pub files: AtomicU64,
    /// Of these, files below the size floor.
    pub below_min_size: AtomicU64,
    /// Symbolic links that were not followed.
    pub links: AtomicU64,
    /// Which globs of [`Rules::exclude`] matched something.
    excluded: OnceLock<Vec<AtomicBool>>,
}

impl Tally {
    /// Whether the glob with this index matched something; globs are numbered in the order they were added.
    pub fn is_excluded_by(&self, glob: usize) -> bool {
        let used = self.excluded.get().and_then(|all| all.get(glob));
        used.is_some_and(|used| used.load(Ordering::Relaxed))
    }

    /// Whether a glob matches; remembers which ones did.
    pub fn excludes(&self, globs: &GlobSet, path: &Path) -> bool {
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

/// Whether a name has a text extension.
pub(super) fn is_text(name: &OsStr) -> bool {
    Path::new(name)
        .extension()
        .and_then(OsStr::to_str)
        .is_some_and(|e| TEXT.binary_search(&e).is_ok())
}
