//! Matches module paths without regard to their major version.
//!
//! GOPATH mode resolves an import of `example.com/lib/v3/sub` to the directory `example.com/lib/sub` if that has a go.mod
//! ("minimal module compatibility", `go help gopath-get` of Go 1.11 to 1.21; src/cmd/go/internal/load/pkg.go and go/build, Go
//! 1.27). So the function table of such a program does not show the major version of a module. Paths of gopkg.in, such as
//! `yaml.v3`, have it in the name and are kept as they are.

use super::glob;
use gospect_knowledge::modules;
use gospect_record::ModuleList;
use gospect_record::StandIn;
use std::collections::BTreeSet;

/// Whether packages may have other major versions than their paths show: the program was, or may have been, built in GOPATH
/// mode.
pub fn are_open(list: ModuleList) -> bool {
    list.is_unknown() && list != ModuleList::Distribution
}

/// Whether the module of a package may have a path, with any major version, that matches.
pub fn may_match(pattern: &str, row: &StandIn<'_>) -> bool {
    let numbers = numbers(&[pattern]);
    // The literal start of a pattern rules out most packages.
    let head = pattern.find(['*', '?', '[', '{', '\\']);
    let head = pattern
        .get(..head.unwrap_or(pattern.len()))
        .unwrap_or_default();
    let root = without_major(row.module.unwrap_or_default());
    if !head.starts_with(root) && !root.starts_with(head) {
        return false;
    }
    paths(row, &numbers).any(|path| glob::matches(pattern, &path))
}

/// Whether the module of a package may have a path, with any major version, that contains this text.
pub fn may_contain(text: &str, row: &StandIn<'_>) -> bool {
    paths(row, &numbers(&[text])).any(|path| path.contains(text))
}

/// Whether the patterns match the module of a package whatever its major version.
pub fn all_match(patterns: &[&str], row: &StandIn<'_>) -> bool {
    let numbers = numbers(patterns);
    row.module_paths().any(|path| {
        let base = without_major(path);
        let any = |path: &str| glob::any(patterns, path);
        let majors = || numbers.iter().map(|n| format!("{base}/v{n}"));
        any(base) && (is_fixed(base) || majors().all(|path| any(&path)))
    })
}

/// Every path that the module of a package may have, with these major versions and without any.
fn paths<'r>(
    row: &'r StandIn<'_>,
    numbers: &'r BTreeSet<String>,
) -> impl Iterator<Item = String> + 'r {
    let root = row.module.unwrap_or_default();
    row.module_paths().flat_map(move |path| {
        let base = without_major(path);
        let mut all = vec![path.to_owned(), base.to_owned()];
        if is_fixed(base) {
            return all;
        }
        all.extend(numbers.iter().map(|n| format!("{base}/v{n}")));
        // A package below the module, with the major version of the module in its path.
        if let Some(rest) = path
            .strip_prefix(root)
            .filter(|rest| !root.is_empty() && !rest.is_empty())
        {
            let root = without_major(root);
            all.push(format!("{root}{rest}"));
            all.extend(numbers.iter().map(|n| format!("{root}/v{n}{rest}")));
        }
        all
    })
}

/// Major versions to try: those that the patterns name, and some others.
fn numbers(patterns: &[&str]) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = ["2", "97"].map(str::to_owned).into();
    for pattern in patterns {
        if pattern.contains(['[', '?', '{']) {
            all.extend((2..100).map(|n| n.to_string()));
        }
        let runs = pattern.split(|c: char| !c.is_ascii_digit());
        for run in runs.filter(|run| !run.is_empty() && run.len() <= 6) {
            // `v1*` also matches `v10`.
            all.extend([run.to_owned(), format!("{run}0")]);
        }
    }
    all.retain(|n| modules::is_major(&format!("v{n}")));
    all
}

/// `example.com/lib` of `example.com/lib/v3`.
fn without_major(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some((base, last)) if modules::is_major(last) => base,
        _ => path,
    }
}

/// Whether the major version is part of the module name.
fn is_fixed(path: &str) -> bool {
    path.split('/').next() == Some("gopkg.in")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(package: &'static str) -> StandIn<'static> {
        StandIn {
            package,
            module: modules::prefix(package),
            is_own: false,
        }
    }

    #[test]
    fn a_pattern_matches_every_major_version_it_may_mean() {
        for (pattern, package, want) in [
            ("github.com/evil/nov/v3", "github.com/evil/nov/sub", true),
            ("github.com/evil/nov/v*", "github.com/evil/nov/sub", true),
            ("github.com/evil/nov/v1?", "github.com/evil/nov/sub", true),
            ("github.com/evil/nov/v1*", "github.com/evil/nov", true),
            ("github.com/evil/nov/v[3-5]", "github.com/evil/nov", true),
            ("github.com/evil/nov/v{3,12}", "github.com/evil/nov", true),
            ("github.com/*/nov/v3", "github.com/evil/nov/sub", true),
            ("**/v3", "github.com/evil/nov/sub", true),
            (
                "github.com/evil/nov/v3/sub",
                "github.com/evil/nov/sub",
                true,
            ),
            (
                "github.com/evil/nov/sub/v3",
                "github.com/evil/nov/sub",
                true,
            ),
            ("github.com/evil/lib", "github.com/evil/lib/v2/sub", true),
            ("github.com/evil/lib/v4", "github.com/evil/lib/v2/sub", true),
            ("example.org/a/v2", "example.org/a/b", true),
            ("github.com/evil/nov", "github.com/evil/nova", false),
            ("github.com/evil/other/v3", "github.com/evil/nov/sub", false),
            ("github.com/evil/nov/v1", "github.com/evil/nov/sub", false),
            ("gopkg.in/odd.v3", "gopkg.in/odd.v2", false),
            ("gopkg.in/odd.v2/v3", "gopkg.in/odd.v2", false),
            ("gopkg.in/odd.v2", "gopkg.in/odd.v2/sub", true),
        ] {
            assert_eq!(
                may_match(pattern, &row(package)),
                want,
                "{pattern} {package}"
            );
        }
        assert!(may_contain("nov/v3", &row("github.com/evil/nov/sub")));
        assert!(!may_contain("nova", &row("github.com/evil/nov/sub")));
    }

    #[test]
    fn an_allowed_module_is_allowed_in_every_major_version() {
        for (allow, package, want) in [
            (
                &["github.com/evil/nov"][..],
                "github.com/evil/nov/sub",
                false,
            ),
            (
                &["github.com/evil/nov", "github.com/evil/nov/v3"],
                "github.com/evil/nov/sub",
                false,
            ),
            (
                &["github.com/evil/nov", "github.com/evil/nov/v*"],
                "github.com/evil/nov/sub",
                true,
            ),
            (&["github.com/evil/**"], "github.com/evil/nov/v2/sub", true),
            (
                &["github.com/evil/lib/v2"],
                "github.com/evil/lib/v2/sub",
                false,
            ),
            (&["gopkg.in/odd.v2"], "gopkg.in/odd.v2/sub", true),
        ] {
            assert_eq!(all_match(allow, &row(package)), want, "{allow:?} {package}");
        }
    }
}
