//! Gathers variables and `go` commands; what every reader of a kind fills.

use super::expand::{Room, expand};
use super::handed::{self, To};
use super::kind::Kind;
use super::release::Toolchain;
use super::role::{self, Role};
use super::shell::{Command, Word};
use super::template::Marks;
use super::text::{Source, Span, Text};
use super::{Deployment, shell};
use crate::knowledge::ldflags;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Variables and commands of one file at the most.
const MOST: usize = 50_000;
/// Variables that one place knows for putting in; further ones are not known.
const MOST_NAMES: usize = 1000;
/// Longest value that a place knows, in bytes; a longer one stays a name.
const LONGEST_VALUE: usize = 64 << 10;

/// Variables whose use is told, see [`Variable::uses`].
const USED: [&str; 2] = ["GODEBUG", "GOROOT_FINAL"];

/// Longest name of a command that is kept, in bytes.
const LONGEST_PATH: usize = 4096;
/// Definitions of one word, and entries of a file with aliases, that are looked at at the most.
const MOST_DEFINED: usize = 200;
const MOST_LOOKED: usize = 1_000_000;

/// `-X target=value` of a build.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Import path and name.
    pub target: String,
    /// What it is set to.
    pub value: Text,
    /// All of it.
    pub at: Span,
    /// Where it is built.
    pub scope: String,
    /// The Go release of the build, when the file tells it.
    pub go: Option<Toolchain>,
}

impl Definition {
    /// Finds a definition in the text that it comes from.
    fn of(
        target: &str,
        value: &str,
        text: &Text,
        scope: &str,
        go: Option<&Toolchain>,
    ) -> Definition {
        let whole = format!("{target}={value}");
        let from = text.as_str().find(&whole);
        let value = match from {
            Some(at) => text.slice(at + target.len() + 1..at + whole.len()),
            None => Text::fixed(value, text.whole()),
        };
        Definition {
            target: target.to_owned(),
            value,
            at: text.find(&whole),
            scope: scope.to_owned(),
            go: go.cloned(),
        }
    }
}

/// Something that only one kind of file can get wrong.
#[derive(Clone, Debug)]
pub struct Note {
    /// What it is.
    pub what: Oddity,
    /// Where it stands.
    pub at: Span,
    /// The variable before it.
    pub variable: String,
    /// Its text.
    pub text: String,
    /// Where it holds.
    pub scope: String,
}

/// What a [`Note`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// A word after `GODEBUG=...` and a blank that becomes a variable of its own: systemd, shells, `ENV` of a Dockerfile.
    OtherVariable,
    /// systemd: a word that is no assignment and is dropped.
    NoAssignment,
}

/// Who reads a variable, as far as the file tells for certain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reader {
    /// The program that is deployed, and no `go` command: its container, service, unit or command line.
    Program,
    /// Some program; which one another file tells: a ConfigMap, a file of variables.
    SomeProgram,
    /// A build: a `go` command, or what may run one. The program that it makes never sees it.
    Build,
    /// Both: a stage that builds and that the image is made of.
    Both,
    /// The file does not tell. Rules that guess keep silent; what is wrong for every reader is reported.
    #[default]
    Unknown,
    /// Nobody: a variable of a shell that is not exported.
    Nobody,
}

impl Reader {
    /// True when a deployed program is sure to see it.
    pub fn runs(self) -> bool {
        matches!(self, Reader::Program | Reader::SomeProgram | Reader::Both)
    }

    /// True when a build is sure to see it.
    pub fn builds(self) -> bool {
        matches!(self, Reader::Build | Reader::Both)
    }
}

/// What a variable is used for further down, as far as the file tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// `go build` or `go install` sees it.
    pub builds: bool,
    /// So does something that may have been meant: `go test`, `go run`, a script, a program.
    pub others: bool,
    /// `go test` sees it.
    pub tests: bool,
}

