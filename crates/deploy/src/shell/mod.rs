//! A small parser of the shell: finds simple commands with their assignments and words, at any depth.
//!
//! It understands quotes, escapes, substitutions, here-documents and commands that run other commands
//! (`env`, `exec`, `sudo`, `sh -c`). It runs and expands nothing, and skips what it does not understand.

mod documents;

use super::expand::closing;
use super::kind::is_name;
use super::text::{Span, Text};
use documents::Heredoc;
use std::ops::Range;

/// Most nested scripts.
const MAX_DEPTH: usize = 6;
/// Most commands of one text.
const MAX_COMMANDS: usize = 20_000;

/// A word, unquoted.
#[derive(Clone, Debug, Default)]
pub struct Word {
    /// Its characters.
    pub text: Text,
    /// Whether it contains an expansion.
    pub dynamic: bool,
    /// Whether a part of it was in quotes.
    pub quoted: bool,
    /// Whether it begins with a quote: then it is not an assignment for the shell.
    pub opens_quoted: bool,
}

impl Word {
    /// Its characters.
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }
}

/// `NAME=value`.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// Name.
    pub name: String,
    /// Value, unquoted.
    pub value: Text,
    /// The place of the whole text.
    pub at: Span,
    /// Whether it appends to the earlier value: `+=`.
    pub adds: bool,
}

/// A simple command.
#[derive(Clone, Debug, Default)]
pub struct Command {
    /// Assignments for this command, or if there is no command for the rest of the script.
    pub assignments: Vec<Assignment>,
    /// Its name and arguments.
    pub words: Vec<Word>,
    /// Whether it replaces the shell: `exec`.
    pub exec: bool,
    /// Whether its assignments are exported.
    pub exported: bool,
    /// Names that it exports, with or without a value.
    pub exports: Vec<String>,
    /// The file that its output goes to.
    pub writes: Option<String>,
    /// Its here-documents.
    pub documents: Vec<Text>,
    /// Number of subshells around it, as in `( cd dir; make )`. The directory and variables of a subshell end with it.
    pub subshells: usize,
}

impl Command {
    /// Its name without a path.
    pub fn name(&self) -> &str {
        let name = self.words.first().map_or("", Word::as_str);
        name.rsplit(['/', '\\']).next().unwrap_or(name)
    }
}

/// Finds the commands of a script.
pub fn commands(text: &Text) -> Vec<Command> {
    let mut out = Vec::new();
    read(text, 0, &mut out);
    out
}

/// Finds the commands that a list of words runs, as in `CMD ["sh", "-c", "..."]`.
pub fn of_words(words: Vec<Word>) -> Vec<Command> {
    let mut out = Vec::new();
    finish(words, 0, &mut out);
    out
}

fn read(text: &Text, depth: usize, out: &mut Vec<Command>) {
    if depth > MAX_DEPTH {
        return;
    }
    let mut scan = Scanner {
        text,
        at: 0,
        depth,
        words: Vec::new(),
        word: None,
        redirect: false,
        writes: None,
        heredocs: Vec::new(),
        subshells: 0,
        out,
    };
    scan.run();
}

