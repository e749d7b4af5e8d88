//! Earthfiles (earthly.dev): targets with the instructions of a Dockerfile. What runs there builds; only what a target saves as an image
//! can start a program.

use super::collect::Collector;
use super::dockerfile::{self, Instruction, exec_form, flags, words};
use super::found::Reader;
use super::place::{Env, Known, Place};
use super::release::{Toolchain, of_image};
use super::role;
use super::shell;
use super::text::{Source, Text};
use std::collections::BTreeMap;

/// Targets that others can be built on at the most; what is built on a further one is not known.
const MOST_TARGETS: usize = 200;
/// Targets whose image is known to those that stand before them, at the most.
const MOST_IMAGES: usize = 1000;
/// Bytes of variables that are kept for them.
const MOST_KEPT: usize = 4 << 20;

/// A target with what stands in it.
struct Target {
    name: String,
    instructions: Vec<Instruction>,
}

/// What a target hands to those that are built on it.
#[derive(Clone, Default)]
struct State<'a> {
    env: Env<'a>,
    go: Option<Toolchain>,
    /// The release of the target whose artifacts it copies.
    program: Option<Toolchain>,
    /// The `go` command is there.
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

/// The Go release of the image that each target begins with, wherever in the file it stands: a target may copy from a later one.
fn images(targets: &[Target]) -> BTreeMap<&str, Toolchain> {
    let of = |target: &Target| {
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
    all.filter_map(|target| Some((target.name.as_str(), of(target)?)))
        .collect()
}

/// What is before the first target counts for all of them.
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
                    let known = Known {
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

/// `COPY +target/artifact to`: what starts there is built by that target.
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
        // A target further down is not known yet; it may hold anything.
        *state = done.get(name).cloned().unwrap_or(State {
            tools: true,
            ..State::default()
        });
        return;
    }
    // What an image of somebody else holds is not known, but for those of Go.
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
