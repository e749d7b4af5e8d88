//! The files of the visible root that matter to checks of Go programs.

use super::overlay::Tree;
use gospect_record::Rootfs;

/// Files that crypto/x509 tries until one exists (Go 1.27, src/crypto/x509/root_linux.go).
const CERT_FILES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// Directories in which it reads every file (same source).
const CERT_DIRS: &[&str] = &["/etc/ssl/certs", "/etc/pki/tls/certs"];
/// Where package time searches (Go 1.27, src/time/zoneinfo_unix.go).
const ZONE_DIRS: &[&str] = &[
    "/usr/share/zoneinfo",
    "/usr/share/lib/zoneinfo",
    "/usr/lib/locale/TZ",
    "/etc/zoneinfo",
];
/// Below GOROOT (Go 1.27, src/time/zoneinfo_read.go and zoneinfo_goroot.go).
const ZONE_ZIP: &[u8] = b"/lib/time/zoneinfo.zip";
/// Directories in which programs expect their dynamic loader; on merged-usr systems these are links.
const LOADER_DIRS: &[&str] = &[
    "/lib",
    "/lib64",
    "/lib32",
    "/libx32",
    "/libexec",
    "/usr/lib",
    "/usr/lib64",
    "/usr/libexec",
];
/// File names of loaders.
const LOADERS: &[&str] = &[
    "ld-linux",
    "ld-musl-",
    "ld64.so",
    "ld.so.1",
    "ld-uClibc",
    "ld64-uClibc",
    "ld-elf",
    "ld-android",
    "linker",
];

/// Collects these files. `env` is the image's environment: ZONEINFO, SSL_CERT_FILE and SSL_CERT_DIR are respected.
pub fn collect(tree: &Tree, env: &[String]) -> Rootfs {
    let value = |key: &str| {
        env.iter()
            .rev()
            .find_map(|e| e.strip_prefix(key)?.strip_prefix('='))
            .filter(|v| !v.is_empty())
    };
    let mut rootfs = Rootfs::default();
    let wanted = |name: &[u8]| is_library(name) || is_loader(name) || name == b"zoneinfo.zip";
    tree.each_name(wanted, |path| {
        let name = path.rsplit(|&b| b == b'/').next().unwrap_or_default();
        if tree.resolve(&path).is_none_or(|r| r.dir) {
            return;
        }
        let text = String::from_utf8_lossy(&path).into_owned();
        if name == b"zoneinfo.zip" {
            if path.ends_with(ZONE_ZIP) {
                rootfs.zoneinfo.push(text);
            }
            return;
        }
        if is_loader(name) {
            for dir in LOADER_DIRS {
                let other = format!("{dir}/{}", String::from_utf8_lossy(name));
                if tree.resolve(other.as_bytes()).is_some_and(|r| !r.dir) {
                    rootfs.loaders.push(other);
                }
            }
            rootfs.loaders.push(text.clone());
        }
        if is_library(name) {
            rootfs.libraries.push(text);
        }
    });
    let is_file = |path: &str| {
        tree.resolve(path.as_bytes())
            .is_some_and(|r| !r.dir && !r.empty)
    };
    let files = value("SSL_CERT_FILE")
        .into_iter()
        .chain(CERT_FILES.iter().copied());
    rootfs
        .ca_bundles
        .extend(files.filter(|p| is_file(p)).map(str::to_owned));
    let dirs = value("SSL_CERT_DIR")
        .into_iter()
        .flat_map(|v| v.split(':'))
        .chain(CERT_DIRS.iter().copied());
    rootfs.ca_bundles.extend(
        dirs.filter(|d| tree.holds_file(d.as_bytes()))
            .map(str::to_owned),
    );
    let zones = value("ZONEINFO")
        .into_iter()
        .chain(ZONE_DIRS.iter().copied());
    rootfs.zoneinfo.extend(
        zones
            .filter(|d| is_file(d) || tree.holds_any(d.as_bytes()))
            .map(str::to_owned),
    );
    for list in [
        &mut rootfs.loaders,
        &mut rootfs.libraries,
        &mut rootfs.ca_bundles,
        &mut rootfs.zoneinfo,
    ] {
        list.sort();
        list.dedup();
    }
    rootfs
}

fn is_loader(name: &[u8]) -> bool {
    LOADERS.iter().any(|l| name.starts_with(l.as_bytes()))
        && (name == b"linker" || name == b"linker64" || is_library(name))
}

/// Whether a name is like `x.so` or `x.so.1.2`.
fn is_library(name: &[u8]) -> bool {
    let Some(at) = memchr::memmem::rfind(name, b".so") else {
        return false;
    };
    let rest = name.get(at + 3..).unwrap_or_default();
    at > 0
        && (rest.is_empty()
            || rest.starts_with(b".") && rest.iter().all(|b| b.is_ascii_digit() || *b == b'.'))
}

#[cfg(test)]
mod tests {
    use super::super::names::{Name, NameKind, Names};
    use super::*;

    #[test]
    fn names_that_checks_need_are_found_through_links() {
        let mut names = Names::default();
        let file = NameKind::File {
            found: None,
            empty: false,
        };
        for (path, kind) in [
            ("lib64", NameKind::Symlink(b"usr/lib64")),
            (
                "usr/lib64/ld-linux-x86-64.so.2",
                NameKind::Symlink(b"../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"),
            ),
            ("usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", file),
            ("usr/lib/x86_64-linux-gnu/libc.so.6", file),
            ("usr/lib/libdangling.so", NameKind::Symlink(b"nowhere")),
            ("usr/lib/notes.source", file),
            (
                "etc/ssl/cert.pem",
                NameKind::Symlink(b"certs/ca-certificates.crt"),
            ),
            (
                "etc/ssl/certs/ca-certificates.crt",
                NameKind::File {
                    found: None,
                    empty: true,
                },
            ),
            ("etc/pki/tls/cacert.pem", file),
            ("usr/share/zoneinfo/", NameKind::Dir),
            ("etc/zoneinfo/UTC", file),
            ("usr/local/go/lib/time/zoneinfo.zip", file),
        ] {
            names.push(&Name {
                path: path.as_bytes(),
                kind,
                mode: 0o644,
            });
        }
        let mut tree = Tree::default();
        tree.apply(0, &names, |m| panic!("{m:?}"));
        let got = collect(&tree, &[]);
        let loader = "/lib64/ld-linux-x86-64.so.2";
        assert!(got.loaders.iter().any(|l| l == loader), "{:?}", got.loaders);
        assert!(
            got.libraries
                .iter()
                .any(|l| l == "/usr/lib/x86_64-linux-gnu/libc.so.6")
        );
        assert!(
            !got.libraries
                .iter()
                .any(|l| l.contains("dangling") || l.contains("notes"))
        );
        // An empty bundle counts as none, although its directory has a file.
        assert_eq!(
            got.ca_bundles,
            ["/etc/pki/tls/cacert.pem", "/etc/ssl/certs"]
        );
        assert_eq!(
            got.zoneinfo,
            ["/etc/zoneinfo", "/usr/local/go/lib/time/zoneinfo.zip"]
        );
    }
}
