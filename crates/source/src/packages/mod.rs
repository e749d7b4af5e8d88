//! Package databases of a root file system: which package a path belongs to, according to dpkg, apk or rpm.
//!
//! ```text
//! Files (a root: a directory, the visible root of an image) ──▶ Database ──▶ claims on a path ──▶ Ownership
//! ```
//!
//! A database is opened when the first program is found below its root. Only a hash of each file name with the number of its
//! package stays in memory; the package itself is read again when one of its names is looked up. A database is untrusted input:
//! every part of it is limited, and a broken one costs one line that says so.

#[doc(hidden)]
pub mod apk;
mod changelog;
#[doc(hidden)]
pub mod digest;
#[cfg(unix)]
#[doc(hidden)]
pub mod directory;
#[doc(hidden)]
pub mod dpkg;
mod index;
mod os_release;
#[doc(hidden)]
pub mod rpm;
mod text;

pub use changelog::is_changelog;
pub use digest::{Algorithm, Digests, RecordedDigest};
pub use os_release::Release;

use gospect_bytes::guard::{FAULT, guarded};
use gospect_bytes::{Limits, ReadAt, Use};
use gospect_record::{Changelog, Owner, PackageKind, Reason};
use index::Index;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A root file system. Paths are absolute in it; links are followed inside it and never lead out.
pub trait RootFiles {
    /// Opens the file at a path; `None` if there is none.
    ///
    /// # Errors
    /// When it exists and cannot be opened.
    fn open(&self, path: &[u8]) -> io::Result<Option<Box<dyn ReadAt + '_>>>;

    /// The names in a directory, sorted; empty when it is not a directory.
    fn list(&self, directory: &[u8]) -> Vec<Vec<u8>>;

    /// The path after following all links; `None` if nothing is there.
    fn resolve(&self, path: &[u8]) -> Option<Vec<u8>>;
}

/// Limits on one database.
#[derive(Clone, Copy, Debug)]
pub struct DatabaseLimits {
    /// Longest text or header that is read whole, in bytes.
    pub part: u64,
    /// Most file names that are kept, 8 bytes each.
    pub names: usize,
    /// Bytes that all look-ups together may read again.
    pub claims: u64,
    /// Most packages of one database; all of Debian has 100,000.
    pub packages: usize,
    /// Whether to read the changelogs of packages that own programs.
    pub changelogs: bool,
}

impl DatabaseLimits {
    /// Limits as shares of `memory`.
    pub fn new(memory: u64, limits: &Limits) -> Self {
        Self {
            part: limits.metadata.min(Use::PackageText.share(memory)),
            names: usize::try_from(Use::PackageNames.share(memory) / 8).unwrap_or(usize::MAX),
            claims: 4 << 30,
            packages: 200_000,
            changelogs: false,
        }
    }
}

/// A problem with a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseProblem {
    /// Path of its file, absolute in the root.
    pub path: String,
    /// Why it cannot be read.
    pub reason: Reason,
    /// One sentence.
    pub detail: String,
}

impl DatabaseProblem {
    fn new(path: &[u8], reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            path: String::from_utf8_lossy(path).into_owned(),
            reason,
            detail: detail.into(),
        }
    }

    fn malformed(path: &[u8], detail: impl Into<String>) -> Self {
        Self::new(path, Reason::Malformed, detail)
    }
}

/// A package that lists a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageClaim {
    /// The package.
    pub owner: Owner,
    /// The digest of the file in the database, if it has one.
    pub digest: Option<RecordedDigest>,
    /// What the changelog in the database names, if it is wanted and there.
    pub changelog: Option<Changelog>,
}

/// The package that a program belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ownership {
    /// The package; `None` if unknown.
    pub owner: Option<Arc<Owner>>,
    /// Why a package that lists the path is not the owner.
    pub note: Option<Arc<str>>,
    /// What the changelog of the package names; `None`: not wanted, or there is none.
    pub changelog: Option<Arc<Changelog>>,
}

/// Paths of which every root with a database has at least one.
pub const MARKS: &[&str] = &[
    "var/lib/dpkg/status",
    "var/lib/dpkg/status.d",
    "lib/apk/db/installed",
    "usr/lib/apk/db/installed",
    "var/lib/rpm",
    "usr/lib/sysimage/rpm",
    "usr/share/rpm",
];

/// Whether a file belongs to a database or names the distribution. `name` is relative to the root.
pub fn is_part(name: &[u8]) -> bool {
    let name = name.strip_prefix(b"./").unwrap_or(name);
    let name = name.strip_prefix(b"/").unwrap_or(name);
    // Most names are rejected here.
    if ![&b"var/lib/"[..], b"usr/", b"lib/apk/", b"etc/"]
        .iter()
        .any(|start| name.starts_with(start))
    {
        return false;
    }
    os_release::PATHS.iter().any(|p| p[1..] == *name)
        || dpkg::is_part(name)
        || apk::PATHS.iter().any(|p| p[1..] == *name)
        || rpm::is_part(name)
}

