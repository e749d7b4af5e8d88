//! dpkg: `status`, `info/*.list` and `info/*.md5sums`, and the `status.d` of images without a package manager.
//!
//! Formats: deb822(5), deb-control(5), deb-md5sums(5), dpkg-divert(1). A list is named after the package, with the architecture if
//! several can be installed together (dpkg 1.16.2, `lib/dpkg/db-ctrl-access.c`).

use super::digest::{Algorithm, RecordedDigest};
use super::index::Index;
use super::{
    DatabaseLimits, DatabaseProblem, LookUp, PackageClaim, RootFiles, base, read_part, text,
    too_many, too_many_packages,
};
use gospect_record::{Owner, OwnerSource, PackageKind, SourcePackage};
use std::collections::HashMap;
use std::sync::Arc;

const STATUS: &[u8] = b"/var/lib/dpkg/status";
const INFO: &[u8] = b"/var/lib/dpkg/info";
const DIVERSIONS: &[u8] = b"/var/lib/dpkg/diversions";
/// Where Bazel's rules for images put a stanza and the digests of each package.
const PARTS: &[u8] = b"/var/lib/dpkg/status.d";

/// Most diversions that are read.
const MOVED: usize = 20_000;

/// Whether a file, named relative to the root, belongs to this database.
pub(super) fn is_part(name: &[u8]) -> bool {
    let Some(rest) = name.strip_prefix(b"var/lib/dpkg/") else {
        return false;
    };
    match rest.strip_prefix(b"info/") {
        Some(file) => file.ends_with(b".list") || file.ends_with(b".md5sums"),
        None => matches!(rest, b"status" | b"diversions") || rest.starts_with(b"status.d/"),
    }
}

/// The installed packages.
#[derive(Debug, Default)]
pub struct Packages {
    all: Vec<Installed>,
    index: Index,
    diversions: Vec<Diversion>,
}

#[derive(Debug)]
struct Installed {
    about: Arc<StatusEntry>,
    /// Path of its list without the extension; for `status.d` that of the stanza.
    files: Vec<u8>,
    /// Set when only the digests list the files.
    digests_only: bool,
}

/// A package as the status file describes it.
#[derive(Debug)]
struct StatusEntry {
    name: String,
    version: String,
    arch: Option<String>,
    source: SourcePackage,
}

/// A file moved away from the path in its package (dpkg-divert(1)).
#[derive(Debug)]
struct Diversion {
    from: Vec<u8>,
    to: Vec<u8>,
    /// The package whose own file stays at `from`; `:` for none.
    by: Vec<u8>,
}

impl Packages {
    /// Reads the names; `None` if there is no dpkg database.
    pub(super) fn open(
        files: &dyn RootFiles,
        bounds: &DatabaseLimits,
        problem: &mut dyn FnMut(DatabaseProblem),
    ) -> Option<Self> {
        let mut packages = Self {
            index: Index::new(bounds.names),
            ..Self::default()
        };
        packages.status(files, bounds, problem);
        packages.parts(files, bounds, problem);
        if packages.all.is_empty() {
            return None;
        }
        packages.index.finish();
        too_many(STATUS, &packages.index, problem);
        packages.diversions(files, bounds, problem);
        Some(packages)
    }

