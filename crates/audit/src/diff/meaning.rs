//! What a change for the worse means, and which rule says more about it.

use super::{Change, Class, Direction};

/// What a change for the worse means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// One clause about the new state.
    pub text: &'static str,
    /// The rule of `audit` that reports the same, which `gospect explain` explains.
    pub rule: Option<&'static str>,
}

/// A row: class, key (empty: any), the direction (`None`: any), meaning and rule (empty: none). The first that fits counts.
type Row = (
    Class,
    &'static str,
    Option<Direction>,
    &'static str,
    &'static str,
);

const ROWS: &[Row] = {
    use Direction::Down;
    &[
        (
            Class::Image,
            super::images::USER,
            None,
            "the container runs as root",
            "runs-as-root",
        ),
        (
            Class::Image,
            super::images::CERTIFICATES,
            None,
            "no certificates to trust: TLS connections fail",
            "missing-ca-bundle",
        ),
        (
            Class::Image,
            super::images::TIME_ZONES,
            None,
            "no time zones: `time.LoadLocation` fails",
            "missing-zoneinfo",
        ),
        (
            Class::Image,
            super::images::STARTED,
            None,
            "ENTRYPOINT or CMD starts what is not in the image",
            "entrypoint-missing",
        ),
        (
            Class::Image,
            super::images::EXECUTE_BIT,
            None,
            "the started program has no execute bit: the container cannot start",
            "entrypoint-not-executable",
        ),
        (
            Class::Toolchain,
            "",
            None,
            "built with an older Go than before, or with one that is no longer known",
            "downgraded-toolchain",
        ),
        (
            Class::Module,
            "",
            Some(Down),
            "an older version than before",
            "module-below-floor",
        ),
        (
            Class::Module,
            "list of modules",
            None,
            "lists no modules, so scanners find nothing",
            "missing-build-info",
        ),
        (
            Class::Module,
            "",
            None,
            "the module is replaced now",
            "replaced-module",
        ),
        (
            Class::Setting,
            "-race",
            None,
            "the race detector is built in",
            "race-detector",
        ),
        (
            Class::Setting,
            "-msan",
            None,
            "a memory sanitizer is built in",
            "sanitizer",
        ),
        (
            Class::Setting,
            "-asan",
            None,
            "a memory sanitizer is built in",
            "sanitizer",
        ),
        (
            Class::Setting,
            "-cover",
            None,
            "coverage counters are built in",
            "coverage-instrumented",
        ),
        (
            Class::Setting,
            super::compare::BUILD_SETTINGS,
            None,
            "no longer says how it was built",
            "missing-build-info",
        ),
        (
            Class::Setting,
            "CGO_ENABLED",
            None,
            "cgo is on: C code and the resolver of the C library may be linked",
            "cgo-enabled",
        ),
        (
            Class::Setting,
            "GOFIPS140",
            None,
            "FIPS 140 mode is off",
            "fips-off",
        ),
        (
            Class::Setting,
            "-gcflags",
            None,
            "built without optimizations",
            "optimizations-disabled",
        ),
        (
            Class::Setting,
            "-trimpath",
            None,
            "built without `-trimpath`",
            "untrimmed-paths",
        ),
        (
            Class::Setting,
            "fips.mode",
            None,
            "FIPS 140 mode is off",
            "fips-off",
        ),
        (
            Class::Godebug,
            super::compare::GODEBUG_SETTINGS,
            None,
            "no longer says which GODEBUG defaults it has",
            "",
        ),
        (
            Class::Godebug,
            super::compare::FIPS_MODE,
            None,
            "FIPS 140 mode is off, or the program stops at start",
            "fips-off",
        ),
        (
            Class::Godebug,
            "",
            None,
            "behaves as a weaker, older release did, or stops at start",
            "godebug-insecure",
        ),
        (
            Class::Experiment,
            super::compare::EXPERIMENTS,
            None,
            "no longer says with which experiments it was built",
            "",
        ),
        (
            Class::Experiment,
            "loopvar",
            None,
            "loops share one variable over all iterations",
            "per-loop-variables",
        ),
        (
            Class::Goroot,
            "trimmed",
            None,
            "built without `-trimpath`",
            "untrimmed-paths",
        ),
        (
            Class::Paths,
            "",
            None,
            "a path of the build host is in the program",
            "build-paths-leaked",
        ),
        (
            Class::Linkage,
            super::compare::GLIBC,
            None,
            "no longer runs on systems with an older glibc",
            "glibc-too-new",
        ),
        (
            Class::Linkage,
            super::compare::MIN_OS,
            None,
            "no longer runs on older releases of the system",
            "",
        ),
        (
            Class::Linkage,
            "interpreter",
            None,
            "needs a dynamic loader",
            "dynamic-linkage",
        ),
        (
            Class::Linkage,
            "rpath",
            None,
            "searches libraries in this directory",
            "unsafe-rpath",
        ),
        (
            Class::Linkage,
            "static",
            None,
            "needs shared libraries",
            "dynamic-linkage",
        ),
        (
            Class::Linkage,
            "pie",
            None,
            "no longer at a random address",
            "not-pie",
        ),
        (
            Class::Linkage,
            "relro",
            None,
            "tables of the loader stay writable",
            "",
        ),
        (
            Class::Linkage,
            "nx",
            None,
            "data or stack may be executed",
            "executable-stack",
        ),
        (
            Class::Linkage,
            "signed",
            None,
            "no longer signed",
            "unsigned-binary",
        ),
        (
            Class::Linkage,
            "",
            None,
            "needs this library",
            "dynamic-linkage",
        ),
        (
            Class::Integrity,
            "packed",
            None,
            "packed: most tools see nothing inside",
            "packed-executable",
        ),
        (
            Class::Integrity,
            super::facts::BUILD_INFO_SOURCE,
            None,
            "`go version -m` and most scanners no longer find the build info",
            "hidden-build-info",
        ),
        (
            Class::Integrity,
            "module data",
            None,
            "lists no modules, so scanners find nothing",
            "missing-build-info",
        ),
        (
            Class::Integrity,
            "fips checksum",
            None,
            "the FIPS 140 code was changed after linking",
            "fips-checksum-invalid",
        ),
        (
            Class::Integrity,
            "",
            None,
            "build info and program contradict each other",
            "contradicted-claim",
        ),
        (
            Class::Source,
            super::compare::BUILD_INFO,
            None,
            "no longer says from what it was built",
            "missing-build-info",
        ),
        (
            Class::Source,
            "vcs.modified",
            None,
            "built with uncommitted changes",
            "dirty-tree",
        ),
        (
            Class::Version,
            "",
            Some(Down),
            "an older version than before",
            "",
        ),
        (
            Class::Version,
            "vcs.revision",
            None,
            "no longer says from which commit it was built",
            "missing-vcs-stamp",
        ),
        (
            Class::Version,
            "",
            None,
            "no longer says its version",
            "unversioned-main",
        ),
        (
            Class::Vulnerability,
            "",
            None,
            "a known vulnerability is new, or more of it is linked",
            "vulnerable-symbol",
        ),
        (
            Class::Capability,
            "",
            None,
            "can do what it could not do before",
            "capability-gained",
        ),
        (
            Class::Content,
            "",
            None,
            "other bytes, although nothing in the build says why",
            "",
        ),
    ]
};

