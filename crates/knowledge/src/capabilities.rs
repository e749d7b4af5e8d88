//! What functions of the standard library can do: the capabilities of capslock (<https://github.com/google/capslock>), by function
//! and by package.
//!
//! `scripts/capabilities.py` makes the table from capslock's own list. Names of functions are written as in a function table, without
//! brackets: `os.File.Read`, `os.CopyFS.func1`.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// The category of a function that is safe whatever it calls.
const SAFE: &str = "SAFE";

/// The whole table.
#[derive(Debug, Default, Deserialize)]
pub struct Table {
    /// Where it comes from.
    pub source: String,
    /// What a program with a capability can do, as the rest of a sentence that begins with "can", by capability.
    pub capabilities: BTreeMap<String, String>,
    /// Categories of packages, for functions that have none of their own.
    packages: BTreeMap<String, String>,
    /// Categories of functions.
    functions: BTreeMap<String, String>,
    /// Calls that do not count: caller and callee.
    pub ignored_calls: BTreeSet<(String, String)>,
}

/// What is known about a function without looking at what it calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// It gives a capability to all its callers, whatever it calls.
    Capability(&'static str),
    /// It gives no capability to its callers, whatever it calls.
    Safe,
    /// Its capabilities are those of the functions that it calls.
    OfCallees,
}

static TABLE: OnceLock<Table> = OnceLock::new();

/// The table, parsed on first use.
pub fn table() -> &'static Table {
    super::load(&TABLE, include_str!("capabilities.json"))
}

impl Table {
    /// The category of a function by its own name; `None`: its package decides.
    pub fn function(&'static self, name: &str) -> Option<Category> {
        self.functions.get(name).map(|word| category(word))
    }

    /// The category of the functions of a package that have none of their own.
    pub fn package(&'static self, path: &str) -> Category {
        let word = self.packages.get(path);
        word.map_or(Category::OfCallees, |word| category(word))
    }
}

fn category(word: &'static str) -> Category {
    match word {
        "" => Category::OfCallees,
        SAFE => Category::Safe,
        capability => Category::Capability(capability),
    }
}

/// What a program with a capability can do, as the rest of a sentence that begins with "can".
pub fn can(capability: &str) -> Option<&'static str> {
    table().capabilities.get(capability).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_come_before_their_packages() {
        let table = table();
        let of = |package: &str, name: &str| table.function(name).unwrap_or(table.package(package));
        assert_eq!(of("os", "os.Open"), Category::Capability("FILES"));
        assert_eq!(
            of("os", "os.Getuid"),
            Category::Capability("READ_SYSTEM_STATE")
        );
        assert_eq!(of("os", "os.Exit"), Category::Safe);
        assert_eq!(
            of("os", "os.Process.Kill"),
            Category::Capability("OPERATING_SYSTEM")
        );
        assert_eq!(
            of("os/exec", "os/exec.Cmd.Start"),
            Category::Capability("EXEC")
        );
        assert_eq!(of("fmt", "fmt.Println"), Category::Safe);
        assert_eq!(of("os", "os.Expand"), Category::OfCallees);
        assert_eq!(of("example.com/a", "example.com/a.F"), Category::OfCallees);
    }

    #[test]
    fn every_capability_in_use_is_explained() {
        let table = table();
        let used = table.functions.values().chain(table.packages.values());
        for word in used.filter(|word| !["", SAFE].contains(&word.as_str())) {
            assert!(can(word).is_some(), "{word}");
        }
        assert_eq!(can("EXEC"), Some("start processes"));
        let ignored = ("mime.WordEncoder.bEncode", "io.WriteString");
        let ignored = (ignored.0.to_owned(), ignored.1.to_owned());
        assert!(table.ignored_calls.contains(&ignored));
    }
}
