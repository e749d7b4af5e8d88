//! Which part of a package path is certainly the beginning of its module's path.
//!
//! A package path alone does not say where the path of its module ends. On hosts whose repositories all lie at one depth
//! (`github.com/OWNER/NAME`) the path of a module begins with that of its repository, and a major version `/vN` behind it
//! belongs to the module's path (golang.org/ref/mod, "Major version suffixes"). On all other hosts nothing is certain.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// What stands for the module of a package of the standard library.
pub const STANDARD: &str = "std";
/// What stands for the module of the main package, whose import path the function table does not hold.
pub const MAIN: &str = "main";

/// `modules.json`.
#[derive(Debug, Default, Deserialize)]
struct Table {
    /// Beginnings of paths, and how many elements the path of a repository has there.
    hosts: BTreeMap<String, usize>,
    /// The same where repositories lie at this depth or deeper.
    nested: BTreeMap<String, usize>,
    /// First elements of the standard library's packages, of Go 1.2 to 1.27.
    standard: BTreeSet<String>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    super::load(&TABLE, include_str!("modules.json"))
}

/// Whether a package is of the standard library, or of what that vendors for itself (`vendor/golang.org/x/net/idna`).
pub fn is_standard(package: &str) -> bool {
    let first = package.split('/').next().unwrap_or_default();
    table().standard.contains(first)
}

/// The beginning of the module's path that a package path certainly shows: `std`, `main`, `github.com/x/y`,
/// `github.com/x/y/v3`, `gopkg.in/x.v2`; `None` when nothing is certain.
pub fn prefix(package: &str) -> Option<&str> {
    if package == MAIN {
        return Some(MAIN);
    }
    if is_standard(package) {
        return Some(STANDARD);
    }
    let (host, _) = package.split_once('/').unwrap_or((package, ""));
    if host == "gopkg.in" {
        return gopkg(package);
    }
    if host == "cmd" {
        return Some("cmd");
    }
    if let Some(root) = marked_root(package) {
        return Some(root);
    }
    let elements = package.split('/').count();
    // The longest entry first: `golang.org/x` before `golang.org`.
    let find = |hosts: &BTreeMap<String, usize>| {
        let mut start = package;
        loop {
            if let Some(depth) = hosts.get(start) {
                return Some(*depth);
            }
            start = start.rsplit_once('/')?.0;
        }
    };
    let depth = match (find(&table().hosts), find(&table().nested)) {
        (Some(depth), _) if depth <= elements => depth,
        (None, Some(depth)) if depth == elements => depth,
        _ => return None,
    };
    let root = leading(package, depth)?;
    // A major version right behind the root is the end of the module's path.
    let next = leading(package, depth + 1);
    let version = next.filter(|longer| is_major(longer.get(root.len() + 1..).unwrap_or_default()));
    Some(version.unwrap_or(root))
}

/// The path up to an element that names the system of version control, which is the root of a repository wherever it is (`go help importpath`).
fn marked_root(package: &str) -> Option<&str> {
    let marks = [".git", ".hg", ".svn", ".bzr", ".fossil"];
    let ends = package
        .match_indices('/')
        .map(|(at, _)| at)
        .chain([package.len()]);
    let mut roots = ends.filter_map(|end| package.get(..end));
    roots.find(|root| root.contains('/') && marks.iter().any(|mark| root.ends_with(mark)))
}

/// `gopkg.in/NAME.vN` and `gopkg.in/USER/NAME.vN` (labix.org/gopkg.in).
fn gopkg(package: &str) -> Option<&str> {
    [2, 3].into_iter().find_map(|count| {
        let root = leading(package, count)?;
        let (_, version) = root.rsplit_once(".v")?;
        let version = version.strip_suffix("-unstable").unwrap_or(version);
        let is_number = !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit());
        is_number.then_some(root)
    })
}

/// The first elements of a path; `None` when it has fewer.
fn leading(path: &str, count: usize) -> Option<&str> {
    let mut ends = path.match_indices('/').map(|(at, _)| at);
    let end = match count.checked_sub(1)? {
        0 => ends.next(),
        more => ends.nth(more),
    };
    match end {
        Some(end) => path.get(..end),
        None => (path.split('/').count() == count).then_some(path),
    }
}