/// A variable that a file sets.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, as far as the file tells it.
    pub value: Text,
    /// The assignment.
    pub at: Span,
    /// How a person names the assignment: `ENV GODEBUG`, `Environment=GODEBUG`.
    pub label: String,
    /// Where it holds: `stage build`, `service web`.
    pub scope: String,
    /// Who reads it.
    pub reader: Reader,
    /// The linker bakes it into the program: `-X runtime.godebugDefault=...`, taken as a variable called GODEBUG.
    pub baked: bool,
    /// What it is used for; told for GODEBUG and GOROOT_FINAL alone.
    pub uses: Uses,
    /// The Go release of whoever reads it, when the file tells it.
    pub go: Option<Toolchain>,
    /// Go's name of the architecture of whoever reads it, when the file tells it.
    pub arch: Option<String>,
}

/// A `go` command that a file runs.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Everything after `go`.
    pub words: Vec<Word>,
    /// The command.
    pub at: Span,
    /// Where it runs.
    pub scope: String,
    /// Variables that it sees, as far as the file tells them.
    pub env: BTreeMap<String, String>,
    /// Its Go release, when the file tells it.
    pub go: Option<Toolchain>,
    /// What it builds is meant to be deployed.
    pub release: bool,
    /// Directory in which it runs, as far as the file tells: `WORKDIR`, then the last `cd` before it.
    pub dir: String,
    /// The last `cd` before it, as it stands; empty without one.
    pub moved: String,
    /// What leaves the place where it runs, when only part of it can; `None` where the file does not tell.
    pub leaves: Option<Arc<Leaves>>,
}

/// What leaves a stage of a Dockerfile or a job of CI.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaves {
    /// All of it may: a stage of the image, a job that publishes.
    pub all: bool,
    /// Names of the stages that it goes to with `all`.
    pub to: Vec<String>,
    /// Files and directories, each with the name of the stage that takes it; empty for a job.
    pub paths: Vec<(String, String)>,
    /// All sources that came there are single Go files, of no module.
    pub loose: bool,
}

impl Invocation {
    /// Position of the subcommand among the words; `go -C dir build` has one flag before it.
    fn verb_at(&self) -> Option<usize> {
        let mut at = 0;
        while let Some(word) = self.words.get(at) {
            match word.as_str() {
                "-C" => at += 2,
                w if w.starts_with('-') => at += 1,
                _ => return Some(at),
            }
        }
        None
    }

    /// `build` of `go build`; empty when there is none.
    pub fn verb(&self) -> &str {
        self.verb_at()
            .and_then(|at| self.words.get(at))
            .map_or("", Word::as_str)
    }

    /// What follows the subcommand.
    pub fn arguments(&self) -> &[Word] {
        self.verb_at()
            .and_then(|at| self.words.get(at + 1..))
            .unwrap_or_default()
    }

    /// Every value of a flag: `-flag=value`, `-flag value`, with one dash or two.
    pub fn flag(&self, name: &str) -> Vec<&Word> {
        let mut found = Vec::new();
        let mut words = self.arguments().iter();
        while let Some(word) = words.next() {
            let text = word.as_str();
            let flag = text.strip_prefix("--").or_else(|| text.strip_prefix('-'));
            match flag.and_then(|f| f.strip_prefix(name)) {
                Some("") => found.extend(words.next()),
                Some(rest) if rest.starts_with('=') => found.push(word),
                _ => {}
            }
        }
        found
    }

    /// True when a flag without a value is given and not taken back.
    pub fn has(&self, name: &str) -> bool {
        let given = |text: &str| {
            let flag = text.strip_prefix("--").or_else(|| text.strip_prefix('-'))?;
            match flag.strip_prefix(name)? {
                "" | "=true" | "=1" => Some(true),
                "=false" | "=0" => Some(false),
                _ => None,
            }
        };
        let in_flags = self.env.get("GOFLAGS").map_or("", String::as_str);
        let all = in_flags
            .split_whitespace()
            .map(|w| w.trim_matches(['\'', '"']))
            .chain(self.arguments().iter().map(Word::as_str));
        all.filter_map(given).next_back().unwrap_or(false)
    }
}

