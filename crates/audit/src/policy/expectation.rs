//! What every program must say: a key with a value, a glob, or a bound.

use super::condition::{Operator, compare, is_ordered};
use super::error::PolicyError;
use crate::{glob, spelling};
use std::fmt;

/// The signs of a bound, longer ones first, so that `>=` is not read as `>`.
const BOUNDS: [(&str, Operator); 4] = [
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    (">", Operator::Greater),
    ("<", Operator::Less),
];

/// A value that every program must have.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// Record key, see `docs/policy.md`.
    pub key: String,
    /// What its value must be.
    pub wanted: Wanted,
}

/// What a value must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// This text, or a text that matches this glob.
    Value(String),
    /// A version or number on this side of a limit.
    Bound(Operator, String),
}

impl fmt::Display for Wanted {
    /// As `[expect]` spells it: `v1.2.*`, `>=go1.26`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wanted::Value(value) => f.write_str(value),
            Wanted::Bound(operator, limit) => {
                let sign = BOUNDS.iter().find(|(_, o)| o == operator);
                write!(f, "{}{limit}", sign.map_or("", |(sign, _)| sign))
            }
        }
    }
}

impl Expectation {
    /// The expectation for a key from the text beside it: `>=1.26` is a bound, any other text is a value or a glob.
    ///
    /// # Errors
    /// When the text is no glob, or the limit of a bound is neither a version nor a number.
    pub(super) fn parse(key: &str, text: &str) -> Result<Expectation, PolicyError> {
        let spelled = |value: &str| spelling::spelled(key, value).into_owned();
        let bound = BOUNDS.iter().find_map(|(sign, operator)| {
            let limit = text.strip_prefix(sign)?;
            Some((*operator, spelled(limit.trim_start())))
        });
        let wanted = match bound {
            Some((operator, limit)) => {
                if !is_ordered(&limit) {
                    return Err(PolicyError::NoLimit(limit));
                }
                Wanted::Bound(operator, limit)
            }
            None => {
                glob::check(text).map_err(|source| PolicyError::Glob {
                    value: text.to_owned(),
                    source,
                })?;
                if let Some(why) = spelling::never_recorded(key, text) {
                    return Err(PolicyError::NeverRecorded {
                        key: key.to_owned(),
                        value: text.to_owned(),
                        why,
                    });
                }
                Wanted::Value(spelled(text))
            }
        };
        Ok(Expectation {
            key: key.to_owned(),
            wanted,
        })
    }
}

impl Wanted {
    /// Whether a bound holds for a value; false for a value that cannot be ordered beside the limit.
    pub(crate) fn holds_bound(operator: Operator, limit: &str, value: &str) -> bool {
        compare(value, limit).is_some_and(|order| match operator {
            Operator::Less => order.is_lt(),
            Operator::AtMost => order.is_le(),
            Operator::Greater => order.is_gt(),
            Operator::AtLeast => order.is_ge(),
            _ => false,
        })
    }
}
