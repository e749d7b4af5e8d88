//! Follows shell commands that run one after another: the variables that they set, who reads these, and which commands are `go` commands.

use super::super::embedded;
use super::super::expand::expand;
use super::super::facts::{Invocation, Note, Reader, Start, Variable};
use super::super::passed_on::{self, Recipient};
use super::super::place::{Env, KnownValue, LONGEST_PATH, MOST_NAMES, Place, moved};
use super::super::role::{self, Role};
use super::super::shell::{self, Command, Word};
use super::super::text::{Source, Span, Text};
use super::{Collector, MAX_FACTS, USED};
use std::collections::{BTreeMap, HashSet};

/// Most nested subshells that change the directory.
const MOST_MOVES: usize = 64;

/// Facts about the commands that follow a command.
#[derive(Clone, Copy, Default)]
struct After {
    /// One of them builds, or may build.
    builds: bool,
    /// One of them replaces the shell with a program.
    becomes: bool,
    /// One of them starts a program as a child of the shell.
    starts: bool,
}

/// For each command, the facts about the commands that follow it.
fn commands_after(commands: &[Command], roles: &[Role]) -> Vec<After> {
    let mut all = vec![After::default(); commands.len()];
    let mut so_far = After::default();
    for ((after, command), role) in all.iter_mut().zip(commands).zip(roles).rev() {
        *after = so_far;
        match role {
            Role::Go | Role::Builds => so_far.builds = true,
            Role::Starts if command.exec => so_far.becomes = true,
            Role::Starts => so_far.starts = true,
            Role::Harmless => {}
        }
    }
    all
}

/// Whether a command is `set -a` or `set -o allexport`.
fn exports_all(command: &Command) -> bool {
    let exports = |word: &Word| {
        let word = word.as_str();
        let is_short = word.starts_with('-') && !word.starts_with("--");
        word == "allexport" || is_short && word.contains('a')
    };
    command.name() == "set" && command.words.iter().skip(1).any(exports)
}

/// The directories that `cd` changed to, each with the number of subshells around it.
#[derive(Default)]
struct Directories(Vec<(usize, Place)>);

impl Directories {
    /// Returns from the subshells that end before a command.
    fn leave_subshells(&mut self, command: &Command) {
        let is_left = |(depth, _): &mut (usize, Place)| *depth > command.subshells;
        while self.0.pop_if(is_left).is_some() {}
    }

    /// Changes the directory for the commands after this one.
    fn change(&mut self, command: &Command, start: &Place, folder: &str) {
        let to = moved(self.current(start), start, folder);
        self.0.retain(|(depth, _)| *depth < command.subshells);
        // Each entry has a whole path, so their number is limited. Real scripts nest less.
        if self.0.len() < MOST_MOVES {
            self.0.push((command.subshells, to));
        }
    }

    /// The place of the next command, if the first one runs at `start`.
    fn current<'a>(&'a self, start: &'a Place) -> &'a Place {
        self.0.last().map_or(start, |(_, place)| place)
    }
}

/// The variables of one command only.
type OwnVariables = BTreeMap<String, KnownValue>;

/// How a list of commands exports variables.
struct Exports<'a> {
    /// Names that a command of the list exports.
    names: HashSet<&'a str>,
    /// Whether `set -a` was run.
    all: bool,
}

