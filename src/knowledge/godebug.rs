//! What is known about each GODEBUG setting.
//!
//! From src/internal/godebugs/table.go, src/runtime/runtime1.go and the places that read settings, Go 1.19 and
//! 1.21-1.27; the words and the risk are our own judgement.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The whole table.
#[derive(Debug, Default, Deserialize)]
pub struct Table {
    /// Minor release to the patch release it was taken from, such as 24 to `1.24.11`.
    pub trees: BTreeMap<u32, String>,
    /// Sorted by name.
    pub settings: Vec<Setting>,
}

/// One setting. Lists of minors only hold minors of [`Table::trees`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Setting {
    /// Key in GODEBUG; `cpu.*` stands for a family.
    pub name: String,
    /// Package that reads it.
    pub package: String,
    /// Minors in which some code reads it.
    pub known: Vec<u32>,
    /// Minors whose internal/godebugs table has it: only there `//go:debug` and go.mod may name it.
    pub listed: Vec<u32>,
    /// Minors in which the runtime parses it itself, as a decimal number.
    pub runtime: Vec<u32>,
    /// Default of a runtime variable from a minor on; without an entry 0.
    pub default: Vec<(u32, i64)>,
    /// The default applies to these systems only, elsewhere it is 0; empty: everywhere.
    pub default_goos: Vec<String>,
    /// Values that change anything, from a minor on; a runtime variable without an entry acts on every number.
    pub acts: Vec<(u32, Acts)>,
    /// Changes of the default.
    pub changed: Vec<Change>,
    /// Minor that stopped reading it.
    pub removed: Option<u32>,
    /// Old values of a removed setting: from Go 1.27 on they stop the process at start.
    pub old_values: Vec<String>,
    /// Its use shows in no metric.
    pub opaque: bool,
    /// Fixed once the program runs.
    pub immutable: bool,
    /// Go documents it.
    pub documented: bool,
    /// Read straight from the environment variable: a built-in default has no effect.
    pub env_only: bool,
    /// From a minor on: smallest and largest number of a runtime variable with which the process survives its start.
    pub lives: Option<(u32, i64, i64)>,
    /// The numbers of `lives` are checked after each string of settings, so a later one cannot repair an earlier one.
    pub each_source: bool,
    /// Systems on which it has an effect; empty: all.
    pub goos: Vec<String>,
    /// What kind of trouble it can bring.
    pub risk: Risk,
    /// What it controls, one sentence.
    pub what: String,
    /// What a value other than the default costs.
    pub cost: String,
    /// Why it matters for security; empty: it does not.
    pub security: String,
}

/// A change of a default.
#[derive(Debug, Deserialize)]
pub struct Change(
    /// Minor that changed it.
    pub u32,
    /// The value that brings the old behaviour back.
    pub String,
    /// Minors whose table says so.
    pub Vec<u32>,
);

/// The values of a text setting that change anything.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Acts {
    /// Exactly these.
    Texts(Vec<String>),
    /// Every text of a kind.
    Every(Kind),
}

/// A kind of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A decimal number.
    Number,
    /// Any text but the empty one.
    Any,
}

/// What kind of trouble a setting can bring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// None worth naming.
    #[default]
    None,
    /// Output that production does not want.
    Diagnostic,
    /// Time or memory.
    Performance,
    /// The program acts differently.
    Behaviour,
    /// A defence is weaker or stronger.
    Security,
}

static TABLE: OnceLock<Table> = OnceLock::new();

/// The table, parsed on first use.
pub fn table() -> &'static Table {
    super::load(&TABLE, include_str!("godebug.json"))
}

/// The setting of that name; `cpu.avx2` finds the family `cpu.*`.
pub fn setting(name: &str) -> Option<&'static Setting> {
    let name = if name.starts_with("cpu.") {
        "cpu.*"
    } else {
        name
    };
    let settings = &table().settings;
    settings
        .binary_search_by(|s| s.name.as_str().cmp(name))
        .ok()
        .and_then(|at| settings.get(at))
}

/// The known name nearest to `name` in that minor.
pub fn hint(name: &str, minor: u32) -> Option<&'static str> {
    let known = table().settings.iter().filter(|s| s.known.contains(&minor));
    super::nearest(name, known.map(|s| s.name.as_str()))
}

/// Defaults that a main module with language version `1.language` gets from the toolchain of `minor`:
/// the old value of every default that changed later (src/cmd/go/internal/load/godebug.go).
pub fn implied(language: u32, minor: u32) -> impl Iterator<Item = (&'static str, &'static str)> {
    changes(minor)
        .filter(move |(_, changed, _)| language < *changed)
        .map(|(name, _, old)| (name, old))
}

/// Name, changing minor and old value of every changed default in the table of `minor`.
pub fn changes(minor: u32) -> impl Iterator<Item = (&'static str, u32, &'static str)> {
    table().settings.iter().flat_map(move |s| {
        s.changed
            .iter()
            .filter(move |c| c.2.contains(&minor))
            .map(|c| (s.name.as_str(), c.0, c.1.as_str()))
    })
}

