//! Earthfiles (earthly.dev): targets with the instructions of a Dockerfile. All commands of a target build; only a target that is saved as an image
//! can start a program.

use super::collect::Collector;
use super::dockerfile::{self, Instruction, exec_form, flags, words};
use super::facts::Reader;
use super::place::{Env, KnownValue, Place};
use super::release::{Toolchain, of_image};
use super::role;
use super::shell;
use super::text::{Source, Text};
use std::collections::BTreeMap;

/// Most targets whose state is kept for targets built on them. The base of others is unknown.
const MOST_TARGETS: usize = 200;
/// Most targets whose image is known to earlier targets.
const MOST_IMAGES: usize = 1000;
/// Most bytes of variables that are kept for targets.
const MOST_KEPT: usize = 4 << 20;

/// A target and its instructions.
struct Target {
    name: String,
    instructions: Vec<Instruction>,
}

/// The state of a target, which targets built on it start with.
#[derive(Clone, Default)]
struct State<'a> {
    env: Env<'a>,
    go: Option<Toolchain>,
    /// The Go release of the target whose artifacts it copies.
    program: Option<Toolchain>,
    /// Whether the `go` command is installed.
    tools: bool,
    /// Bytes of its variables.
    bytes: usize,
}

/// Reads a file.
pub fn read(source: &Source, out: &mut Collector) {
    let mut done: BTreeMap<String, State<'static>> = BTreeMap::new();
    let mut base = State::default();
    let mut left = MOST_KEPT;
    let targets = targets(source);
    let images = images(&targets);
    for target in &targets {
        let mut state = base.clone();
        run(target, &mut state, (&done, &images), out);
        if target.name.is_empty() {
            base = state.clone();
        }
        if done.len() < MOST_TARGETS && state.bytes <= left {
            left -= state.bytes;
            done.insert(target.name.clone(), state);
        }
    }
}

/// The Go release of the base image of each target. Collected first, because a target may copy from a later one.
fn images(targets: &[Target]) -> BTreeMap<&str, Toolchain> {
    let toolchain_of = |target: &Target| {
        let from = target.instructions.iter().find(|i| i.keyword == "FROM");
        let from = from.or_else(|| {
            let base = targets.first().filter(|t| t.name.is_empty())?;
            base.instructions.iter().find(|i| i.keyword == "FROM")
        })?;
        let image = from.body.as_str().split_whitespace().last()?;
        let source = format!("FROM {image}, line {}", from.at.line);
        Toolchain::parse(&of_image(image)??, source)
    };
    let all = targets.iter().take(MOST_IMAGES);
    all.filter_map(|target| Some((target.name.as_str(), toolchain_of(target)?)))
        .collect()
}

/// The targets of a file. Instructions before the first target apply to all of them.
fn targets(source: &Source) -> Vec<Target> {
    let mut all: Vec<(String, Vec<Text>)> = vec![(String::new(), Vec::new())];
    for (number, line) in source.lines() {
        if let Some(name) = heading(line) {
            all.push((name.to_owned(), Vec::new()));
        } else if let Some((_, lines)) = all.last_mut() {
            lines.push(Text::line(line, number, 1));
        }
    }
    let parsed = |(name, lines): (String, Vec<Text>)| Target {
        name,
        instructions: dockerfile::parse(&lines).instructions,
    };
    all.into_iter().map(parsed).collect()
}

/// `name:` at the beginning of a line.
fn heading(line: &str) -> Option<&str> {
    let name = line.split('#').next()?.trim_end().strip_suffix(':')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (!name.is_empty() && name.chars().all(plain)).then_some(name)
}

