//! Diff: what changed between two sets of programs.
//!
//! Programs are paired by path, main package and port (`pair`), and compared fact by fact (`compare`). Each change has a class
//! that `--fail-on` can name. Bytes are compared by digest (`content`), claims about the program's own version by their source
//! (`versions`).
//!
//! Must never read files, or report a change of a fact that one side does not know.

mod capabilities;
mod changes;
mod compare;
mod content;
mod facts;
mod images;
mod meaning;
mod packages;
mod pair;
mod paths;
mod versions;
mod vulnerabilities;

pub use meaning::Meaning;
pub use packages::{ModuleChange, PackageChanges};

use gospect_knowledge::hint;
use gospect_record::rebuild::Comparison;
use gospect_record::{Binary, ImageRecord, Location};
use gospect_vuln::database::Damaged;
use gospect_vuln::{Level, Program};
use serde::Serialize;

/// What a change is about. `--fail-on` takes these words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// A program is new.
    Added,
    /// A program is gone.
    Removed,
    /// What an image says about the containers made of it.
    Image,
    /// Another Go release.
    Toolchain,
    /// Dependencies.
    Module,
    /// Build settings, FIPS module and mode.
    Setting,
    /// Effective GODEBUG values, and variables of the environment that the runtime reads.
    Godebug,
    /// Experiments in force.
    Experiment,
    /// GOROOT: recorded, at run time, trimmed or not.
    Goroot,
    /// Paths of the build host that are in the program.
    Paths,
    /// Loader, libraries, oldest system it runs on, hardening.
    Linkage,
    /// Contradictions, packing, checksums, module data.
    Integrity,
    /// The distribution package that installed it.
    Owner,
    /// Main package, and the state of the working tree.
    Source,
    /// A claim about the program's own version: main module, variables, commit, names, labels.
    Version,
    /// A known vulnerability that is new or gone, or of which more or less is linked; only with a database.
    Vulnerability,
    /// What a module can do; only where both sides know it.
    Capability,
    /// Bytes that differ without a change in the build.
    Content,
}

/// The word of `--fail-on` for all classes.
const ANY: &str = "any";

/// The word of `--fail-on` for every change for the worse, of any class. It is no class: callers take it out of the list.
pub const WORSE: &str = "worse";

/// A word that is not a class of changes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not a class of changes; {hint}")]
pub struct NoClass {
    word: String,
    hint: String,
}

impl Class {
    /// All classes.
    pub const ALL: [Class; 18] = [
        Class::Added,
        Class::Removed,
        Class::Image,
        Class::Toolchain,
        Class::Module,
        Class::Setting,
        Class::Godebug,
        Class::Experiment,
        Class::Goroot,
        Class::Paths,
        Class::Linkage,
        Class::Integrity,
        Class::Owner,
        Class::Source,
        Class::Version,
        Class::Vulnerability,
        Class::Capability,
        Class::Content,
    ];

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Class::Added => "added",
            Class::Removed => "removed",
            Class::Image => "image",
            Class::Toolchain => "toolchain",
            Class::Module => "module",
            Class::Setting => "setting",
            Class::Godebug => "godebug",
            Class::Experiment => "experiment",
            Class::Goroot => "goroot",
            Class::Paths => "paths",
            Class::Linkage => "linkage",
            Class::Integrity => "integrity",
            Class::Owner => "owner",
            Class::Source => "source",
            Class::Version => "version",
            Class::Vulnerability => "vulnerability",
            Class::Capability => "capability",
            Class::Content => "content",
        }
    }

    /// What it is about, in a few words.
    pub fn doc(self) -> &'static str {
        match self {
            Class::Added => "a program is new",
            Class::Removed => "a program is gone",
            Class::Image => {
                "what an image starts, as which user, in which environment, with which files"
            }
            Class::Toolchain => "another Go release",
            Class::Module => "dependencies: added, removed, of another version, replaced",
            Class::Setting => "build settings, FIPS 140 module and mode",
            Class::Godebug => {
                "GODEBUG values in force, and what the environment of an image sets for the runtime"
            }
            Class::Experiment => "experiments in force",
            Class::Goroot => "GOROOT: recorded, at run time, trimmed or not",
            Class::Paths => "paths of the build host that are in the program",
            Class::Linkage => "loader, libraries, oldest system it runs on, hardening",
            Class::Integrity => {
                "whether the build info is there, readable and true; packing; checksums"
            }
            Class::Owner => "the package of the distribution that brought it",
            Class::Source => "main package, and state of the work tree",
            Class::Version => "every claim about the program's own version",
            Class::Vulnerability => {
                "a known vulnerability is new or gone, or more or less of it is linked (--vulns)"
            }
            Class::Capability => "what a module can do (--capabilities)",
            Class::Content => "other bytes that no change of the build explains",
        }
    }

    /// Parses a comma-separated list of classes, as in `--fail-on`; `any` means all of them.
    pub fn parse_list(text: &str) -> Result<Vec<Class>, NoClass> {
        let mut out = Vec::new();
        for word in text.split(',').map(str::trim).filter(|w| !w.is_empty()) {
            if word == ANY {
                out.extend(Class::ALL);
                continue;
            }
            match Class::ALL.into_iter().find(|c| c.name() == word) {
                Some(class) => out.push(class),
                None => {
                    let names = Class::ALL.into_iter().map(Class::name);
                    let names: Vec<&str> = names.chain([ANY, WORSE]).collect();
                    return Err(NoClass {
                        word: word.to_owned(),
                        hint: hint(word, names.iter().copied(), || {
                            format!("one of {}", names.join(", "))
                        }),
                    });
                }
            }
        }
        Ok(out)
    }
}