impl Collector {
    /// Reads shell commands that run one after another. `env` has the variables that they see, and gets those that they set.
    pub fn shell(&mut self, commands: &[Command], place: &Place, env: &mut Env) {
        let roles: Vec<Role> = commands.iter().map(role::of).collect();
        let after = commands_after(commands, &roles);
        let names = commands.iter().flat_map(|c| &c.exports);
        let mut exports = Exports {
            names: names.map(String::as_str).collect(),
            all: false,
        };
        let mut directories = Directories::default();
        let all = commands.iter().enumerate().zip(roles);
        for (((index, command), role), after) in all.zip(after) {
            exports.all |= exports_all(command);
            let given = command.assignments.iter();
            let given = given.map(|a| (&*a.name, a.value.as_str(), a.at));
            self.behind_godebug(given, &place.scope);
            directories.leave_subshells(command);
            if let ("cd" | "pushd", Some(word)) = (command.name(), command.words.get(1)) {
                let folder = expand(&word.text, '\\', &self.expansion_limit, &|name| {
                    env.value(name)
                });
                directories.change(command, place, folder.as_str());
            }
            let place = directories.current(place);
            let own = self.assign((command, role, after), &exports, place, env);
            self.use_variables(command, role, &own, env);
            for document in &command.documents {
                self.document(command, document, place);
            }
            self.pass_on(command, commands.get(index + 1), place, env);
            if role == Role::Go {
                self.go_with(command, place, &own, env);
            } else if let Some(word) = command.words.first() {
                self.start(word, place, env);
            }
        }
    }

    /// Adds the variables that a command sets. Gives those that only this command sees; the others are added to `env`.
    fn assign(
        &mut self,
        (command, role, after): (&Command, Role, After),
        exports: &Exports<'_>,
        place: &Place,
        env: &mut Env,
    ) -> OwnVariables {
        let stays = command.words.is_empty();
        let mut own = OwnVariables::new();
        for a in &command.assignments {
            let value = expand(&a.value, '\\', &self.expansion_limit, &|name| {
                let own = own.get(name).map(|k| k.value.clone());
                own.or_else(|| env.value(name))
            });
            let known = KnownValue {
                value: value.as_str().to_owned(),
                at: Some(a.at),
                exported: !stays
                    || exports.all
                    || command.exported
                    || exports.names.contains(a.name.as_str())
                    || env.get(&a.name).is_some_and(|k| k.exported),
                many: a.adds || env.get(&a.name).is_some() || names_itself(a),
            };
            let reader = match (stays, known.exported) {
                (true, false) => Reader::Nobody,
                (true, true) => reader_of_export(place.reader, after),
                (false, _) => reader_of_prefix(place.reader, role, command.exec),
            };
            self.variable(&a.name, value, a.at, "", &place.read_by(reader));
            if stays {
                env.set(&a.name, known);
            } else if own.len() < MOST_NAMES {
                own.insert(a.name.clone(), known);
            }
        }
        own
    }

    /// Records which variables a command reads.
    fn use_variables(&mut self, command: &Command, role: Role, own: &OwnVariables, env: &Env) {
        if role == Role::Harmless {
            return;
        }
        for name in USED {
            let given = own.get(name).or_else(|| env.get(name));
            let given = given.filter(|k| k.exported);
            if let Some(at) = given.and_then(|k| k.at) {
                self.used(at, command, role);
            }
        }
    }

    /// Adds a `go` command with the variables that it sees.
    fn go_with(&mut self, command: &Command, place: &Place, own: &OwnVariables, env: &mut Env) {
        // A variable that is set several times, perhaps in different branches, is unknown.
        let lookup = |name: &str, exported: bool| {
            let known = own.get(name).or_else(|| env.get(name))?;
            let is_certain = match exported {
                true => known.exported,
                false => !known.many,
            };
            is_certain.then(|| known.value.clone())
        };
        self.go(command, place, &lookup);
        if command.words.get(1).is_some_and(|w| w.as_str() == "env") {
            self.go_env(command, place, env);
        }
    }

    /// Adds the variables that a command passes to another program.
    fn pass_on(&mut self, command: &Command, next: Option<&Command>, place: &Place, env: &Env) {
        for given in passed_on::of(command, next) {
            let value = expand(&given.value, '\\', &self.expansion_limit, &|name| {
                env.value(name)
            });
            let reader = match given.to {
                Recipient::Container => Reader::Unknown,
                Recipient::Programs => Reader::SomeProgram,
                Recipient::Steps => place.reader,
            };
            if given.to == Recipient::Steps && self.passed_on.len() < MOST_NAMES {
                let value = value.as_str().to_owned();
                self.passed_on.push((given.name.clone(), value, given.at));
            }
            let place = Place {
                reader,
                // The reader has another architecture than the command, and unless it is a later step another release.
                go: place.go.clone().filter(|_| given.to == Recipient::Steps),
                program: None,
                arch: None,
                ..place.clone()
            };
            self.variable(&given.name, value, given.at, &given.label, &place);
        }
    }

