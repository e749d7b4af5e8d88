//! systemd units and drop-ins, and the units of podman that look like them (systemd.syntax(7), systemd.exec(5)).

use super::collect::{Collector, matters};
use super::facts::{Mistake, Note, Reader};
use super::kind::is_name;
use super::place::{Env, Place};
use super::role::{self, Role};
use super::shell::{self, Word};
use super::text::{Source, Span, Text};
use std::collections::{HashMap, HashSet};

/// Keys whose value is a command line.
const EXEC: [&str; 6] = [
    "ExecStart",
    "ExecStartPre",
    "ExecStartPost",
    "ExecReload",
    "ExecStop",
    "Exec",
];

/// A variable with its place.
type SetVariable = (String, Text, Span);

/// Reads a unit.
pub fn read(source: &Source, out: &mut Collector) {
    let mut environment: Vec<SetVariable> = Vec::new();
    // Variables for all units, in the configuration of the manager.
    let mut defaults: Vec<SetVariable> = Vec::new();
    let mut unset: HashSet<String> = HashSet::new();
    let mut commands: Vec<(String, Text)> = Vec::new();
    // For each key, the number of commands before an empty assignment, which removes them.
    let mut taken_back: HashMap<String, usize> = HashMap::new();
    for line in logical(source) {
        let chars = line.as_str();
        let Some((key, value)) = chars.split_once('=') else {
            continue;
        };
        let key = key.trim();
        let value = line.slice(chars.len() - value.len()..chars.len()).trim();
        match key {
            // An empty assignment removes all earlier ones.
            "Environment" if value.is_empty() => environment.clear(),
            "Environment" => {
                let words = words(&value);
                note_mistakes(&words, out);
                environment.extend(words.iter().filter_map(assignment));
            }
            "DefaultEnvironment" | "ManagerEnvironment" => {
                defaults.extend(words(&value).iter().filter_map(assignment));
            }
            "UnsetEnvironment" => {
                unset.extend(words(&value).iter().map(|w| w.as_str().to_owned()));
            }
            "EnvironmentFile" if !value.is_empty() => {
                let optional = usize::from(value.as_str().starts_with('-'));
                out.env_file(value.slice(optional..value.as_str().len()));
            }
            key if EXEC.contains(&key) && value.is_empty() => {
                taken_back.insert(key.to_owned(), commands.len());
            }
            key if EXEC.contains(&key) => commands.push((key.to_owned(), value)),
            _ => {}
        }
    }
    // UnsetEnvironment applies last.
    environment.retain(|(name, value, _)| {
        !unset.contains(name) && !unset.contains(&format!("{name}={}", value.as_str()))
    });
    let commands: Vec<_> = commands
        .into_iter()
        .enumerate()
        .filter(|(at, (key, _))| taken_back.get(key).is_none_or(|from| at >= from))
        .map(|(_, (_, command))| shell::of_words(words(&unmarked(&command))))
        .collect();
    let builds = commands.iter().flatten().map(role::of);
    let builds = builds
        .into_iter()
        .any(|r| matches!(r, Role::Go | Role::Builds));
    let place = Place {
        scope: "unit".into(),
        reader: if builds {
            Reader::Unknown
        } else {
            Reader::Program
        },
        ..Place::default()
    };
    let mut env = Env::default();
    for (name, value, at) in &environment {
        env.export(name, value.as_str(), *at);
    }
    out.variables(environment, "Environment=", &place);
    let every = place.read_by(Reader::SomeProgram);
    out.variables(defaults, "DefaultEnvironment=", &every);
    for commands in commands {
        out.shell(&commands, &place, &mut Env::under(&env));
    }
}

/// Removes the prefix characters of a command line: ignore failure, other name, privileges.
fn unmarked(command: &Text) -> Text {
    let chars = command.as_str();
    let rest = chars.trim_start_matches(['@', '-', ':', '+', '!', '|']);
    command.slice(chars.len() - rest.len()..chars.len())
}