    fn status(
        &mut self,
        files: &dyn RootFiles,
        bounds: &DatabaseLimits,
        problem: &mut dyn FnMut(DatabaseProblem),
    ) {
        let Some(status) = read_part(files, STATUS, bounds.part, problem) else {
            return;
        };
        // Packages by name, where the first of each name counts, and by name and architecture.
        let mut about: HashMap<(String, Option<String>), Arc<StatusEntry>> = HashMap::new();
        let mut stanzas = 0_usize;
        for (_, stanza) in text::stanzas(&status) {
            if stanzas == bounds.packages {
                too_many_packages(STATUS, bounds.packages, problem);
                break;
            }
            stanzas += 1;
            if let Some(package) = StatusEntry::installed(stanza) {
                let package = Arc::new(package);
                let arch = package.arch.clone().unwrap_or_default();
                for key in [None, Some(arch)] {
                    let entry = about.entry((package.name.clone(), key));
                    entry.or_insert_with(|| Arc::clone(&package));
                }
            }
        }
        if stanzas > 0 && about.is_empty() && text::field(&status, "Package").is_none() {
            problem(DatabaseProblem::malformed(STATUS, "no package is in it"));
        }
        for name in files.list(INFO) {
            let Some(stem) = name.strip_suffix(b".list") else {
                continue;
            };
            let known = String::from_utf8_lossy(stem);
            let (package, arch) = match known.split_once(':') {
                Some((package, arch)) => (package, Some(arch)),
                None => (&*known, None),
            };
            let key = (package.to_owned(), arch.map(str::to_owned));
            let Some(found) = about.get(&key) else {
                continue;
            };
            let path = [INFO, b"/", &*name].concat();
            let Some(list) = read_part(files, &path, bounds.part, problem) else {
                continue;
            };
            let stem = [INFO, b"/", stem].concat();
            self.add(Arc::clone(found), stem, false, text::lines(&list));
        }
    }

    /// Reads `status.d`: a file `NAME` with one stanza for each package, and `NAME.md5sums` with its files.
    fn parts(
        &mut self,
        files: &dyn RootFiles,
        bounds: &DatabaseLimits,
        problem: &mut dyn FnMut(DatabaseProblem),
    ) {
        let names = files.list(PARTS).into_iter();
        let names = names.filter(|name| !name.ends_with(b".md5sums"));
        for (count, name) in names.enumerate() {
            if count == bounds.packages {
                too_many_packages(PARTS, bounds.packages, problem);
                break;
            }
            let stem = [PARTS, b"/", &*name].concat();
            let Some(stanza) = read_part(files, &stem, bounds.part, problem) else {
                continue;
            };
            let Some(about) = StatusEntry::parse(&stanza) else {
                continue;
            };
            let sums = [&*stem, b".md5sums"].concat();
            let Some(sums) = read_part(files, &sums, bounds.part, problem) else {
                continue;
            };
            let names = text::lines(&sums).filter_map(|line| Some(digest_line(line)?.1));
            self.add(Arc::new(about), stem, true, names);
        }
    }

    fn add<'n>(
        &mut self,
        about: Arc<StatusEntry>,
        files: Vec<u8>,
        digests_only: bool,
        names: impl Iterator<Item = &'n [u8]>,
    ) {
        let Ok(number) = u32::try_from(self.all.len()) else {
            return;
        };
        names
            .filter(|name| !name.is_empty())
            .for_each(|name| self.index.push(name, number));
        self.all.push(Installed {
            about,
            files,
            digests_only,
        });
    }

    fn diversions(
        &mut self,
        files: &dyn RootFiles,
        bounds: &DatabaseLimits,
        problem: &mut dyn FnMut(DatabaseProblem),
    ) {
        let Some(text) = read_part(files, DIVERSIONS, bounds.part, problem) else {
            return;
        };
        let lines: Vec<&[u8]> = text::lines(&text)
            .filter(|line| !line.is_empty())
            .take(3 * MOVED)
            .collect();
        self.diversions = lines
            .as_chunks::<3>()
            .0
            .iter()
            .map(|[from, to, by]| Diversion {
                from: from.to_vec(),
                to: to.to_vec(),
                by: by.to_vec(),
            })
            .collect();
    }

    /// Adds the packages that list a path, and those whose file was diverted to it.
    pub(super) fn claims(&self, asked: &LookUp<'_>, claims: &mut Vec<PackageClaim>) {
        self.listed(
            asked,
            &|package, line| {
                !self
                    .diversions
                    .iter()
                    .any(|moved| moved.from == line && moved.by != package.as_bytes())
            },
            claims,
        );
        for moved in &self.diversions {
            if asked.matches_path(&moved.to)
                && let Some(path) = asked
                    .files
                    .resolve(&moved.from)
                    .or_else(|| Some(moved.from.clone()))
            {
                let original = LookUp {
                    path: &path,
                    ..*asked
                };
                self.listed(
                    &original,
                    &|package, _| moved.by != package.as_bytes(),
                    claims,
                );
            }
        }
    }

    fn listed(
        &self,
        asked: &LookUp<'_>,
        counts: &dyn Fn(&str, &[u8]) -> bool,
        claims: &mut Vec<PackageClaim>,
    ) {
        for number in self.index.packages(base(asked.path)) {
            let Some(package) = self.all.get(number as usize) else {
                continue;
            };
            let ending: &[u8] = if package.digests_only {
                b".md5sums"
            } else {
                b".list"
            };
            let Some(list) = asked.whole(&[&*package.files, ending].concat()) else {
                continue;
            };
            let name = |line: &[u8]| -> Vec<u8> {
                if package.digests_only {
                    digest_line(line)
                        .map(|(_, name)| absolute(name))
                        .unwrap_or_default()
                } else {
                    line.to_vec()
                }
            };
            let wanted = base(asked.path);
            let line = text::lines(&list)
                .filter(|line| line.ends_with(wanted))
                .find_map(|line| {
                    let name = name(line);
                    let about = &package.about;
                    (asked.matches_path(&name) && counts(&about.name, &name)).then_some(name)
                });
            let Some(line) = line else { continue };
            let digest = if package.digests_only {
                digest_of(&list, &line)
            } else {
                let sums = asked.whole(&[&*package.files, b".md5sums"].concat());
                sums.and_then(|sums| digest_of(&sums, &line))
            };
            claims.push(PackageClaim {
                owner: package.about.owner(),
                digest,
                changelog: None,
            });
        }
    }
}

