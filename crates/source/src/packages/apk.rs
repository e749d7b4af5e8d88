//! apk, the package database of Alpine, Wolfi and Chainguard.
//!
//! Format: `apk-installed(5)` of apk-tools. Stanzas of `X:value` lines: `F:` is a directory, `R:` a file in it, `Z:` the digest of
//! the file above.

use super::digest::{Algorithm, RecordedDigest};
use super::index::Index;
use super::{
    DatabaseLimits, DatabaseProblem, LookUp, PackageClaim, RootFiles, base, read_part, text,
    too_many, too_many_packages,
};
use gospect_record::{Owner, OwnerSource, PackageKind, SourcePackage};

/// Path of the database; the second one since apk-tools 3 on systems with a merged `/usr`.
pub const PATHS: &[&[u8]] = &[b"/lib/apk/db/installed", b"/usr/lib/apk/db/installed"];

/// The installed packages.
#[derive(Debug, Default)]
pub struct Packages {
    text: Vec<u8>,
    /// Start and end of each stanza.
    stanzas: Vec<(usize, usize)>,
    index: Index,
}

impl Packages {
    /// Reads the names; `None` if there is no apk database.
    pub(super) fn open(
        files: &dyn RootFiles,
        bounds: &DatabaseLimits,
        problem: &mut dyn FnMut(DatabaseProblem),
    ) -> Option<Self> {
        let (path, text) = PATHS.iter().find_map(|path| {
            read_part(files, path, bounds.part, problem).map(|text| (*path, text))
        })?;
        let mut packages = Self {
            index: Index::new(bounds.names),
            ..Self::default()
        };
        for (count, (from, stanza)) in text::stanzas(&text).enumerate() {
            if count == bounds.packages {
                too_many_packages(path, bounds.packages, problem);
                break;
            }
            if owner(stanza).is_none() {
                continue;
            }
            let number = packages.stanzas.len() as u32;
            packages.stanzas.push((from, from + stanza.len()));
            let names = text::lines(stanza).filter_map(|line| line.strip_prefix(b"R:"));
            names.for_each(|name| packages.index.push(name, number));
        }
        if packages.stanzas.is_empty() {
            if !text.trim_ascii().is_empty() {
                problem(DatabaseProblem::malformed(path, "no package is in it"));
            }
            return None;
        }
        packages.index.finish();
        too_many(path, &packages.index, problem);
        packages.text = text;
        Some(packages)
    }

    /// Adds the packages that list a path.
    pub(super) fn claims(&self, asked: &LookUp<'_>, claims: &mut Vec<PackageClaim>) {
        let wanted = base(asked.path);
        for number in self.index.packages(wanted) {
            let stanza = self.stanzas.get(number as usize);
            let stanza = stanza.and_then(|(from, to)| self.text.get(*from..*to));
            let Some(stanza) = stanza.filter(|stanza| asked.may_read(stanza.len() as u64)) else {
                continue;
            };
            let (mut directory, mut meant) = (&b""[..], false);
            let mut found: Option<Option<RecordedDigest>> = None;
            for line in text::lines(stanza) {
                match line.split_at_checked(2) {
                    Some((b"F:", name)) => (directory, meant) = (name, false),
                    Some((b"R:", name)) => {
                        meant = found.is_none()
                            && name == wanted
                            && asked.matches_path(&join(directory, name));
                        if meant {
                            found = Some(None);
                        }
                    }
                    Some((b"Z:", digest)) if meant => found = Some(recorded(digest)),
                    _ => {}
                }
            }
            if let (Some(digest), Some(owner)) = (found, owner(stanza)) {
                claims.push(PackageClaim {
                    owner,
                    digest,
                    changelog: None,
                });
            }
        }
    }
}

fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    if directory.is_empty() {
        return [b"/", name].concat();
    }
    [b"/", directory, b"/", name].concat()
}

fn owner(stanza: &[u8]) -> Option<Owner> {
    let get = |name: &[u8]| {
        let value = text::lines(stanza).find_map(|line| line.strip_prefix(name))?;
        text::value(value)
    };
    let version = get(b"V:")?;
    Some(Owner {
        kind: PackageKind::Apk.into(),
        name: get(b"P:")?,
        arch: get(b"A:"),
        // A source package of Alpine gives its version to all packages built from it.
        source: get(b"o:").map(|name| SourcePackage {
            name,
            version: Some(version.clone()),
        }),
        version,
        how: OwnerSource::Apk.into(),
        ..Owner::default()
    })
}

/// `Q1` and a SHA-1 in base64, or `Q2` and a SHA-256.
fn recorded(text: &[u8]) -> Option<RecordedDigest> {
    let (algorithm, text) = match text.split_at_checked(2)? {
        (b"Q1", rest) => (Algorithm::Sha1, rest),
        (b"Q2", rest) => (Algorithm::Sha256, rest),
        _ => return None,
    };
    let value = decode(text)?;
    let length = if algorithm == Algorithm::Sha1 { 20 } else { 32 };
    (value.len() == length).then_some(RecordedDigest { algorithm, value })
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = text.trim_ascii();
    let end = text.iter().position(|b| *b == b'=').unwrap_or(text.len());
    let mut out = Vec::new();
    for piece in text.get(..end)?.chunks(4) {
        let mut bits = 0_u32;
        for letter in piece {
            let at = LETTERS.iter().position(|l| l == letter)? as u32;
            bits = bits << 6 | at;
        }
        bits <<= 6 * (4 - piece.len());
        let bytes = bits.to_be_bytes();
        out.extend_from_slice(bytes.get(1..piece.len())?);
    }
    Some(out)
}

/// The package described by `.PKGINFO` (apk-package(5)); `None` for another format with this name, such as Arch Linux's.
pub fn of_pkginfo(text: &[u8]) -> Option<Owner> {
    let get = |name: &str| {
        text::lines(text).find_map(|line| {
            let (key, value) = line.split_at_checked(name.len())?;
            (key == name.as_bytes())
                .then(|| value.trim_ascii_start().strip_prefix(b"="))
                .flatten()
                .and_then(text::value)
        })
    };
    if get("pkgbase").is_some() || get("xdata").is_some() {
        return None;
    }
    let version = get("pkgver")?;
    Some(Owner {
        kind: PackageKind::Apk.into(),
        name: get("pkgname")?,
        arch: get("arch"),
        source: get("origin").map(|name| SourcePackage {
            name,
            version: Some(version.clone()),
        }),
        version,
        how: OwnerSource::Package.into(),
        ..Owner::default()
    })
}
