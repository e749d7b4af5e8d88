//! What the go.mod file of the newest version of a module says about it: versions that its authors retracted, and whether it is deprecated.
//!
//! Forms: <https://go.dev/ref/mod#go-mod-file-retract> and <https://go.dev/ref/mod#go-mod-file-module-deprecation>, read as
//! golang.org/x/mod/modfile does.

use gospect_knowledge::semver::Semver;
use gospect_record::Binary;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Longest file that is read; the go.mod file of Kubernetes has 20 KB.
pub const LARGEST: usize = 1 << 20;
/// Most retractions of one module that are read.
const RETRACTIONS: usize = 10_000;
/// Most characters of a reason.
const REASON: usize = 500;

/// What a go.mod file says about the versions of its module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoMod {
    /// Why the module is deprecated; `None`: it is not.
    pub deprecated: Option<String>,
    retractions: Vec<Retraction>,
}

/// The newest version of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newest {
    /// The version.
    pub version: String,
    /// What its go.mod file says.
    pub go_mod: GoMod,
    /// Why the file was not held against the checksum database; `None`: it was, or it is from the module cache, where the `go` command does that.
    pub unchecked: Option<String>,
}

/// Versions that the authors retracted.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Retraction {
    low: String,
    high: String,
    reason: String,
}

/// A line of a go.mod file.
#[derive(Default)]
struct Line<'t> {
    words: &'t str,
    /// The comment after the words.
    suffix: Option<&'t str>,
}

impl<'t> Line<'t> {
    fn of(text: &'t str) -> Self {
        match text.split_once("//") {
            Some((words, comment)) => Self {
                words: words.trim(),
                suffix: Some(comment.trim()),
            },
            None => Self {
                words: text.trim(),
                suffix: None,
            },
        }
    }

    fn is_comment(&self) -> bool {
        self.words.is_empty() && self.suffix.is_some()
    }
}

impl GoMod {
    /// Reads a file. Lines that are not understood say nothing.
    pub fn parse(text: &str) -> Self {
        let mut go_mod = Self::default();
        let mut comments_above: Vec<&str> = Vec::new();
        // The comment of the block of retractions that is open.
        let mut block_comments: Option<Vec<&str>> = None;
        for line in text.lines().map(Line::of) {
            if line.is_comment() {
                comments_above.extend(line.suffix);
                continue;
            }
            let comments = std::mem::take(&mut comments_above);
            if line.words.is_empty() {
                continue;
            }
            let comments_of_line = || comments.iter().copied().chain(line.suffix);
            match (&block_comments, line.words.split_once([' ', '\t', '('])) {
                (Some(_), _) if line.words.starts_with(')') => block_comments = None,
                (Some(comments_of_block), _) => {
                    let own_comments: Vec<&str> = comments_of_line().collect();
                    let reason = if own_comments.is_empty() {
                        comments_of_block.clone()
                    } else {
                        own_comments
                    };
                    go_mod.retract(line.words, &reason);
                }
                (None, Some(("module", _))) => {
                    go_mod.deprecated = deprecation(&comments_of_line().collect::<Vec<_>>());
                }
                (None, Some(("retract", _))) => {
                    let rest = line.words.strip_prefix("retract").unwrap_or_default();
                    match rest.trim_start().starts_with('(') {
                        true => block_comments = Some(comments_of_line().collect()),
                        false => go_mod.retract(rest, &comments_of_line().collect::<Vec<_>>()),
                    }
                }
                _ => {}
            }
        }
        go_mod
    }

    fn retract(&mut self, versions: &str, reason: &[&str]) {
        let trimmed = versions.trim();
        let inner = trimmed.strip_prefix('[').and_then(|v| v.strip_suffix(']'));
        let (low, high) = match inner {
            Some(pair) => pair.split_once(',').unwrap_or((pair, pair)),
            None => (trimmed, trimmed),
        };
        let bare = |version: &str| version.trim().trim_matches(['"', '`']).to_owned();
        let (low, high) = (bare(low), bare(high));
        let is_range = Semver::parse(&low).is_some() && Semver::parse(&high).is_some();
        if is_range && self.retractions.len() < RETRACTIONS {
            let reason = shortened(&reason.join(" "));
            self.retractions.push(Retraction { low, high, reason });
        }
    }

    /// Why a version is retracted, which may be empty; `None`: it is not.
    pub fn retracted(&self, version: &str) -> Option<&str> {
        let version = Semver::parse(version)?;
        let is_in = |retraction: &&Retraction| {
            let low = Semver::parse(&retraction.low);
            let high = Semver::parse(&retraction.high);
            low.is_some_and(|low| version.compare(&low).is_ge())
                && high.is_some_and(|high| version.compare(&high).is_le())
        };
        let retraction = self.retractions.iter().find(is_in)?;
        Some(&retraction.reason)
    }
}

/// The paragraph of a comment that begins with `Deprecated:`.
fn deprecation(comments: &[&str]) -> Option<String> {
    let mut paragraphs = comments.split(|line| line.is_empty());
    let starts = |lines: &&[&str]| lines.first().is_some_and(|l| l.starts_with("Deprecated:"));
    let lines = paragraphs.find(starts)?.join(" ");
    let text = lines.strip_prefix("Deprecated:").unwrap_or_default();
    Some(shortened(text))
}

fn shortened(text: &str) -> String {
    text.trim().chars().take(REASON).collect()
}

/// What is known about a module of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleNote {
    /// The module.
    pub module: String,
    /// The version that is linked.
    pub version: String,
    /// Why its authors retracted this version, which may be empty; `None`: they did not.
    pub retracted: Option<String>,
    /// Why its authors deprecated the module, which may be empty; `None`: they did not.
    pub deprecated: Option<String>,
    /// The version whose go.mod file says so.
    pub said_by: String,
    /// Why that file was not held against the checksum database, such as `GOSUMDB=off`; absent where it was, or is from the module cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unchecked: Option<String>,
}

