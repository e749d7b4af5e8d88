//! Gathers variables and `go` commands; what every reader of a kind fills.

use super::expand::expand;
use super::kind::Kind;
use super::release::Toolchain;
use super::shell::{Assignment, Command, Word};
use super::text::{Source, Span, Text};
use super::{Deployment, shell};
use std::collections::{BTreeMap, HashSet};

/// Variables and commands of one file at the most.
const MOST: usize = 50_000;
/// Variables that one place knows for putting in; further ones are not known.
pub const MOST_NAMES: usize = 1000;

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
    /// A deployed program sees it.
    pub runs: bool,
    /// A `go` command may see it.
    pub builds: bool,
    /// The Go release of whoever reads it, when the file tells it.
    pub go: Option<Toolchain>,
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
    /// See [`Variable::runs`].
    pub runs: bool,
    /// See [`Variable::builds`].
    pub builds: bool,
    /// The Go release of the `go` command there.
    pub go: Option<Toolchain>,
    /// The Go release of the program that runs there.
    pub program: Option<Toolchain>,
    /// See [`Invocation::release`].
    pub release: bool,
}

impl Place {
    /// Whose release a variable there is read by.
    fn reader(&self) -> Option<Toolchain> {
        if self.runs {
            self.program.clone().or_else(|| self.go.clone())
        } else {
            self.go.clone()
        }
    }
}

/// Variables that the file has set so far.
pub type Env = BTreeMap<String, String>;

/// What has been found so far.
#[derive(Default)]
pub struct Collector {
    variables: Vec<Variable>,
    commands: Vec<Invocation>,
    env_files: Vec<Text>,
    seen: HashSet<(Span, String)>,
}

/// Names that say something about Go.
pub fn matters(name: &str) -> bool {
    name.starts_with("GO") || name.starts_with("CGO_") || name.ends_with("LDFLAGS")
}

/// True for the name of a `go` command: `go`, `go1.22.3`, `gotip`.
pub fn is_go(command: &Command) -> bool {
    let name = command.name();
    let name = name.strip_suffix(".exe").unwrap_or(name);
    name == "go"
        || name == "gotip"
        || name
            .strip_prefix("go1.")
            .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
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
        self.variables.push(Variable {
            name: name.to_owned(),
            value,
            at,
            label: format!("{label}{name}"),
            scope: place.scope.clone(),
            runs: place.runs,
            builds: place.builds,
            go: place.reader(),
        });
    }

    /// Takes variables of one place, where of several with one name only the last counts.
    pub fn variables(&mut self, all: Vec<(String, Text, Span)>, label: &str, place: &Place) {
        let mut last: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, (name, ..)) in all.iter().enumerate() {
            last.insert(name, index);
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

    /// Takes shell commands that run one after another; `base` is what they see, `own` what they leave to those that follow.
    pub fn shell(&mut self, commands: &[Command], place: &Place, base: &Env, own: &mut Env) {
        for command in commands {
            let go = is_go(command);
            // For this command alone.
            let mut alone = Env::new();
            for a in &command.assignments {
                let value = expand(&a.value, '\\', &|name| {
                    own.get(name).or_else(|| base.get(name)).cloned()
                });
                let text = value.as_str().to_owned();
                self.assignment(a, value, go, place);
                let into = if command.words.is_empty() {
                    &mut *own
                } else {
                    &mut alone
                };
                if into.len() < MOST_NAMES {
                    into.insert(a.name.clone(), text);
                }
            }
            if go {
                self.go(command, place, &|name| {
                    let of = |env: &Env| env.get(name).cloned();
                    of(&alone).or_else(|| of(own)).or_else(|| of(base))
                });
                if command.words.get(1).is_some_and(|w| w.as_str() == "env") {
                    self.go_env(command, place, own);
                }
            }
        }
    }

    fn assignment(&mut self, a: &Assignment, value: Text, before_go: bool, place: &Place) {
        let place = Place {
            runs: place.runs && !before_go,
            builds: place.builds || before_go,
            ..place.clone()
        };
        self.variable(&a.name, value, a.at, "", &place);
    }

    fn go(&mut self, command: &Command, place: &Place, env: &dyn Fn(&str) -> Option<String>) {
        if self.commands.len() >= MOST {
            return;
        }
        let (Some(first), Some(last)) = (command.words.first(), command.words.last()) else {
            return;
        };
        let resolve = |word: &Word| {
            if !word.dynamic {
                return word.clone();
            }
            Word {
                text: expand(&word.text, '\\', &|name| {
                    Some(env(name).unwrap_or_else(|| format!("${name}")))
                }),
                ..word.clone()
            }
        };
        let words = command.words.iter().skip(1).map(resolve).collect();
        let known = ["GOFLAGS", "GOEXPERIMENT", "GOROOT_FINAL"];
        self.commands.push(Invocation {
            words,
            at: first.text.whole().to(last.text.whole()),
            scope: place.scope.clone(),
            env: known
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), env(name)?)))
                .collect(),
            go: place.go.clone(),
            release: place.release,
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
        let place = Place {
            runs: false,
            builds: true,
            ..place.clone()
        };
        for a in command.words.iter().filter_map(shell::assignment) {
            env.entry(a.name.clone())
                .or_insert_with(|| a.value.as_str().to_owned());
            // What go env refuses is one finding already.
            if matches!(&*a.name, "GOEXPERIMENT" | "GOFLAGS") {
                self.variable(&a.name, a.value, a.at, "go env -w ", &place);
            }
        }
    }

    /// All of it, in the order of the file.
    pub fn finish(mut self, path: &str, kind: Kind, source: Source) -> Deployment {
        self.variables.sort_by_key(|v| v.at);
        self.commands.sort_by_key(|c| c.at);
        Deployment {
            path: path.to_owned(),
            kind,
            variables: self.variables,
            commands: self.commands,
            env_files: self.env_files,
            source,
        }
    }
}
