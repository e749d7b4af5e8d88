//! Compares claims about a program's own version in two states of it.
//!
//! Two claims are compared when they have the same source: the main module, a variable (whether `-X` or a linker string gives
//! its value), the commit, a label, the file name. The strings of stripped programs have no names, so they are compared by
//! value, and those that differ in their order.

use super::changes::{Changes, directed};
use super::{Class, Direction};
use crate::known;
use gospect_record::{Binary, VersionClaim};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn compare(old: &Binary, new: &Binary, out: &mut Changes) {
    let (Some(old_claims), Some(new_claims)) = (&old.versions, &new.versions) else {
        return;
    };
    let (before, now) = (Claims::of(old_claims), Claims::of(new_claims));
    let (loose_before, loose_now) = (before.without_partner(&now), now.without_partner(&before));
    for key in before
        .named
        .keys()
        .chain(now.named.keys())
        .collect::<BTreeSet<_>>()
    {
        let (old_value, new_value) = (before.named.get(key).copied(), now.named.get(key).copied());
        // A value for which only one side has a name is still the same value.
        let known_otherwise = |value: Option<&str>, strings: &[&str]| {
            value.is_some_and(|value| key.is_variable && strings.contains(&value))
        };
        if known_otherwise(old_value.filter(|_| new_value.is_none()), &now.strings)
            || known_otherwise(new_value.filter(|_| old_value.is_none()), &before.strings)
        {
            continue;
        }
        change(&key.text, old_value, new_value, out);
    }
    for index in 0..loose_before.len().max(loose_now.len()) {
        let (old_value, new_value) = (
            loose_before.get(index).copied(),
            loose_now.get(index).copied(),
        );
        change("linker string", old_value, new_value, out);
    }
}

/// The key of the version of the main module.
const MAIN_MODULE: &str = "main module version";

fn change(key: &str, old: Option<&str>, new: Option<&str>, out: &mut Changes) {
    let direction = match (old, new) {
        (a, b) if a == b => return,
        (None, _) => Direction::Added,
        (_, None) => Direction::Removed,
        (Some(a), Some(b)) => directed(order(a, b)),
    };
    // Without these nothing says from which source the program was built.
    let is_lost = direction == Direction::Removed && matches!(key, MAIN_MODULE | "vcs.revision");
    let worse = direction == Direction::Down || is_lost;
    out.push(Class::Version, key, direction, old, new, worse);
}

/// The order of two versions, with or without `v`; `None` if either is not a version, such as a commit.
fn order(a: &str, b: &str) -> Option<Ordering> {
    let full = |v: &str| format!("v{}", v.strip_prefix('v').unwrap_or(v));
    let (a, b) = (full(a), full(b));
    let comparable = known::is_module_version(&a) && known::is_module_version(&b);
    comparable.then(|| known::compare_modules(&a, &b))
}

/// The source of a claim.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct ClaimSource {
    text: String,
    is_variable: bool,
}

/// The claims of one side.
struct Claims<'b> {
    named: BTreeMap<ClaimSource, &'b str>,
    /// Values of unnamed linker strings.
    strings: Vec<&'b str>,
}

impl<'b> Claims<'b> {
    fn of(claims: &'b [VersionClaim]) -> Self {
        let mut all = Self {
            named: BTreeMap::new(),
            strings: Vec::new(),
        };
        for claim in claims {
            let name = claim.name.as_deref();
            let (text, is_variable) = match (claim.source.as_str(), name) {
                ("main-module", _) => (MAIN_MODULE, false),
                ("linker-string", None) => {
                    all.strings.push(&claim.value);
                    continue;
                }
                ("x-flag" | "linker-string", Some(name)) => (name, true),
                // File names contain the version, so they are not keys.
                ("file-name", _) => ("file name", false),
                (source, name) => (name.unwrap_or(source), false),
            };
            // Of two claims with the same source the first counts: a recorded flag comes before the string that it set.
            all.named
                .entry(ClaimSource {
                    text: text.to_owned(),
                    is_variable,
                })
                .or_insert(&claim.value);
        }
        // In a program that records its flags, the strings are what the flags set.
        let known: Vec<&str> = all.variables().collect();
        all.strings.retain(|value| !known.contains(value));
        all
    }

