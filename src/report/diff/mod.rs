//! What changed between two sets of programs, one file per format.
//!
//! Must never: compare, read a file, print.

#[cfg(feature = "cli")]
pub mod html;
pub mod json;
pub mod markdown;
pub mod text;

use crate::audit::diff::{Change, Diff, Direction, Pair};
use crate::bytes::number::{bytes, count};

/// `old -> new`, or the one that is there.
fn values(c: &Change) -> String {
    let short = |v: &str| crate::audit::facts::shorten(v);
    match (&c.old, &c.new) {
        (Some(a), Some(b)) => format!("{} -> {}", short(a), short(b)),
        (Some(a), None) => format!("{} -> (none)", short(a)),
        (None, Some(b)) => format!("(none) -> {}", short(b)),
        (None, None) => String::new(),
    }
}

/// A sign for the direction.
fn sign(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "^",
        Direction::Down => "v",
        Direction::Added => "+",
        Direction::Removed => "-",
        Direction::Changed => "~",
    }
}

/// The path now, or before when the program is gone.
fn path(pair: &Pair) -> &str {
    pair.new
        .as_ref()
        .or(pair.old.as_ref())
        .map_or("", |s| &s.path)
}

/// Of how many programs nobody compared the bytes, where the report would read as if nothing had changed. Where it tells of changes it
/// is what it is for the files, and standard error says the rest.
fn open(diff: &Diff) -> Option<u64> {
    Some(diff.content_not_compared).filter(|n| *n > 0 && diff.pairs.is_empty())
}

/// `0 programs changed, 2 unchanged (content of 1 not compared: no sha256 in the records)`.
fn summary(diff: &Diff) -> String {
    let changed = count(diff.pairs.len() as u64, "program", "programs");
    let open = match open(diff) {
        None => String::new(),
        Some(n) => format!(" (content of {n} not compared: no sha256 in the records)"),
    };
    format!("{changed} changed, {} unchanged{open}", diff.unchanged)
}

/// Change of size in words; empty when there is none or one side is missing.
fn size(pair: &Pair) -> String {
    let (Some(a), Some(b)) = (&pair.old, &pair.new) else {
        return String::new();
    };
    if a.size == b.size {
        return String::new();
    }
    let (sign, change) = if b.size > a.size {
        ("+", b.size - a.size)
    } else {
        ("-", a.size - b.size)
    };
    let percent = if a.size == 0 {
        100.0
    } else {
        change as f64 / a.size as f64 * 100.0
    };
    // Rounded sizes that look the same would say that nothing changed.
    let (old, new) = match (bytes(a.size), bytes(b.size)) {
        (old, new) if old == new => (
            count(a.size, "byte", "bytes"),
            count(b.size, "byte", "bytes"),
        ),
        rounded => rounded,
    };
    format!("{old} -> {new} ({sign}{percent:.1}%)")
}

#[cfg(test)]
mod tests;
