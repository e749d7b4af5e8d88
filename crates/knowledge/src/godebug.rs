//! The GODEBUG settings of each release.
//!
//! From src/internal/godebugs/table.go, src/runtime/runtime1.go and the code that reads settings, Go 1.19 and 1.21-1.27. The
//! descriptions and the risks are gospect's own judgement.
//!
//! `godebug.json` is the table to edit. `rows.rs` is the same as Rust, because every scan of all facts needs it: parsing it took a seventh of the
//! time for a small program. `GOSPECT_WRITE=1 cargo test -p gospect-knowledge --lib rows` writes it again.

mod rows;

/// The whole table.
#[derive(Debug)]
pub struct Table {
    /// The patch release from which the data of each minor release was taken, such as `1.24.11` for 24; sorted.
    pub trees: &'static [(u32, &'static str)],
    /// Sorted by name.
    pub settings: &'static [Setting],
}

/// One setting. Its lists of minor releases only hold those of [`Table::trees`].
#[derive(Debug)]
pub struct Setting {
    /// The key in GODEBUG; `cpu.*` stands for a family of keys.
    pub name: &'static str,
    /// Package that reads it.
    pub package: &'static str,
    /// Minor releases in which some code reads it.
    pub known: &'static [u32],
    /// Minor releases with the setting in their internal/godebugs table. Only there may `//go:debug` and go.mod name it.
    pub listed: &'static [u32],
    /// Minor releases in which the runtime parses it itself, as a decimal number.
    pub runtime: &'static [u32],
    /// Defaults of a runtime variable, each with the minor release from which it applies; 0 without an entry.
    pub default: &'static [(u32, i64)],
    /// Systems to which the default applies, elsewhere it is 0; empty: all.
    pub default_goos: &'static [&'static str],
    /// Values that have an effect, each with the minor release from which they do. Without an entry every number affects a
    /// runtime variable.
    pub acts: &'static [(u32, Acts)],
    /// Changes of the default.
    pub changed: &'static [DefaultChange],
    /// Minor release that stopped reading it.
    pub removed: Option<u32>,
    /// Old values of a removed setting. Since Go 1.27 they stop the process at start.
    pub old_values: &'static [&'static str],
    /// Whether no metric counts its use.
    pub opaque: bool,
    /// Whether it cannot be changed while the program runs.
    pub immutable: bool,
    /// Whether Go documents it.
    pub documented: bool,
    /// Whether it is read straight from the environment variable, so that a built-in default has no effect.
    pub env_only: bool,
    /// Minor release, smallest and largest number: from that release on, the process dies at start when a runtime variable is
    /// outside them.
    pub lives: Option<(u32, i64, i64)>,
    /// Whether the limits of `lives` are checked after each string of settings, so that a later string cannot repair an earlier
    /// one.
    pub each_source: bool,
    /// Systems on which it has an effect; empty: all.
    pub goos: &'static [&'static str],
    /// The kind of trouble that it can cause.
    pub risk: Risk,
    /// What it controls, in one sentence.
    pub what: &'static str,
    /// What a value other than the default costs.
    pub cost: &'static str,
    /// Why it matters for security; empty if it does not.
    pub security: &'static str,
}

/// A change of a default.
#[derive(Debug)]
pub struct DefaultChange(
    /// Minor release that changed it.
    pub u32,
    /// The value that restores the old behaviour.
    pub &'static str,
    /// Minor releases whose table lists the change.
    pub &'static [u32],
);

/// The values of a text setting that have an effect.
#[derive(Debug)]
pub enum Acts {
    /// Exactly these.
    Texts(&'static [&'static str]),
    /// Every text of this kind.
    Every(TextKind),
}

/// A kind of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    /// A decimal number.
    Number,
    /// Any text that is not empty.
    Any,
}

/// The kind of trouble that a setting can cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Risk {
    /// No trouble.
    None,
    /// Output that production does not need.
    Diagnostic,
    /// More time or memory.
    Performance,
    /// Changed behaviour of the program.
    Behaviour,
    /// A weaker or stronger defence.
    Security,
}

