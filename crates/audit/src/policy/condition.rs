//! Conditions of custom rules: tests of record keys, combined by `all`, `any` and `not`.

use crate::keys::{BuildSetting, KeyedRecord, is_flag};
use crate::known::{self, GoRelease};
use crate::spelling;
use std::cmp::Ordering;

/// How to test a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// A value equals the text.
    Equals,
    /// No value equals the text.
    NotEquals,
    /// A value matches a glob.
    Glob,
    /// No value matches a glob.
    NotGlob,
    /// A value is in the list.
    In,
    /// No value is in the list.
    NotIn,
    /// A value contains the text.
    Contains,
    /// A value is a lower version or number.
    Less,
    /// A value is a lower or equal version or number.
    AtMost,
    /// A value is a higher version or number.
    Greater,
    /// A value is a higher or equal version or number.
    AtLeast,
    /// The key has a value.
    Exists,
    /// The key has no value.
    Missing,
}

impl Operator {
    /// Each operator with its spelling in a policy file.
    pub const ALL: [(&'static str, Operator); 13] = [
        ("=", Operator::Equals),
        ("!=", Operator::NotEquals),
        ("glob", Operator::Glob),
        ("!glob", Operator::NotGlob),
        ("in", Operator::In),
        ("!in", Operator::NotIn),
        ("contains", Operator::Contains),
        ("<", Operator::Less),
        ("<=", Operator::AtMost),
        (">", Operator::Greater),
        (">=", Operator::AtLeast),
        ("exists", Operator::Exists),
        ("missing", Operator::Missing),
    ];

    /// The operator with this spelling.
    pub fn parse(text: &str) -> Option<Operator> {
        Operator::ALL
            .iter()
            .find(|(s, _)| *s == text)
            .map(|(_, o)| *o)
    }

    /// Whether it takes no value.
    pub fn is_unary(self) -> bool {
        matches!(self, Operator::Exists | Operator::Missing)
    }

    /// Whether it takes a list.
    pub fn takes_list(self) -> bool {
        matches!(
            self,
            Operator::In | Operator::NotIn | Operator::Glob | Operator::NotGlob
        )
    }

    /// Whether it compares whole texts.
    pub fn is_equality(self) -> bool {
        matches!(
            self,
            Operator::Equals | Operator::NotEquals | Operator::In | Operator::NotIn
        )
    }

    /// The sign before an operator that holds when the one without it does not.
    pub fn negation(self) -> &'static str {
        match self {
            Operator::NotEquals | Operator::NotGlob | Operator::NotIn => "!",
            _ => "",
        }
    }

    /// Whether it compares versions or numbers.
    pub fn is_order(self) -> bool {
        matches!(
            self,
            Operator::Less | Operator::AtMost | Operator::Greater | Operator::AtLeast
        )
    }
}

/// A test, or a combination of tests.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// All of them hold.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// A test of one key.
    Test {
        /// Record key.
        key: String,
        /// The operator.
        operator: Operator,
        /// The values to compare with; empty for `exists` and `missing`.
        values: Vec<String>,
    },
}

impl Condition {
    /// Whether it holds for a record. A key without a value fails every test except `!=`, `!glob`, `!in` and `missing`.
    ///
    /// # Errors
    /// When a build setting that decides it is not recorded, and nothing in the program proves its value: the setting, and why.
    pub fn holds(&self, record: &KeyedRecord) -> Result<bool, Unanswered> {
        match self {
            Condition::All(list) => joined(list, record, false),
            Condition::Any(list) => joined(list, record, true),
            Condition::Not(c) => c.holds(record).map(|holds| !holds),
            Condition::Test {
                key,
                operator,
                values,
            } => {
                // A comparison says nothing about what a program of this architecture cannot have.
                if record.setting(key) == Some(BuildSetting::OfOtherArchitectures) {
                    return Ok(*operator == Operator::Missing);
                }
                let have = match operator.is_unary() {
                    true => stated(record, key),
                    false => record.answer(key),
                };
                let have = have.map_err(|why| Unanswered {
                    key: key.clone(),
                    why,
                })?;
                Ok(test(key, &have, *operator, values))
            }
        }
    }

    /// The keys that it reads, in order of mention, each with the values for which its test holds and the number of others; where it holds for no
    /// single value, all values.
    pub fn evidence(&self, record: &KeyedRecord) -> Vec<(&str, Vec<String>, usize)> {
        match self {
            Condition::All(list) | Condition::Any(list) => {
                list.iter().flat_map(|c| c.evidence(record)).collect()
            }
            Condition::Not(c) => c.evidence(record),
            Condition::Test {
                key,
                operator,
                values,
            } => {
                let all = record.answer(key).unwrap_or_default();
                let holds = |value: &&String| {
                    operator.negation().is_empty()
                        && test(key, std::slice::from_ref(*value), *operator, values)
                };
                let matching: Vec<String> = all.iter().filter(holds).cloned().collect();
                match matching.is_empty() {
                    true => vec![(key, all, 0)],
                    false => {
                        let others = all.len() - matching.len();
                        vec![(key, matching, others)]
                    }
                }
            }
        }
    }

    /// The keys that it reads, in order of mention.
    pub fn keys(&self) -> Vec<&str> {
        match self {
            Condition::All(list) | Condition::Any(list) => {
                list.iter().flat_map(Condition::keys).collect()
            }
            Condition::Not(c) => c.keys(),
            Condition::Test { key, .. } => vec![key],
        }
    }
}

