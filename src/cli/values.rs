//! Parsers for the values of arguments.

use crate::audit::Date;
use crate::knowledge::GoVersion;
use clap::builder::{PossibleValue, PossibleValuesParser};

/// A closed set of words, each with its explanation.
pub fn choices(
    words: impl IntoIterator<Item = (&'static str, &'static str)>,
) -> PossibleValuesParser {
    PossibleValuesParser::new(
        words
            .into_iter()
            .map(|(name, doc)| PossibleValue::new(name).help(doc))
            .collect::<Vec<_>>(),
    )
}

/// Why the value of an argument makes no sense; the text follows clap's message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadValue {
    #[error("needs a Go release, such as 1.27 or go1.26.6")]
    Release,
    #[error("needs a day, such as 2026-11-22")]
    Date,
    #[error("needs a number, such as 16KiB")]
    Number,
    #[error("no such unit: {0}; use K, M, G or T")]
    Unit(String),
    #[error("too large")]
    TooLarge,
    #[error("needs KEY=VALUE, such as GODEBUG=panicnil=1")]
    Pair,
}

/// A Go release, with or without `go`.
pub fn parse_release(text: &str) -> Result<GoVersion, BadValue> {
    let name = format!("go{}", text.strip_prefix("go").unwrap_or(text));
    let version = GoVersion::parse(&name).filter(|v| v.minor().is_some());
    version.ok_or(BadValue::Release)
}

/// A day.
pub fn parse_date(text: &str) -> Result<Date, BadValue> {
    Date::parse(text).ok_or(BadValue::Date)
}

/// A number of bytes, with an optional unit: `64K`, `16KiB`, `2M`, `1GiB`; all units are powers of 1024.
pub fn parse_size(text: &str) -> Result<u64, BadValue> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit
        .trim()
        .to_ascii_lowercase()
        .trim_end_matches("ib")
        .trim_end_matches('b')
    {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return Err(BadValue::Unit(unit.to_owned())),
    };
    let number: u64 = number.parse().map_err(|_| BadValue::Number)?;
    number.checked_mul(1 << shift).ok_or(BadValue::TooLarge)
}

/// `KEY=VALUE`.
pub fn parse_pair(text: &str) -> Result<(String, String), BadValue> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(BadValue::Pair),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("0", 0),
            ("17", 17),
            ("16KiB", 16384),
            ("16k", 16384),
            ("2MB", 2 << 20),
            ("1G", 1 << 30),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "k", "1x", "-1", "99999999999T", "1.5M"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
