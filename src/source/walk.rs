//! The directory walk: every regular file of a tree, in the order of its names, on several threads.
//!
//! One task a directory; a directory with many files is split. Nothing is opened that a stat excludes, nothing blocks, and nothing is
//! entered twice.

use super::dir::{Dir, Kind, Stat};
use super::ignored::Ignored;
use super::listing::Listing;
use super::ordered::{Output, Weigh};
use globset::GlobSet;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Entries of one directory that one task visits: few, since one may be a large program, and a task costs little.
const BATCH: usize = 16;
/// Entries of one directory that one task looks at before it visits any.
const SURVEY: usize = 1024;
/// Directories deeper than this are reached by path, so that a deep tree does not use up the file descriptors.
const BY_HANDLE: usize = 128;

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
        }
    }
}

/// A file that the walk met.
pub struct Met<'w> {
    dir: &'w Dir,
    parent: &'w Path,
    name: &'w OsStr,
    follow: bool,
    /// Its stat.
    pub stat: Stat,
}

impl Met<'_> {
    /// Opens it.
    ///
    /// # Errors
    /// Those of the system.
    pub fn open(&self) -> io::Result<File> {
        self.dir.open_file(self.name, self.follow)
    }

    /// Whether it has the name of a shared library.
    pub fn is_library(&self) -> bool {
        let name = self.name.as_encoded_bytes();
        name.windows(3).any(|part| part == b".so")
    }

    /// Its path as `find` prints it.
    pub fn path(&self) -> PathBuf {
        join(self.parent, self.name)
    }
}

/// Who is told what the walk meets.
pub trait Visit<'env, T>: Sync {
    /// A regular file that is worth opening.
    fn file(&'env self, met: &Met<'_>, out: &mut Output<'env, T>);

    /// A directory; true when it was dealt with and is not to be entered.
    fn directory(&'env self, path: &Path, names: &Listing, out: &mut Output<'env, T>) -> bool;

    /// Something that was not examined.
    fn passed_over(&'env self, path: &Path, why: Why, out: &mut Output<'env, T>);

    /// A symbolic link that is not followed; only with [`Rules::links`].
    fn link(&'env self, _path: &Path, _out: &mut Output<'env, T>) {}
}

/// Why something was not examined.
#[derive(Debug)]
pub enum Why {
    /// The system refused.
    Error(io::Error),
    /// On a file system that describes the kernel.
    Pseudo(&'static str),
}

/// Counts of what was passed over without a word.
#[derive(Debug, Default)]
pub struct Tally {
    /// Regular files met.
    pub files: AtomicU64,
    /// Of these, below the size floor.
    pub below_min_size: AtomicU64,
}

/// A walk over one tree.
pub struct Walk<'env, V> {
    /// What to pass over.
    pub rules: &'env Rules,
    /// Told what is met.
    pub visitor: &'env V,
    /// Counts.
    pub tally: &'env Tally,
    root_device: u64,
    /// Directories entered, only kept when links are followed.
    entered: Mutex<HashSet<(u64, u64)>>,
}

/// A directory being walked.
struct Here {
    /// By itself, because its directories hold on to it, and to no names.
    dir: Arc<Dir>,
    path: PathBuf,
    names: Listing,
    depth: usize,
    device: u64,
    ignored: Option<Arc<Ignored>>,
}

/// An entry that is a directory, a file to be opened, or could not be looked at.
struct Worth {
    /// Its place in the listing.
    at: usize,
    found: Found,
}

/// The stat of an entry; a directory that the listing named as one has none.
type Found = io::Result<Option<Stat>>;

/// Where a directory is.
struct Place<'p> {
    path: &'p Path,
    depth: usize,
    device: u64,
}

/// A directory to be walked.
struct Pending {
    parent: Option<Arc<Dir>>,
    name: OsString,
    path: PathBuf,
    depth: usize,
    device: u64,
    /// What the directory above says.
    ignored: Option<Arc<Ignored>>,
}

