//! Parses one assignment, as in files of variables, lists and options.

use super::kind::is_name;
use super::text::Text;

/// Parses `NAME=value` or `export NAME="value"`; `unquote` removes quotes around the value, as some readers of such files do.
pub fn of(text: &Text, unquote: bool) -> Option<(String, Text)> {
    let chars = text.as_str();
    let start = if chars.starts_with("export ") { 7 } else { 0 };
    let (name, value) = chars.get(start..)?.split_once('=')?;
    let name = name.trim();
    if !is_name(name) {
        return None;
    }
    let mut from = chars.len() - value.len();
    let mut end = chars.len();
    let quoted =
        |q: char| unquote && value.len() >= 2 && value.starts_with(q) && value.ends_with(q);
    if quoted('"') || quoted('\'') {
        (from, end) = (from + 1, end - 1);
    }
    Some((name.to_owned(), text.slice(from..end).trim()))
}