/// A build setting on which a condition depends, and why nothing says its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// The key.
    pub key: String,
    /// Why.
    pub why: String,
}

/// Whether one of the conditions gives `decisive`, which decides for all of them whatever the others are.
fn joined(list: &[Condition], record: &KeyedRecord, decisive: bool) -> Result<bool, Unanswered> {
    let mut unanswered = None;
    for condition in list {
        match condition.holds(record) {
            Ok(holds) if holds == decisive => return Ok(decisive),
            Ok(_) => {}
            Err(why) => unanswered = unanswered.or(Some(why)),
        }
    }
    unanswered.map_or(Ok(!decisive), Err)
}

/// The values of a key for `exists` and `missing`: a flag that is off has none, and whether a commit is recorded is always known.
fn stated(record: &KeyedRecord, key: &str) -> Result<Vec<String>, String> {
    match record.setting(key) {
        Some(BuildSetting::Unknown(_)) if key.contains("vcs") => Ok(Vec::new()),
        _ => {
            let mut values = record.answer(key)?;
            values.retain(|value| !(is_flag(key) && value == "false"));
            Ok(values)
        }
    }
}

fn test(key: &str, have: &[String], operator: Operator, want: &[String]) -> bool {
    let is_same = |h: &str, w: &str| spelling::is_same(key, h, w);
    let any = |f: &dyn Fn(&str, &str) -> bool| have.iter().any(|h| want.iter().any(|w| f(h, w)));
    let order = |f: &dyn Fn(Ordering) -> bool| any(&|h, w| compare(h, w).is_some_and(f));
    match operator {
        Operator::Equals | Operator::In => any(&is_same),
        Operator::NotEquals | Operator::NotIn => !any(&is_same),
        Operator::Glob => any(&|h, w| spelling::matches_glob(w, h)),
        Operator::NotGlob => !any(&|h, w| spelling::matches_glob(w, h)),
        Operator::Contains => any(&|h, w| h.contains(w)),
        Operator::Less => order(&Ordering::is_lt),
        Operator::AtMost => order(&Ordering::is_le),
        Operator::Greater => order(&Ordering::is_gt),
        Operator::AtLeast => order(&Ordering::is_ge),
        Operator::Exists => !have.is_empty(),
        Operator::Missing => have.is_empty(),
    }
}

/// The order of two texts as Go releases, module versions or dotted numbers; `None` when they are of different kinds.
pub fn compare(a: &str, b: &str) -> Option<Ordering> {
    if a.starts_with("go") && b.starts_with("go") {
        return Some(GoRelease::parse(a)?.cmp(&GoRelease::parse(b)?));
    }
    let numbers = |v: &str| {
        v.split('.')
            .map(|p| p.parse::<u64>().ok())
            .collect::<Option<Vec<_>>>()
    };
    if let (Some(a), Some(b)) = (numbers(a), numbers(b)) {
        return Some(a.cmp(&b));
    }
    // Programs write their versions with or without `v`.
    let full = |v: &str| format!("v{}", v.strip_prefix('v').unwrap_or(v));
    let (a, b) = (full(a), full(b));
    let module = known::is_module_version(&a) && known::is_module_version(&b);
    module.then(|| known::compare_modules(&a, &b))
}

/// Whether a text can be ordered.
pub fn is_ordered(text: &str) -> bool {
    compare(text, text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_does_what_its_name_says() {
        let have = ["go1.26.3".to_string()];
        for (op, want, yes) in [
            ("=", "go1.26.3", true),
            ("!=", "go1.26.3", false),
            ("glob", "go1.26*", true),
            ("!glob", "go1.26*", false),
            ("in", "go1.26.3", true),
            ("!in", "go1.26.3", false),
            ("contains", "1.26", true),
            ("<", "go1.26.10", true),
            ("<=", "go1.26.3", true),
            (">", "go1.9.9", true),
            (">=", "go1.27", false),
            ("<", "v1.0.0", false),
            ("exists", "", true),
            ("missing", "", false),
        ] {
            assert_eq!(
                test(
                    "go_version",
                    &have,
                    Operator::parse(op).unwrap(),
                    &[want.into()]
                ),
                yes,
                "{op} {want}"
            );
        }
        assert!(
            test("go_version", &[], Operator::NotEquals, &["x".into()])
                && !test("go_version", &[], Operator::Less, &["go1.27".into()])
        );
        let version = ["v2.102.0".to_string()];
        for (op, want, yes) in [
            ("=", "2.102.0", true),
            ("!=", "2.102.0", false),
            ("=", "2.102", false),
        ] {
            let operator = Operator::parse(op).unwrap();
            assert_eq!(
                test("version", &version, operator, &[want.into()]),
                yes,
                "{op} {want}"
            );
        }
        assert_eq!(compare("2.9", "2.28"), Some(Ordering::Less));
        assert_eq!(compare("v1.10.0", "v1.9.0"), Some(Ordering::Greater));
        assert_eq!(compare("v2.5.0", "2.10.0"), Some(Ordering::Less));
        assert_eq!(compare("2.5.0-rc.1", "v2.5.0"), Some(Ordering::Less));
        assert_eq!(compare("v2.5.0", "go1.27.3"), None);
        assert!(!is_ordered("latest") && is_ordered("2.28"));
    }
}
