//! The packages that files of a scan belong to: each program is looked up in the database of the nearest root above it, which is
//! opened when its first program is found.

use super::Options;
use super::place::{Opened, PackageDatabase};
use crate::bytes::FileBytes;
use crate::record::{Location, Unexamined};
use crate::source::packages::digest::digest;
use crate::source::packages::directory::DirectoryRoot;
use crate::source::packages::{DatabaseLimits, Databases, MARKS, Ownership};
use std::collections::{BTreeMap, HashMap};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Most directories of which it is remembered whether they are roots.
const DIRECTORIES: usize = 16 << 10;

/// In the root of the running system, packages install programs only here: a scan of other directories does not read its database.
const SYSTEM: &[&[u8]] = &[
    b"usr", b"bin", b"sbin", b"lib", b"lib32", b"lib64", b"libx32", b"opt", b"etc", b"srv", b"var",
    b"boot",
];

/// The databases found so far.
#[derive(Default)]
pub(super) struct Owners {
    roots: Mutex<HashMap<PathBuf, Option<Arc<Root>>>>,
    problems: Mutex<BTreeMap<String, Unexamined>>,
}

/// A root with a package database.
struct Root {
    files: DirectoryRoot,
    /// The first thread that needs it reads it; the others wait.
    database: OnceLock<Databases>,
}

impl Owners {
    /// The package that owns a file.
    pub(super) fn of(&self, outer: &Opened, options: &Options) -> Option<Ownership> {
        let path = outer.path()?;
        match &outer.packages {
            PackageDatabase::Nearest => {
                let real = std::fs::canonicalize(path).ok()?;
                let (place, root) = real
                    .parent()?
                    .ancestors()
                    .find_map(|directory| Some((directory.to_owned(), self.root(directory)?)))?;
                self.in_root(&real, &place, &root, &outer.target, options)
            }
            #[cfg(target_os = "linux")]
            PackageDatabase::Of(place) => {
                let real = place.join(path.strip_prefix("/").ok()?);
                let root = self.root(place)?;
                self.in_root(&real, place, &root, &outer.target, options)
            }
            #[cfg(target_os = "linux")]
            PackageDatabase::No => None,
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
            let bounds = DatabaseLimits {
                changelogs: options.symbols,
                ..DatabaseLimits::new(options.memory, &options.limits)
            };
            Databases::open(&root.files, bounds, &mut |problem| {
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
            digest(algorithm, &FileBytes::open(file).ok()?).ok()
        }))
    }

    /// The root in this directory, if it has a database.
    fn root(&self, directory: &Path) -> Option<Arc<Root>> {
        if let Some(known) = lock(&self.roots).get(directory) {
            return known.clone();
        }
        let is_root = MARKS
            .iter()
            .any(|mark| directory.join(mark).symlink_metadata().is_ok());
        let mut roots = lock(&self.roots);
        if roots.len() >= DIRECTORIES {
            // Roots are needed again; other directories can be checked again quickly.
            roots.retain(|_, root| root.is_some());
        }
        let new = || {
            is_root.then(|| {
                Arc::new(Root {
                    files: DirectoryRoot::new(directory),
                    database: OnceLock::new(),
                })
            })
        };
        roots
            .entry(directory.to_owned())
            .or_insert_with(new)
            .clone()
    }

    /// Problems with databases, sorted by path.
    pub(super) fn problems(&self) -> Vec<Unexamined> {
        std::mem::take(&mut *lock(&self.problems))
            .into_values()
            .collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
