//! The place where commands of a deployment file run, and the variables that they see.

use super::facts::{Leaves, Reader};
use super::release::Toolchain;
use super::text::Span;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most variables of one place; further ones count as unknown.
pub(super) const MOST_NAMES: usize = 1000;
/// Longest value that is kept, in bytes; a longer one is not expanded.
const LONGEST_VALUE: usize = 64 << 10;
/// Longest path and longest name of a command that is kept, in bytes.
pub(super) const LONGEST_PATH: usize = 4096;

/// Where commands run.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// See [`Variable::scope`].
    pub scope: String,
    /// See [`Variable::reader`].
    pub reader: Reader,
    /// The Go release of the `go` command.
    pub go: Option<Toolchain>,
    /// The Go release of the program that runs.
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
    /// Whether artifacts of CI only go to jobs of the same file.
    pub artifacts_stay: bool,
}

impl Place {
    /// The same place with another reader.
    pub fn read_by(&self, reader: Reader) -> Place {
        Place {
            reader,
            ..self.clone()
        }
    }

    /// The Go release of the reader of a variable.
    pub(super) fn release_for(&self, reader: Reader) -> Option<Toolchain> {
        if reader.runs() {
            self.program.clone().or_else(|| self.go.clone())
        } else {
            self.go.clone()
        }
    }
}

/// A known value.
#[derive(Clone, Debug, Default)]
pub struct KnownValue {
    /// The value.
    pub value: String,
    /// The assignment.
    pub at: Option<Span>,
    /// Whether commands see it. A variable of a shell that is not exported is only expanded.
    pub exported: bool,
    /// Whether it is set more than once, perhaps in branches of a condition.
    pub many: bool,
}

/// The variables of a place, and those of the places around it.
#[derive(Clone, Debug, Default)]
pub struct Env<'a> {
    above: Option<&'a Env<'a>>,
    own: BTreeMap<String, KnownValue>,
}

impl<'a> Env<'a> {
    /// An empty environment inside of another.
    pub fn under(above: &'a Env<'a>) -> Env<'a> {
        Env {
            above: Some(above),
            own: BTreeMap::new(),
        }
    }

    /// Sets the environment around it.
    pub fn put_above(&mut self, above: &'a Env<'a>) {
        self.above = Some(above);
    }

    /// The variable of that name.
    pub fn get(&self, name: &str) -> Option<&KnownValue> {
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

    /// Sets a variable. Too long values and too many names are ignored.
    pub fn set(&mut self, name: &str, known: KnownValue) {
        if known.value.len() <= LONGEST_VALUE
            && (self.own.len() < MOST_NAMES || self.own.contains_key(name))
        {
            self.own.insert(name.to_owned(), known);
        }
    }

    /// Sets an exported variable.
    pub fn export(&mut self, name: &str, value: &str, at: Span) {
        let known = KnownValue {
            value: value.to_owned(),
            at: Some(at),
            exported: true,
            many: false,
        };
        self.set(name, known);
    }

    /// Sets an exported variable whose value is unknown: where it is put in, its name stays.
    pub fn export_unknown(&mut self, name: &str, at: Span) {
        self.export(name, &format!("${{{name}}}"), at);
    }
}

/// The place after a `cd`; `first` is where the commands began.
pub(super) fn moved(from: &Place, first: &Place, to: &str) -> Place {
    if to == "-" {
        return first.clone();
    }
    let join = |dir: &str| match dir {
        dir if to.starts_with('/') || dir.is_empty() || dir.len() > LONGEST_PATH => to.to_owned(),
        dir => format!("{}/{to}", dir.trim_end_matches('/')),
    };
    // `..` removes the last part of the path.
    let mut folders: Vec<String> = Vec::new();
    for part in join(&from.moved).split('/') {
        match part {
            ".." if folders
                .last()
                .is_some_and(|last| !last.is_empty() && last != "..") =>
            {
                folders.pop();
            }
            part => folders.push(part.to_owned()),
        }
    }
    Place {
        dir: join(&from.dir),
        moved: folders.join("/"),
        ..from.clone()
    }
}