/// The direction of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// To a newer value.
    Up,
    /// To an older value.
    Down,
    /// The value is new.
    Added,
    /// The value is gone.
    Removed,
    /// Anything else.
    Changed,
}

/// One change of one program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What it is about.
    pub class: Class,
    /// The record key, setting, module or GODEBUG key.
    pub key: String,
    /// Its direction.
    pub direction: Direction,
    /// The old value; `None`: there was none.
    pub old: Option<String>,
    /// The new value; `None`: there is none.
    pub new: Option<String>,
    /// Whether it is for the worse and comes first: downgrades, weaker settings, new contradictions.
    pub worse: bool,
    /// The lowest version that ends a vulnerability which the new state has; `None`: no version, or the change is about something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed: Option<String>,
    /// What lists say of a vulnerability that the new state has: its severity, and the fix of the distribution.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<String>,
}

/// One state of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// Its location for people.
    pub path: String,
    /// Go release.
    pub go_version: Option<String>,
    /// Version of the program, in the order of docs/sbom.md; if there is none, what is recorded for the main module.
    pub version: Option<String>,
    /// Size in bytes.
    pub size: u64,
    /// Its location for programs; left out for a plain file, of which the path says all.
    #[serde(skip_serializing_if = "is_plain_file")]
    pub location: Location,
}

fn is_plain_file(location: &Location) -> bool {
    location.image.is_none() && location.slice.is_none()
}

/// A program, or an image, in two states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// Import path.
    pub main_package: Option<String>,
    /// `os/arch`.
    pub port: String,
    /// The old state; `None`: the program is new.
    pub old: Option<Side>,
    /// The new state; `None`: the program is gone.
    pub new: Option<Side>,
    /// The changes, sorted by class and key.
    pub changes: Vec<Change>,
    /// Whether both sides are the same bytes, so that the changes are those of the surroundings.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub same_bytes: bool,
    /// The parts of the executables that differ: `record`, `code`, `data`, `debug`, `signature`, `other`, `container`; `None`
    /// when no change of content is reported, or the parts were not compared.
    pub parts: Option<Vec<String>>,
    /// The changes of packages and of the bytes of code by module, if asked for; `None` also if there are none, or one side does
    /// not know its packages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packages: Option<PackageChanges>,
}

/// The differences between two sets of programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// Programs with changes, sorted by path.
    pub pairs: Vec<Pair>,
    /// Images of which the configuration has changes, in the order of the new side.
    pub images: Vec<Pair>,
    /// Number of programs without any change.
    pub unchanged: u64,
    /// Number of those whose bytes were not compared, because a record has no digest.
    pub content_not_compared: u64,
    /// Number of changes of vulnerabilities below the level that was asked for.
    pub vulnerabilities_below: u64,
    /// The code of the two programs, function by function; `None`: not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Comparison>,
    /// The classes whose changes fail the run: a summary lists these changes, too.
    #[serde(skip)]
    pub failing: Vec<Class>,
}

impl Pair {
    /// Whether it is an image, and not a program.
    pub fn is_image(&self) -> bool {
        self.changes.iter().any(|c| c.class == Class::Image)
    }
}

impl Diff {
    /// Whether there is a change of one of these classes.
    pub fn has(&self, classes: &[Class]) -> bool {
        self.changes().any(|c| classes.contains(&c.class))
    }

    /// Whether a summary lists a change: it is for the worse, or fails the run.
    pub fn is_in_summary(&self, change: &Change) -> bool {
        change.worse || self.failing.contains(&change.class)
    }

