//! rpm: header blobs in one of three containers.
//!
//! Containers: SQLite (rpm 4.16 and later, Fedora 33), "ndb" (openSUSE) and a Berkeley DB hash (rpm before 4.16, RHEL 8). They are
//! at the `%_dbpath` of the distributions.

mod bdb;
mod fault;
pub(super) mod header;
mod ndb;
mod sqlite;
pub(crate) mod values;

use super::digest::{Algorithm, RecordedDigest};
use super::index::Index;
use super::{
    DatabaseLimits, DatabaseProblem, LookUp, PackageClaim, RootFiles, base, changelog, too_many,
    too_many_packages,
};
use fault::Fault;
use gospect_bytes::ReadAt;
use gospect_record::{Owner, OwnerSource, PackageKind, Reason, SourcePackage};
use header::{Header, tag};

const DIRECTORIES: &[&[u8]] = &[b"/usr/lib/sysimage/rpm", b"/var/lib/rpm", b"/usr/share/rpm"];

/// How headers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseFormat {
    /// `rpmdb.sqlite`.
    Sqlite,
    /// `Packages.db`.
    Ndb,
    /// `Packages`.
    Bdb,
}

/// Newest first: an older database may be left beside a newer one.
const CONTAINERS: &[(&[u8], DatabaseFormat)] = &[
    (b"rpmdb.sqlite", DatabaseFormat::Sqlite),
    (b"Packages.db", DatabaseFormat::Ndb),
    (b"Packages", DatabaseFormat::Bdb),
];

/// Whether a file, named relative to the root, belongs to this database.
pub(super) fn is_part(name: &[u8]) -> bool {
    DIRECTORIES.iter().any(|directory| {
        name.strip_prefix(&directory[1..])
            .and_then(|rest| rest.strip_prefix(b"/"))
            .is_some_and(|file| {
                file == b"rpmdb.sqlite-wal" || CONTAINERS.iter().any(|(name, _)| *name == file)
            })
    })
}

/// The headers of one database.
trait Headers {
    /// Calls `visit` with every header and its number, until it returns false.
    fn each(&self, visit: &mut dyn FnMut(u64, &[u8]) -> bool) -> Result<(), Fault>;

    /// The header with this number.
    fn load(&self, number: u64) -> Option<Vec<u8>>;
}

/// The installed packages.
#[derive(Debug)]
pub struct Packages {
    path: Vec<u8>,
    container: DatabaseFormat,
    /// Numbers of all headers.
    all: Vec<u64>,
    index: Index,
}

impl Packages {
    /// Reads the names; `None` if there is no rpm database.
    pub(super) fn open(
        files: &dyn RootFiles,
        bounds: &DatabaseLimits,
        problem: &mut dyn FnMut(DatabaseProblem),
    ) -> Option<Self> {
        let paths = DIRECTORIES.iter().flat_map(|directory| {
            let files = CONTAINERS.iter();
            files.map(move |(name, kind)| ([directory, &b"/"[..], name].concat(), *kind))
        });
        let mut seen = Vec::new();
        // An empty database does not rule out another one elsewhere.
        for (path, container) in paths {
            // Older paths are links to newer ones.
            let Some(path) = files.resolve(&path).filter(|path| !seen.contains(path)) else {
                continue;
            };
            seen.push(path.clone());
            let mut packages = Self {
                path,
                container,
                all: Vec::new(),
                index: Index::new(bounds.names),
            };
            if packages.fill(files, bounds, problem) && !packages.all.is_empty() {
                packages.index.finish();
                too_many(&packages.path, &packages.index, problem);
                return Some(packages);
            }
        }
        None
    }

    /// Reads all headers; false if the file does not exist.
    fn fill(
        &mut self,
        files: &dyn RootFiles,
        bounds: &DatabaseLimits,
        problem: &mut dyn FnMut(DatabaseProblem),
    ) -> bool {
        let file = match files.open(&self.path) {
            Ok(Some(file)) if !file.is_empty() => file,
            Ok(_) => return false,
            Err(error) => {
                let detail = gospect_bytes::error_text(&error);
                problem(DatabaseProblem::new(&self.path, Reason::Unreadable, detail));
                return false;
            }
        };
        let log = log_of(files, &self.path);
        let (mut broken, mut many) = (0_u64, false);
        let read = open_container(
            self.container,
            &*file,
            log.as_deref(),
            bounds.part,
            &mut |headers| {
                headers.each(&mut |number, blob| {
                    let Some(header) = Header::parse(blob) else {
                        broken += 1;
                        return true;
                    };
                    // Keys that sign packages are stored as headers without files.
                    if header.text(tag::ARCH).is_none() {
                        return true;
                    }
                    many = self.all.len() >= bounds.packages;
                    if many {
                        return false;
                    }
                    let package = self.all.len() as u32;
                    self.all.push(number);
                    header.each_base_name(|name| self.index.push(name, package));
                    true
                })
            },
        );
        let detail = match read {
            Err(fault) => Some(fault.to_string()),
            Ok(()) if broken > 0 => Some(format!("{broken} headers of packages cannot be read")),
            Ok(()) => None,
        };
        if let Some(detail) = detail {
            problem(DatabaseProblem::malformed(&self.path, detail));
        }
        if many {
            too_many_packages(&self.path, bounds.packages, problem);
        }
        true
    }