impl Change {
    /// What it means, if it is for the worse.
    pub fn meaning(&self) -> Option<Meaning> {
        let fits = |(class, key, direction, ..): &&Row| {
            *class == self.class
                && (key.is_empty() || *key == self.key)
                && direction.is_none_or(|direction| direction == self.direction)
        };
        let row = ROWS.iter().filter(|_| self.worse).find(fits)?;
        Some(row_meaning(row))
    }
}

impl Class {
    /// All that is for the worse in this class: keys (empty: any) and meanings.
    pub fn meanings(self) -> impl Iterator<Item = (&'static str, Meaning)> {
        let rows = ROWS.iter().filter(move |row| row.0 == self);
        rows.map(|row| (row.1, row_meaning(row)))
    }
}

fn row_meaning((.., text, rule): &Row) -> Meaning {
    Meaning {
        text,
        rule: Some(*rule).filter(|rule| !rule.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::registry;

    #[test]
    fn each_rule_exists_and_each_row_can_be_reached() {
        for (number, (class, key, direction, text, rule)) in ROWS.iter().enumerate() {
            assert!(rule.is_empty() || registry::find(rule).is_some(), "{rule}");
            let change = Change {
                class: *class,
                key: match *key {
                    "" => "some key".to_owned(),
                    key => key.to_owned(),
                },
                direction: direction.unwrap_or(Direction::Changed),
                old: None,
                new: None,
                worse: true,
                fixed: None,
                said: Vec::new(),
            };
            assert_eq!(change.meaning().unwrap().text, *text, "row {number}");
            let better = Change {
                worse: false,
                ..change
            };
            assert_eq!(better.meaning(), None);
        }
    }
}