impl StatusEntry {
    /// A stanza of the status whose files are installed.
    fn installed(stanza: &[u8]) -> Option<Self> {
        let status = text::field(stanza, "Status")?;
        let state = status.split(|b| *b == b' ').next_back()?;
        (!matches!(state, b"not-installed" | b"config-files"))
            .then(|| Self::parse(stanza))
            .flatten()
    }

    /// A stanza of the status, or of a package's control file.
    fn parse(stanza: &[u8]) -> Option<Self> {
        let get = |name| text::field(stanza, name).and_then(text::value);
        let (name, version) = (get("Package")?, get("Version")?);
        // Without the field, the source package has the name and version of the package (deb-control(5)).
        let mut source = SourcePackage {
            name: name.clone(),
            version: Some(version.clone()),
        };
        if let Some(text) = get("Source") {
            let (name, version) = match text.split_once(" (") {
                Some((name, version)) => (name, Some(version.trim_end_matches(')'))),
                None => (text.as_str(), None),
            };
            source.name = name.trim().to_owned();
            if let Some(version) = version {
                source.version = Some(version.to_owned());
            }
        }
        Some(Self {
            name,
            version,
            arch: get("Architecture"),
            source,
        })
    }

    fn owner(&self) -> Owner {
        Owner {
            kind: PackageKind::Deb.into(),
            name: self.name.clone(),
            version: self.version.clone(),
            arch: self.arch.clone(),
            source: Some(self.source.clone()),
            how: OwnerSource::Dpkg.into(),
            ..Owner::default()
        }
    }
}

/// The package described by a control file.
pub fn of_control(text: &[u8]) -> Option<Owner> {
    let (_, stanza) = text::stanzas(text).next()?;
    Some(Owner {
        how: OwnerSource::Package.into(),
        ..StatusEntry::parse(stanza)?.owner()
    })
}

/// Digest and name in a line of `md5sums`: 32 digits, two spaces, a path relative to the root.
fn digest_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (digits, rest) = line.split_at_checked(32)?;
    Some((
        digits,
        rest.strip_prefix(b"  ")
            .or_else(|| rest.strip_prefix(b" *"))?,
    ))
}

fn absolute(name: &[u8]) -> Vec<u8> {
    let name = name.strip_prefix(b"./").unwrap_or(name);
    let name = name.strip_prefix(b"/").unwrap_or(name);
    [b"/", name].concat()
}

fn digest_of(sums: &[u8], path: &[u8]) -> Option<RecordedDigest> {
    text::lines(sums).find_map(|line| {
        let (digits, name) = digest_line(line)?;
        (absolute(name) == path).then(|| RecordedDigest::from_hex(Algorithm::Md5, digits))?
    })
}
