//! The directory walk: every regular file of a tree, in the order of names, on several threads.
//!
//! Each directory is a task; one with many files is split. The walk opens no file that a stat excludes, never blocks, and enters
//! no directory twice.

use crate::dir::Dir;
use crate::ignored::Ignored;
use crate::listing::FileKind;
use crate::listing::Listing;
use crate::queue::Output;
use entry::{EntryStat, LinkTarget, ParentDir, PassedCounts};
use gospect_bytes::SizeInMemory;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

mod entry;
mod rules;
mod visit;

pub use rules::{Rules, Tally};
pub use visit::{NotExamined, Visit, WalkedFile};

/// Most entries of a directory that one task visits.
const BATCH: usize = 16;
/// Most bytes of files that one task visits if it visits more than one: several threads share the large programs of a directory.
const BATCH_BYTES: u64 = 4 << 20;
/// Most entries of a directory that one task looks at before it visits any.
const SURVEY: usize = 1024;
/// Directories deeper than this are opened by path: handles would use up the file descriptors in a deep tree.
const BY_HANDLE: usize = 128;

/// A walk over one tree.
pub struct Walk<'env, V> {
    /// Rules for what to pass over.
    pub rules: &'env Rules,
    /// Gets the files and problems of the walk.
    pub visitor: &'env V,
    /// Counts what is skipped.
    pub tally: &'env Tally,
    root_device: u64,
    /// The root as named and without links; kept only if links are followed and something is excluded.
    root: Option<(PathBuf, PathBuf)>,
    /// Directories entered so far; kept only if links are followed.
    entered: Mutex<HashSet<(u64, u64)>>,
}

/// A directory being walked.
struct WalkedDir {
    /// Shared by the tasks of its subdirectories, which must not keep the names alive.
    dir: Arc<Dir>,
    path: PathBuf,
    /// Its path without links, if a link led here and something is excluded.
    real: Option<PathBuf>,
    names: Listing,
    depth: usize,
    device: u64,
    ignored: Option<Arc<Ignored>>,
}

/// An entry to visit: a directory, a file to open, or an entry whose stat failed.
struct ToVisit {
    /// Its index in the listing.
    at: usize,
    found: EntryStat,
}

/// Path of a directory.
struct DirPath<'p> {
    path: &'p Path,
    real: Option<PathBuf>,
    depth: usize,
    device: u64,
}

/// A directory that waits to be walked.
struct PendingDir {
    parent: Option<Arc<Dir>>,
    name: OsString,
    path: PathBuf,
    real: Option<PathBuf>,
    depth: usize,
    device: u64,
    /// The ignore rules of the parent directory.
    ignored: Option<Arc<Ignored>>,
}

impl<'env, V> Walk<'env, V> {
    /// Walks the tree under `root`, which may be a link itself, into `out`.
    pub fn start<T>(
        rules: &'env Rules,
        visitor: &'env V,
        tally: &'env Tally,
        root: &Path,
        out: &mut Output<'env, T>,
    ) where
        T: Send + SizeInMemory + 'env,
        V: Visit<'env, T>,
    {
        let dir = match Dir::open(root) {
            Ok(dir) => dir,
            Err(e) => return visitor.passed_over(root, NotExamined::Error(e), out),
        };
        let device = dir.stat_self().map_or(0, |s| s.id.0);
        if let Some(name) = dir.pseudo().filter(|_| !rules.pseudo) {
            return visitor.passed_over(root, NotExamined::Pseudo(name), out);
        }
        let walk = Arc::new(Self {
            rules,
            visitor,
            tally,
            root_device: device,
            root: (rules.follow && rules.exclude.is_some())
                .then(|| std::fs::canonicalize(root).ok())
                .flatten()
                .map(|real| (root.to_owned(), real)),
            entered: Mutex::default(),
        });
        if rules.follow
            && let Ok(stat) = dir.stat_self()
        {
            let entered = walk.entered.lock();
            entered
                .unwrap_or_else(PoisonError::into_inner)
                .insert(stat.id);
        }
        let ignored = rules.gitignore.then(|| Ignored::root(&dir, root));
        let here = DirPath {
            path: root,
            real: None,
            depth: 0,
            device,
        };
        walk.read(dir, here, ignored, out);
    }

