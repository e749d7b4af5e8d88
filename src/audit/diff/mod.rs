//! Diff: what changed between two sets of programs.
//!
//! Programs are paired by place, main package and port (`pair`), and compared fact by fact (`compare`); every change
//! has a class that `--fail-on` can name. Bytes are compared by their digests (`content`), claims about the program's own version by
//! what holds them (`versions`).
//!
//! Must never: read files; report a fact that one side does not know as a change.

mod changes;
mod compare;
mod content;
mod pair;
mod versions;

use crate::knowledge::hint;
use crate::record::Binary;
use serde::Serialize;

/// What a change is about; the words of `--fail-on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// A program is new.
    Added,
    /// A program is gone.
    Removed,
    /// Another Go.
    Toolchain,
    /// Dependencies.
    Module,
    /// Build settings, FIPS module and mode.
    Setting,
    /// Effective GODEBUG values.
    Godebug,
    /// Experiments in force.
    Experiment,
    /// GOROOT and build-host paths.
    Goroot,
    /// Loader, libraries, hardening.
    Linkage,
    /// Contradictions, packing, checksums, module data.
    Integrity,
    /// The package of the distribution that brought it.
    Owner,
    /// Main package, and the state of the working tree.
    Source,
    /// A claim about the program's own version: main module, variables, commit, names, labels.
    Version,
    /// Other bytes that no change of a build fact explains.
    Content,
}

/// A word that is no class of changes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not a class of changes; {hint}")]
pub struct NoClass {
    word: String,
    hint: String,
}

impl Class {
    /// All classes.
    pub const ALL: [Class; 14] = [
        Class::Added,
        Class::Removed,
        Class::Toolchain,
        Class::Module,
        Class::Setting,
        Class::Godebug,
        Class::Experiment,
        Class::Goroot,
        Class::Linkage,
        Class::Integrity,
        Class::Owner,
        Class::Source,
        Class::Version,
        Class::Content,
    ];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Class::Added => "added",
            Class::Removed => "removed",
            Class::Toolchain => "toolchain",
            Class::Module => "module",
            Class::Setting => "setting",
            Class::Godebug => "godebug",
            Class::Experiment => "experiment",
            Class::Goroot => "goroot",
            Class::Linkage => "linkage",
            Class::Integrity => "integrity",
            Class::Owner => "owner",
            Class::Source => "source",
            Class::Version => "version",
            Class::Content => "content",
        }
    }

    /// Classes of a comma list as `--fail-on` takes it; `any` is all of them.
    pub fn parse_list(text: &str) -> Result<Vec<Class>, NoClass> {
        let mut out = Vec::new();
        for word in text.split(',').map(str::trim).filter(|w| !w.is_empty()) {
            if word == "any" {
                out.extend(Class::ALL);
                continue;
            }
            match Class::ALL.into_iter().find(|c| c.name() == word) {
                Some(class) => out.push(class),
                None => {
                    let names = Class::ALL.map(Class::name);
                    return Err(NoClass {
                        word: word.to_owned(),
                        hint: hint(word, names, || format!("one of {}, any", names.join(", "))),
                    });
                }
            }
        }
        Ok(out)
    }
}

/// Which way a change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Newer.
    Up,
    /// Older.
    Down,
    /// There now.
    Added,
    /// Gone now.
    Removed,
    /// Other.
    Changed,
}

/// One change of one program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What it is about.
    pub class: Class,
    /// Record key, setting, module or GODEBUG key.
    pub key: String,
    /// Which way.
    pub direction: Direction,
    /// Before; `None`: not there.
    pub old: Option<String>,
    /// Now; `None`: not there.
    pub new: Option<String>,
    /// True for what a reader should look at first: downgrades, weaker settings, new contradictions.
    pub worse: bool,
}

/// A program on either side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// Location for a person.
    pub path: String,
    /// Go release.
    pub go_version: Option<String>,
    /// Version of the program, by the order in docs/sbom.md; what the main module records where nothing names one.
    pub version: Option<String>,
    /// Bytes.
    pub size: u64,
}

/// A program in two states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// Import path.
    pub main_package: Option<String>,
    /// `os/arch`.
    pub port: String,
    /// Before; `None`: the program is new.
    pub old: Option<Side>,
    /// Now; `None`: the program is gone.
    pub new: Option<Side>,
    /// What changed, by class and key.
    pub changes: Vec<Change>,
    /// The parts of the executables that differ: `record`, `code`, `data`, `debug`, `signature`, `other`, `container`; `None`: no
    /// change of content is told, or the parts were not compared.
    pub parts: Option<Vec<String>>,
}

/// All that changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// Programs with changes, by path.
    pub pairs: Vec<Pair>,
    /// Programs on both sides without any change.
    pub unchanged: u64,
    /// Of the unchanged those whose bytes were not compared, because a record has no digest.
    pub content_not_compared: u64,
}

impl Diff {
    /// True when there is a change of one of these classes.
    pub fn has(&self, classes: &[Class]) -> bool {
        self.changes().any(|c| classes.contains(&c.class))
    }

    /// Every change.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.pairs.iter().flat_map(|p| &p.changes)
    }

    /// How many changes of a class.
    pub fn count(&self, class: Class) -> usize {
        self.changes().filter(|c| c.class == class).count()
    }
}

/// Compares two sets of records.
pub fn diff(old: &[Binary], new: &[Binary]) -> Diff {
    let mut out = Diff::default();
    for (before, now) in pair::pair(old, new) {
        let Some(any) = now.or(before) else { continue };
        let mut content = content::Content::default();
        let changes = match (before, now) {
            (Some(a), Some(b)) => {
                content = content::compare(a, b);
                let facts = compare::compare(a, b);
                content.beside(facts)
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
        // Records have no digests of parts, and say of everything else what files say.
        let told = changes.iter().any(|c| c.class == Class::Content);
        let parts = content.parts().filter(|_| told);
        out.pairs.push(Pair {
            main_package: any.main_package.clone(),
            port: any.port_text(),
            old: before.map(side),
            new: now.map(side),
            changes,
            parts,
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
    }
}

fn side(b: &Binary) -> Side {
    Side {
        path: b.path.clone(),
        go_version: b.go_version.clone(),
        version: b.shown_version().map(str::to_owned),
        size: b.size,
    }
}

#[cfg(test)]
mod tests;