    /// Adds a command other than `go`.
    fn start(&mut self, word: &Word, place: &Place, env: &Env) {
        let name = expand(&word.text, '\\', &self.expansion_limit, &|name| {
            env.value(name)
        });
        let name = name.as_str();
        if self.starts.len() < MAX_FACTS && !name.is_empty() && name.len() <= LONGEST_PATH {
            self.starts.push(Start {
                name: name.to_owned(),
                at: word.text.whole(),
                scope: place.scope.clone(),
            });
        }
    }

    /// Reads a here-document that a script writes to a file or passes to a shell or kubectl.
    fn document(&mut self, command: &Command, text: &Text, place: &Place) {
        if self.inside || text.is_empty() {
            return;
        }
        let names = command.writes.iter().map(String::as_str);
        let names = names.chain(command.words.iter().skip(1).map(Word::as_str));
        let mut sub = Collector {
            inside: true,
            expansion_limit: std::mem::take(&mut self.expansion_limit),
            ..Collector::default()
        };
        let shell = matches!(command.name(), "sh" | "bash" | "ash" | "dash" | "zsh");
        let source = Source::new(text.as_str());
        if shell {
            let commands = shell::commands(text);
            self.expansion_limit = std::mem::take(&mut sub.expansion_limit);
            self.shell(&commands, place, &mut Env::default());
            return;
        }
        embedded(names, &source, &mut sub);
        self.expansion_limit = std::mem::take(&mut sub.expansion_limit);
        let (line, column) = text.place(0);
        let (lines, columns) = (line.saturating_sub(1), column.saturating_sub(1));
        for v in sub.variables {
            if self.variables.len() < MAX_FACTS {
                self.variables.push(Variable {
                    value: v.value.shifted(lines, columns),
                    at: v.at.shifted(lines, columns),
                    ..v
                });
            }
        }
        for note in sub.notes {
            let at = note.at.shifted(lines, columns);
            self.note(Note { at, ..note });
        }
        for c in sub.commands {
            if self.commands.len() < MAX_FACTS {
                let words = c.words.into_iter().map(|w| Word {
                    text: w.text.shifted(lines, columns),
                    ..w
                });
                self.commands.push(Invocation {
                    words: words.collect(),
                    at: c.at.shifted(lines, columns),
                    ..c
                });
            }
        }
        self.uses.extend(
            sub.uses
                .into_iter()
                .map(|(at, uses)| (at.shifted(lines, columns), uses)),
        );
    }

    /// Records a use of the variable that is set at a place.
    fn used(&mut self, at: Span, command: &Command, role: Role) {
        let uses = self.uses.entry(at).or_default();
        let verb = command.words.get(1).map_or("", Word::as_str);
        match (role, verb) {
            (Role::Go, "build" | "install") => uses.builds = true,
            (Role::Builds, _) if passed_on::releases(command) => uses.builds = true,
            // These subcommands read settings of the `go` command, and start nothing.
            (
                Role::Go,
                "mod" | "env" | "version" | "list" | "get" | "clean" | "fmt" | "doc" | "work",
            ) => {}
            (Role::Go, verb) => {
                uses.others = true;
                uses.tests |= matches!(verb, "test" | "vet");
            }
            _ => uses.others = true,
        }
    }