/// Whether packages install programs to this path: not below `/usr/local`, nor in an image's own directories. `name` is relative
/// to the root.
pub fn may_be_owned(name: &[u8]) -> bool {
    let name = name.strip_prefix(b"./").unwrap_or(name);
    let name = name.strip_prefix(b"/").unwrap_or(name);
    let mut parts = name.split(|b| *b == b'/');
    match parts.next().unwrap_or_default() {
        b"usr" => parts.next() != Some(b"local"),
        b"bin" | b"sbin" | b"lib" | b"lib32" | b"lib64" | b"libx32" | b"opt" | b"etc" | b"srv"
        | b"var" | b"boot" => true,
        _ => false,
    }
}

/// The package databases of one root.
#[derive(Debug, Default)]
pub struct Databases {
    release: Release,
    dpkg: Option<dpkg::Packages>,
    apk: Option<apk::Packages>,
    rpm: Option<rpm::Packages>,
    bounds: Option<DatabaseLimits>,
    /// Bytes read for look-ups so far.
    spent: AtomicU64,
}

impl Databases {
    /// Reads the file names of all packages. A broken database is reported to `problem`; the others count.
    pub fn open(
        files: &dyn RootFiles,
        bounds: DatabaseLimits,
        problem: &mut dyn FnMut(DatabaseProblem),
    ) -> Self {
        Self {
            release: read_guarded("/etc/os-release", problem, |_| Release::read(files))
                .unwrap_or_default(),
            dpkg: read_guarded("/var/lib/dpkg", problem, |problem| {
                dpkg::Packages::open(files, &bounds, problem)
            })
            .flatten(),
            apk: read_guarded("/lib/apk/db", problem, |problem| {
                apk::Packages::open(files, &bounds, problem)
            })
            .flatten(),
            rpm: read_guarded("/var/lib/rpm", problem, |problem| {
                rpm::Packages::open(files, &bounds, problem)
            })
            .flatten(),
            bounds: Some(bounds),
            spent: AtomicU64::new(0),
        }
    }

    /// Whether no package is known.
    pub fn is_empty(&self) -> bool {
        self.dpkg.is_none() && self.apk.is_none() && self.rpm.is_none()
    }

    /// The packages that list `path`, which has no links in it.
    pub fn claims(&self, files: &dyn RootFiles, path: &[u8]) -> Vec<PackageClaim> {
        let Some(bounds) = &self.bounds else {
            return Vec::new();
        };
        let asked = LookUp {
            files,
            path,
            part: bounds.part,
            spent: &self.spent,
            most: bounds.claims,
            changelogs: bounds.changelogs,
        };
        let mut claims = Vec::new();
        if let Some(packages) = &self.dpkg {
            packages.claims(&asked, &mut claims);
        }
        if let Some(packages) = &self.apk {
            packages.claims(&asked, &mut claims);
        }
        if let Some(packages) = &self.rpm {
            packages.claims(&asked, &mut claims);
        }
        for claim in &mut claims {
            claim.owner.distribution.clone_from(&self.release.id);
            claim.owner.release.clone_from(&self.release.version);
        }
        claims
    }

    /// The package that owns the program at `path`. `digest` computes the digest of the file, or returns `None` if it is not
    /// known.
    pub fn owner(
        &self,
        files: &dyn RootFiles,
        path: &[u8],
        digest: &mut dyn FnMut(Algorithm) -> Option<Vec<u8>>,
    ) -> Ownership {
        let owned = || {
            let mut ownership = judge(self.claims(files, path), digest);
            self.add_changelog(files, &mut ownership);
            ownership
        };
        guarded(owned).unwrap_or_else(|| Ownership {
            note: Some("its package is unknown: the reader of databases failed".into()),
            ..Ownership::default()
        })
    }
}

impl Databases {
    /// Adds the changelog of the owner, where it is a file of its own.
    fn add_changelog(&self, files: &dyn RootFiles, ownership: &mut Ownership) {
        let is_wanted = self.bounds.is_some_and(|bounds| bounds.changelogs);
        let owner = ownership.owner.as_deref().filter(|_| is_wanted);
        if let Some(owner) = owner.filter(|owner| owner.kind == PackageKind::Deb) {
            ownership.changelog = changelog::of_debian(files, owner).map(Arc::new);
        }
    }
}

/// Reads one database. A panic in its reader is a bug; it is reported and costs neither the other databases nor the programs.
fn read_guarded<T>(
    place: &str,
    problem: &mut dyn FnMut(DatabaseProblem),
    read: impl FnOnce(&mut dyn FnMut(DatabaseProblem)) -> T,
) -> Option<T> {
    let result = guarded(|| read(problem));
    if result.is_none() {
        problem(DatabaseProblem::new(
            place.as_bytes(),
            Reason::Internal,
            FAULT,
        ));
    }
    result
}