/// Where commands run.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// See [`Variable::scope`].
    pub scope: String,
    /// See [`Variable::reader`].
    pub reader: Reader,
    /// The Go release of the `go` command there.
    pub go: Option<Toolchain>,
    /// The Go release of the program that runs there.
    pub program: Option<Toolchain>,
    /// See [`Variable::arch`].
    pub arch: Option<String>,
    /// See [`Invocation::release`].
    pub release: bool,
    /// See [`Invocation::dir`].
    pub dir: String,
    /// See [`Invocation::moved`].
    pub moved: String,
    /// See [`Invocation::leaves`].
    pub leaves: Option<Arc<Leaves>>,
    /// Artifacts of CI go to jobs of the same file alone.
    pub hands_on: bool,
}

/// A command other than `go`.
#[derive(Clone, Debug)]
pub struct Start {
    /// Its name, as far as the file tells it.
    pub name: String,
    /// Where the name stands.
    pub at: Span,
    /// Where it runs.
    pub scope: String,
}

impl Place {
    /// The same place with another reader.
    pub fn read_by(&self, reader: Reader) -> Place {
        Place {
            reader,
            ..self.clone()
        }
    }

    /// Whose release a variable there is read by.
    fn release_of_reader(&self) -> Option<Toolchain> {
        if self.reader.runs() {
            self.program.clone().or_else(|| self.go.clone())
        } else {
            self.go.clone()
        }
    }
}

/// A value that a place knows.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The value.
    pub value: String,
    /// The assignment.
    pub at: Option<Span>,
    /// Commands see it; a variable of a shell that is not exported only stands in for its name.
    pub exported: bool,
    /// It is set more than once, perhaps in branches of a condition.
    pub many: bool,
}

/// Variables that a place knows, above them those of the places around it.
#[derive(Clone, Debug, Default)]
pub struct Env<'a> {
    above: Option<&'a Env<'a>>,
    own: BTreeMap<String, Known>,
}

impl<'a> Env<'a> {
    /// Knows nothing of its own.
    pub fn under(above: &'a Env<'a>) -> Env<'a> {
        Env {
            above: Some(above),
            own: BTreeMap::new(),
        }
    }

    /// Puts it under another one.
    pub fn put_above(&mut self, above: &'a Env<'a>) {
        self.above = Some(above);
    }

    /// The variable of that name.
    pub fn get(&self, name: &str) -> Option<&Known> {
        let mut env = Some(self);
        while let Some(one) = env {
            if let Some(known) = one.own.get(name) {
                return Some(known);
            }
            env = one.above;
        }
        None
    }

    /// Its value.
    pub fn value(&self, name: &str) -> Option<String> {
        self.get(name).map(|k| k.value.clone())
    }

    /// Takes a variable; there is room for so many names, and for values that people write.
    pub fn set(&mut self, name: &str, known: Known) {
        if known.value.len() <= LONGEST_VALUE
            && (self.own.len() < MOST_NAMES || self.own.contains_key(name))
        {
            self.own.insert(name.to_owned(), known);
        }
    }

    /// Takes a variable that commands see.
    pub fn export(&mut self, name: &str, value: &str, at: Span) {
        let known = Known {
            value: value.to_owned(),
            at: Some(at),
            exported: true,
            many: false,
        };
        self.set(name, known);
    }
}

/// What has been found so far.
#[derive(Default)]
pub struct Collector {
    variables: Vec<Variable>,
    commands: Vec<Invocation>,
    starts: Vec<Start>,
    env_files: Vec<Text>,
    notes: Vec<Note>,
    seen: HashSet<(Span, String)>,
    uses: HashMap<Span, Uses>,
    /// What is left for putting values in.
    pub room: Room,
    /// What stands in place of the marks of a template.
    pub marks: Marks,
    /// Variables for the steps that follow, until [`Collector::take_handed`] takes them.
    handed: Vec<(String, String, Span)>,
    /// It reads a here-document.
    inside: bool,
    /// Entries that were looked at, see [`Collector::look_at`].
    looked: usize,
}

/// Names that say something about Go.
pub fn matters(name: &str) -> bool {
    name.starts_with("GO") || name.starts_with("CGO_") || name.ends_with("LDFLAGS")
}