/// The table.
pub fn table() -> &'static Table {
    &rows::TABLE
}

/// The setting of that name; `cpu.avx2` finds the family `cpu.*`.
pub fn setting(name: &str) -> Option<&'static Setting> {
    let name = if name.starts_with("cpu.") {
        "cpu.*"
    } else {
        name
    };
    let settings = table().settings;
    settings
        .binary_search_by(|s| s.name.cmp(name))
        .ok()
        .and_then(|at| settings.get(at))
}

/// The nearest name that the release knows.
pub fn hint(name: &str, minor: u32) -> Option<&'static str> {
    let known = table().settings.iter().filter(|s| s.known.contains(&minor));
    super::nearest(name, known.map(|s| s.name))
}

/// The defaults that the toolchain of `minor` gives a main module with language version `1.language`: the old values of the
/// defaults that changed later (src/cmd/go/internal/load/godebug.go).
pub fn implied(language: u32, minor: u32) -> impl Iterator<Item = (&'static str, &'static str)> {
    changes(minor)
        .filter(move |(_, changed, _)| language < *changed)
        .map(|(name, _, old)| (name, old))
}

/// Name, minor release and old value of each changed default in the table of `minor`.
pub fn changes(minor: u32) -> impl Iterator<Item = (&'static str, u32, &'static str)> {
    table().settings.iter().flat_map(move |s| {
        s.changed
            .iter()
            .filter(move |c| c.2.contains(&minor))
            .map(|c| (s.name, c.0, c.1))
    })
}

impl Setting {
    /// Whether some code of that release reads it.
    pub fn is_known(&self, minor: u32) -> bool {
        self.known.contains(&minor)
    }

    /// Whether the runtime of that release parses it as a number.
    pub fn is_runtime(&self, minor: u32) -> bool {
        self.runtime.contains(&minor)
    }

    /// Whether only the go command reads it.
    pub fn is_go_command(&self) -> bool {
        self.package == "cmd/go"
    }

    /// The default of the runtime variable in that release.
    pub fn runtime_default(&self, minor: u32, goos: Option<&str>) -> i64 {
        if !self.default_goos.is_empty() && goos.is_some_and(|os| !self.default_goos.contains(&os))
        {
            return 0;
        }
        self.default
            .iter()
            .rev()
            .find(|(from, _)| *from <= minor)
            .map_or(0, |(_, value)| *value)
    }

    /// Whether the table lists the values that have an effect in that release.
    pub fn names_values(&self, minor: u32) -> bool {
        let latest = self.acts.iter().rev().find(|(from, _)| *from <= minor);
        latest.is_some_and(|(_, acts)| !matches!(acts, Acts::Texts(texts) if texts.is_empty()))
    }

    /// Whether a value has an effect in that release.
    pub fn acts(&self, minor: u32, text: &str) -> bool {
        match self
            .acts
            .iter()
            .rev()
            .find(|(from, _)| *from <= minor)
            .map(|(_, acts)| acts)
        {
            None => false,
            Some(Acts::Texts(texts)) => texts.contains(&text),
            Some(Acts::Every(TextKind::Any)) => !text.is_empty(),
            Some(Acts::Every(TextKind::Number)) => text.parse::<i64>().is_ok(),
        }
    }

    /// The change of its default that the table of that release lists.
    pub fn change(&self, minor: u32) -> Option<&DefaultChange> {
        self.changed.iter().find(|c| c.2.contains(&minor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sorted_and_whole() {
        let t = table();
        assert!(t.settings.len() > 100 && t.trees.len() >= 8);
        assert!(t.trees.is_sorted());
        assert!(t.settings.is_sorted_by(|a, b| a.name < b.name));
        for s in t.settings {
            let in_trees =
                |list: &[u32]| list.iter().all(|m| t.trees.iter().any(|tree| tree.0 == *m));
            assert!(
                in_trees(s.known) && in_trees(s.listed) && in_trees(s.runtime),
                "{}",
                s.name
            );
            assert!(
                s.listed
                    .iter()
                    .chain(s.runtime)
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
            for c in s.changed {
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
