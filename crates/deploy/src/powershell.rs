//! PowerShell scripts: reads `$env:NAME = "value"` and `go` commands, with the quotes and backquotes of PowerShell.

use super::collect::Collector;
use super::facts::Reader;
use super::kind::is_name;
use super::place::{Env, Place};
use super::shell::{Assignment, Command, Word};
use super::text::{Source, Text};

/// Most commands of one file.
const MAX_COMMANDS: usize = 20_000;
/// Most nested brackets that are read.
const MAX_DEPTH: usize = 6;
/// Keywords of the language.
const KEYWORDS: [&str; 20] = [
    "param", "function", "filter", "foreach", "for", "switch", "throw", "exit", "break",
    "continue", "catch", "finally", "begin", "process", "end", "using", "trap", "elseif", "do",
    "class",
];
/// Cmdlets that run commands or may pass variables on.
const CMDLETS: [&str; 9] = [
    "start-process",
    "invoke-expression",
    "invoke-command",
    "start-job",
    "add-content",
    "out-file",
    "set-content",
    "tee-object",
    "write-output",
];

/// Reads a script.
pub fn read(source: &Source, out: &mut Collector) {
    let commands = commands(source);
    let place = Place {
        scope: "script".into(),
        // Only other files show which programs a script starts if it does not build.
        reader: Reader::Unknown,
        ..Place::default()
    };
    out.shell(&commands, &place, &mut Env::default());
}

fn commands(source: &Source) -> Vec<Command> {
    let mut out = Vec::new();
    scan(&source.whole(), 0, &mut out);
    out
}

fn scan(text: &Text, depth: usize, out: &mut Vec<Command>) {
    let mut scan = Scan {
        text,
        at: 0,
        depth,
        words: Vec::new(),
        word: None,
        out,
    };
    scan.run();
}