    fn enter<T>(self: Arc<Self>, pending: PendingDir, out: &mut Output<'env, T>)
    where
        T: Send + SizeInMemory + 'env,
        V: Visit<'env, T>,
    {
        let opened = match &pending.parent {
            Some(parent) => parent.child(&pending.name, self.rules.follow),
            None => Dir::open(&pending.path).map(|dir| (dir, false)),
        };
        let (dir, same_mount) = match opened {
            Ok(opened) => opened,
            Err(e) => {
                return self
                    .visitor
                    .passed_over(&pending.path, NotExamined::Error(e), out);
            }
        };
        drop(pending.parent);
        // The kernel's file systems are always separate mounts, so a directory on its parent's mount needs no stat. A mount may
        // have several devices, though (Btrfs).
        let ignored = pending.ignored.map(|i| i.enter(&dir, &pending.name));
        let mut here = DirPath {
            path: &pending.path,
            real: pending.real,
            depth: pending.depth,
            device: pending.device,
        };
        if same_mount && !self.rules.follow && !self.rules.one_file_system {
            return self.read(dir, here, ignored, out);
        }
        let Ok(stat) = dir.stat_self() else { return };
        if stat.id.0 != pending.device {
            if self.rules.one_file_system && stat.id.0 != self.root_device {
                return;
            }
            if let Some(name) = dir.pseudo().filter(|_| !self.rules.pseudo) {
                return self
                    .visitor
                    .passed_over(&pending.path, NotExamined::Pseudo(name), out);
            }
        }
        if self.rules.follow
            && !self
                .entered
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(stat.id)
        {
            return;
        }
        here.device = stat.id.0;
        self.read(dir, here, ignored, out);
    }

    fn read<T>(
        self: Arc<Self>,
        dir: Dir,
        place: DirPath<'_>,
        ignored: Option<Arc<Ignored>>,
        out: &mut Output<'env, T>,
    ) where
        T: Send + SizeInMemory + 'env,
        V: Visit<'env, T>,
    {
        let path = place.path;
        // In a very large directory only entries worth a visit are kept: most of its files are small.
        let mut chosen = None;
        let (rest, error) = dir.list(&mut |some| {
            let chosen = chosen.get_or_insert_with(Listing::default);
            let mut passed = PassedCounts::default();
            let around = ParentDir {
                dir: &dir,
                path,
                real: place.real.as_deref(),
                ignored: ignored.as_deref(),
            };
            for (name, kind) in some.iter() {
                let mut tally = PassedCounts::default();
                match self.look(around, name, kind, &mut tally) {
                    Some(_) => chosen.push(name, kind),
                    None => passed.add(tally),
                }
            }
            some.clear();
            self.count(passed);
        });
        let mut names = match chosen {
            None => rest,
            Some(mut chosen) => {
                rest.iter().for_each(|(name, kind)| chosen.push(name, kind));
                chosen
            }
        };
        if let Some(e) = error {
            self.visitor.passed_over(path, NotExamined::Error(e), out);
        }
        if self.visitor.directory(path, &names, out) {
            return;
        }
        let count = names.len();
        if count > SURVEY {
            names.sort();
        }
        let here = Arc::new(WalkedDir {
            dir: Arc::new(dir),
            path: path.to_owned(),
            real: place.real,
            names,
            depth: place.depth,
            device: place.device,
            ignored,
        });
        if count <= SURVEY {
            return self.survey(&here, 0..count, out);
        }
        for start in (0..count).step_by(SURVEY) {
            let (walk, here) = (self.clone(), here.clone());
            out.task(move |out| walk.survey(&here, start..count.min(start + SURVEY), out));
        }
    }

    /// Finds the entries to visit in a range of the listing. Only these few are sorted.
    fn survey<T>(
        self: Arc<Self>,
        here: &Arc<WalkedDir>,
        range: Range<usize>,
        out: &mut Output<'env, T>,
    ) where
        T: Send + SizeInMemory + 'env,
        V: Visit<'env, T>,
    {
        let mut tally = PassedCounts::default();
        let mut to_visit = Vec::new();
        let around = ParentDir {
            dir: &here.dir,
            path: &here.path,
            real: here.real.as_deref(),
            ignored: here.ignored.as_deref(),
        };
        for at in range {
            let Some((name, kind)) = here.names.get(at) else {
                break;
            };
            let found = self.look(around, name, kind, &mut tally);
            to_visit.extend(found.map(|found| ToVisit { at, found }));
        }
        self.count(tally);
        to_visit.sort_unstable_by(|a, b| here.names.compare(a.at, b.at));
        if batch(&to_visit) == to_visit.len() {
            return self.visit(here, to_visit.into_iter(), out);
        }
        let mut to_visit = to_visit.into_iter();
        while !to_visit.as_slice().is_empty() {
            let count = batch(to_visit.as_slice());
            let batch: Vec<ToVisit> = to_visit.by_ref().take(count).collect();
            let (walk, here) = (self.clone(), here.clone());
            out.task(move |out| walk.visit(&here, batch.into_iter(), out));
        }
    }

    /// Hands each entry to the visitor, in order.
    fn visit<T>(
        self: Arc<Self>,
        here: &Arc<WalkedDir>,
        mut to_visit: std::vec::IntoIter<ToVisit>,
        out: &mut Output<'env, T>,
    ) where
        T: Send + SizeInMemory + 'env,
        V: Visit<'env, T>,
    {
        while let Some(ToVisit { at, found }) = to_visit.next() {
            let Some((name, _)) = here.names.get(at) else {
                return;
            };
            match found {
                Err(e) => {
                    let path = join(&here.path, name);
                    self.visitor.passed_over(&path, NotExamined::Error(e), out);
                }
                Ok(Some(stat)) if stat.kind == FileKind::File => {
                    let found = WalkedFile {
                        dir: &here.dir,
                        parent: &here.path,
                        name,
                        follow: self.rules.follow,
                        stat,
                    };
                    self.visitor.file(&found, out);
                    if out.is_heavy() && !to_visit.as_slice().is_empty() {
                        let (walk, here) = (self.clone(), here.clone());
                        out.task(move |out| walk.visit(&here, to_visit, out));
                        return;
                    }
                }
                Ok(Some(stat)) if stat.kind == FileKind::Link => {
                    self.visitor.link(&join(&here.path, name), out);
                }
                Ok(stat) => {
                    let path = join(&here.path, name);
                    // An entry that the listing gives as a directory is not a link.
                    let real = match (stat, &here.real) {
                        (None, real) => real.as_ref().map(|real| join(real, name)),
                        (Some(_), _) => match self.link_target(&path) {
                            LinkTarget::Allowed(real) => real,
                            LinkTarget::Excluded => None,
                        },
                    };
                    let pending = PendingDir {
                        parent: (here.depth < BY_HANDLE).then(|| here.dir.clone()),
                        name: name.to_owned(),
                        path,
                        real,
                        depth: here.depth + 1,
                        device: here.device,
                        ignored: here.ignored.clone(),
                    };
                    let walk = self.clone();
                    out.task(move |out| walk.enter(pending, out));
                }
            }
        }
    }
}

/// How many of the next entries one task visits.
fn batch(to_visit: &[ToVisit]) -> usize {
    let mut bytes = 0u64;
    let fits = |one: &&ToVisit| {
        let size = match &one.found {
            Ok(Some(stat)) if stat.kind == FileKind::File => stat.size,
            _ => 0,
        };
        bytes = bytes.saturating_add(size);
        bytes <= BATCH_BYTES
    };
    to_visit.iter().take(BATCH).take_while(fits).count().max(1)
}

/// Joins like `find`: with `/` unless `parent` ends with one.
fn join(parent: &Path, name: &OsStr) -> PathBuf {
    let mut path = parent.as_os_str().to_owned();
    let slash = path.as_encoded_bytes().ends_with(b"/")
        || (cfg!(windows) && path.as_encoded_bytes().ends_with(b"\\"));
    if !slash && !path.is_empty() {
        path.push("/");
    }
    path.push(name);
    path.into()
}

#[cfg(test)]
mod tests;
