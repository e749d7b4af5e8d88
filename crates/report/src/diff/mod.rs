//! Formats of the diff between two sets of programs, with a file for each.
//!
//! Must never compare, read a file, or print.

mod groups;
#[cfg(feature = "formats")]
pub mod html;
pub mod json;
pub mod markdown;
mod names;
mod packages;
pub mod text;

use gospect_audit::diff::{Change, Class, Diff, Direction, Meaning, Pair};
use gospect_bytes::number::{bytes, count};

/// `old -> new`, or the value that exists.
fn values(change: &Change) -> String {
    // What a module can do is a sentence that goes on after the name of the module.
    if change.class == Class::Capability {
        return change
            .new
            .as_ref()
            .or(change.old.as_ref())
            .cloned()
            .unwrap_or_default();
    }
    let short = |v: &str| match v {
        "" => "\"\"".into(),
        v => gospect_audit::shorten(v),
    };
    let fixed = known_of(change);
    match (&change.old, &change.new) {
        (Some(old), Some(new)) => format!("{} -> {}{fixed}", short(old), short(new)),
        (Some(old), None) => format!("{} -> (none)", short(old)),
        (None, Some(new)) => format!("(none) -> {}{fixed}", short(new)),
        (None, None) => String::new(),
    }
}

/// What is known of a vulnerability that the new state has: the version that fixes it, and what lists say.
fn known_of(change: &Change) -> String {
    let fixed = change
        .fixed
        .iter()
        .map(|version| format!(", fixed in {version}"));
    let said = change.said.iter().map(|text| format!("; {text}"));
    fixed.chain(said).collect()
}

/// What a change for the worse means, with the rule that says more.
fn sentence(meaning: &Meaning) -> String {
    match meaning.rule {
        Some(rule) => format!("{} ({rule})", meaning.text),
        None => meaning.text.to_owned(),
    }
}

/// The sign for a direction.
fn sign(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "^",
        Direction::Down => "v",
        Direction::Added => "+",
        Direction::Removed => "-",
        Direction::Changed => "~",
    }
}

/// The new path, or the old one when the program is gone.
fn path(pair: &Pair) -> &str {
    pair.new
        .as_ref()
        .or(pair.old.as_ref())
        .map_or("", |s| &s.path)
}

/// The number of programs whose bytes were not compared, if the report would otherwise read as if nothing had changed. If there
/// are changes, standard error reports the number instead.
fn content_not_compared(diff: &Diff) -> Option<u64> {
    Some(diff.content_not_compared).filter(|n| *n > 0 && diff.pairs.is_empty())
}

/// The number of programs with changes that are on both sides.
fn compared(diff: &Diff) -> usize {
    let both = |pair: &&Pair| pair.old.is_some() && pair.new.is_some();
    diff.pairs.iter().filter(both).count()
}

/// `1 program changed, 1 added, 2 unchanged (content of 1 not compared: no sha256 in the records)`; where all
/// are unchanged and compared, they are the same bytes.
fn summary(diff: &Diff) -> String {
    let changed = count(compared(diff) as u64, "program", "programs");
    let only = |is_only: fn(&Pair) -> bool, word: &str| match diff
        .pairs
        .iter()
        .filter(|p| is_only(p))
        .count()
    {
        0 => String::new(),
        number => format!(", {number} {word}"),
    };
    let added = only(|pair| pair.old.is_none(), "added");
    let removed = only(|pair| pair.new.is_none(), "removed");
    let not_compared = match content_not_compared(diff) {
        None if diff.pairs.is_empty() && diff.unchanged > 0 => " (same bytes)".to_owned(),
        None => String::new(),
        Some(number) => format!(" (content of {number} not compared: no sha256 in the records)"),
    };
    let mut both = diff
        .pairs
        .iter()
        .filter(|p| p.old.is_some() && p.new.is_some());
    let same_bytes = match compared(diff) > 0 && both.all(|pair| pair.same_bytes) {
        true => " (the same bytes)",
        false => "",
    };
    let images = match diff.images.len() as u64 {
        0 => String::new(),
        number => format!("{} changed, ", count(number, "image", "images")),
    };
    format!(
        "{images}{changed} changed{same_bytes}{added}{removed}, {} unchanged{not_compared}",
        diff.unchanged
    )
}

/// The change of size in words; empty when there is none or one side is missing.
fn size(pair: &Pair) -> String {
    let (Some(old), Some(new)) = (&pair.old, &pair.new) else {
        return String::new();
    };
    if old.size == new.size {
        return String::new();
    }
    let (sign, change) = if new.size > old.size {
        ("+", new.size - old.size)
    } else {
        ("-", old.size - new.size)
    };
    let percent = if old.size == 0 {
        100.0
    } else {
        change as f64 / old.size as f64 * 100.0
    };
    // If the rounded sizes look equal, shows bytes.
    let (old_size, new_size) = match (bytes(old.size), bytes(new.size)) {
        (old_size, new_size) if old_size == new_size => (
            count(old.size, "byte", "bytes"),
            count(new.size, "byte", "bytes"),
        ),
        rounded => rounded,
    };
    format!("{old_size} -> {new_size} ({sign}{percent:.1}%)")
}

#[cfg(test)]
mod tests;
