//! Jenkinsfiles: the scripts of `sh` steps, the variables of `environment` blocks and of `withEnv`, and the image of an agent.
//!
//! Groovy is not evaluated: a step inside a condition counts like any other.

use super::assignment;
use super::collect::Collector;
use super::facts::Reader;
use super::kind::is_name;
use super::place::{Env, Place};
use super::release::{Toolchain, of_image};
use super::shell;
use super::text::{Source, Text};

/// Most string literals of one file.
const MAX_LITERALS: usize = 20_000;

/// A string literal of Groovy, and the code before it.
struct Literal {
    /// The code between the previous literal and this one, without comments.
    before: String,
    text: Text,
}

/// Reads a file.
pub fn read(source: &Source, out: &mut Collector) {
    let whole = all(source);
    let literals = literals(&whole);
    let go = release(&literals);
    let place = Place {
        scope: "pipeline".into(),
        reader: Reader::Build,
        go,
        ..Place::default()
    };
    let mut env = Env::default();
    let mut in_environment = false;
    let mut in_with = false;
    let mut open = false;
    for literal in &literals {
        let before = literal.before.as_str();
        // A block of variables ends with its closing bracket.
        if let Some(at) = before.rfind("environment") {
            in_environment = before
                .get(at + 11..)
                .is_some_and(|r| r.trim_start().starts_with('{'))
                && !before.get(at..).is_some_and(|r| r.contains('}'));
        } else if before.contains('}') {
            in_environment = false;
        }
        if let Some(at) = before.rfind("withEnv") {
            in_with = !before.get(at..).is_some_and(|r| r.contains(']'));
        } else if before.contains(']') {
            in_with = false;
        }
        if in_environment && let Some(name) = assigned(before) {
            env.export(name, literal.text.as_str(), literal.text.whole());
            let at = literal.text.whole();
            out.variable(name, literal.text.clone(), at, "environment ", &place);
            continue;
        }
        if in_with {
            if let Some((name, value)) = assignment::of(&literal.text, false) {
                out.variable(&name, value, literal.text.whole(), "withEnv ", &place);
            }
            continue;
        }
        let what = argument(before, open);
        open = what == Argument::Other;
        if what == Argument::Script {
            let commands = shell::commands(&literal.text);
            out.shell(&commands, &place, &mut Env::under(&env));
        }
    }
}

/// `NAME =` at the end.
fn assigned(before: &str) -> Option<&str> {
    let head = before.trim_end().strip_suffix('=')?.trim_end();
    let start = head
        .rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .map_or(0, |at| at + 1);
    let name = head.get(start..)?;
    is_name(name).then_some(name)
}

/// What a literal is for the step before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Argument {
    /// The script of `sh`: `sh '...'`, `sh(script: '...')`.
    Script,
    /// Another argument of `sh`, after which the script may come.
    Other,
    /// It does not belong to `sh`.
    None,
}

/// Classifies a literal by the code before it; `open`: the previous literal was an argument of `sh`.
fn argument(before: &str, open: bool) -> Argument {
    let plain = |c: char| c.is_ascii_alphanumeric() || c.is_whitespace() || "_:,(".contains(c);
    let start = before.rfind(|c: char| !plain(c)).map_or(0, |at| {
        at + before
            .get(at..)
            .and_then(|t| t.chars().next())
            .map_or(1, char::len_utf8)
    });
    let tail = before.get(start..).unwrap_or_default();
    let words = |text: &str| {
        let all = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        all.filter(|w| !w.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let all = words(tail);
    let step = all.iter().rposition(|w| w == "sh");
    let inside = step.is_some() || (open && start == 0 && !tail.contains('('));
    if !inside {
        return Argument::None;
    }
    let named = tail.trim_end().ends_with(':');
    match (step, all.last().map(String::as_str)) {
        (_, Some("script")) if named => Argument::Script,
        (Some(at), _) if at + 1 == all.len() => Argument::Script,
        _ if named => Argument::Other,
        _ => Argument::None,
    }
}

/// The Go release of the images of agents, if it is only one.
fn release(literals: &[Literal]) -> Option<Toolchain> {
    let mut found: Vec<Toolchain> = Vec::new();
    for literal in literals {
        let Some(version) = of_image(literal.text.as_str()).flatten() else {
            continue;
        };
        let line = literal.text.place(0).0;
        let source = format!("image {}, line {line}", literal.text.as_str());
        found.extend(Toolchain::parse(&version, source));
    }
    let first = found.first()?.clone();
    let same = found.iter().all(|t| t.version == first.version);
    same.then_some(first)
}

fn all(source: &Source) -> Text {
    let mut text = Text::at(1, 1);
    for (number, line) in source.lines() {
        text.extend(line, number, 1);
        let width = u32::try_from(line.chars().count()).unwrap_or(u32::MAX);
        text.push('\n', number, width.saturating_add(1));
    }
    text
}

/// All string literals of the file.
fn literals(whole: &Text) -> Vec<Literal> {
    let chars = whole.as_str();
    let mut out = Vec::new();
    let mut before = String::new();
    let mut at = 0;
    while let Some(rest) = chars.get(at..) {
        let Some(c) = rest.chars().next() else { break };
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        if rest.starts_with("/*") {
            at += rest.find("*/").map_or(rest.len(), |end| end + 2);
            continue;
        }
        if !matches!(c, '\'' | '"') {
            // Only the code directly before a literal matters.
            if before.len() > 4096 {
                before.clear();
            }
            before.push(c);
            at += c.len_utf8();
            continue;
        }
        let triple: String = std::iter::repeat_n(c, 3).collect();
        let quote = if rest.starts_with(&triple) {
            triple
        } else {
            c.to_string()
        };
        let start = at + quote.len();
        let (text, end) = literal(whole, start, &quote);
        if out.len() >= MAX_LITERALS {
            break;
        }
        out.push(Literal {
            before: std::mem::take(&mut before),
            text,
        });
        at = end;
    }
    out
}

/// The characters up to the closing quote, and the offset after it.
fn literal(whole: &Text, start: usize, quote: &str) -> (Text, usize) {
    let chars = whole.as_str();
    let (line, column) = whole.place(start);
    let mut text = Text::at(line, column);
    let mut at = start;
    while let Some(rest) = chars.get(at..) {
        if rest.starts_with(quote) {
            return (text, at + quote.len());
        }
        let Some(c) = rest.chars().next() else { break };
        // A literal in single quotes ends with its line.
        if quote.len() == 1 && c == '\n' {
            return (text, at);
        }
        if c != '\\' {
            text.append(whole, at..at + c.len_utf8());
            at += c.len_utf8();
            continue;
        }
        at += 1;
        let Some(next) = chars.get(at..).and_then(|r| r.chars().next()) else {
            break;
        };
        let (line, column) = whole.place(at);
        match next {
            'n' => text.push('\n', line, column),
            't' => text.push('\t', line, column),
            // The line continues, in Groovy as in the shell.
            '\n' => text.push(' ', line, column),
            _ => text.append(whole, at..at + next.len_utf8()),
        }
        at += next.len_utf8();
    }
    (text, chars.len())
}
