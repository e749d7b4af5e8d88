//! Collects the facts of a deployment file: the reader of each kind fills a [`Collector`].

mod commands;
mod definitions;

use super::Deployment;
use super::expand::ExpansionLimit;
use super::facts::{Invocation, Mistake, Note, Reader, ReleasedBy, Start, Uses, Variable};
use super::kind::Kind;
use super::place::{Env, Place};
use super::template::Marks;
use super::text::{Source, Span, Text};
use std::collections::{BTreeMap, HashMap};

/// Most variables and commands of one file.
const MAX_FACTS: usize = 50_000;
/// Variables whose uses are recorded, see [`Variable::uses`].
const USED: [&str; 2] = ["GODEBUG", "GOROOT_FINAL"];

/// Most entries of a file that are read, aliases followed.
const MOST_LOOKED: usize = 1_000_000;

/// The facts found so far.
#[derive(Default)]
pub struct Collector {
    variables: Vec<Variable>,
    commands: Vec<Invocation>,
    starts: Vec<Start>,
    env_files: Vec<Text>,
    notes: Vec<Note>,
    /// Names of variables by the place of the assignment, so that an assignment that anchors and merges repeat is added once.
    seen: HashMap<Span, Vec<String>>,
    uses: HashMap<Span, Uses>,
    /// How many more characters may be inserted for variables.
    pub expansion_limit: ExpansionLimit,
    /// The replacements for the actions of a template.
    pub marks: Marks,
    /// Variables for later steps, see [`Collector::take_passed_on`].
    passed_on: Vec<(String, String, Span)>,
    /// Whether a here-document is being read.
    inside: bool,
    /// Number of entries that were read, see [`Collector::look_at`].
    looked: usize,
}

/// Whether a variable of this name concerns Go.
pub fn matters(name: &str) -> bool {
    name.starts_with("GO") || name.starts_with("CGO_") || name.ends_with("LDFLAGS")
}

impl Collector {
    /// Adds a variable. An assignment that anchors or merges repeat is added once.
    pub fn variable(&mut self, name: &str, value: Text, at: Span, label: &str, place: &Place) {
        if !matters(name) || self.variables.len() >= MAX_FACTS {
            return;
        }
        let seen = self.seen.entry(at).or_default();
        if seen.iter().any(|n| n == name) {
            return;
        }
        seen.push(name.to_owned());
        let by_default = self.marks.by_default(value.as_str());
        let value = self.marks.fill(value);
        let reader = match self.marks.is_conditional(at) {
            true => Reader::Unknown,
            false => place.reader,
        };
        let suffix = if by_default { ", by default" } else { "" };
        self.variables.push(Variable {
            name: name.to_owned(),
            value,
            at,
            label: format!("{label}{name}"),
            scope: format!("{}{suffix}", place.scope),
            reader,
            baked: false,
            uses: Uses::default(),
            go: place.release_for(reader),
            arch: place.arch.clone(),
        });
    }

    /// Whether [`Collector::variable`] would add this variable: it concerns Go, and was not added from this place before.
    pub fn is_new(&self, name: &str, at: Span) -> bool {
        let taken = |names: &Vec<String>| names.iter().any(|n| n == name);
        matters(name) && !self.seen.get(&at).is_some_and(taken)
    }

    /// Adds variables of one place. Of several with one name only the last counts.
    pub fn variables(&mut self, all: Vec<(String, Text, Span)>, label: &str, place: &Place) {
        let mut last: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, (name, ..)) in all.iter().enumerate() {
            if matters(name) {
                last.insert(name, index);
            }
        }
        let mut kept: Vec<usize> = last.into_values().collect();
        kept.sort_unstable();
        let mut kept = kept.into_iter().peekable();
        for (index, (name, value, at)) in all.into_iter().enumerate() {
            if kept.next_if_eq(&index).is_some() {
                self.variable(&name, value, at, label, place);
            }
        }
    }

    /// Adds the name of a file of variables.
    pub fn env_file(&mut self, name: Text) {
        if !name.is_empty() && self.env_files.len() < 1000 {
            self.env_files.push(name);
        }
    }

    /// Adds a mistake that only one kind of file can have.
    pub fn note(&mut self, note: Note) {
        if self.notes.len() < MAX_FACTS {
            self.notes.push(note);
        }
    }

    /// Notes variables that follow GODEBUG in the same instruction: `ENV GODEBUG=a=1 b=2`.
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
                    what: Mistake::OtherVariable,
                    at,
                    variable: before.to_owned(),
                    text: format!("{name}={value}"),
                    scope: scope.to_owned(),
                });
            }
        }
    }

    /// Variables that scripts set for later steps since the last call.
    pub fn take_passed_on(&mut self) -> Vec<(String, String, Span)> {
        std::mem::take(&mut self.passed_on)
    }

    /// Records that a build without a command, such as an action, sees the variables of a place.
    pub fn builds_with(&mut self, env: &Env) {
        for at in USED.iter().filter_map(|name| env.get(name)?.at) {
            self.uses.entry(at).or_default().builds = true;
        }
    }

    /// Counts entries that a reader is about to read; false when a file with aliases has more than any real file.
    pub fn look_at(&mut self, entries: usize) -> bool {
        self.looked = self.looked.saturating_add(entries);
        self.looked <= MOST_LOOKED
    }

    /// Returns everything, in the order of the file.
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
            released_by: ReleasedBy::default(),
            source,
        }
    }
}