/// The package whose recorded digest matches the file, else one without a recorded digest.
fn judge(
    claims: Vec<PackageClaim>,
    digest: &mut dyn FnMut(Algorithm) -> Option<Vec<u8>>,
) -> Ownership {
    let mut unproven: Option<(Owner, Option<Changelog>)> = None;
    let mut note: Option<Arc<str>> = None;
    for claim in claims {
        let recorded = claim.digest.as_ref();
        let actual = recorded.and_then(|recorded| digest(recorded.algorithm));
        let mut owner = claim.owner;
        match recorded.zip(actual) {
            Some((recorded, actual)) if recorded.value == actual => {
                owner.compared = Some(recorded.algorithm.into());
                return Ownership {
                    owner: Some(Arc::new(owner)),
                    note: None,
                    changelog: claim.changelog.map(Arc::new),
                };
            }
            Some((recorded, _)) => {
                let text = format!(
                    "package {} {} lists this path with another {}: the file was replaced",
                    owner.name,
                    owner.version,
                    digest::title(recorded.algorithm)
                );
                note.get_or_insert(text.into());
            }
            None => {
                unproven.get_or_insert((owner, claim.changelog));
            }
        }
    }
    match unproven {
        Some((owner, changelog)) => Ownership {
            owner: Some(Arc::new(owner)),
            note: None,
            changelog: changelog.map(Arc::new),
        },
        None => Ownership {
            note,
            ..Ownership::default()
        },
    }
}

/// A look-up of the packages that list a path.
pub(crate) struct LookUp<'a> {
    files: &'a dyn RootFiles,
    path: &'a [u8],
    part: u64,
    spent: &'a AtomicU64,
    most: u64,
    changelogs: bool,
}

impl LookUp<'_> {
    /// Whether this many more bytes may be read.
    fn may_read(&self, bytes: u64) -> bool {
        self.spent.fetch_add(bytes, Ordering::Relaxed) < self.most
    }

    /// Whether a name in the database means the path that is looked up.
    fn matches_path(&self, listed: &[u8]) -> bool {
        base(listed) == base(self.path)
            && (listed == self.path || self.files.resolve(listed).as_deref() == Some(self.path))
    }

    /// Reads a file of the database whole.
    fn whole(&self, path: &[u8]) -> Option<Vec<u8>> {
        let file = self.files.open(path).ok()??;
        if !self.may_read(file.len()) {
            return None;
        }
        whole(&*file, self.part).ok()?
    }
}

/// The last part of a path.
fn base(path: &[u8]) -> &[u8] {
    path.rsplit(|b| *b == b'/').next().unwrap_or_default()
}

/// Reads all of a file; `None` if it is longer than `most`.
pub fn whole(file: &dyn ReadAt, most: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(len) = usize::try_from(file.len())
        .ok()
        .filter(|len| *len as u64 <= most)
    else {
        return Ok(None);
    };
    if let Some(bytes) = file.as_slice() {
        return Ok(Some(bytes.to_vec()));
    }
    let mut bytes = vec![0; len];
    let read = file.read_at(&mut bytes, 0)?;
    bytes.truncate(read);
    #[cfg(debug_assertions)]
    gospect_bytes::guard::test_panic::on_bytes(&bytes);
    Ok(Some(bytes))
}

/// Reads a file of the database whole; `None` if it does not exist, or is unusable, which is reported.
fn read_part(
    files: &dyn RootFiles,
    path: &[u8],
    most: u64,
    problem: &mut dyn FnMut(DatabaseProblem),
) -> Option<Vec<u8>> {
    let read = files
        .open(path)
        .and_then(|file| file.map(|file| whole(&*file, most)).transpose());
    match read {
        Ok(None) => None,
        Ok(Some(Some(bytes))) => Some(bytes),
        Ok(Some(None)) => {
            let detail = format!("longer than the {most} bytes that are allowed");
            problem(DatabaseProblem::new(path, Reason::Limit, detail));
            None
        }
        Err(error) => {
            let detail = gospect_bytes::error_text(&error);
            problem(DatabaseProblem::new(path, Reason::Unreadable, detail));
            None
        }
    }
}

/// Reports that a database has more packages than are read.
fn too_many_packages(path: &[u8], most: usize, problem: &mut dyn FnMut(DatabaseProblem)) {
    let detail = format!("more than {most} packages; the others are not known");
    problem(DatabaseProblem::new(path, Reason::Limit, detail));
}

/// Reports that a database has more names than are kept.
fn too_many(path: &[u8], index: &Index, problem: &mut dyn FnMut(DatabaseProblem)) {
    if index.is_cut() {
        let detail = format!(
            "more than {} names of files; the packages of the others are not known",
            index.len()
        );
        problem(DatabaseProblem::new(path, Reason::Limit, detail));
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