impl Setting {
    /// Some code of that minor reads it.
    pub fn is_known(&self, minor: u32) -> bool {
        self.known.contains(&minor)
    }

    /// The runtime of that minor parses it as a number.
    pub fn is_runtime(&self, minor: u32) -> bool {
        self.runtime.contains(&minor)
    }

    /// Only the go command reads it.
    pub fn is_go_command(&self) -> bool {
        self.package == "cmd/go"
    }

    /// The runtime variable's default in that minor.
    pub fn runtime_default(&self, minor: u32, goos: Option<&str>) -> i64 {
        if !self.default_goos.is_empty()
            && goos.is_some_and(|os| !self.default_goos.iter().any(|d| d == os))
        {
            return 0;
        }
        self.default
            .iter()
            .rev()
            .find(|(from, _)| *from <= minor)
            .map_or(0, |(_, value)| *value)
    }

    /// Whether the table names the values that change anything in that minor.
    pub fn names_values(&self, minor: u32) -> bool {
        let latest = self.acts.iter().rev().find(|(from, _)| *from <= minor);
        latest.is_some_and(|(_, acts)| !matches!(acts, Acts::Texts(texts) if texts.is_empty()))
    }

    /// Whether a text changes anything in that minor.
    pub fn acts(&self, minor: u32, text: &str) -> bool {
        match self
            .acts
            .iter()
            .rev()
            .find(|(from, _)| *from <= minor)
            .map(|(_, acts)| acts)
        {
            None => false,
            Some(Acts::Texts(texts)) => texts.iter().any(|t| t == text),
            Some(Acts::Every(Kind::Any)) => !text.is_empty(),
            Some(Acts::Every(Kind::Number)) => text.parse::<i64>().is_ok(),
        }
    }

    /// The change of its default that the table of that minor lists.
    pub fn change(&self, minor: u32) -> Option<&Change> {
        self.changed.iter().find(|c| c.2.contains(&minor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_parses_and_is_sorted() {
        let t: Table =
            serde_json::from_str(include_str!("godebug.json")).expect("the table is valid");
        assert!(t.settings.len() > 100 && t.trees.len() >= 8);
        assert!(t.settings.is_sorted_by(|a, b| a.name < b.name));
        for s in &t.settings {
            let in_trees = |list: &[u32]| list.iter().all(|m| t.trees.contains_key(m));
            assert!(
                in_trees(&s.known) && in_trees(&s.listed) && in_trees(&s.runtime),
                "{}",
                s.name
            );
            assert!(
                s.listed
                    .iter()
                    .chain(&s.runtime)
                    .all(|m| s.known.contains(m)),
                "{}",
                s.name
            );
            assert!(
                !s.what.is_empty() && !s.cost.is_empty() && !s.package.is_empty(),
                "{}",
                s.name
            );
            assert!(
                s.known
                    .iter()
                    .all(|m| s.is_runtime(*m) || s.acts.iter().any(|(from, _)| from <= m)),
                "{}",
                s.name
            );
            assert!(
                s.removed.is_none_or(|r| s.known.iter().all(|m| *m < r)),
                "{}",
                s.name
            );
            for c in &s.changed {
                assert!(c.2.iter().all(|m| s.listed.contains(m)), "{}", s.name);
            }
        }
    }

    #[test]
    fn lookups() {
        assert!(setting("panicnil").is_some_and(|s| s.is_runtime(21) && !s.is_known(19)));
        assert!(setting("cpu.avx2").is_some_and(|s| s.name == "cpu.*"));
        assert!(setting("mmap").is_none() && setting("").is_none());
        assert_eq!(hint("gctarce", 27), Some("gctrace"));
        assert_eq!(hint("asynctimerchn", 27), None, "not known to that release");
        assert_eq!(
            setting("tracebacklabels")
                .map(|s| (s.runtime_default(26, None), s.runtime_default(27, None))),
            Some((0, 1))
        );
        let madv = setting("madvdontneed").map(|s| {
            (
                s.runtime_default(27, Some("linux")),
                s.runtime_default(27, Some("darwin")),
            )
        });
        assert_eq!(madv, Some((1, 0)));
    }

    #[test]
    fn implied_defaults_are_those_of_the_go_command() {
        let text = |language, minor| {
            let pairs: Vec<_> = implied(language, minor)
                .map(|(k, v)| format!("{k}={v}"))
                .collect();
            pairs.join(",")
        };
        assert_eq!(text(20, 21), "panicnil=1");
        assert_eq!(text(18, 21), "netedns0=0,panicnil=1");
        assert_eq!(text(21, 21), "");
        assert_eq!(
            text(21, 22),
            "httplaxcontentlength=1,httpmuxgo121=1,tls10server=1,tlsrsakex=1,tlsunsafeekm=1"
        );
        assert_eq!(text(24, 24), "");
    }
}
