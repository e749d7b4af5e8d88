//! Files of `NAME=value` lines, and shell scripts.

use super::collect::{Collector, Env, Place, Reader};
use super::kind::is_name;
use super::shell;
use super::text::{Source, Text};

/// A file of variables: `env_file` of Compose, `EnvironmentFile` of systemd, `--env-file` of Docker. Quotes around a
/// value are taken off, as all but Docker do.
pub fn file(source: &Source, out: &mut Collector) {
    let place = Place {
        scope: "every program that gets this file".into(),
        reader: Reader::SomeProgram,
        ..Place::default()
    };
    let mut all = Vec::new();
    for (number, line) in source.lines() {
        let text = Text::line(line, number, 1).trim();
        if let Some((name, value)) = assignment(&text, true) {
            all.push((name, value, text.whole()));
        }
    }
    out.variables(all, "", &place);
}

/// `NAME=value` or `export NAME="value"`; the quotes go where the reader of the file takes them off.
pub fn assignment(text: &Text, unquote: bool) -> Option<(String, Text)> {
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

/// A script: what runs its commands is told by each of them.
pub fn script(source: &Source, out: &mut Collector) {
    let commands = shell::commands(&lines(source));
    let place = Place {
        scope: "script".into(),
        ..Place::default()
    };
    out.shell(&commands, &place, &mut Env::default());
}

fn lines(source: &Source) -> Text {
    let mut text = Text::at(1, 1);
    for (number, line) in source.lines() {
        text.extend(line, number, 1);
        let width = u32::try_from(line.chars().count()).unwrap_or(u32::MAX);
        text.push('\n', number, width.saturating_add(1));
    }
    text
}