/// `v2` and higher, as they stand at the end of module paths.
pub(crate) fn is_major(element: &str) -> bool {
    let Some(number) = element.strip_prefix('v') else {
        return false;
    };
    number.bytes().all(|b| b.is_ascii_digit())
        && !number.starts_with('0')
        && !matches!(number, "" | "1")
}

/// The import path without what a vendor directory puts in front of it (`a/vendor/b` is `b`). What the standard library
/// vendors keeps its `vendor/`: it is code of the standard library.
pub fn unvendored(package: &str) -> &str {
    let marks = ["/vendor/", "/Godeps/_workspace/src/"];
    let ends = marks
        .iter()
        .filter_map(|mark| Some(package.rfind(mark)? + mark.len()));
    let rest = ends.max().and_then(|end| package.get(end..));
    // A copy of the standard library that somebody vendors is no standard library.
    rest.filter(|rest| !rest.is_empty() && !is_standard(rest))
        .unwrap_or(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_certain_of_a_module_path() {
        for (package, module) in [
            ("main", Some("main")),
            ("fmt", Some("std")),
            ("net/http/internal/ascii", Some("std")),
            ("vendor/golang.org/x/net/idna", Some("std")),
            ("cmd/go/internal/load", Some("cmd")),
            ("github.com/x/y", Some("github.com/x/y")),
            ("github.com/x/y/z/w", Some("github.com/x/y")),
            ("github.com/x/y/v3", Some("github.com/x/y/v3")),
            ("github.com/x/y/v12/z", Some("github.com/x/y/v12")),
            ("github.com/x/y/v1/z", Some("github.com/x/y")),
            ("github.com/x/y/v2beta/z", Some("github.com/x/y")),
            ("github.com/x", None),
            ("golang.org/x/net/html", Some("golang.org/x/net")),
            ("golang.org/x", None),
            ("golang.org/y/z", None),
            ("k8s.io/api/core/v1", Some("k8s.io/api")),
            ("k8s.io/klog/v2", Some("k8s.io/klog/v2")),
            ("sigs.k8s.io/yaml", Some("sigs.k8s.io/yaml")),
            (
                "google.golang.org/grpc/codes",
                Some("google.golang.org/grpc"),
            ),
            ("gopkg.in/yaml.v3", Some("gopkg.in/yaml.v3")),
            (
                "gopkg.in/src-d/go-git.v4/plumbing",
                Some("gopkg.in/src-d/go-git.v4"),
            ),
            ("gopkg.in/x/y", None),
            ("gotest.tools/v3/assert", Some("gotest.tools/v3")),
            ("go.etcd.io/etcd/client/v3", Some("go.etcd.io/etcd")),
            ("gonum.org/v1/gonum/mat", Some("gonum.org/v1/gonum")),
            ("cloud.google.com/go/storage", Some("cloud.google.com/go")),
            ("gitlab.com/a/b", Some("gitlab.com/a/b")),
            ("gitlab.com/a/b/c", None),
            ("gitlab.com/a/b/c.git/d", Some("gitlab.com/a/b/c.git")),
            ("example.com/a.hg", Some("example.com/a.hg")),
            ("example.com/a/b", None),
            ("mylib", None),
            ("", None),
        ] {
            assert_eq!(prefix(package), module, "{package}");
        }
    }

    #[test]
    fn vendor_directories_are_left_out() {
        for (package, path) in [
            ("example.com/app/vendor/github.com/x/y", "github.com/x/y"),
            ("a/vendor/b/vendor/c", "c"),
            (
                "cmd/vendor/golang.org/x/mod/module",
                "golang.org/x/mod/module",
            ),
            ("a/Godeps/_workspace/src/b/c", "b/c"),
            (
                "vendor/golang.org/x/net/idna",
                "vendor/golang.org/x/net/idna",
            ),
            ("github.com/x/vendored", "github.com/x/vendored"),
            ("a/vendor/", "a/vendor/"),
            ("a.b/c/vendor/crypto/tls", "a.b/c/vendor/crypto/tls"),
        ] {
            assert_eq!(unvendored(package), path);
        }
    }
}