struct Scanner<'a> {
    text: &'a Text,
    at: usize,
    depth: usize,
    words: Vec<Word>,
    word: Option<Word>,
    /// Whether the next word is the file that the output goes to.
    redirect: bool,
    /// The file that the output goes to.
    writes: Option<String>,
    heredocs: Vec<Heredoc>,
    /// Number of open brackets. Patterns of `case` have closing brackets without opening ones.
    subshells: usize,
    out: &'a mut Vec<Command>,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        self.text.as_str().get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn word(&mut self) -> &mut Word {
        self.word.get_or_insert_with(Word::default)
    }

    /// Appends a range of the text to the word.
    fn take(&mut self, range: Range<usize>) {
        let text = self.text;
        self.word().text.append(text, range);
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        if self.redirect {
            self.redirect = false;
            self.writes = Some(word.as_str().to_owned());
        } else {
            self.words.push(word);
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        self.redirect = false;
        let words = std::mem::take(&mut self.words);
        let writes = self.writes.take();
        let before = self.out.len();
        finish(words, self.depth, self.out);
        if let Some(command) = self.out.get_mut(before) {
            command.writes = writes;
        }
        for command in self.out.get_mut(before..).unwrap_or_default() {
            command.subshells += self.subshells;
        }
    }

    fn run(&mut self) {
        while let Some(c) = self.peek() {
            if self.out.len() >= MAX_COMMANDS {
                return;
            }
            let start = self.at;
            self.at += c.len_utf8();
            match c {
                ' ' | '\t' | '\r' => self.end_word(),
                '\n' => {
                    self.end_command();
                    self.skip_heredocs();
                }
                '\\' => match self.peek() {
                    Some('\n') => self.at += 1,
                    Some('\r') if self.rest().starts_with("\r\n") => self.at += 2,
                    Some(next) => {
                        let from = self.at;
                        self.at += next.len_utf8();
                        self.take(from..self.at);
                    }
                    None => {}
                },
                '\'' => {
                    self.word().opens_quoted |= self.word().text.is_empty();
                    let end = self.rest().find('\'').unwrap_or(self.rest().len());
                    self.word().quoted = true;
                    self.take(self.at..self.at + end);
                    self.at = (self.at + end + 1).min(self.text.as_str().len());
                }
                '"' => {
                    self.word().opens_quoted |= self.word().text.is_empty();
                    self.word().quoted = true;
                    self.double_quoted();
                }
                '$' | '`' => self.substitution(start),
                '#' if self.word.is_none() => {
                    self.at += self.rest().find('\n').unwrap_or(self.rest().len());
                }
                '<' if self.rest().starts_with("<<") => {
                    self.end_word();
                    self.at += 2;
                    self.redirect = true;
                }
                '<' if self.rest().starts_with('<') => {
                    self.end_word();
                    self.heredoc();
                }
                '<' | '>' => {
                    // A number before an arrow is a file descriptor.
                    if self.word.as_ref().is_some_and(|w| {
                        !w.quoted && w.as_str().bytes().all(|b| b.is_ascii_digit())
                    }) {
                        self.word = None;
                    }
                    self.end_word();
                    while matches!(self.peek(), Some('>' | '&' | '|')) {
                        self.at += 1;
                    }
                    self.redirect = true;
                }
                '&' if self.rest().starts_with('>') => {
                    self.end_word();
                    self.at += 1;
                    self.redirect = true;
                }
                ';' | '&' | '|' => self.end_command(),
                '(' => {
                    self.end_command();
                    self.subshells += 1;
                }
                ')' => {
                    self.end_command();
                    self.subshells = self.subshells.saturating_sub(1);
                }
                _ => self.take(start..self.at),
            }
        }
        self.end_command();
    }

    fn double_quoted(&mut self) {
        while let Some(c) = self.peek() {
            let start = self.at;
            self.at += c.len_utf8();
            match c {
                '"' => return,
                '\\' => match self.peek() {
                    Some('\n') => self.at += 1,
                    Some(next @ ('"' | '\\' | '$' | '`')) => {
                        let from = self.at;
                        self.at += next.len_utf8();
                        self.take(from..self.at);
                    }
                    _ => self.take(start..self.at),
                },
                '$' | '`' => self.substitution(start),
                _ => self.take(start..self.at),
            }
        }
    }

    /// Keeps `$name`, `${...}`, `$(...)` and backquotes in the word as written. Commands inside of them are read too.
    fn substitution(&mut self, start: usize) {
        let rest = self.rest();
        let opened = self.text.as_str().get(start..self.at) == Some("`");
        let inside = if opened {
            let end = rest.find('`').unwrap_or(rest.len());
            let inside = self.at..self.at + end;
            self.at = (inside.end + 1).min(self.text.as_str().len());
            Some(inside)
        } else if rest.starts_with('(') {
            let end = closing(rest, '(', ')');
            let inside = self.at + 1..self.at + end;
            self.at = (inside.end + 1).min(self.text.as_str().len());
            Some(inside)
        } else if rest.starts_with('{') {
            self.at = (self.at + closing(rest, '{', '}') + 1).min(self.text.as_str().len());
            None
        } else {
            let name = rest
                .bytes()
                .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
                .count();
            self.at += name;
            None
        };
        self.word().dynamic = true;
        self.take(start..self.at);
        if let Some(inside) = inside {
            let text = self.text.slice(inside);
            read(&text, self.depth + 1, self.out);
        }
    }
}

