//! Files of `NAME=value` lines, and shell scripts.

use super::assignment;
use super::collect::Collector;
use super::facts::Reader;
use super::place::{Env, Place};
use super::shell;
use super::text::{Source, Text};

/// A file of variables: `env_file` of Compose, `EnvironmentFile` of systemd, `--env-file` of Docker. Which of these reads it
/// is unknown. Quotes around a value are removed, as by all but Docker, and comments after it too, as by Compose and dotenv.
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

/// Most lines of one quoted value.
const MOST_LINES: u32 = 64;

/// The number of further lines of a quoted value. The closing quote must end its line.
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
        // The line begins inside the quotes.
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

/// Removes a comment after a value: ` #…` outside of the quotes around the value.
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
    // Without quotes, the blank before the `#` may be directly after the `=`.
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

/// Offset of the closing quote of a text that begins with a quote.
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

/// Reads a shell script. Who reads a variable depends on the commands after it.
pub fn script(source: &Source, out: &mut Collector) {
    let commands = shell::commands(&source.whole());
    let place = Place {
        scope: "script".into(),
        ..Place::default()
    };
    out.shell(&commands, &place, &mut Env::default());
}