impl<'env, V> Walk<'env, V> {
    /// Walks the tree under `root` into `out`. The root itself may be a link.
    pub fn start<T>(
        rules: &'env Rules,
        visitor: &'env V,
        tally: &'env Tally,
        root: &Path,
        out: &mut Output<'env, T>,
    ) where
        T: Send + Weigh + 'env,
        V: Visit<'env, T>,
    {
        let dir = match Dir::open(root) {
            Ok(dir) => dir,
            Err(e) => return visitor.passed_over(root, Why::Error(e), out),
        };
        let device = dir.stat_self().map_or(0, |s| s.id.0);
        if let Some(name) = dir.pseudo() {
            return visitor.passed_over(root, Why::Pseudo(name), out);
        }
        let walk = Arc::new(Self {
            rules,
            visitor,
            tally,
            root_device: device,
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
        let here = Place {
            path: root,
            depth: 0,
            device,
        };
        walk.read(dir, here, ignored, out);
    }

    fn enter<T>(self: Arc<Self>, pending: Pending, out: &mut Output<'env, T>)
    where
        T: Send + Weigh + 'env,
        V: Visit<'env, T>,
    {
        let opened = match &pending.parent {
            Some(parent) => parent.child(&pending.name, self.rules.follow),
            None => Dir::open(&pending.path).map(|dir| (dir, false)),
        };
        let (dir, same_mount) = match opened {
            Ok(opened) => opened,
            Err(e) => return self.visitor.passed_over(&pending.path, Why::Error(e), out),
        };
        drop(pending.parent);
        // File systems of the kernel are mounts of their own, so that what is on the mount of its parent needs no stat. One mount may
        // have several devices, though (Btrfs).
        let ignored = pending.ignored.map(|i| i.enter(&dir, &pending.name));
        let mut here = Place {
            path: &pending.path,
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
            if let Some(name) = dir.pseudo() {
                return self
                    .visitor
                    .passed_over(&pending.path, Why::Pseudo(name), out);
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
        place: Place<'_>,
        ignored: Option<Arc<Ignored>>,
        out: &mut Output<'env, T>,
    ) where
        T: Send + Weigh + 'env,
        V: Visit<'env, T>,
    {
        let path = place.path;
        // Of very many entries only those are held that are worth a visit: in large directories most files are small.
        let mut held = None;
        let (rest, error) = dir.list(&mut |some| {
            let held = held.get_or_insert_with(Listing::default);
            let mut passed = (0, 0);
            for (name, kind) in some.iter() {
                let mut tally = (0, 0);
                match self.look(&dir, path, ignored.as_deref(), (name, kind), &mut tally) {
                    Some(_) => held.push(name, kind),
                    None => passed = (passed.0 + tally.0, passed.1 + tally.1),
                }
            }
            some.clear();
            self.count(passed);
        });
        let mut names = match held {
            None => rest,
            Some(mut held) => {
                rest.iter().for_each(|(name, kind)| held.push(name, kind));
                held
            }
        };
        if let Some(e) = error {
            self.visitor.passed_over(path, Why::Error(e), out);
        }
        if self.visitor.directory(path, &names, out) {
            return;
        }
        let count = names.len();
        if count > SURVEY {
            names.sort();
        }
        let here = Arc::new(Here {
            dir: Arc::new(dir),
            path: path.to_owned(),
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

    /// Finds what is worth visiting among some names: few, so that only these need an order.
    fn survey<T>(self: Arc<Self>, here: &Arc<Here>, range: Range<usize>, out: &mut Output<'env, T>)
    where
        T: Send + Weigh + 'env,
        V: Visit<'env, T>,
    {
        let mut tally = (0, 0);
        let mut worth = Vec::new();
        for at in range {
            let Some((name, kind)) = here.names.get(at) else {
                break;
            };
            let ignored = here.ignored.as_deref();
            let found = self.look(&here.dir, &here.path, ignored, (name, kind), &mut tally);
            worth.extend(found.map(|found| Worth { at, found }));
        }
        self.count(tally);
        worth.sort_unstable_by(|a, b| here.names.compare(a.at, b.at));
        if worth.len() <= BATCH {
            return self.visit(here, worth.into_iter(), out);
        }
        let mut worth = worth.into_iter();
        while !worth.as_slice().is_empty() {
            let batch: Vec<Worth> = worth.by_ref().take(BATCH).collect();
            let (walk, here) = (self.clone(), here.clone());
            out.task(move |out| walk.visit(&here, batch.into_iter(), out));
        }
    }

    /// What a stat finds of an entry; `None` when it is not worth a visit. `tally` counts files, and the small ones of these.
    fn look(
        &self,
        dir: &Dir,
        path: &Path,
        ignored: Option<&Ignored>,
        (name, kind): (&OsStr, Option<Kind>),
        tally: &mut (u64, u64),
    ) -> Option<Found> {
        let Rules { follow, links, .. } = *self.rules;
        if self.excluded(path, name) {
            return None;
        }
        if ignored.is_some_and(|i| i.covers(name, kind == Some(Kind::Dir))) {
            return None;
        }
        // A directory needs no stat, a link only one when it is followed, a special file none at all.
        let stat = match kind {
            Some(Kind::Dir) => return Some(Ok(None)),
            Some(Kind::Special) => return None,
            Some(Kind::Link) if !follow && !links => return None,
            Some(Kind::File | Kind::Link) | None => match dir.stat(name, follow) {
                Ok(stat) => stat,
                // A link to nowhere is no file.
                Err(_) if kind == Some(Kind::Link) => return None,
                Err(e) => return Some(Err(e)),
            },
        };
        if stat.kind == Kind::File {
            tally.0 += 1;
            if stat.size < self.rules.min_size || (self.rules.likely && is_text(name)) {
                tally.1 += 1;
                return None;
            }
        }
        let told = matches!(stat.kind, Kind::File | Kind::Dir) || stat.kind == Kind::Link && links;
        told.then_some(Ok(Some(stat)))
    }

    fn count(&self, (files, below): (u64, u64)) {
        self.tally.files.fetch_add(files, Ordering::Relaxed);
        self.tally
            .below_min_size
            .fetch_add(below, Ordering::Relaxed);
    }

    /// Tells of each entry in turn.
    fn visit<T>(
        self: Arc<Self>,
        here: &Arc<Here>,
        mut worth: std::vec::IntoIter<Worth>,
        out: &mut Output<'env, T>,
    ) where
        T: Send + Weigh + 'env,
        V: Visit<'env, T>,
    {
        while let Some(Worth { at, found }) = worth.next() {
            let Some((name, _)) = here.names.get(at) else {
                return;
            };
            match found {
                Err(e) => {
                    let path = join(&here.path, name);
                    self.visitor.passed_over(&path, Why::Error(e), out);
                }
                Ok(Some(stat)) if stat.kind == Kind::File => {
                    let met = Met {
                        dir: &here.dir,
                        parent: &here.path,
                        name,
                        follow: self.rules.follow,
                        stat,
                    };
                    self.visitor.file(&met, out);
                    if out.is_heavy() && !worth.as_slice().is_empty() {
                        let (walk, here) = (self.clone(), here.clone());
                        out.task(move |out| walk.visit(&here, worth, out));
                        return;
                    }
                }
                Ok(Some(stat)) if stat.kind == Kind::Link => {
                    self.visitor.link(&join(&here.path, name), out);
                }
                Ok(_) => {
                    let pending = Pending {
                        parent: (here.depth < BY_HANDLE).then(|| here.dir.clone()),
                        name: name.to_owned(),
                        path: join(&here.path, name),
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

    fn excluded(&self, here: &Path, name: &OsStr) -> bool {
        self.rules.exclude.as_ref().is_some_and(|globs| {
            globs.is_match(Path::new(name)) || globs.is_match(join(here, name))
        })
    }
}

fn is_text(name: &OsStr) -> bool {
    Path::new(name)
        .extension()
        .and_then(OsStr::to_str)
        .is_some_and(|e| TEXT.binary_search(&e).is_ok())
}

/// Joins as `find` does: with `/` unless there is one.
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
