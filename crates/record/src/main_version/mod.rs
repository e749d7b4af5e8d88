//! The version of a program: one answer from all claims, the same in every output, for bills, diffs and policies.
//!
//! In this order (docs/sbom.md has it for users):
//!
//! 1. the version of the main module, unless it is empty or `(devel)`;
//! 2. variables that hold the program's own version, from a recorded `-X` or a named linker string: first those of package
//!    `main` and of the main module, then packages made to carry the version of the program that links them, then others; among
//!    these first `version`, then `appVersion` and the like, then `tag` and `release`;
//! 3. a linker string without a name that reads like a version, as in stripped programs: the one that the file name or the
//!    label of the image confirms, or else the only one. If several strings might be a version, nothing tells which variable
//!    they belong to, and none is used;
//! 4. the label of the image, for the program that the image starts.
//!
//! A commit is not a version, a file name is not part of the program, and a variable named after something else
//! (`kubectlVersion`) holds the version of that thing.

use super::{Binary, VersionClaim};
use crate::VersionSource;

/// The version of a program, and its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MainVersion<'b> {
    /// The version as written there.
    pub value: &'b str,
    /// As in [`VersionClaim::source`].
    pub source: &'b str,
    /// The variable or label that holds it.
    pub name: Option<&'b str>,
}

/// How close a variable is to the program's own version, closest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Closeness {
    /// In package main, in the main module, or in a package made for it.
    Own,
    /// In another package, but not named after something else.
    Foreign,
}

/// Prefixes of `version` in the names of variables for the program's own version (`appVersion`, `git_version`).
const OWN: [&str; 13] = [
    "", "app", "build", "cli", "current", "full", "git", "main", "pkg", "program", "release",
    "sem", "semantic",
];

/// Packages that carry the version of the program that links them; its build sets them with `-X`.
const CARRIERS: [&str; 5] = [
    "github.com/prometheus/common/version",
    "k8s.io/component-base/version",
    "k8s.io/client-go/pkg/version",
    "sigs.k8s.io/release-utils/version",
    "github.com/carlmjohnson/versioninfo",
];

