//! Which part of a package path certainly belongs to the path of its module.
//!
//! A package path does not show where the path of its module ends. On hosts with all repositories at one depth
//! (`github.com/OWNER/NAME`) the module path begins with the path of the repository, and a major version `/vN` after it belongs
//! to the module path (golang.org/ref/mod, "Major version suffixes"). On other hosts nothing is certain.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// Stands for the module of packages of the standard library.
pub const STANDARD: &str = "std";
/// Stands for the module of the main package, whose import path is not in the function table.
pub const MAIN: &str = "main";

/// Most elements of a prefix in [`Table::hosts`] and [`Table::nested`].
const HOST_ELEMENTS: usize = 2;

/// `modules.json`.
#[derive(Debug, Default, Deserialize)]
struct Table {
    /// Prefixes of paths, with the number of elements that the path of a repository has there.
    hosts: BTreeMap<String, usize>,
    /// The same for hosts whose repositories are at this depth or deeper.
    nested: BTreeMap<String, usize>,
    /// First elements of the package paths of the standard library, Go 1.2 to 1.27.
    standard: BTreeSet<String>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    super::load(&TABLE, include_str!("modules.json"))
}

/// Whether a package belongs to the standard library, or is vendored by it (`vendor/golang.org/x/net/idna`).
pub fn is_standard(package: &str) -> bool {
    let first = package.split('/').next().unwrap_or_default();
    table().standard.contains(first)
}

/// Whether a package has a path of this module: the path of the module, and nothing or a slash after it.
pub fn contains(module: &str, package: &str) -> bool {
    let rest = package.strip_prefix(module).filter(|_| !module.is_empty());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The module of a package among several: the one with the longest path that [`contains`] it.
pub fn longest<'m>(package: &str, modules: impl Iterator<Item = &'m str>) -> Option<&'m str> {
    modules
        .filter(|module| contains(module, package))
        .max_by_key(|module| module.len())
}

/// The [`longest`] module of a package, or else [`STANDARD`] for a path whose first element has no dot, as no path of a
/// fetched module has.
pub fn of_package<'m>(package: &str, modules: impl Iterator<Item = &'m str>) -> Option<&'m str> {
    let first = package.split('/').next().unwrap_or_default();
    longest(package, modules)
        .or_else(|| (!package.is_empty() && !first.contains('.')).then_some(STANDARD))
}

/// Whether a package of the function table of a program with this main package certainly belongs to a module: the first element of its path has a dot,
/// as in every path of a module that can be fetched.
pub fn is_fetched(package: &str, main_package: &str) -> bool {
    let (first, below) = package.split_once('/').unwrap_or((package, ""));
    // The name of a method of an embedded type holds a second import path, which is not a package.
    let has_second_path = below
        .split('/')
        .any(|element| element.matches('.').count() > 1);
    first.contains('.')
        && !has_second_path
        && package.strip_suffix("_test") != Some(main_package)
        && package != main_package
}

/// The part of a package path that certainly belongs to its module: `std`, `main`, `github.com/x/y`, `github.com/x/y/v3`,
/// `gopkg.in/x.v2`; `None` when nothing is certain.
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
    let longest = leading(package, HOST_ELEMENTS).unwrap_or(package);
    // The longest prefix first: `golang.org/x` before `golang.org`.
    let find = |hosts: &BTreeMap<String, usize>| {
        let mut start = longest;
        loop {
            if let Some(depth) = hosts.get(start) {
                return Some(*depth);
            }
            start = start.rsplit_once('/')?.0;
        }
    };
    let depth = match find(&table().hosts) {
        Some(depth) => Some(depth).filter(|depth| *depth <= elements),
        None => find(&table().nested).filter(|depth| *depth == elements),
    }?;
    let root = leading(package, depth)?;
    // A major version right after the repository ends the module path.
    let next = leading(package, depth + 1);
    let version = next.filter(|longer| is_major(longer.get(root.len() + 1..).unwrap_or_default()));
    Some(version.unwrap_or(root))
}

/// The path up to an element with the suffix of a version control system, which is a repository on any host (`go help
/// importpath`).
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

/// Whether a path element is a major version suffix: `v2` or higher.
pub fn is_major(element: &str) -> bool {
    let Some(number) = element.strip_prefix('v') else {
        return false;
    };
    number.bytes().all(|b| b.is_ascii_digit())
        && !number.starts_with('0')
        && !matches!(number, "" | "1")
}

/// A module path or version as module caches and proxies write it: `!b` for `B` (golang.org/x/mod/module, `EscapePath`).
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_uppercase() {
            out.push('!');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// The import path without the part that a vendor directory adds (`a/vendor/b` is `b`). Packages that the standard library
/// vendors keep their `vendor/`, because they belong to the standard library.
pub fn unvendored(package: &str) -> &str {
    let marks = ["/vendor/", "/Godeps/_workspace/src/"];
    let slashes = package.rmatch_indices('/');
    let mut parts = slashes.filter_map(|(slash, _)| package.split_at_checked(slash + 1));
    let is_marked = |front: &str| marks.iter().any(|mark| front.ends_with(mark));
    let rest = parts.find(|part| is_marked(part.0)).map(|part| part.1);
    // A vendored copy of the standard library does not count.
    rest.filter(|rest| !rest.is_empty() && !is_standard(rest))
        .unwrap_or(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_certain_part_of_a_module_path() {
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
    fn no_host_has_more_elements_than_are_looked_up() {
        let hosts = table().hosts.keys().chain(table().nested.keys());
        let longest = hosts.map(|host| host.split('/').count()).max();
        assert_eq!(longest, Some(HOST_ELEMENTS));
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
