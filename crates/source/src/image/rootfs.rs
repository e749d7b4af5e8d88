//! The files of the visible root that matter to checks of Go programs.

use super::overlay::Tree;
use gospect_record::Rootfs;

/// Files that crypto/x509 tries until one exists, even if it is empty (Go 1.27, src/crypto/x509/root_linux.go and root.go).
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
    let is_file = |path: &[u8]| {
        tree.resolve(path)
            .is_some_and(|file| !file.dir && !file.empty)
    };
    let mut rootfs = Rootfs::default();
    let wanted = |name: &[u8]| is_library(name) || is_loader(name) || name == b"zoneinfo.zip";
    tree.each_name(wanted, |path| {
        let name = path.rsplit(|&b| b == b'/').next().unwrap_or_default();
        if !is_file(&path) {
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
                if is_file(other.as_bytes()) {
                    rootfs.loaders.push(other);
                }
            }
            rootfs.loaders.push(text.clone());
        }
        if is_library(name) {
            rootfs.libraries.push(text);
        }
    });
    rootfs.ca_bundles = ca_bundles(tree, value("SSL_CERT_FILE"), value("SSL_CERT_DIR"));
    let zones = value("ZONEINFO")
        .into_iter()
        .chain(ZONE_DIRS.iter().copied());
    rootfs.zoneinfo.extend(
        zones
            .filter(|d| is_file(d.as_bytes()) || tree.holds_any(d.as_bytes()))
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

/// The bundles and directories with certificates that crypto/x509 reads. The variables replace its own places.
fn ca_bundles(tree: &Tree, file: Option<&str>, directories: Option<&str>) -> Vec<String> {
    let files = match file {
        Some(file) => vec![file],
        None => CERT_FILES.to_vec(),
    };
    let directories = match directories {
        Some(directories) => directories.split(':').collect(),
        None => CERT_DIRS.to_vec(),
    };
    let files = files.into_iter().filter_map(|path| {
        let file = tree.resolve(path.as_bytes()).filter(|file| !file.dir)?;
        Some((path, file.empty))
    });
    let mut files = files.peekable();
    // The first file is the last that is read.
    let is_first_empty = files.peek().is_some_and(|(_, empty)| *empty);
    let files = files.filter(|(_, empty)| !empty && !is_first_empty);
    let directories = directories.into_iter();
    let directories = directories.filter(|path| tree.holds_content(path.as_bytes()));
    let paths = files.map(|(path, _)| path).chain(directories);
    paths.map(str::to_owned).collect()
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

    /// A root whose only layer has these entries.
    fn tree_of(entries: &[(&str, NameKind<'_>)]) -> Tree {
        let mut names = Names::default();
        for (path, kind) in entries {
            names.push(&Name {
                path: path.as_bytes(),
                kind: *kind,
                mode: 0o644,
            });
        }
        let mut tree = Tree::default();
        tree.apply(0, &names, |m| panic!("{m:?}"));
        tree
    }

    #[test]
    fn names_that_checks_need_are_found_through_links() {
        let file = NameKind::File {
            found: None,
            empty: false,
        };
        let tree = tree_of(&[
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
        ]);
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
        // Go stops at an empty bundle: the other one is not read.
        assert_eq!(got.ca_bundles, [""; 0]);
        assert_eq!(
            got.zoneinfo,
            ["/etc/zoneinfo", "/usr/local/go/lib/time/zoneinfo.zip"]
        );
    }

    /// The bundles of a root with these files: those whose names end in `+` have content.
    fn bundles(files: &[&str], env: &[&str]) -> Vec<String> {
        let entries = files.iter().map(|file| {
            let path = file.trim_end_matches('+');
            let empty = path.len() == file.len();
            match path.split_once("->") {
                Some((path, target)) => (path, NameKind::Symlink(target.as_bytes())),
                None => (path, NameKind::File { found: None, empty }),
            }
        });
        let tree = tree_of(&entries.collect::<Vec<_>>());
        let env: Vec<String> = env.iter().map(|pair| (*pair).to_owned()).collect();
        collect(&tree, &env).ca_bundles
    }

    #[test]
    fn certificates_are_where_go_reads_some() {
        let file = "etc/ssl/certs/ca-certificates.crt";
        let (path, directory) = ("/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs");
        let full = &format!("{file}+");
        assert_eq!(bundles(&[full], &[]), [directory, path]);
        for (files, found) in [
            (&[file][..], &[][..]),
            (&[file, "etc/ssl/cert.pem+"], &[]),
            (&[file, "etc/ssl/certs/a.pem+"], &[directory]),
            (&["etc/ssl/certs/a.pem", "etc/ssl/certs/b/c.pem+"], &[]),
            (
                &["etc/ssl/certs/x->gone", "etc/ssl/cert.pem+"],
                &["/etc/ssl/cert.pem"],
            ),
        ] {
            assert_eq!(bundles(files, &[]), found, "{files:?}");
        }
        // The variables replace the files, and the directories.
        for (env, found) in [
            (
                &["SSL_CERT_FILE=/own.pem"][..],
                &[directory, "/own.pem"][..],
            ),
            (&["SSL_CERT_FILE=/gone.pem"], &[directory]),
            (&["SSL_CERT_DIR=/gone:/own"], &[path, "/own"]),
            (&["SSL_CERT_FILE=/empty.pem", "SSL_CERT_DIR=/gone"], &[]),
            (&["SSL_CERT_FILE=", "SSL_CERT_DIR="], &[directory, path]),
        ] {
            let files = [full, "own.pem+", "empty.pem", "own/a.pem+"];
            assert_eq!(bundles(&files, env), found, "{env:?}");
        }
    }
}