/// Notes words that were probably meant to be part of the variable before them.
fn note_mistakes(words: &[Word], out: &mut Collector) {
    let mut before = String::new();
    for word in words {
        let text = word.as_str();
        let what = match assignment(word) {
            Some((name, ..)) if matters(&name) => {
                before = name;
                continue;
            }
            Some(_) => Mistake::OtherVariable,
            None => Mistake::NoAssignment,
        };
        if !before.is_empty() {
            out.note(Note {
                what,
                at: word.text.whole(),
                variable: before.clone(),
                text: text.to_owned(),
                scope: "unit".to_owned(),
            });
        }
    }
}

fn assignment(word: &Word) -> Option<SetVariable> {
    let text = word.as_str();
    let (name, value) = text.split_once('=')?;
    is_name(name).then(|| {
        let value = word.text.slice(text.len() - value.len()..text.len());
        (name.to_owned(), value, word.text.whole())
    })
}

/// The logical lines: continuations joined by a blank, without comments.
fn logical(source: &Source) -> Vec<Text> {
    let mut out = Vec::new();
    let mut open: Option<Text> = None;
    for (number, line) in source.lines() {
        let start = line.trim_start();
        if start.starts_with(['#', ';']) {
            continue;
        }
        if open.is_none() && (start.is_empty() || start.starts_with('[')) {
            continue;
        }
        let text = open.get_or_insert_with(|| Text::at(number, 1));
        match line.trim_end().strip_suffix('\\') {
            Some(content) => {
                text.extend(content, number, 1);
                let width = u32::try_from(content.chars().count()).unwrap_or(u32::MAX);
                text.push(' ', number, width.saturating_add(1));
            }
            None => {
                text.extend(line, number, 1);
                out.extend(open.take().map(|t| t.trim()));
            }
        }
    }
    out.extend(open.map(|t| t.trim()));
    out
}

/// The character that an escape of C means, and the length of what follows the backslash; `None` for a character that stands for itself.
fn escaped(rest: &str) -> Option<(char, usize)> {
    let number = |from: usize, digits: usize, radix: u32| {
        let text = rest.get(from..from + digits)?;
        let is_number = text.chars().all(|c| c.is_digit(radix));
        let code = u32::from_str_radix(text, radix)
            .ok()
            .filter(|_| is_number)?;
        Some((char::from_u32(code)?, from + digits))
    };
    let plain = |c| Some((c, 1));
    match rest.chars().next()? {
        'a' => plain('\u{7}'),
        'b' => plain('\u{8}'),
        'f' => plain('\u{c}'),
        'n' => plain('\n'),
        'r' => plain('\r'),
        's' => plain(' '),
        't' => plain('\t'),
        'v' => plain('\u{b}'),
        'x' => number(1, 2, 16),
        'u' => number(1, 4, 16),
        'U' => number(1, 8, 16),
        '0'..='7' => number(0, 3, 8),
        _ => None,
    }
}

/// Splits a text into words at blanks outside of quotes; a backslash escapes as in C.
fn words(text: &Text) -> Vec<Word> {
    let mut out = Vec::new();
    let mut word: Option<Word> = None;
    let mut quote: Option<char> = None;
    let mut chars = text.as_str().char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            // `%%` is a percent sign. Other specifiers stay, and rules treat them as unknown.
            '%' if chars.peek().is_some_and(|(_, next)| *next == '%') => {
                chars.next();
                let word = word.get_or_insert_with(Word::default);
                word.text.append(text, at..at + 1);
            }
            '\\' => {
                let word = word.get_or_insert_with(Word::default);
                let rest = text.as_str().get(at + 1..).unwrap_or_default();
                if let Some((c, length)) = escaped(rest) {
                    let (line, column) = text.place(at);
                    word.text.push(c, line, column);
                    chars.nth(length - 1);
                } else if let Some((at, c)) = chars.next() {
                    word.text.append(text, at..at + c.len_utf8());
                }
            }
            '"' | '\'' if quote == Some(c) => quote = None,
            '"' | '\'' if quote.is_none() => {
                quote = Some(c);
                word.get_or_insert_with(Word::default).quoted = true;
            }
            c if c.is_whitespace() && quote.is_none() => out.extend(word.take()),
            _ => {
                let word = word.get_or_insert_with(Word::default);
                word.dynamic |= c == '$';
                word.text.append(text, at..at + c.len_utf8());
            }
        }
    }
    out.extend(word);
    out
}