    /// Adds the packages that list a path.
    pub(super) fn claims(&self, asked: &LookUp<'_>, claims: &mut Vec<PackageClaim>) {
        let mut candidates = self.index.packages(base(asked.path)).peekable();
        if candidates.peek().is_none() {
            return;
        }
        let Ok(Some(file)) = asked.files.open(&self.path) else {
            return;
        };
        let log = log_of(asked.files, &self.path);
        let _ = open_container(
            self.container,
            &*file,
            log.as_deref(),
            asked.part,
            &mut |headers| {
                for number in candidates.by_ref() {
                    let Some(number) = self.all.get(number as usize) else {
                        continue;
                    };
                    let Some(blob) = headers.load(*number) else {
                        continue;
                    };
                    if !asked.may_read(blob.len() as u64) {
                        break;
                    }
                    let claim = Header::parse(&blob).and_then(|header| {
                        let file =
                            header.find(base(asked.path), |path| asked.matches_path(path))?;
                        let mut owner = owner(&header)?;
                        owner.how = self.container.owner_source().into();
                        Some(PackageClaim {
                            owner,
                            digest: digest(&header, file),
                            changelog: match asked.changelogs {
                                true => changelog::of_rpm(&header, &self.path),
                                false => None,
                            },
                        })
                    });
                    claims.extend(claim);
                }
                Ok(())
            },
        );
    }
}

impl DatabaseFormat {
    /// The word for it in records.
    fn owner_source(self) -> OwnerSource {
        match self {
            Self::Sqlite => OwnerSource::RpmSqlite,
            Self::Ndb => OwnerSource::RpmNdb,
            Self::Bdb => OwnerSource::RpmBdb,
        }
    }
}

/// The write-ahead log of a SQLite database.
fn log_of<'f>(files: &'f dyn RootFiles, path: &[u8]) -> Option<Box<dyn ReadAt + 'f>> {
    if !path.ends_with(b".sqlite") {
        return None;
    }
    files.open(&[path, b"-wal"].concat()).ok()?
}

/// Opens a container.
fn open_container(
    container: DatabaseFormat,
    file: &dyn ReadAt,
    log: Option<&dyn ReadAt>,
    most: u64,
    work: &mut dyn FnMut(&dyn Headers) -> Result<(), Fault>,
) -> Result<(), Fault> {
    match container {
        DatabaseFormat::Sqlite => work(&sqlite::SqliteFile::open(file, log, most)?),
        DatabaseFormat::Ndb => work(&ndb::NdbFile::open(file, most)?),
        DatabaseFormat::Bdb => work(&bdb::BerkeleyDb::open(file, most)?),
    }
}

/// The package that a header describes.
fn owner(header: &Header<'_>) -> Option<Owner> {
    let text = |tag| header.text(tag).and_then(super::text::value);
    from_tags(
        &text,
        header.number(tag::EPOCH, 0).filter(|epoch| *epoch > 0),
    )
}

/// The same, from the tags of any header.
pub(crate) fn from_tags(text: &dyn Fn(u32) -> Option<String>, epoch: Option<u64>) -> Option<Owner> {
    let version = format!("{}-{}", text(tag::VERSION)?, text(tag::RELEASE)?);
    Some(Owner {
        kind: PackageKind::Rpm.into(),
        name: text(tag::NAME)?,
        version: match epoch {
            Some(epoch) => format!("{epoch}:{version}"),
            None => version,
        },
        arch: text(tag::ARCH),
        source: text(tag::SOURCE_RPM).and_then(|name| source(&name)),
        how: OwnerSource::Package.into(),
        ..Owner::default()
    })
}

/// Parses `NAME-VERSION-RELEASE.src.rpm`.
fn source(file: &str) -> Option<SourcePackage> {
    let stem = file
        .strip_suffix(".src.rpm")
        .or_else(|| file.strip_suffix(".nosrc.rpm"))?;
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    Some(SourcePackage {
        name: name.to_owned(),
        version: Some(format!("{version}-{release}")),
    })
}

/// The digest of a file in the header; ghost files have none.
fn digest(header: &Header<'_>, file: u32) -> Option<RecordedDigest> {
    let digits = header.nth_text(tag::FILE_DIGESTS, file)?;
    // rpm: include/rpm/rpmcrypto.h; without the tag it is MD5.
    let algorithm = match header.number(tag::FILE_DIGEST_ALGORITHM, 0) {
        None | Some(1) => Algorithm::Md5,
        Some(2) => Algorithm::Sha1,
        Some(8) => Algorithm::Sha256,
        Some(_) => return None,
    };
    RecordedDigest::from_hex(algorithm, digits)
}

/// Reads arbitrary bytes as any of the containers, for fuzzing.
#[doc(hidden)]
pub fn read_any(bytes: &[u8], most: u64) -> usize {
    let mut found = 0;
    for container in [
        DatabaseFormat::Sqlite,
        DatabaseFormat::Ndb,
        DatabaseFormat::Bdb,
    ] {
        let _ = open_container(container, &bytes, Some(&bytes), most, &mut |headers| {
            let mut numbers = Vec::new();
            let result = headers.each(&mut |number, blob| {
                if let Some(header) = Header::parse(blob) {
                    header.each_base_name(|_| {});
                    let _ = header.find(b"bash", |_| true).map(|n| digest(&header, n));
                    let _ = (owner(&header), changelog::of_rpm(&header, b"db"));
                }
                numbers.push(number);
                numbers.len() < 1000
            });
            for number in &numbers {
                found += usize::from(headers.load(*number).is_some());
            }
            result
        });
    }
    found
}

#[cfg(test)]
mod tests;
