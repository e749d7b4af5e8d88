//! Databases of package managers, and what packages say of themselves.

use gospect_bytes::ReadAt;
use gospect_source::packages::{
    Algorithm, DatabaseLimits, Databases, Release, RootFiles, apk, dpkg, is_changelog, is_part,
    may_be_owned, rpm,
};
use std::io;

/// A root in which every file of every database has the same bytes.
struct Everywhere<'d>(&'d [u8]);

impl RootFiles for Everywhere<'_> {
    fn open(&self, path: &[u8]) -> io::Result<Option<Box<dyn ReadAt + '_>>> {
        Ok((is_part(path) || is_changelog(path)).then(|| Box::new(self.0) as Box<dyn ReadAt>))
    }

    fn list(&self, directory: &[u8]) -> Vec<Vec<u8>> {
        let names: &[&str] = match directory {
            b"/var/lib/dpkg/info" => &["acme.list", "acme.md5sums", "acme:amd64.list"],
            b"/var/lib/dpkg/status.d" => &["acme", "acme.md5sums"],
            _ => &[],
        };
        names.iter().map(|name| name.as_bytes().to_vec()).collect()
    }

    fn resolve(&self, path: &[u8]) -> Option<Vec<u8>> {
        Some(path.to_vec())
    }
}

/// Reads bytes as a database of every kind.
pub fn packages(data: &[u8]) {
    const MOST: u64 = 1 << 20;
    rpm::read_any(data, MOST);
    let files = Everywhere(data);
    let bounds = DatabaseLimits {
        part: MOST,
        names: 1000,
        claims: 16 << 20,
        packages: 1000,
        changelogs: true,
    };
    let database = Databases::open(&files, bounds, &mut |problem| {
        assert!(!problem.detail.is_empty());
        assert!(problem.path.starts_with('/'));
    });
    for path in [&b"/usr/bin/acme"[..], b"/usr/bin/acme-tool", b"/a", b"/"] {
        let mut digest = |algorithm: Algorithm| Some(vec![0; algorithm.as_str().len()]);
        let owned = database.owner(&files, path, &mut digest);
        if let Some(owner) = owned.owner {
            assert!(!owner.name.is_empty() && !owner.version.is_empty());
        }
    }
    let _ = (dpkg::of_control(data), apk::of_pkginfo(data));
    let _ = (Release::read(&files), is_part(data), may_be_owned(data));
}
