//! Which packages the files of a scan belong to: the database nearest above each program, opened when the first one was found.

use super::Options;
use super::place::{Outer, Packages};
use crate::bytes::FileBytes;
use crate::record::{Location, Unexamined};
use crate::source::packages::directory::Directory;
use crate::source::packages::{Bounds, Database, MARKS, Ownership};
use std::collections::{BTreeMap, HashMap};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Directories of which it is remembered whether they are roots.
const DIRECTORIES: usize = 16 << 10;

/// Below the running system's root, packages bring programs only here: who scans anything else does not pay for its database.
const SYSTEM: &[&[u8]] = &[
    b"usr", b"bin", b"sbin", b"lib", b"lib32", b"lib64", b"libx32", b"opt", b"etc", b"srv", b"var",
    b"boot",
];

/// The databases that were met.
#[derive(Default)]
pub(super) struct Owners {
    roots: Mutex<HashMap<PathBuf, Option<Arc<Root>>>>,
    problems: Mutex<BTreeMap<String, Unexamined>>,
}

/// One root with packages.
struct Root {
    files: Directory,
    /// Read by the first who asks; the others wait.
    database: OnceLock<Database>,
}

impl Owners {
    /// Whose a file is.
    pub(super) fn of(&self, outer: &Outer, options: &Options) -> Option<Ownership> {
        let path = outer.path()?;
        match &outer.packages {
            Packages::Nearest => {
                let real = std::fs::canonicalize(path).ok()?;
                let (place, root) = real
                    .parent()?
                    .ancestors()
                    .find_map(|directory| Some((directory.to_owned(), self.root(directory)?)))?;
                self.in_root(&real, &place, &root, &outer.target, options)
            }
            #[cfg(target_os = "linux")]
            Packages::Of(place) => {
                let real = place.join(path.strip_prefix("/").ok()?);
                let root = self.root(place)?;
                self.in_root(&real, place, &root, &outer.target, options)
            }
            #[cfg(target_os = "linux")]
            Packages::No => None,
        }
    }

    fn in_root(
        &self,
        real: &Path,
        place: &Path,
        root: &Root,
        target: &str,
        options: &Options,
    ) -> Option<Ownership> {
        let inside = real.strip_prefix(place).ok()?;
        let inside = inside.as_os_str().as_bytes();
        let first = inside.split(|b| *b == b'/').next().unwrap_or_default();
        if place.parent().is_none() && !SYSTEM.contains(&first) {
            return None;
        }
        let database = root.database.get_or_init(|| {
            let bounds = Bounds::new(options.memory, &options.limits);
            Database::open(&root.files, bounds, &mut |problem| {
                let path = format!(
                    "{}{}",
                    place.to_string_lossy().trim_end_matches('/'),
                    problem.path
                );
                let thing = Unexamined {
                    location: Location {
                        target: target.to_owned(),
                        file: Some(path.clone()),
                        ..Location::default()
                    },
                    path: path.clone(),
                    reason: problem.reason.into(),
                    detail: format!("database of packages: {}", problem.detail),
                };
                lock(&self.problems).insert(path, thing);
            })
        });
        if database.is_empty() {
            return None;
        }
        let inside = [b"/", inside].concat();
        Some(database.owner(&root.files, &inside, &mut |algorithm| {
            let file = crate::source::dir::open_named(real).ok()?;
            algorithm.of(&FileBytes::open(file).ok()?).ok()
        }))
    }

    /// A directory that has a database.
    fn root(&self, directory: &Path) -> Option<Arc<Root>> {
        if let Some(known) = lock(&self.roots).get(directory) {
            return known.clone();
        }
        let is_root = MARKS
            .iter()
            .any(|mark| directory.join(mark).symlink_metadata().is_ok());
        let mut roots = lock(&self.roots);
        if roots.len() >= DIRECTORIES {
            // A root is needed again, another directory is as soon looked at again.
            roots.retain(|_, root| root.is_some());
        }
        let new = || {
            is_root.then(|| {
                Arc::new(Root {
                    files: Directory::new(directory),
                    database: OnceLock::new(),
                })
            })
        };
        roots
            .entry(directory.to_owned())
            .or_insert_with(new)
            .clone()
    }

    /// What is wrong with databases, by their paths.
    pub(super) fn problems(&self) -> Vec<Unexamined> {
        std::mem::take(&mut *lock(&self.problems))
            .into_values()
            .collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