/// What the newest go.mod files say about the modules of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleNotes {
    /// Modules that are retracted or deprecated, sorted.
    pub notes: Vec<ModuleNote>,
    /// Modules whose newest go.mod file is not known, sorted.
    pub unknown: Vec<String>,
}

/// The modules of a program that have a version, with that version, sorted.
pub fn modules_with_versions(binary: &Binary) -> BTreeSet<(&str, &str)> {
    let infos = binary.build_info.iter();
    let linked = infos.flat_map(|info| info.deps.iter().chain([&info.main]));
    // What is linked: the replacement, unless it is a folder, which has no version.
    let linked = linked.map(|module| module.replace.as_deref().unwrap_or(module));
    linked
        .filter(|module| Semver::parse(&module.version).is_some())
        .map(|module| (module.path.as_str(), module.version.as_str()))
        .collect()
}

/// What the newest go.mod file of each module of a program says; `newest` gives that file.
pub fn module_notes(binary: &Binary, newest: &dyn Fn(&str) -> Option<Arc<Newest>>) -> ModuleNotes {
    let mut notes = ModuleNotes::default();
    for (module, version) in modules_with_versions(binary) {
        let Some(newest_file) = newest(module) else {
            notes.unknown.push(module.to_owned());
            continue;
        };
        let Newest {
            version: said_by,
            go_mod,
            unchecked,
        } = &*newest_file;
        let retracted = go_mod.retracted(version).map(str::to_owned);
        let deprecated = go_mod.deprecated.clone();
        if retracted.is_some() || deprecated.is_some() {
            notes.notes.push(ModuleNote {
                module: module.to_owned(),
                version: version.to_owned(),
                retracted,
                deprecated,
                said_by: said_by.clone(),
                unchecked: unchecked.clone(),
            });
        }
    }
    notes.unknown.dedup();
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::program;

    #[test]
    fn retractions_and_deprecation_are_read_in_all_their_forms() {
        let text = "// A comment.\n//\n// Deprecated: use example.com/v2,\n// which is better.\n//\n// More.\nmodule example.com/m // x\n\ngo 1.21\n\n\
            require example.com/x v1.0.0\n\
            retract v1.0.0 // Published by accident.\n\
            // Two lines\n// of reason.\nretract [v1.2.0, v1.3.0]\n\
            // For the block.\nretract (\n\tv1.5.0\n\t[v1.6.0, v1.6.9] // own\n\tnonsense\n)\n\
            retract(\n\t\"v1.7.0\"\n)\n";
        let go_mod = GoMod::parse(text);
        let deprecated = go_mod.deprecated.as_deref();
        assert_eq!(deprecated, Some("use example.com/v2, which is better."));
        for (version, reason) in [
            ("v1.0.0", Some("Published by accident.")),
            ("v1.0.1", None),
            ("v1.2.5", Some("Two lines of reason.")),
            ("v1.3.0", Some("Two lines of reason.")),
            ("v1.3.1-0.20260101020304-abcdefabcdef", None),
            ("v1.5.0", Some("For the block.")),
            ("v1.6.4+incompatible", Some("own")),
            ("v1.7.0", Some("")),
            ("(devel)", None),
        ] {
            assert_eq!(go_mod.retracted(version), reason, "{version}");
        }
    }

    #[test]
    fn other_files_retract_nothing() {
        for text in [
            "",
            "module example.com/m",
            "module example.com/m // Deprecated in spirit",
            "<html>retract v1.0.0",
            "require (\n\tretract v1.0.0\n)\n)\n",
            "retract",
            "retract [v1.0.0",
            "retract (\nv1.0.0 v1.1.0\n",
        ] {
            let found = GoMod::parse(text);
            assert_eq!(found.deprecated, None, "{text}");
            assert_eq!(found.retracted("v1.1.0"), None, "{text}");
        }
    }

    #[test]
    fn retractions_beyond_the_bound_are_not_read() {
        let many = "retract v1.0.0\n".repeat(RETRACTIONS + 5);
        assert_eq!(GoMod::parse(&many).retractions.len(), RETRACTIONS);
        let long = format!("retract v1.0.0 // {}\n", "x".repeat(10_000));
        assert_eq!(
            GoMod::parse(&long).retracted("v1.0.0").unwrap().len(),
            REASON
        );
    }

    #[test]
    fn what_is_linked_is_looked_up_once_and_what_is_unknown_is_said() {
        let modules = [
            ("example.com/a", "v1.0.0"),
            ("example.com/b", "v1.0.0"),
            ("example.com/c", "(devel)"),
        ];
        let binary = program(&modules, &[]);
        let known = Arc::new(Newest {
            version: "v1.4.0".to_owned(),
            go_mod: GoMod::parse("module example.com/a\nretract v1.0.0 // bad"),
            unchecked: Some("GOSUMDB=off".to_owned()),
        });
        let asked = modules_with_versions(&binary).into_iter();
        let asked: Vec<&str> = asked.map(|(module, _)| module).collect();
        assert_eq!(asked, ["example.com/a", "example.com/app", "example.com/b"]);
        let newest = |module: &str| (module == "example.com/a").then(|| Arc::clone(&known));
        let found = module_notes(&binary, &newest);
        assert_eq!(found.unknown, ["example.com/app", "example.com/b"]);
        let note = &found.notes[0];
        assert_eq!(
            (note.retracted.as_deref(), note.said_by.as_str()),
            (Some("bad"), "v1.4.0")
        );
        assert_eq!(note.unchecked.as_deref(), Some("GOSUMDB=off"));
        assert_eq!(found.notes.len(), 1);
    }
}
