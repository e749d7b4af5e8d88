//! systemd units and drop-ins, and the units of podman that look like them (systemd.syntax(7), systemd.exec(5)).

mod words;

use super::collect::{Collector, matters};
use super::facts::{Mistake, Note, Reader};
use super::kind::is_name;
use super::place::{Env, Place};
use super::role::{self, Role};
use super::shell::{self, Word};
use super::text::{Source, Span, Text};
use std::collections::{HashMap, HashSet};
use words::{Splitter, words};

/// A section that sets the environment of programs. In other sections its keys mean nothing.
struct Section {
    name: &'static str,
    /// Its keys whose value is a command line.
    commands: &'static [&'static str],
    environment: Splitter,
    command: Splitter,
}

const fn of_systemd(name: &'static str, commands: &'static [&'static str]) -> Section {
    Section {
        name,
        commands,
        environment: Splitter::Environment,
        command: Splitter::Command,
    }
}

const fn of_podman(name: &'static str, commands: &'static [&'static str]) -> Section {
    Section {
        name,
        commands,
        environment: Splitter::Podman,
        command: Splitter::Podman,
    }
}

const SECTIONS: [Section; 7] = [
    of_systemd(
        "Service",
        &[
            "ExecCondition",
            "ExecStartPre",
            "ExecStart",
            "ExecStartPost",
            "ExecReload",
            "ExecStop",
            "ExecStopPost",
        ],
    ),
    of_systemd(
        "Socket",
        &[
            "ExecStartPre",
            "ExecStartPost",
            "ExecStopPre",
            "ExecStopPost",
        ],
    ),
    of_systemd("Mount", &[]),
    of_systemd("Swap", &[]),
    of_systemd("Manager", &[]),
    of_podman("Container", &["Exec"]),
    of_podman("Build", &[]),
];

/// A variable with its place.
type SetVariable = (String, Text, Span);

/// What the lines of one section set.
#[derive(Default)]
struct Settings {
    environment: Vec<SetVariable>,
    /// Variables for all units, in the configuration of the manager.
    defaults: Vec<SetVariable>,
    unset: HashSet<String>,
    files: Vec<Text>,
    commands: Vec<(String, Text)>,
    /// For each key, the number of commands before an empty assignment, which removes them.
    taken_back: HashMap<String, usize>,
}

/// Reads a unit.
pub fn read(source: &Source, out: &mut Collector) {
    let mut all: [Settings; SECTIONS.len()] = Default::default();
    let mut current = None;
    for line in logical(source) {
        let chars = line.as_str();
        if let Some(header) = chars.strip_prefix('[') {
            let name = header.strip_suffix(']');
            current = SECTIONS
                .iter()
                .position(|section| Some(section.name) == name);
            continue;
        }
        let section = current.and_then(|at: usize| SECTIONS.get(at).zip(all.get_mut(at)));
        if let (Some((section, settings)), Some((key, value))) = (section, chars.split_once('=')) {
            let value = line.slice(chars.len() - value.len()..chars.len()).trim();
            settings.line(section, key.trim(), value, out);
        }
    }
    for (section, settings) in SECTIONS.iter().zip(all) {
        settings.finish(section, out);
    }
}

impl Settings {
    /// Reads one line. An empty assignment removes all earlier ones.
    fn line(&mut self, section: &Section, key: &str, value: Text, out: &mut Collector) {
        let split = || words(&value, section.environment).all;
        match key {
            "DefaultEnvironment" | "ManagerEnvironment" if section.name == "Manager" => {
                self.defaults.extend(split().iter().filter_map(assignment));
            }
            _ if section.name == "Manager" => {}
            "Environment" if value.is_empty() => self.environment.clear(),
            "Environment" => {
                let words = split();
                note_mistakes(&words, out);
                self.environment.extend(words.iter().filter_map(assignment));
            }
            "UnsetEnvironment" if value.is_empty() => self.unset.clear(),
            "UnsetEnvironment" => {
                let names = split();
                self.unset
                    .extend(names.iter().map(|w| w.as_str().to_owned()));
            }
            "EnvironmentFile" if value.is_empty() => self.files.clear(),
            "EnvironmentFile" => {
                let optional = usize::from(value.as_str().starts_with('-'));
                self.files.push(value.slice(optional..value.as_str().len()));
            }
            key if !section.commands.contains(&key) => {}
            key if value.is_empty() => {
                self.taken_back.insert(key.to_owned(), self.commands.len());
            }
            key => self.commands.push((key.to_owned(), value)),
        }
    }

    /// Adds what the section sets.
    fn finish(mut self, section: &Section, out: &mut Collector) {
        // UnsetEnvironment applies last.
        self.environment.retain(|(name, value, _)| {
            !self.unset.contains(name)
                && !self.unset.contains(&format!("{name}={}", value.as_str()))
        });
        let commands: Vec<_> = self
            .commands
            .iter()
            .enumerate()
            .filter(|(at, (key, _))| self.taken_back.get(key).is_none_or(|from| at >= from))
            .map(|(_, (_, command))| words(&unmarked(command), section.command))
            .filter(|words| words.whole)
            .map(|words| shell::of_words(words.all))
            .collect();
        let builds = commands.iter().flatten().map(role::of);
        let builds = builds
            .into_iter()
            .any(|r| matches!(r, Role::Go | Role::Builds));
        let place = Place {
            scope: "unit".into(),
            reader: if builds {
                Reader::Unknown
            } else {
                Reader::Program
            },
            ..Place::default()
        };
        let mut env = Env::default();
        for (name, value, at) in &self.environment {
            env.export(name, value.as_str(), *at);
        }
        out.variables(self.environment, "Environment=", &place);
        let every = place.read_by(Reader::SomeProgram);
        out.variables(self.defaults, "DefaultEnvironment=", &every);
        for file in self.files {
            out.env_file(file);
        }
        for commands in commands {
            out.shell(&commands, &place, &mut Env::under(&env));
        }
    }
}

/// Removes the prefix characters of a command line: ignore failure, other name, privileges.
fn unmarked(command: &Text) -> Text {
    let chars = command.as_str();
    let rest = chars.trim_start_matches(['@', '-', ':', '+', '!', '|']);
    command.slice(chars.len() - rest.len()..chars.len())
}

/// Notes words that were probably meant to be part of the variable before them.
fn note_mistakes(words: &[Word], out: &mut Collector) {
    let mut before = String::new();
    for word in words {
        let text = word.as_str();
        let what = match assignment(word) {
            Some((name, ..)) if matters(&name) => {
                before = name;
                continue;
            }
            Some(_) => Mistake::OtherVariable,
            None => Mistake::NoAssignment,
        };
        if !before.is_empty() {
            out.note(Note {
                what,
                at: word.text.whole(),
                variable: before.clone(),
                text: text.to_owned(),
                scope: "unit".to_owned(),
            });
        }
    }
}

fn assignment(word: &Word) -> Option<SetVariable> {
    let text = word.as_str();
    let (name, value) = text.split_once('=')?;
    // systemd refuses values with control characters.
    let refused = |c: char| c.is_ascii_control() && !matches!(c, '\t' | '\n');
    (is_name(name) && !value.contains(refused)).then(|| {
        let value = word.text.slice(text.len() - value.len()..text.len());
        (name.to_owned(), value, word.text.whole())
    })
}

/// The logical lines with the headers of sections: continuations joined by a blank, without comments.
fn logical(source: &Source) -> Vec<Text> {
    let mut out = Vec::new();
    let mut open: Option<Text> = None;
    for (number, line) in source.lines() {
        let start = line.trim_start();
        if start.starts_with(['#', ';']) {
            continue;
        }
        if open.is_none() && start.is_empty() {
            continue;
        }
        let text = open.get_or_insert_with(|| Text::at(number, 1));
        let content = line.trim_end();
        let backslashes = content.len() - content.trim_end_matches('\\').len();
        match content.strip_suffix('\\') {
            // An even number of backslashes are escaped ones.
            Some(content) if backslashes % 2 == 1 => {
                text.extend(content, number, 1);
                let width = u32::try_from(content.chars().count()).unwrap_or(u32::MAX);
                text.push(' ', number, width.saturating_add(1));
            }
            _ => {
                text.extend(line, number, 1);
                out.extend(open.take().map(|t| t.trim()));
            }
        }
    }
    out.extend(open.map(|t| t.trim()));
    out
}