fn run(
    target: &Target,
    state: &mut State<'static>,
    (done, images): (
        &BTreeMap<String, State<'static>>,
        &BTreeMap<&str, Toolchain>,
    ),
    out: &mut Collector,
) {
    let saved = target.instructions.iter().any(|i| {
        matches!(&*i.keyword, "ENTRYPOINT" | "CMD")
            || (i.keyword == "SAVE" && i.body.as_str().starts_with("IMAGE"))
    });
    let mut variables = Vec::new();
    for instruction in &target.instructions {
        let Instruction { body, keyword, .. } = instruction;
        let (_, start) = flags(body);
        let rest = body.slice(start..body.as_str().len());
        let place = |state: &State<'_>| Place {
            scope: if target.name.is_empty() {
                "base".to_owned()
            } else {
                format!("target {}", target.name)
            },
            reader: Reader::Build,
            go: state.go.clone(),
            ..Place::default()
        };
        match keyword.as_str() {
            "FROM" => from(&rest, state, done),
            "ENV" | "ARG" | "LET" | "SET" => {
                for (name, value) in assignments(&rest, keyword == "ENV") {
                    let at = value.whole();
                    let known = KnownValue {
                        value: value.as_str().to_owned(),
                        at: Some(at),
                        exported: matches!(keyword.as_str(), "ENV" | "ARG"),
                        many: false,
                    };
                    state.bytes += name.len() + known.value.len() + 64;
                    state.env.set(&name, known);
                    if matches!(keyword.as_str(), "ENV" | "ARG") {
                        variables.push((name, value, keyword.clone()));
                    }
                }
            }
            "COPY" => copies(&rest, state, done, images),
            "RUN" => {
                let commands = match exec_form(&rest) {
                    Some(words) => shell::of_words(words),
                    None => shell::commands(&rest),
                };
                state.tools |= commands.iter().any(role::is_go);
                let place = place(state);
                out.shell(&commands, &place, &mut state.env.clone());
            }
            _ => {}
        }
    }
    for (name, value, keyword) in variables {
        let stays = keyword == "ENV" && saved;
        let place = Place {
            scope: format!("target {}", target.name),
            reader: match (stays, state.tools) {
                (true, false) => Reader::SomeProgram,
                (true, true) => Reader::Both,
                (false, _) => Reader::Build,
            },
            go: state.go.clone(),
            program: state.program.clone(),
            ..Place::default()
        };
        let at = value.whole();
        out.variable(&name, value, at, &format!("{keyword} "), &place);
    }
}

/// `COPY +target/artifact to`: the program is built by that target.
fn copies(
    rest: &Text,
    state: &mut State<'static>,
    done: &BTreeMap<String, State<'static>>,
    images: &BTreeMap<&str, Toolchain>,
) {
    for word in rest.as_str().split_whitespace() {
        let target = word.trim_start_matches('(').strip_prefix('+');
        let name = target.and_then(|target| target.split('/').next());
        let found = name.and_then(|name| match done.get(name) {
            Some(state) => state.go.as_ref(),
            None => images.get(name),
        });
        if found.is_some() && state.program.is_none() {
            state.program = found.cloned();
        }
    }
}

fn from(rest: &Text, state: &mut State<'static>, done: &BTreeMap<String, State<'static>>) {
    let image = rest.as_str().split_whitespace().next().unwrap_or_default();
    if let Some(name) = image.strip_prefix('+') {
        // A later target is not known yet, and may contain anything.
        *state = done.get(name).cloned().unwrap_or(State {
            tools: true,
            ..State::default()
        });
        return;
    }
    // The content of an image is unknown, unless it is one of Go.
    *state = State {
        tools: image.contains('$') || image.contains('+'),
        ..State::default()
    };
    if let Some(version) = of_image(image) {
        let line = rest.place(0).0;
        state.tools = true;
        state.go = version.and_then(|v| Toolchain::parse(&v, format!("FROM {image}, line {line}")));
    }
}

/// `NAME=value`, `NAME = value`, `--required NAME`, and for ENV `NAME value`.
fn assignments(rest: &Text, env: bool) -> Vec<(String, Text)> {
    let all = words(rest, '\\', true);
    let first = all.first().map_or("", Text::as_str);
    if let Some((name, value)) = first
        .split_once('=')
        .filter(|(n, _)| super::kind::is_name(n))
    {
        let of = |word: &Text| {
            let (name, value) = word.as_str().split_once('=')?;
            let from = word.as_str().len() - value.len();
            let value = word.slice(from..word.as_str().len());
            super::kind::is_name(name).then(|| (name.to_owned(), value))
        };
        let _ = (name, value);
        return all.iter().filter_map(of).collect();
    }
    if !super::kind::is_name(first) {
        return Vec::new();
    }
    let value = match all.get(1).map(Text::as_str) {
        Some("=") => all.get(2),
        Some(_) if env => all.get(1),
        _ => None,
    };
    value
        .map(|value| (first.to_owned(), value.clone()))
        .into_iter()
        .collect()
}
