//! Gathers what a deployment file says: every reader of a kind fills one [`Collector`].

mod commands;
mod definitions;

use super::Deployment;
use super::expand::Room;
use super::found::{Invocation, Note, Oddity, Reader, ReleasedBy, Start, Uses, Variable};
use super::kind::Kind;
use super::place::{Env, Place};
use super::template::Marks;
use super::text::{Source, Span, Text};
use std::collections::{BTreeMap, HashMap};

/// Variables and commands of one file at the most.
const MOST: usize = 50_000;
/// Variables whose use is told, see [`Variable::uses`].
const USED: [&str; 2] = ["GODEBUG", "GOROOT_FINAL"];

/// Entries of a file with aliases that are looked at at the most.
const MOST_LOOKED: usize = 1_000_000;

/// What has been found so far.
#[derive(Default)]
pub struct Collector {
    variables: Vec<Variable>,
    commands: Vec<Invocation>,
    starts: Vec<Start>,
    env_files: Vec<Text>,
    notes: Vec<Note>,
    /// Names that were set at each place: what anchors and merges bring many times is taken once.
    seen: HashMap<Span, Vec<String>>,
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

impl Collector {
    /// Takes a variable; one that anchors or merges bring twice is taken once.
    pub fn variable(&mut self, name: &str, value: Text, at: Span, label: &str, place: &Place) {
        if !matters(name) || self.variables.len() >= MOST {
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

    /// True for a variable that [`Collector::variable`] would take: one of interest, and not taken from that place before.
    pub fn is_new(&self, name: &str, at: Span) -> bool {
        let taken = |names: &Vec<String>| names.iter().any(|n| n == name);
        matters(name) && !self.seen.get(&at).is_some_and(taken)
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
        let mut kept = kept.into_iter().peekable();
        for (index, (name, value, at)) in all.into_iter().enumerate() {
            if kept.next_if_eq(&index).is_some() {
                self.variable(&name, value, at, label, place);
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

    /// Counts entries that a reader is about to look at; false when a file with aliases has shown more than anybody writes.
    pub fn look_at(&mut self, entries: usize) -> bool {
        self.looked = self.looked.saturating_add(entries);
        self.looked <= MOST_LOOKED
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
            released_by: ReleasedBy::default(),
            source,
        }
    }
}
