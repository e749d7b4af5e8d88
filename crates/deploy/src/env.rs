//! Files of `NAME=value` lines, and shell scripts.

use super::assignment;
use super::collect::Collector;
use super::found::Reader;
use super::place::{Env, Place};
use super::shell;
use super::text::{Source, Text};

/// A file of variables: `env_file` of Compose, `EnvironmentFile` of systemd, `--env-file` of Docker. Which of them reads it
/// is not known: quotes around a value go, as all but Docker do, and so do comments behind it, as Compose and dotenv do.
pub fn file(source: &Source, out: &mut Collector) {
    let place = Place {
        scope: "every program that gets this file".into(),
        reader: Reader::SomeProgram,
        ..Place::default()
    };
    let mut all = Vec::new();
    let mut lines = source.lines();
    while let Some((number, line)) = lines.next() {
        let mut text = Text::line(line, number, 1).trim();
        for _ in 0..further(source, number, &text) {
            if let Some((number, line)) = lines.next() {
                text.push('\n', number, 1);
                text.extend(line.trim_end(), number, 1);
            }
        }
        let text = uncommented(&text);
        if let Some((name, value)) = assignment::of(&text, true) {
            all.push((name, value, text.whole()));
        }
    }
    out.variables(all, "", &place);
}

/// Lines of one value in quotes at the most.
const MOST_LINES: u32 = 64;

/// How many lines follow that a value in quotes goes on through; the quote that ends it ends its line too.
fn further(source: &Source, number: u32, text: &Text) -> u32 {
    let value = text.as_str().split_once('=').map(|(_, v)| v.trim_start());
    let quote = value.and_then(|v| v.chars().next());
    let Some(quote) = quote.filter(|q| matches!(q, '"' | '\'')) else {
        return 0;
    };
    if value.is_none_or(|v| closing_quote(v, quote).is_some()) {
        return 0;
    }
    for count in 1..=MOST_LINES {
        let Some(line) = source.get(number.saturating_add(count)) else {
            return 0;
        };
        // The rest of a line begins inside the quotes.
        let inside = format!("{quote}{line}");
        if let Some(at) = closing_quote(&inside, quote) {
            let rest = inside.get(at + 1..).unwrap_or_default().trim();
            return if rest.is_empty() || rest.starts_with('#') {
                count
            } else {
                0
            };
        }
    }
    0
}

/// Without the comment behind a value: ` #…`, not inside quotes around the value.
fn uncommented(text: &Text) -> Text {
    let chars = text.as_str();
    let Some((name, value)) = chars.split_once('=') else {
        return text.clone();
    };
    let from = name.len() + 1 + (value.len() - value.trim_start().len());
    let rest = chars.get(from..).unwrap_or_default();
    let quoted = match rest.chars().next() {
        Some(q @ ('"' | '\'')) => closing_quote(rest, q).map_or(0, |at| at + 1),
        _ => 0,
    };
    // Blanks before the value may be those before the comment.
    let start = if quoted == 0 {
        name.len() + 1
    } else {
        from + quoted
    };
    let mut before = quoted > 0;
    for (at, c) in chars.get(start..).unwrap_or_default().char_indices() {
        if c == '#' && before {
            return text.slice(0..start + at).trim();
        }
        before = c.is_whitespace();
    }
    text.clone()
}

/// Byte of the quote that ends a text which begins with it.
fn closing_quote(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match c {
            '\\' if quote == '"' => escaped = true,
            c if c == quote => return Some(at),
            _ => {}
        }
    }
    None
}

/// A script: what runs its commands is told by each of them.
pub fn script(source: &Source, out: &mut Collector) {
    let commands = shell::commands(&source.whole());
    let place = Place {
        scope: "script".into(),
        ..Place::default()
    };
    out.shell(&commands, &place, &mut Env::default());
}