    fn variables(&self) -> impl Iterator<Item = &'b str> {
        let variables = self.named.iter().filter(|(key, _)| key.is_variable);
        variables.map(|(_, value)| *value)
    }

    /// The strings that the other side does not have.
    fn without_partner(&self, other: &Self) -> Vec<&'b str> {
        let there = |value: &&str| {
            other.strings.contains(value) || other.variables().any(|known| known == *value)
        };
        self.strings.iter().copied().filter(|v| !there(v)).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::diff::{Class, Direction, diff};
    use crate::testing::binary;
    use gospect_record::{Binary, VersionClaim};

    type Claim = (&'static str, &'static str, &'static str);

    fn with(claims: &[Claim]) -> Binary {
        let claim = |(source, name, value): &Claim| VersionClaim {
            value: (*value).to_owned(),
            source: (*source).into(),
            name: (!name.is_empty()).then(|| (*name).to_owned()),
        };
        binary(|b| b.versions = Some(claims.iter().map(claim).collect()))
    }

    fn changes(old: &[Claim], new: &[Claim]) -> Vec<(String, Direction)> {
        let d = diff(&[with(old)], &[with(new)]);
        assert!(d.changes().all(|c| c.class == Class::Version), "{d:?}");
        d.changes().map(|c| (c.key.clone(), c.direction)).collect()
    }

    #[test]
    fn every_kind_of_claim_is_compared() {
        use Direction::{Added, Changed, Down, Removed, Up};
        const X: &str = "x-flag";
        const S: &str = "linker-string";
        const LABEL: &str = "org.opencontainers.image.version";
        for (old, new, key, direction) in [
            (
                &[("main-module", "", "v1.9.0")][..],
                &[("main-module", "", "v1.10.0")][..],
                "main module version",
                Up,
            ),
            (
                &[("main-module", "", "(devel)")],
                &[("main-module", "", "v1.10.0")],
                "main module version",
                Changed,
            ),
            (
                &[(X, "main.version", "1.2.0")],
                &[(X, "main.version", "1.1.9")],
                "main.version",
                Down,
            ),
            (
                &[(S, "main.version", "1.2.0")],
                &[(S, "main.version", "1.3.0")],
                "main.version",
                Up,
            ),
            (
                &[(X, "main.version", "1.2.0"), (S, "", "1.2.0")],
                &[(X, "main.version", "1.3.0"), (S, "", "1.3.0")],
                "main.version",
                Up,
            ),
            (
                &[(S, "", "1.2.0")],
                &[(S, "", "1.3.0")],
                "linker string",
                Up,
            ),
            (&[(S, "", "1.2.0")], &[], "linker string", Removed),
            (
                &[(S, "", "1.30.1"), (S, "", "1.2.0")],
                &[(S, "", "1.30.1"), (S, "", "1.3.0")],
                "linker string",
                Up,
            ),
            (
                &[("vcs", "vcs.revision", "abc")],
                &[("vcs", "vcs.revision", "def")],
                "vcs.revision",
                Changed,
            ),
            (
                &[("file-name", "app_1.2.0", "1.2.0")],
                &[("file-name", "app_1.3.0", "1.3.0")],
                "file name",
                Up,
            ),
            (&[], &[("image-label", LABEL, "1.3.0")], LABEL, Added),
        ] {
            assert_eq!(
                changes(old, new),
                [(key.to_owned(), direction)],
                "{old:?} {new:?}"
            );
            assert_eq!(changes(old, old), []);
        }
    }

    #[test]
    fn losing_what_names_the_source_is_for_the_worse() {
        let commit: Claim = ("vcs", "vcs.revision", "abc");
        let module: Claim = ("main-module", "", "v1.9.0");
        let file: Claim = ("file-name", "app_1.2.0", "1.2.0");
        for (claim, lost, gained) in [
            (commit, true, false),
            (module, true, false),
            (file, false, false),
        ] {
            for (old, new, expected) in [(&[claim][..], &[][..], lost), (&[], &[claim], gained)] {
                let d = diff(&[with(old)], &[with(new)]);
                let worse: Vec<bool> = d.changes().map(|c| c.worse).collect();
                assert_eq!(worse, [expected], "{old:?} {new:?}");
            }
        }
    }

    #[test]
    fn the_same_version_from_another_source_is_no_change() {
        const V: &str = "1.2.0";
        let ways: [&[Claim]; 4] = [
            &[
                ("x-flag", "main.version", V),
                ("linker-string", "main.version", V),
            ],
            &[("x-flag", "main.version", V), ("linker-string", "", V)],
            &[("linker-string", "main.version", V)],
            &[("linker-string", "", V)],
        ];
        for old in ways {
            for new in ways {
                assert_eq!(changes(old, new), [], "{old:?} {new:?}");
            }
        }
        let unknown = binary(|b| b.versions = None);
        let d = diff(&[unknown], &[with(&[("x-flag", "main.version", V)])]);
        assert_eq!(d.changes().count(), 0);
    }
}
