//! Variables of the environment that Go knows by name: what they do, and whether a program reads them at run time.
//!
//! Sources: src/runtime/extern.go, proc.go, mgcpacer.go and runtime1.go, src/crypto/x509, src/time and src/internal/coverage of Go
//! 1.21 to 1.27; the release notes for older releases.

use serde::Deserialize;
use std::sync::OnceLock;

/// The whole table, sorted by name.
#[derive(Debug, Default, Deserialize)]
pub struct Table {
    /// The variables.
    pub variables: Vec<Variable>,
}

/// One variable; an empty text is a part that it does not have.
#[derive(Debug, Default, Deserialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Whether a running program reads it; the others matter only while a program is built.
    pub at_run_time: bool,
    /// What reads it, and when.
    pub read_by: String,
    /// The first release that reads it.
    pub since: String,
    /// The release that removed it.
    #[serde(default)]
    pub removed: String,
    /// What it controls.
    pub what: String,
    /// Values that it takes.
    pub values: String,
    /// Releases that changed the default.
    #[serde(default)]
    pub default_changed: String,
    /// Values that stop a process at start.
    #[serde(default)]
    pub fatal: String,
    /// Why it matters for security.
    #[serde(default)]
    pub security: String,
    /// What it costs.
    #[serde(default)]
    pub cost: String,
    /// What to do.
    pub advice: String,
}

/// The table.
pub fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    super::load(&TABLE, include_str!("variables.json"))
}

/// The variable with this name.
pub fn variable(name: &str) -> Option<&'static Variable> {
    let all = &table().variables;
    all.iter().find(|variable| variable.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_has_what_the_runtime_reads() {
        let all = &table().variables;
        assert!(all.is_sorted_by(|a, b| a.name < b.name) && all.len() > 10);
        for name in ["GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK"] {
            assert!(variable(name).is_some_and(|v| v.at_run_time), "{name}");
        }
        assert!(variable("GOEXPERIMENT").is_some_and(|v| !v.at_run_time));
    }
}