    /// All changes.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.all().flat_map(|p| &p.changes)
    }

    /// Images and programs with changes.
    pub fn all(&self) -> impl Iterator<Item = &Pair> {
        self.images.iter().chain(&self.pairs)
    }

    /// Adds what the configurations of images say.
    pub fn add_images(&mut self, old: &[ImageRecord], new: &[ImageRecord]) {
        self.images = images::compare(old, new);
    }

    /// The number of changes of a class.
    pub fn count(&self, class: Class) -> usize {
        self.changes().filter(|c| c.class == class).count()
    }
}

/// Compares two sets of records.
pub fn diff(old: &[Binary], new: &[Binary]) -> Diff {
    compare_all(old, new, false, |_, _| Vec::new())
}

/// Compares two sets of records and, of programs with changes, what they consist of.
pub fn diff_with_packages(old: &[Binary], new: &[Binary]) -> Diff {
    compare_all(old, new, true, |_, _| Vec::new())
}

/// The same, with or without packages, and with the known vulnerabilities of each program of this level or above: `judge` is [`gospect_vuln::judge`], with what else is known of
/// its findings.
///
/// # Errors
/// The first of `judge`.
pub fn diff_with_vulnerabilities(
    old: &[Binary],
    new: &[Binary],
    with_packages: bool,
    level: Level,
    judge: &mut dyn FnMut(&Binary) -> Result<Program, Damaged>,
) -> Result<Diff, Damaged> {
    let (mut damaged, mut all_below) = (None, 0);
    let found = compare_all(
        old,
        new,
        with_packages,
        |a, b| match vulnerabilities::compare(a, b, level, judge) {
            Ok((changes, below)) => {
                all_below += below;
                changes
            }
            Err(why) => {
                damaged = Some(why);
                Vec::new()
            }
        },
    );
    let found = Diff {
        vulnerabilities_below: all_below,
        ..found
    };
    damaged.map_or(Ok(found), Err)
}

/// Pairs the programs and compares each pair. `more` adds changes that are known from elsewhere.
fn compare_all(
    old: &[Binary],
    new: &[Binary],
    with_packages: bool,
    mut more: impl FnMut(&Binary, &Binary) -> Vec<Change>,
) -> Diff {
    let mut out = Diff::default();
    for (before, now) in pair::pair(old, new) {
        let Some(any) = now.or(before) else { continue };
        let mut content = content::Content::default();
        let changes = match (before, now) {
            (Some(a), Some(b)) => {
                content = content::compare(a, b);
                let facts = compare::compare(a, b);
                let mut changes = content.add_unexplained(facts);
                let place = changes.iter().position(|c| c.class > Class::Vulnerability);
                let place = place.unwrap_or(changes.len());
                let known = capabilities::compare(a, b);
                changes.splice(place..place, more(a, b).into_iter().chain(known));
                changes
            }
            (None, Some(b)) => vec![whole(Class::Added, Direction::Added, None, Some(b))],
            (Some(a), None) => vec![whole(Class::Removed, Direction::Removed, Some(a), None)],
            (None, None) => Vec::new(),
        };
        if changes.is_empty() {
            out.unchanged += 1;
            out.content_not_compared += u64::from(content.is_unknown());
            continue;
        }
        // Records have no digests of parts, so these can only be compared in files.
        let same_bytes = before.is_some() && now.is_some() && content.is_same();
        let has_content = changes.iter().any(|c| c.class == Class::Content);
        let parts = content.parts().filter(|_| has_content);
        out.pairs.push(Pair {
            main_package: any.main_package.clone(),
            port: any.port_text(),
            old: before.map(side),
            new: now.map(side),
            changes,
            same_bytes,
            parts,
            packages: before
                .zip(now)
                .filter(|_| with_packages)
                .and_then(|(before, now)| packages::compare(before, now)),
        });
    }
    let path = |p: &Pair| p.new.as_ref().or(p.old.as_ref()).map(|s| s.path.clone());
    out.pairs.sort_by(|a, b| {
        (path(a), &a.port, a.old.is_some()).cmp(&(path(b), &b.port, b.old.is_some()))
    });
    out
}

fn whole(class: Class, direction: Direction, old: Option<&Binary>, new: Option<&Binary>) -> Change {
    let path = |b: Option<&Binary>| b.map(|b| b.path.clone());
    Change {
        class,
        key: "program".into(),
        direction,
        old: path(old),
        new: path(new),
        worse: false,
        fixed: None,
        said: Vec::new(),
    }
}

fn side(b: &Binary) -> Side {
    Side {
        path: b.path.clone(),
        go_version: b.go_version.clone(),
        version: b.shown_version().map(str::to_owned),
        size: b.size,
        location: b.location.clone(),
    }
}

#[cfg(test)]
mod tests;