impl Binary {
    /// The version of the program; `None` when there is no usable claim, see [`Binary::why_no_version`].
    pub fn main_version(&self) -> Option<MainVersion<'_>> {
        self.module_version()
            .or_else(|| self.variable_version())
            .or_else(|| self.unnamed_version())
            .or_else(|| self.label_version())
    }

    /// The version for people: when it is unknown, what is recorded in its place, such as `(devel)`.
    pub fn shown_version(&self) -> Option<&str> {
        let known = self.main_version().map(|v| v.value);
        known.or_else(|| {
            let main = &self.build_info.as_ref()?.main;
            (!main.path.is_empty() && !main.version.is_empty()).then_some(main.version.as_str())
        })
    }

    /// One sentence on why the version is not known.
    pub fn why_no_version(&self) -> String {
        let module = match self.build_info.as_ref().map(|info| &info.main) {
            None => "there is no build info".to_owned(),
            Some(main) if main.path.is_empty() => "no main module is recorded".to_owned(),
            Some(main) if main.version.is_empty() => {
                "the main module is recorded without a version".to_owned()
            }
            Some(main) => format!("the main module is recorded as {}", main.version),
        };
        if self.versions.is_none() {
            return format!("{module}, and only build info was read");
        }
        let strings: Vec<&str> = self.unnamed().map(|c| c.value.as_str()).collect();
        if strings.len() > 1 {
            let strings = strings.join(", ");
            return format!(
                "{module}, and nothing tells which of the strings {strings} is the version: no symbol names them"
            );
        }
        let others = self.claims().filter(|c| is_variable(c));
        match others.into_iter().next() {
            Some(VersionClaim { value, name, .. }) => {
                let name = name.as_deref().unwrap_or("a linker string");
                format!("{module}, and {name}, which is `{value}`, is not the program's version")
            }
            None => format!("{module}, and no variable holds a version"),
        }
    }

    fn claims(&self) -> impl Iterator<Item = &VersionClaim> {
        self.versions.iter().flatten()
    }

    fn module_version(&self) -> Option<MainVersion<'_>> {
        let main = &self.build_info.as_ref()?.main;
        let built = main.replace.as_deref().unwrap_or(main);
        let known = !main.path.is_empty() && is_version_of_module(&built.version);
        known.then_some(MainVersion {
            value: &built.version,
            source: "main-module",
            name: None,
        })
    }

    fn variable_version(&self) -> Option<MainVersion<'_>> {
        let named = self
            .claims()
            .filter(|c| is_variable(c) && is_usable(&c.value));
        // The first of several equally close ones.
        let ranked = named.filter_map(|c| Some((self.rank(c.name.as_deref()?)?, c)));
        ranked.min_by_key(|(rank, _)| *rank).map(|(_, c)| of(c))
    }

    /// Linker strings that may be the program's version: they have no name and differ from those that do.
    pub fn unnamed_versions(&self) -> impl Iterator<Item = &VersionClaim> {
        let elsewhere = |value: &str| {
            let named = self.claims().filter(|c| is_variable(c) && c.name.is_some());
            named.into_iter().any(|c| c.value == value)
        };
        self.unnamed().filter(move |c| !elsewhere(&c.value))
    }

    fn unnamed_version(&self) -> Option<MainVersion<'_>> {
        let confirmed = |value: &str| {
            let outside = |c: &&VersionClaim| {
                c.source == VersionSource::FileName
                    || (c.source == VersionSource::ImageLabel && self.is_own_image())
            };
            let mut outside = self.claims().filter(outside);
            outside.any(|c| plain(&c.value) == plain(value))
        };
        let unnamed = || self.unnamed_versions();
        let best = unnamed().find(|c| confirmed(&c.value));
        let first = unnamed().next();
        let same =
            |c: &VersionClaim, first: &VersionClaim| numbers(&c.value) == numbers(&first.value);
        // Any other text that might be a version, in whatever form, might be the program's own.
        let only = first.filter(|first| unnamed().all(|c| same(c, first)));
        let only = only.filter(|only| reads_like_version(&only.value));
        best.or(only).map(of)
    }

    /// Linker strings without a name that might be a version.
    fn unnamed(&self) -> impl Iterator<Item = &VersionClaim> {
        self.claims()
            .filter(|c| c.source == VersionSource::LinkerString && c.name.is_none())
            // A placeholder for an unset version.
            .filter(|c| numbers(&c.value) != "0.0.0")
    }

    fn label_version(&self) -> Option<MainVersion<'_>> {
        let label = self
            .claims()
            .find(|c| c.source == VersionSource::ImageLabel);
        let label = label.filter(|c| self.is_own_image() && is_usable(&c.value));
        label.map(of)
    }

    /// Whether a label of the image is about this program: the one that the image starts, not other tools in it.
    fn is_own_image(&self) -> bool {
        self.location.started == Some(true)
    }

    /// Closeness of a variable, then a rank for its name; `None` when it is named after something else.
    fn rank(&self, variable: &str) -> Option<(u8, u8, u8)> {
        let (package, name) = variable.rsplit_once('.').unwrap_or(("", variable));
        let word = self.word(name)?;
        let (closeness, place) = if package.is_empty() || self.is_main(package) {
            (0, 0)
        } else if self.is_of_main_module(package) {
            (0, 1)
        } else if CARRIERS.contains(&unvendored(package)) {
            (1, 0)
        } else {
            (2, 0)
        };
        Some((closeness, word, place))
    }

    /// How close a variable is to the program's own version; `None` when it is named after something else.
    pub fn closeness(&self, variable: &str) -> Option<Closeness> {
        let rank = self.rank(variable)?;
        Some(if rank.0 < 2 {
            Closeness::Own
        } else {
            Closeness::Foreign
        })
    }

    /// 0 for `version`, 1 for `appVersion`, 2 for `tag`; `None` for `kubectlVersion`, unless the program is kubectl.
    fn word(&self, name: &str) -> Option<u8> {
        let name = name.to_ascii_lowercase().replace(['_', '-'], "");
        let before = name
            .strip_suffix("versionstring")
            .or_else(|| name.strip_suffix("versionnumber"))
            .or_else(|| name.strip_suffix("versiontag"))
            .or_else(|| name.strip_suffix("version"))
            .or_else(|| name.strip_suffix("ver"));
        match before {
            Some("") => Some(0),
            Some(before) if OWN.contains(&before) || self.is_called(before) => Some(1),
            Some(_) => None,
            // `versionSuffix` and the like hold part of a version.
            None => {
                matches!(name.as_str(), "tag" | "gittag" | "release" | "apprelease").then_some(2)
            }
        }
    }

    /// Whether the program has this name: by its main package, its module or its file.
    fn is_called(&self, word: &str) -> bool {
        let last = |path: &str| {
            let mut parts = path.rsplit(['/', '!']).filter(|p| !is_major(p));
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            name.trim_end_matches(".exe").replace(['_', '-'], "")
        };
        let module = self.build_info.as_ref().map(|i| i.main.path.as_str());
        let names = [self.main_package.as_deref(), module, Some(&self.path)];
        names.into_iter().flatten().any(|path| last(path) == word)
    }

    fn is_main(&self, package: &str) -> bool {
        package == "main" || self.main_package.as_deref() == Some(package)
    }

    fn is_of_main_module(&self, package: &str) -> bool {
        let module = self.build_info.as_ref().map(|i| i.main.path.as_str());
        let module = match module.filter(|m| !m.is_empty()) {
            Some(module) => module,
            // Without modules the repository comes closest.
            None => self.main_package.as_deref().map_or("", repository),
        };
        gospect_knowledge::modules::contains(module, package)
    }
}