struct Scan<'a> {
    text: &'a Text,
    at: usize,
    depth: usize,
    words: Vec<Word>,
    word: Option<Word>,
    out: &'a mut Vec<Command>,
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a str {
        self.text.as_str().get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, from: usize, to: usize) {
        let text = self.text;
        let word = self.word.get_or_insert_with(Word::default);
        word.text.append(text, from..to);
    }

    fn run(&mut self) {
        while let Some(c) = self.rest().chars().next() {
            if self.out.len() >= MAX_COMMANDS {
                return;
            }
            let start = self.at;
            self.at += c.len_utf8();
            match c {
                '\n' | ';' | '|' | '{' | '}' => self.end(),
                '&' if self.rest().starts_with('&') => self.end(),
                // The call operator.
                '&' if self.word.is_none() && self.words.is_empty() => {}
                c if c.is_whitespace() => self.end_word(),
                '#' if self.word.is_none() => {
                    self.at += self.rest().find('\n').unwrap_or(self.rest().len());
                }
                '<' if self.rest().starts_with('#') => {
                    let end = self.rest().find("#>").map(|end| end + 2);
                    self.at += end.unwrap_or(self.rest().len());
                }
                // The backquote escapes the next character, and continues the line at its end.
                '`' => {
                    let rest = self.rest().strip_prefix('\r').unwrap_or(self.rest());
                    if rest.starts_with('\n') {
                        self.at = self.text.as_str().len() - rest.len() + 1;
                        self.end_word();
                    } else if let Some(next) = rest.chars().next() {
                        let from = self.at;
                        self.at += next.len_utf8();
                        self.take(from, self.at);
                    }
                }
                '@' if self.rest().starts_with(['"', '\'']) && self.word.is_none() => self.here(),
                '"' | '\'' => self.quoted(c),
                '(' if self.words.is_empty() && self.word.is_none() => {}
                ')' if self.word.is_none() => self.end(),
                '(' => self.group(start),
                '$' | '@' => {
                    // `@name` expands to all words of a list.
                    let (line, column) = self.text.place(start);
                    let word = self.word.get_or_insert_with(Word::default);
                    word.text.push('$', line, column);
                    word.dynamic = true;
                    if self.rest().starts_with('(') {
                        let from = self.at;
                        self.at += 1;
                        self.group(from);
                    }
                }
                _ => self.take(start, self.at),
            }
        }
        self.end();
    }

    fn quoted(&mut self, quote: char) {
        let word = self.word.get_or_insert_with(Word::default);
        word.quoted = true;
        while let Some(c) = self.rest().chars().next() {
            let start = self.at;
            self.at += c.len_utf8();
            if c == quote {
                // A doubled quote means the character itself.
                if !self.rest().starts_with(quote) {
                    return;
                }
                self.at += 1;
                self.take(start, start + 1);
                continue;
            }
            if c == '`' && quote == '"' {
                let from = self.at;
                self.at += self.rest().chars().next().map_or(0, char::len_utf8);
                self.take(from, self.at);
                continue;
            }
            if c == '$'
                && quote == '"'
                && let Some(word) = &mut self.word
            {
                word.dynamic = true;
            }
            self.take(start, self.at);
        }
    }

    /// Skips a here-string, `@" ... "@`.
    fn here(&mut self) {
        let end = if self.rest().starts_with('"') {
            "\n\"@"
        } else {
            "\n'@"
        };
        let close = self.rest().find(end).map(|at| at + 3);
        self.at += close.unwrap_or(self.rest().len());
        self.word = Some(Word {
            dynamic: true,
            quoted: true,
            text: Text::fixed("$here", self.text.span(self.at..self.at)),
            ..Word::default()
        });
    }

    /// The value of an expression in brackets is unknown.
    fn group(&mut self, start: usize) {
        let mut depth = 1_usize;
        let mut quote = None;
        while let Some(c) = self.rest().chars().next() {
            self.at += c.len_utf8();
            match (c, quote) {
                (c, Some(q)) if c == q => quote = None,
                (_, Some(_)) => {}
                ('"' | '\'', None) => quote = Some(c),
                ('(', None) => depth += 1,
                (')', None) => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        let span = self.text.span(start..self.at);
        if self.depth < MAX_DEPTH && self.out.len() < MAX_COMMANDS {
            let inside = self
                .text
                .slice(start + 1..self.at.saturating_sub(1).max(start + 1));
            scan(&inside, self.depth + 1, self.out);
        }
        let word = self.word.get_or_insert_with(Word::default);
        word.dynamic = true;
        for c in "${group}".chars() {
            word.text.push(c, span.line, span.column);
        }
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }

    fn end(&mut self) {
        self.end_word();
        let mut words = std::mem::take(&mut self.words);
        if let Some(command) = environment(&words) {
            self.out.push(command);
            return;
        }
        // `$x = go env GOPATH`, `if (go build) {`, `return go version`.
        if words.get(1).is_some_and(|w| w.as_str() == "=") {
            words.drain(..2);
        }
        while words.first().is_some_and(|w| {
            matches!(
                &*w.as_str().to_ascii_lowercase(),
                "return" | "if" | "while" | "exec" | "try" | "else" | "."
            )
        }) {
            words.remove(0);
        }
        // `> file`, `>> file`: the output goes to a file.
        let redirect = words
            .iter()
            .position(|word| matches!(word.as_str(), ">" | ">>"));
        let writes = redirect.and_then(|at| Some(words.get(at + 1)?.as_str().to_owned()));
        words.truncate(redirect.unwrap_or(words.len()));
        if words.first().is_some_and(starts) {
            self.out.push(Command {
                words,
                writes,
                ..Command::default()
            });
        }
    }
}

/// Whether a first word may start a program: it is not a cmdlet, keyword, type or variable.
fn starts(word: &Word) -> bool {
    let name = word.as_str().to_ascii_lowercase();
    let cmdlet = word.as_str().starts_with(|c: char| c.is_ascii_uppercase())
        && name.split_once('-').is_some_and(|(verb, noun)| {
            let plain = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_alphanumeric());
            plain(verb) && plain(noun)
        });
    let other = name.is_empty() || name.starts_with(['$', '[', '-', '=', ',']);
    !other && !KEYWORDS.contains(&name.as_str()) && (!cmdlet || CMDLETS.contains(&name.as_str()))
}

/// `$env:NAME = "value"`, as an export.
fn environment(words: &[Word]) -> Option<Command> {
    let first = words.first()?;
    let chars = first.as_str();
    let rest = chars.get(..5)?;
    if !rest.eq_ignore_ascii_case("$env:") {
        return None;
    }
    let name = chars.get(5..)?;
    let (name, value) = match name.split_once('=') {
        Some((name, value)) => {
            let all = chars.len();
            (name, Some(first.text.slice(all - value.len()..all)))
        }
        None => (name, None),
    };
    let value = match value.filter(|v| !v.is_empty()) {
        Some(value) => value,
        None if name.len() + 5 == chars.len() && words.get(1)?.as_str() != "=" => return None,
        None => {
            let at = if name.len() + 5 == chars.len() { 2 } else { 1 };
            let word = words.get(at)?;
            // More than one word means that the value is an expression.
            if words.len() > at + 1 {
                Text::fixed("${value}", word.text.whole())
            } else {
                word.text.clone()
            }
        }
    };
    let at = first.text.whole().to(value.whole());
    is_name(name).then(|| Command {
        assignments: vec![Assignment {
            name: name.to_owned(),
            value,
            at,
            adds: false,
        }],
        exported: true,
        ..Command::default()
    })
}
