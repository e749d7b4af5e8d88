//! Wrappers: programs that only start another program, given by name.

use super::{DEPTH, EnvironmentChange};
use std::collections::VecDeque;

/// A wrapper: how many operands precede the command, and which of its options take a value.
struct Wrapper {
    name: &'static str,
    operands: usize,
    takes: &'static [&'static str],
}

const fn wrapper(name: &'static str, operands: usize, takes: &'static [&'static str]) -> Wrapper {
    Wrapper {
        name,
        operands,
        takes,
    }
}

const TINI: &[&str] = &["-e", "-p"];

/// Besides `env` and shells.
const WRAPPERS: &[Wrapper] = &[
    wrapper("exec", 0, &["-a"]),
    wrapper("nohup", 0, &[]),
    wrapper("nice", 0, &["-n", "--adjustment"]),
    wrapper("setsid", 0, &[]),
    wrapper("stdbuf", 0, &["-i", "-o", "-e"]),
    wrapper("tini", 0, TINI),
    wrapper("tini-static", 0, TINI),
    wrapper("docker-init", 0, TINI),
    wrapper("dumb-init", 0, &["-r", "--rewrite"]),
    wrapper("catatonit", 0, &[]),
    wrapper("su-exec", 1, &[]),
    wrapper("gosu", 1, &[]),
];
const SHELLS: &[&str] = &["sh", "bash", "ash", "dash"];
/// Characters that make a shell script more than one command.
const OPERATORS: &[char] = &['|', '&', ';', '<', '>', '(', ')', '`', '{', '#', '\n'];
/// Characters that the shell interprets within a word.
const EXPANDED: &[char] = &['$', '\\', '"', '\'', '*', '?', '[', '~', '!'];

/// What a wrapper starts, and what it changes before that.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Wrapped {
    pub words: Vec<String>,
    pub changes: Vec<EnvironmentChange>,
    /// The directory that it goes to, if any.
    pub directory: Option<String>,
}

/// The command that a wrapper starts.
pub(super) fn wrapped_command(words: &[String]) -> Option<Wrapped> {
    let (first, rest) = words.split_first()?;
    let name = first.rsplit('/').next()?;
    if name == "env" {
        return env(rest);
    }
    if SHELLS.contains(&name) {
        let at = rest.iter().position(|w| !is_option(w) || runs_text(w))?;
        let text = rest.get(at..).and_then(|w| match w {
            [flag, text, ..] if runs_text(flag) => Some(text),
            _ => None,
        })?;
        return shell_command(text);
    }
    let wrapper = WRAPPERS.iter().find(|w| w.name == name)?;
    let mut rest = rest.iter().peekable();
    while let Some(option) = rest.next_if(|w| is_option(w)) {
        if wrapper.takes.contains(&option.as_str()) {
            rest.next()?;
        }
    }
    let mut rest = rest.skip(wrapper.operands).peekable();
    rest.next_if(|w| *w == "--");
    Some(Wrapped {
        words: rest.cloned().collect(),
        ..Wrapped::default()
    })
}

/// What `env` starts with these arguments (env of GNU coreutils and of BusyBox).
fn env(arguments: &[String]) -> Option<Wrapped> {
    let mut wrapped = Wrapped::default();
    let mut rest: VecDeque<String> = arguments.iter().cloned().collect();
    let mut splits = 0;
    while let Some(option) = rest.front().filter(|w| w.starts_with('-')).cloned() {
        rest.pop_front();
        match option.as_str() {
            "--" => break,
            "-" | "--ignore-environment" => wrapped.changes.push(EnvironmentChange::Clear),
            long if long.starts_with("--") => {
                let (name, value) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_owned())),
                    None => (long, None),
                };
                let letter = match name {
                    "--unset" => 'u',
                    "--chdir" => 'C',
                    "--split-string" => 'S',
                    _ => continue,
                };
                let value = value.or_else(|| rest.pop_front())?;
                wrapped.option(letter, value, &mut rest, &mut splits)?;
            }
            letters => {
                let mut letters = letters.chars();
                letters.next();
                while let Some(letter) = letters.next() {
                    match letter {
                        'i' => wrapped.changes.push(EnvironmentChange::Clear),
                        'u' | 'C' | 'S' => {
                            let value = match letters.as_str() {
                                "" => rest.pop_front()?,
                                value => value.to_owned(),
                            };
                            wrapped.option(letter, value, &mut rest, &mut splits)?;
                            break;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    while let Some((name, value)) = rest.front().and_then(|word| word.split_once('=')) {
        let change = EnvironmentChange::Set(name.to_owned(), value.to_owned());
        wrapped.changes.push(change);
        rest.pop_front();
    }
    wrapped.words = rest.into();
    Some(wrapped)
}

impl Wrapped {
    /// An option of `env` that has a value.
    fn option(
        &mut self,
        letter: char,
        value: String,
        rest: &mut VecDeque<String>,
        splits: &mut usize,
    ) -> Option<()> {
        match letter {
            'u' => self.changes.push(EnvironmentChange::Unset(value)),
            'C' => self.directory = Some(value),
            _ => {
                *splits += 1;
                let mut front = true;
                let is_read = |word: &str| {
                    let was = front;
                    front = was && (word.starts_with('-') || word.contains('='));
                    !was || !word.contains(EXPANDED)
                };
                // Arguments of the command may need expansion.
                if *splits > DEPTH || !value.split_whitespace().all(is_read) {
                    return None;
                }
                for word in value.split_whitespace().rev() {
                    rest.push_front(word.to_owned());
                }
            }
        }
        Some(())
    }
}

fn is_option(word: &str) -> bool {
    word.starts_with('-') && word != "--" && word != "-"
}

/// Whether a flag is `-c`, alone or after other letters.
fn runs_text(flag: &str) -> bool {
    flag.starts_with('-') && !flag.starts_with("--") && flag.ends_with('c')
}

/// A shell script that is a single command, whose name needs no expansion; its arguments may.
fn shell_command(text: &str) -> Option<Wrapped> {
    if text.contains(OPERATORS) {
        return None;
    }
    let mut wrapped = Wrapped::default();
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next_if(|w| *w == "exec" || is_assignment(w)) {
        if let Some((name, value)) = word.split_once('=') {
            let change = EnvironmentChange::Set(name.to_owned(), value.to_owned());
            wrapped.changes.push(change);
        }
    }
    words.peek().filter(|w| !w.contains(EXPANDED))?;
    wrapped.words = words.map(str::to_owned).collect();
    Some(wrapped)
}

fn is_assignment(word: &str) -> bool {
    word.contains('=') && !word.contains(EXPANDED) && !word.starts_with('-')
}