    fn go(&mut self, command: &Command, place: &Place, env: &dyn Fn(&str, bool) -> Option<String>) {
        if self.commands.len() >= MAX_FACTS {
            return;
        }
        let (Some(first), Some(last)) = (command.words.first(), command.words.last()) else {
            return;
        };
        let mut words: Vec<Word> = Vec::new();
        for word in command.words.iter().skip(1) {
            if !word.dynamic {
                words.push(word.clone());
                continue;
            }
            let text = expand(&word.text, '\\', &self.expansion_limit, &|name| {
                env(name, false)
            });
            let known = Word {
                text,
                ..word.clone()
            };
            // Outside of quotes, the shell splits a value at blanks into several words.
            if word.quoted || !known.as_str().contains(' ') || word.as_str().contains('(') {
                words.push(known);
            } else {
                words.extend(split(&known));
            }
        }
        let known = [
            "GOFLAGS",
            "GOEXPERIMENT",
            "GOROOT_FINAL",
            "GOOS",
            "GOARCH",
            "GOBIN",
        ];
        self.commands.push(Invocation {
            words,
            at: first.text.whole().to(last.text.whole()),
            scope: place.scope.clone(),
            env: known
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), env(name, true)?)))
                .collect(),
            go: place.go.clone(),
            release: place.release,
            dir: place.dir.clone(),
            moved: place.moved.clone(),
            leaves: place.leaves.clone(),
        });
    }

    /// `go env -w NAME=value` sets a variable for all later go commands.
    fn go_env(&mut self, command: &Command, place: &Place, env: &mut Env) {
        if !command
            .words
            .iter()
            .any(|w| matches!(w.as_str(), "-w" | "--w"))
        {
            return;
        }
        let place = place.read_by(Reader::Build);
        for a in command.words.iter().filter_map(shell::assignment) {
            // The environment has priority over `go env -w`.
            if env.get(&a.name).is_none() {
                env.export(&a.name, a.value.as_str(), a.at);
            }
            // `go env -w` refuses other values of these, which is a finding of its own.
            if matches!(&*a.name, "GOEXPERIMENT" | "GOFLAGS") {
                self.variable(&a.name, a.value, a.at, "go env -w ", &place);
            }
        }
    }
}

/// The reader of a variable that is set for one command, as in `NAME=value command`.
fn reader_of_prefix(place: Reader, role: Role, exec: bool) -> Reader {
    match (role, place) {
        (Role::Go | Role::Builds, _) => Reader::Build,
        (Role::Starts, Reader::Program | Reader::SomeProgram | Reader::Both) => Reader::Program,
        (Role::Starts, Reader::Unknown) if exec => Reader::Program,
        _ => Reader::Unknown,
    }
}

/// The reader of a variable that is exported before these commands.
fn reader_of_export(place: Reader, after: After) -> Reader {
    let starts = after.starts || after.becomes;
    match place {
        Reader::Program | Reader::SomeProgram | Reader::Both if !after.builds => Reader::Program,
        Reader::Unknown if after.becomes && !after.starts && !after.builds => Reader::Program,
        _ if after.builds && !starts => Reader::Build,
        _ => Reader::Unknown,
    }
}

/// Whether an assignment keeps a value from outside, as `FLAGS=${FLAGS:-...}` does: the caller of the script may set it.
fn names_itself(a: &shell::Assignment) -> bool {
    let text = a.value.as_str();
    text.match_indices(&a.name).any(|(at, name)| {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + name.len()..).unwrap_or_default();
        let ends = !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        ends && (before.ends_with("${") || before.ends_with('$'))
    })
}

/// Splits a word as the shell does after expansion; quotes in it count, because a makefile inserts values before the shell reads them.
fn split(word: &Word) -> Vec<Word> {
    let chars = word.as_str();
    if chars.contains(['"', '\'']) {
        let commands = shell::commands(&word.text);
        // The commands of `$(...)` come before the command that contains it.
        let words = commands.into_iter().next_back().map(|c| c.words);
        return words.filter(|w| !w.is_empty()).unwrap_or_default();
    }
    let mut out = Vec::new();
    let mut at = 0;
    for part in chars.split(' ') {
        if !part.is_empty() {
            out.push(Word {
                text: word.text.slice(at..at + part.len()),
                ..word.clone()
            });
        }
        at += part.len() + 1;
    }
    out
}
