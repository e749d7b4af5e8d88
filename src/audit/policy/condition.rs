//! Conditions of custom rules: typed tests over record keys, joined by `all`, `any` and `not`.

use crate::audit::glob;
use crate::audit::keys::Record;
use crate::audit::known::{self, Release};
use std::cmp::Ordering;

/// How a key is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Some value is the text.
    Equals,
    /// No value is the text.
    NotEquals,
    /// Some value matches the glob (or one of them).
    Glob,
    /// No value matches the glob (or any of them).
    NotGlob,
    /// Some value is in the list.
    In,
    /// No value is in the list.
    NotIn,
    /// Some value holds the text.
    Contains,
    /// Some value is a version or number below.
    Less,
    /// ... below or the same.
    AtMost,
    /// ... above.
    Greater,
    /// ... above or the same.
    AtLeast,
    /// The key has a value.
    Exists,
    /// The key has no value.
    Missing,
}

impl Operator {
    /// Spelling in a policy file, meaning.
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

    /// The operator with that spelling.
    pub fn parse(text: &str) -> Option<Operator> {
        Operator::ALL
            .iter()
            .find(|(s, _)| *s == text)
            .map(|(_, o)| *o)
    }

    /// True when it needs no value.
    pub fn is_unary(self) -> bool {
        matches!(self, Operator::Exists | Operator::Missing)
    }

    /// True when it takes a list.
    pub fn takes_list(self) -> bool {
        matches!(
            self,
            Operator::In | Operator::NotIn | Operator::Glob | Operator::NotGlob
        )
    }

    /// True when it compares versions or numbers.
    pub fn is_order(self) -> bool {
        matches!(
            self,
            Operator::Less | Operator::AtMost | Operator::Greater | Operator::AtLeast
        )
    }
}

/// A test, or several joined.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// Every one holds.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// A test of one key.
    Test {
        /// Record key.
        key: String,
        /// How.
        operator: Operator,
        /// Against what; empty for `exists` and `missing`.
        values: Vec<String>,
    },
}

impl Condition {
    /// True when it holds for the record. A key without value fails every test but `!=`, `!glob`, `!in` and `missing`.
    pub fn holds(&self, record: &Record) -> bool {
        match self {
            Condition::All(list) => list.iter().all(|c| c.holds(record)),
            Condition::Any(list) => list.iter().any(|c| c.holds(record)),
            Condition::Not(c) => !c.holds(record),
            Condition::Test {
                key,
                operator,
                values,
            } => test(&record.values(key), *operator, values),
        }
    }

    /// The keys it asks for, in order of mention.
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

fn test(have: &[String], operator: Operator, want: &[String]) -> bool {
    let any = |f: &dyn Fn(&str, &str) -> bool| have.iter().any(|h| want.iter().any(|w| f(h, w)));
    let order = |f: &dyn Fn(Ordering) -> bool| any(&|h, w| compare(h, w).is_some_and(f));
    match operator {
        Operator::Equals | Operator::In => any(&|h, w| h == w),
        Operator::NotEquals | Operator::NotIn => !any(&|h, w| h == w),
        Operator::Glob => any(&|h, w| glob::matches(w, h)),
        Operator::NotGlob => !any(&|h, w| glob::matches(w, h)),
        Operator::Contains => any(&|h, w| h.contains(w)),
        Operator::Less => order(&Ordering::is_lt),
        Operator::AtMost => order(&Ordering::is_le),
        Operator::Greater => order(&Ordering::is_gt),
        Operator::AtLeast => order(&Ordering::is_ge),
        Operator::Exists => !have.is_empty(),
        Operator::Missing => have.is_empty(),
    }
}

/// Order of two texts as Go releases, module versions or dotted numbers; `None` when they are of different kinds.
pub fn compare(a: &str, b: &str) -> Option<Ordering> {
    if a.starts_with("go") && b.starts_with("go") {
        return Some(Release::parse(a)?.cmp(&Release::parse(b)?));
    }
    let numbers = |v: &str| {
        v.split('.')
            .map(|p| p.parse::<u64>().ok())
            .collect::<Option<Vec<_>>>()
    };
    if let (Some(a), Some(b)) = (numbers(a), numbers(b)) {
        return Some(a.cmp(&b));
    }
    // Programs write their versions with `v` or without it.
    let full = |v: &str| format!("v{}", v.strip_prefix('v').unwrap_or(v));
    let (a, b) = (full(a), full(b));
    let module = known::is_module_version(&a) && known::is_module_version(&b);
    module.then(|| known::compare_modules(&a, &b))
}

/// True when the text can be compared at all.
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
                test(&have, Operator::parse(op).unwrap(), &[want.into()]),
                yes,
                "{op} {want}"
            );
        }
        assert!(
            test(&[], Operator::NotEquals, &["x".into()])
                && !test(&[], Operator::Less, &["go1.27".into()])
        );
        assert_eq!(compare("2.9", "2.28"), Some(Ordering::Less));
        assert_eq!(compare("v1.10.0", "v1.9.0"), Some(Ordering::Greater));
        assert_eq!(compare("v2.5.0", "2.10.0"), Some(Ordering::Less));
        assert_eq!(compare("2.5.0-rc.1", "v2.5.0"), Some(Ordering::Less));
        assert_eq!(compare("v2.5.0", "go1.27.3"), None);
        assert!(!is_ordered("latest") && is_ordered("2.28"));
    }
}