/// What the commands after one are.
#[derive(Clone, Copy, Default)]
struct After {
    /// One of them builds or may build.
    builds: bool,
    /// One of them starts some program in place of the shell.
    becomes: bool,
    /// One of them starts some program beside it.
    starts: bool,
}

impl Collector {
    /// Takes a variable; one that anchors or merges bring twice is taken once.
    pub fn variable(&mut self, name: &str, value: Text, at: Span, label: &str, place: &Place) {
        if !matters(name) || self.variables.len() >= MOST {
            return;
        }
        if !self.seen.insert((at, name.to_owned())) {
            return;
        }
        let by_default = self.marks.by_default(value.as_str());
        let value = self.marks.fill(value);
        let mut place = place.clone();
        if self.marks.is_conditional(at) {
            place.reader = Reader::Unknown;
        }
        if by_default {
            place.scope += ", by default";
        }
        self.variables.push(Variable {
            name: name.to_owned(),
            value,
            at,
            label: format!("{label}{name}"),
            scope: place.scope.clone(),
            reader: place.reader,
            baked: false,
            uses: Uses::default(),
            go: place.release_of_reader(),
            arch: place.arch.clone(),
        });
    }

    /// Takes variables of one place, where of several with one name only the last counts.
    pub fn variables(&mut self, all: Vec<(String, Text, Span)>, label: &str, place: &Place) {
        let mut last: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, (name, ..)) in all.iter().enumerate() {
            if matters(name) {
                last.insert(name, index);
            }
        }
        let mut kept: Vec<usize> = last.into_values().collect();
        kept.sort_unstable();
        for index in kept {
            if let Some((name, value, at)) = all.get(index) {
                self.variable(name, value.clone(), *at, label, place);
            }
        }
    }

    /// Takes the name of a file of variables.
    pub fn env_file(&mut self, name: Text) {
        if !name.is_empty() && self.env_files.len() < 1000 {
            self.env_files.push(name);
        }
    }

    /// Takes something that only one kind of file can get wrong.
    pub fn note(&mut self, note: Note) {
        if self.notes.len() < MOST {
            self.notes.push(note);
        }
    }

    /// Notes variables that stand behind GODEBUG in one assignment of several: `ENV GODEBUG=a=1 b=2`.
    pub fn behind_godebug<'v>(
        &mut self,
        all: impl Iterator<Item = (&'v str, &'v str, Span)>,
        scope: &str,
    ) {
        let mut before = "";
        for (name, value, at) in all {
            if matters(name) {
                before = name;
            } else if before == "GODEBUG" {
                self.note(Note {
                    what: Oddity::OtherVariable,
                    at,
                    variable: before.to_owned(),
                    text: format!("{name}={value}"),
                    scope: scope.to_owned(),
                });
            }
        }
    }

    /// Takes shell commands that run one after another, with what they see; what they set stays in `env`.
    pub fn shell(&mut self, commands: &[Command], place: &Place, env: &mut Env) {
        let roles: Vec<Role> = commands.iter().map(role::of).collect();
        let mut after = vec![After::default(); commands.len()];
        let mut so_far = After::default();
        for (index, (command, role)) in commands.iter().zip(&roles).enumerate().rev() {
            if let Some(slot) = after.get_mut(index) {
                *slot = so_far;
            }
            match role {
                Role::Go | Role::Builds => so_far.builds = true,
                Role::Starts if command.exec => so_far.becomes = true,
                Role::Starts => so_far.starts = true,
                Role::Harmless => {}
            }
        }
        let exported: HashSet<&str> = commands
            .iter()
            .flat_map(|c| c.exports.iter().map(String::as_str))
            .collect();
        let mut exports_all = false;
        // Where a `cd` led, with the number of subshells around it.
        let mut moves: Vec<(usize, Place)> = Vec::new();
        let all = commands.iter().enumerate().zip(roles);
        for (((index, command), role), after) in all.zip(after) {
            if command.name() == "set" {
                let on = |w: &Word| {
                    matches!(w.as_str(), "-a" | "allexport")
                        || (w.as_str().starts_with('-')
                            && w.as_str().contains('a')
                            && !w.as_str().starts_with("--"))
                };
                exports_all |= command.words.iter().skip(1).any(on);
            }
            let given = command.assignments.iter();
            let given = given.map(|a| (&*a.name, a.value.as_str(), a.at));
            self.behind_godebug(given, &place.scope);
            while moves
                .last()
                .is_some_and(|(deep, _)| *deep > command.subshells)
            {
                moves.pop();
            }
            if let ("cd" | "pushd", Some(word)) = (command.name(), command.words.get(1)) {
                let to = expand(&word.text, '\\', &self.room, &|name| env.value(name));
                let from = moves.last().map_or(place, |(_, place)| place);
                let to = moved(from, place, to.as_str());
                moves.retain(|(deep, _)| *deep < command.subshells);
                moves.push((command.subshells, to));
            }
            let place = moves.last().map_or(place, |(_, place)| place);
            let go = role == Role::Go;
            let stays = command.words.is_empty();
            // For this command alone.
            let mut alone: BTreeMap<String, Known> = BTreeMap::new();
            for a in &command.assignments {
                let value = expand(&a.value, '\\', &self.room, &|name| {
                    let own = alone.get(name).map(|k| k.value.clone());
                    own.or_else(|| env.value(name))
                });
                let known = Known {
                    value: value.as_str().to_owned(),
                    at: Some(a.at),
                    exported: !stays
                        || exports_all
                        || command.exported
                        || exported.contains(a.name.as_str())
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
                } else if alone.len() < MOST_NAMES {
                    alone.insert(a.name.clone(), known);
                }
            }
            if role != Role::Harmless {
                for name in USED {
                    let given = alone.get(name).or_else(|| env.get(name));
                    let given = given.filter(|k| k.exported);
                    if let Some(at) = given.and_then(|k| k.at) {
                        self.used(at, command, role);
                    }
                }
            }
            for document in &command.documents {
                self.document(command, document, place);
            }
            self.hand_on(command, commands.get(index + 1), place, env);
            if !go && let Some(word) = command.words.first() {
                self.start(word, place, env);
            }
            if go {
                // Flags that one branch sets and another does not: which of them, nobody knows here.
                let lookup = |name: &str, exported: bool| {
                    let known = alone.get(name).or_else(|| env.get(name))?;
                    let told = if exported {
                        known.exported
                    } else {
                        !known.many
                    };
                    told.then(|| known.value.clone())
                };
                self.go(command, place, &lookup);
                if command.words.get(1).is_some_and(|w| w.as_str() == "env") {
                    self.go_env(command, place, env);
                }
            }
        }
    }

    /// Takes the variables that a command hands to somebody else.
    fn hand_on(&mut self, command: &Command, next: Option<&Command>, place: &Place, env: &Env) {
        for given in handed::of(command, next) {
            let value = expand(&given.value, '\\', &self.room, &|name| env.value(name));
            let reader = match given.to {
                To::Container => Reader::Unknown,
                To::Programs => Reader::SomeProgram,
                To::Steps => place.reader,
            };
            if given.to == To::Steps && self.handed.len() < MOST_NAMES {
                let value = value.as_str().to_owned();
                self.handed.push((given.name.clone(), value, given.at));
            }
            let place = Place {
                reader,
                // Neither the release nor the processor of whoever reads it is that of the command.
                go: place.go.clone().filter(|_| given.to == To::Steps),
                program: None,
                arch: None,
                ..place.clone()
            };
            self.variable(&given.name, value, given.at, &given.label, &place);
        }
    }

    /// Variables that scripts handed to the steps that follow, since this was asked last.
    pub fn take_handed(&mut self) -> Vec<(String, String, Span)> {
        std::mem::take(&mut self.handed)
    }

    /// Says that a build sees the variables of a place: an action that builds, without a command.
    pub fn builds_with(&mut self, env: &Env) {
        for at in USED.iter().filter_map(|name| env.get(name)?.at) {
            self.uses.entry(at).or_default().builds = true;
        }
    }

    /// Takes the name of a command other than `go`.
    fn start(&mut self, word: &Word, place: &Place, env: &Env) {
        let name = expand(&word.text, '\\', &self.room, &|name| env.value(name));
        let name = name.as_str();
        if self.starts.len() < MOST && !name.is_empty() && name.len() <= LONGEST_PATH {
            self.starts.push(Start {
                name: name.to_owned(),
                at: word.text.whole(),
                scope: place.scope.clone(),
            });
        }
    }

    /// Takes a here-document that a script writes to a file, gives to a shell or to kubectl.
    fn document(&mut self, command: &Command, text: &Text, place: &Place) {
        if self.inside || text.is_empty() {
            return;
        }
        let names = command.writes.iter().map(String::as_str);
        let names = names.chain(command.words.iter().skip(1).map(Word::as_str));
        let mut sub = Collector {
            inside: true,
            room: std::mem::take(&mut self.room),
            ..Collector::default()
        };
        let shell = matches!(command.name(), "sh" | "bash" | "ash" | "dash" | "zsh");
        let source = Source::new(text.as_str());
        if shell {
            let commands = shell::commands(text);
            self.room = std::mem::take(&mut sub.room);
            self.shell(&commands, place, &mut Env::default());
            return;
        }
        super::embedded(names, &source, &mut sub);
        self.room = std::mem::take(&mut sub.room);
        let (line, column) = text.place(0);
        let (lines, columns) = (line.saturating_sub(1), column.saturating_sub(1));
        for v in sub.variables {
            if self.variables.len() < MOST {
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
            if self.commands.len() < MOST {
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

    /// Counts entries that a reader is about to look at; false when a file with aliases has shown more than anybody writes.
    pub fn look_at(&mut self, entries: usize) -> bool {
        self.looked = self.looked.saturating_add(entries);
        self.looked <= MOST_LOOKED
    }

    /// What `-X` sets, in commands and in variables that hold flags; what a variable brought into a command is told once.
    fn definitions(&self) -> Vec<Definition> {
        let mut found = Vec::new();
        let mut said: HashSet<(String, String)> = HashSet::new();
        let flags = self.variables.iter().filter(|v| v.name.ends_with("FLAGS"));
        for v in flags {
            let text = v.value.as_str().replace("-ldflags=", " ");
            for (target, value) in ldflags::definitions(&text).into_iter().take(MOST_DEFINED) {
                found.push(Definition::of(
                    &target,
                    &value,
                    &v.value,
                    &v.scope,
                    v.go.as_ref(),
                ));
                said.insert((target, value));
            }
        }
        for c in &self.commands {
            let link = if c.verb() == "tool" {
                c.arguments()
            } else {
                &[]
            };
            let words = c.flag("ldflags").into_iter().map(|w| (w, ""));
            for (word, before) in words.chain(link.iter().map(|w| (w, "-X "))) {
                let flags = word.as_str();
                let flags = flags.split_once("ldflags=").map_or(flags, |(_, f)| f);
                let all = ldflags::definitions(&format!("{before}{flags}"));
                for (target, value) in all.into_iter().take(MOST_DEFINED) {
                    let known = word.dynamic && said.contains(&(target.clone(), value.clone()));
                    if !known {
                        found.push(Definition::of(
                            &target,
                            &value,
                            &word.text,
                            &c.scope,
                            c.go.as_ref(),
                        ));
                    }
                }
            }
        }
        found
    }

    /// Remembers what the variable that stands there is used for.
    fn used(&mut self, at: Span, command: &Command, role: Role) {
        let uses = self.uses.entry(at).or_default();
        let verb = command.words.get(1).map_or("", Word::as_str);
        match (role, verb) {
            (Role::Go, "build" | "install") => uses.builds = true,
            (Role::Builds, _) if handed::releases(command) => uses.builds = true,
            // These read settings of the go command, and start nothing.
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
        if self.commands.len() >= MOST {
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
            let text = expand(&word.text, '\\', &self.room, &|name| env(name, false));
            let known = Word {
                text,
                ..word.clone()
            };
            // Outside quotes the shell makes several words of a value with blanks.
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
            // The environment goes before it.
            if env.get(&a.name).is_none() {
                env.export(&a.name, a.value.as_str(), a.at);
            }
            // What go env refuses is one finding already.
            if matches!(&*a.name, "GOEXPERIMENT" | "GOFLAGS") {
                self.variable(&a.name, a.value, a.at, "go env -w ", &place);
            }
        }
    }

    /// All of it, in the order of the file.
    pub fn finish(mut self, path: &str, kind: Kind, source: Source) -> Deployment {
        for v in &mut self.variables {
            if let Some(uses) = self.uses.get(&v.at).filter(|_| USED.contains(&&*v.name)) {
                v.uses = *uses;
            }
        }
        let definitions = self.definitions();
        for d in &definitions {
            if d.target == "runtime.godebugDefault" {
                self.variables.push(Variable {
                    name: "GODEBUG".to_owned(),
                    value: d.value.clone(),
                    at: d.at,
                    label: "-X runtime.godebugDefault".to_owned(),
                    scope: d.scope.clone(),
                    reader: Reader::Program,
                    baked: true,
                    uses: Uses::default(),
                    go: d.go.clone(),
                    arch: None,
                });
            }
        }
        self.variables.sort_by_key(|v| v.at);
        self.commands.sort_by_key(|c| c.at);
        self.notes.sort_by_key(|n| n.at);
        Deployment {
            path: path.to_owned(),
            kind,
            variables: self.variables,
            commands: self.commands,
            starts: self.starts,
            env_files: self.env_files,
            notes: self.notes,
            definitions,
            around: None,
            module: None,
            inside: None,
            source,
        }
    }
}

/// Who reads a variable in front of a command.
fn reader_of_prefix(place: Reader, role: Role, exec: bool) -> Reader {
    match (role, place) {
        (Role::Go | Role::Builds, _) => Reader::Build,
        (Role::Starts, Reader::Program | Reader::SomeProgram | Reader::Both) => Reader::Program,
        (Role::Starts, Reader::Unknown) if exec => Reader::Program,
        _ => Reader::Unknown,
    }
}

/// Who reads a variable that is exported before those commands.
fn reader_of_export(place: Reader, after: After) -> Reader {
    let starts = after.starts || after.becomes;
    match place {
        Reader::Program | Reader::SomeProgram | Reader::Both if !after.builds => Reader::Program,
        Reader::Unknown if after.becomes && !after.starts && !after.builds => Reader::Program,
        _ if after.builds && !starts => Reader::Build,
        _ => Reader::Unknown,
    }
}

/// `FLAGS=${FLAGS:-...}`: whoever calls the script may set it.
fn names_itself(a: &shell::Assignment) -> bool {
    let text = a.value.as_str();
    text.match_indices(&a.name).any(|(at, name)| {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + name.len()..).unwrap_or_default();
        let ends = !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        ends && (before.ends_with("${") || before.ends_with('$'))
    })
}

/// The place that `cd` leads to; `first` is where the commands began.
fn moved(from: &Place, first: &Place, to: &str) -> Place {
    if to == "-" {
        return first.clone();
    }
    let join = |dir: &str| match dir {
        dir if to.starts_with('/') || dir.is_empty() || dir.len() > LONGEST_PATH => to.to_owned(),
        dir => format!("{}/{to}", dir.trim_end_matches('/')),
    };
    // What `..` leaves is no part of the way any more.
    let mut way: Vec<String> = Vec::new();
    for part in join(&from.moved).split('/') {
        match part {
            ".." if way
                .last()
                .is_some_and(|last| !last.is_empty() && last != "..") =>
            {
                way.pop();
            }
            part => way.push(part.to_owned()),
        }
    }
    Place {
        dir: join(&from.dir),
        moved: way.join("/"),
        ..from.clone()
    }
}

/// The words that come of one: of a value with quotes those that a makefile puts into a recipe, else what is between blanks.
fn split(word: &Word) -> Vec<Word> {
    let chars = word.as_str();
    if chars.contains(['"', '\'']) {
        let commands = shell::commands(&word.text);
        // Commands of `$(...)` come before the one that they stand in.
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