/// Keywords that may precede a command.
const KEYWORDS: [&str; 13] = [
    "if", "then", "else", "elif", "do", "while", "until", "!", "{", "}", "time", "fi", "done",
];
/// Commands that run their arguments as a command, with the number of their own arguments before it.
const WRAPPERS: [(&str, usize); 19] = [
    ("env", 0),
    ("exec", 0),
    ("sudo", 0),
    ("doas", 0),
    ("nohup", 0),
    ("command", 0),
    ("builtin", 0),
    ("nice", 0),
    ("ionice", 0),
    ("setsid", 0),
    ("stdbuf", 0),
    ("xargs", 0),
    ("tini", 0),
    ("dumb-init", 0),
    ("catchsegv", 0),
    ("timeout", 1),
    ("gosu", 1),
    ("su-exec", 1),
    ("chpst", 0),
];
/// Their options with a value.
const WITH_WORD: [&str; 8] = ["-u", "-n", "-g", "-C", "-S", "-k", "-s", "-I"];
const DECLARE: [&str; 5] = ["export", "declare", "typeset", "local", "readonly"];
const SHELLS: [&str; 7] = ["sh", "bash", "ash", "dash", "ksh", "zsh", "busybox"];

/// Adds the command of some words, and the commands of a script in it.
fn finish(words: Vec<Word>, depth: usize, out: &mut Vec<Command>) {
    let mut command = Command::default();
    let mut rest: std::collections::VecDeque<Word> = words.into();
    while rest.front().is_some_and(|w| KEYWORDS.contains(&w.as_str())) {
        rest.pop_front();
    }
    let mut wrapped = false;
    // Each iteration removes at least one word.
    loop {
        let plain = |word: &&Word| wrapped || !word.opens_quoted;
        while let Some(assignment) = rest.front().filter(plain).and_then(assignment) {
            command.assignments.push(assignment);
            rest.pop_front();
        }
        let Some(first) = rest.front() else { break };
        let name = first.as_str().rsplit('/').next().unwrap_or_default();
        if DECLARE.contains(&name) {
            let options = rest.iter().map(Word::as_str);
            command.exported = name == "export"
                || options
                    .clone()
                    .any(|w| w.starts_with('-') && w.contains('x'));
            if command.exported {
                let names = options.skip(1).map(|w| w.split('=').next().unwrap_or(w));
                command
                    .exports
                    .extend(names.filter(|n| is_name(n)).map(str::to_owned));
            }
            command
                .assignments
                .extend(rest.iter().filter_map(assignment));
            rest.clear();
            break;
        }
        let Some((_, own)) = WRAPPERS.iter().find(|(w, _)| *w == name) else {
            break;
        };
        command.exec |= name == "exec";
        wrapped = true;
        rest.pop_front();
        while let Some(option) = rest.front().filter(|w| w.as_str().starts_with('-')) {
            let more = WITH_WORD.contains(&option.as_str());
            let last = option.as_str() == "--";
            rest.pop_front();
            if more {
                rest.pop_front();
            }
            if last {
                break;
            }
        }
        for _ in 0..*own {
            rest.pop_front();
        }
    }
    command.words = rest.into();
    let script = script_of(&command).map(|word| word.text.clone());
    if !command.words.is_empty() || !command.assignments.is_empty() || command.exported {
        out.push(command);
    }
    if let Some(script) = script {
        read(&script, depth + 1, out);
    }
}

/// The script of `sh -c`.
pub fn script_of(command: &Command) -> Option<&Word> {
    if command.name() == "eval" {
        return command.words.get(1);
    }
    if !SHELLS.contains(&command.name()) {
        return None;
    }
    let mut words = command.words.iter().skip(1).peekable();
    while let Some(word) = words.next() {
        let option = word.as_str();
        if option.starts_with('-') && !option.starts_with("--") && option.ends_with('c') {
            return words.next();
        }
        if option.starts_with("-o") {
            words.next();
        } else if !option.starts_with('-') && !SHELLS.contains(&option) {
            return None;
        }
    }
    None
}

/// Parses `NAME=value` or `NAME+=value`.
pub fn assignment(word: &Word) -> Option<Assignment> {
    let text = word.as_str();
    let (name, value) = text.split_once('=')?;
    let adds = name.ends_with('+');
    let name = name.strip_suffix('+').unwrap_or(name);
    if !is_name(name) {
        return None;
    }
    let from = text.len() - value.len();
    Some(Assignment {
        name: name.to_owned(),
        value: word.text.slice(from..text.len()),
        at: word.text.whole(),
        adds,
    })
}

#[cfg(test)]
mod tests;