fn of(claim: &VersionClaim) -> MainVersion<'_> {
    MainVersion {
        value: &claim.value,
        source: &claim.source,
        name: claim.name.as_deref(),
    }
}

fn is_variable(claim: &VersionClaim) -> bool {
    matches!(
        claim.source.known(),
        Some(VersionSource::XFlag | VersionSource::LinkerString)
    )
}

/// Whether a text begins with at least two numbers: `v1.2.3`, `1.2`, `2024.1.3-rc.1`.
pub fn reads_like_version(text: &str) -> bool {
    let body = text.strip_prefix('v').unwrap_or(text);
    let core = body.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    (2..=4).contains(&parts.len())
        && text.len() <= 64
        && parts
            .iter()
            .all(|p| !p.is_empty() && p.len() <= 8 && p.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a text might be a version in the loosest sense: `2.3`, `v2`, `r123`, `2.3-rc1`, `2024.01.02`, `release-2.3`. Words
/// (`dev`), plain numbers (`8080`), dates with dashes, commits and versions of Go are not.
pub fn could_be_version(text: &str) -> bool {
    if reads_like_version(text) {
        return true;
    }
    let (word, body) = text.split_at(
        text.find(|c: char| c.is_ascii_digit())
            .unwrap_or(text.len()),
    );
    let is_word = word
        .bytes()
        .all(|b| b.is_ascii_alphabetic() || b"-_.".contains(&b));
    let end = body.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (numbers, rest) = body.split_at(end.unwrap_or(body.len()));
    let parts = numbers.split('.').filter(|part| !part.is_empty()).count();
    let is_rest = rest
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-_.+~".contains(&b));
    let is_marked = matches!(word, "v" | "V" | "r" | "R");
    text.len() <= 64
        && is_word
        && is_rest
        && word != "go"
        && (parts > 1 || (is_marked && parts == 1))
}

/// Whether a module has a version: `(devel)` and the empty text mean that it has none.
pub fn is_version_of_module(version: &str) -> bool {
    !version.is_empty() && version != "(devel)"
}

/// Whether a text can be a version at all: `dev`, `unknown` and commits cannot.
fn is_usable(value: &str) -> bool {
    let commit = value.len() >= 7
        && value.bytes().all(|b| b.is_ascii_hexdigit())
        && value.bytes().any(|b| b.is_ascii_alphabetic());
    value.len() <= 128
        && value.bytes().any(|b| b.is_ascii_digit())
        && !value.contains(|c: char| c.is_whitespace() || c.is_control())
        && !commit
}

/// A version without `v` and build metadata, so that `v1.2.0+build` and `1.2.0` are the same.
fn plain(version: &str) -> &str {
    let version = version.trim_start_matches('v');
    version.split('+').next().unwrap_or(version)
}

/// The part before the first dash: Debian's `1.5.0-1+b6` is a build of `1.5.0`.
fn numbers(version: &str) -> &str {
    plain(version).split('-').next().unwrap_or(version)
}

/// Whether a path element is a major version such as `v2`.
fn is_major(element: &str) -> bool {
    element
        .strip_prefix('v')
        .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// `github.com/x/y` of `github.com/x/y/cmd/z`.
fn repository(package: &str) -> &str {
    let ends = package.match_indices('/').map(|(at, _)| at);
    let end = ends.into_iter().nth(2).unwrap_or(package.len());
    package.get(..end).unwrap_or(package)
}

/// The import path of a package in a `vendor` directory.
fn unvendored(package: &str) -> &str {
    package
        .rsplit_once("/vendor/")
        .map_or(package, |(_, path)| path)
}

#[cfg(test)]
mod tests;
