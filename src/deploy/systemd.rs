//! systemd units and drop-ins, and the units of podman that look like them (systemd.syntax(7), systemd.exec(5)).

use super::collect::{Collector, Env, Place};
use super::kind::is_name;
use super::shell::{self, Word};
use super::text::{Source, Span, Text};

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
type Set = (String, Text, Span);

/// Reads a unit.
pub fn read(source: &Source, out: &mut Collector) {
    let place = Place {
        scope: "unit".into(),
        runs: true,
        ..Place::default()
    };
    let mut environment: Vec<Set> = Vec::new();
    let mut unset: Vec<String> = Vec::new();
    let mut commands: Vec<(String, Text)> = Vec::new();
    for line in logical(source) {
        let chars = line.as_str();
        let Some((key, value)) = chars.split_once('=') else {
            continue;
        };
        let key = key.trim();
        let value = line.slice(chars.len() - value.len()..chars.len()).trim();
        match key {
            // An empty assignment takes back all before it.
            "Environment" | "DefaultEnvironment" | "ManagerEnvironment" if value.is_empty() => {
                environment.clear();
            }
            "Environment" | "DefaultEnvironment" | "ManagerEnvironment" => {
                environment.extend(words(&value).iter().filter_map(assignment));
            }
            "UnsetEnvironment" => {
                unset.extend(words(&value).iter().map(|w| w.as_str().to_owned()));
            }
            "EnvironmentFile" if !value.is_empty() => {
                let optional = usize::from(value.as_str().starts_with('-'));
                out.env_file(value.slice(optional..value.as_str().len()));
            }
            key if EXEC.contains(&key) && value.is_empty() => commands.retain(|(k, _)| k != key),
            key if EXEC.contains(&key) => commands.push((key.to_owned(), value)),
            _ => {}
        }
    }
    // What is unset last is not there, whatever set it.
    environment.retain(|(name, value, _)| {
        !unset
            .iter()
            .any(|u| u == name || u.split_once('=') == Some((name, value.as_str())))
    });
    out.variables(environment, "Environment=", &place);
    for (_, command) in commands {
        // Marks before the path: do not fail, other name, privileges.
        let chars = command.as_str();
        let start = chars.len()
            - chars
                .trim_start_matches(['@', '-', ':', '+', '!', '|'])
                .len();
        let command = command.slice(start..chars.len());
        let commands = shell::of_words(words(&command));
        out.shell(&commands, &place, &Env::new(), &mut Env::new());
    }
}

fn assignment(word: &Word) -> Option<Set> {
    let text = word.as_str();
    let (name, value) = text.split_once('=')?;
    is_name(name).then(|| {
        let value = word.text.slice(text.len() - value.len()..text.len());
        (name.to_owned(), value, word.text.whole())
    })
}

/// Lines with their continuations joined by a blank; comments, also between them, and section headings left out.
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

/// Words: blanks separate, quotes at any place keep together, a backslash escapes.
fn words(text: &Text) -> Vec<Word> {
    let mut out = Vec::new();
    let mut word: Option<Word> = None;
    let mut quote: Option<char> = None;
    let mut chars = text.as_str().char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                if let Some((at, c)) = chars.next() {
                    let word = word.get_or_insert_with(Word::default);
                    // `\n`, `\t` and their kin stand for characters that no value here has.
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
