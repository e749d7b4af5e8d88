//! Interprets the stages of a Dockerfile: which become part of an image, which build, and with which Go release.

mod instructions;
mod leaving;

use super::collect::Collector;
use super::dockerfile::{self, Dockerfile};
use super::facts::Reader;
use super::place::{Env, Place};
use super::release::{Base, Toolchain};
use super::shell::Command;
use super::text::{Source, Span, Text};
use instructions::stages;
use leaving::leaves;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Variables for expansion.
type Values = BTreeMap<String, String>;

/// A stage.
#[derive(Default)]
struct Stage {
    name: String,
    number: usize,
    /// The stage that it is based on.
    base: Option<usize>,
    /// What its image begins with if a variable without a value follows: it may be any stage with such a name.
    base_begins: Option<String>,
    /// The Go release of its image, or that it installs.
    go: Option<Toolchain>,
    /// Whether it runs a `go` command, or its image is one of Go.
    tools: bool,
    /// The content of its image.
    image: Base,
    /// Whether it runs an unknown command, which may read variables of Go.
    opaque: bool,
    /// Whether it has CMD or ENTRYPOINT.
    starts: bool,
    /// Whether CMD or ENTRYPOINT may build.
    starts_builds: bool,
    /// Go's name of the architecture of `--platform`.
    arch: Option<String>,
    /// Stages that it copies from, and images of Go.
    from: Vec<usize>,
    /// The variables at the start of the stage, each with its place.
    start: Vec<(String, String, Span)>,
    /// The current variables, for expansion.
    env: Values,
    /// The current variables of ENV, which stay in the image.
    stays: Vec<(String, String, Span)>,
    /// The current `WORKDIR`.
    dir: String,
    /// Paths that it copies from other stages, each with the stage.
    copies: Vec<(usize, String)>,
    /// Whether it copies Go files by name, and whether it copies anything else.
    go_files: bool,
    other_files: bool,
    /// Whether it copies a file that may be a program, and whether it builds one that stays.
    program_copied: bool,
    program_built: bool,
    acts: Vec<Act>,
}

/// An act of a stage. Acts are interpreted when all stages are known.
enum Act {
    Set {
        name: String,
        value: Text,
        at: Span,
        label: String,
        /// Whether it stays in the image: ENV does, ARG does not.
        stays: bool,
        onbuild: bool,
    },
    /// Variables of one ENV, GODEBUG among them.
    Group(Vec<(String, String, Span)>),
    /// A variable that later commands see.
    Let(String, String, Span),
    /// Commands, with the directory in which they run.
    Run(Vec<Command>, String),
    Start(Vec<Command>),
}

/// Reads a file.
pub fn read(source: &Source, out: &mut Collector) {
    let lines = source
        .lines()
        .map(|(number, line)| Text::line(line, number, 1));
    collect(&dockerfile::parse(&lines.collect::<Vec<_>>()), out);
}

/// Reads a Dockerfile inside another file.
pub fn read_text(text: &Text, out: &mut Collector) {
    let mut lines = Vec::new();
    let mut at = 0;
    for line in text.as_str().split_inclusive('\n') {
        lines.push(text.slice(at..at + line.trim_end_matches(['\n', '\r']).len()));
        at += line.len();
    }
    collect(&dockerfile::parse(&lines), out);
}

/// Adds the facts of all stages.
fn collect(file: &Dockerfile, out: &mut Collector) {
    let stages = stages(file, &out.expansion_limit);
    let in_image = deployed(&stages);
    let targets = targets(&stages, &in_image);
    let either = in_image.iter().zip(&targets);
    let runs: Vec<bool> = either.map(|(one, other)| *one || *other).collect();
    // What stages based on a stage do counts for that stage too.
    let mut tools: Vec<bool> = stages.iter().map(|s| s.tools).collect();
    let mut opaque: Vec<bool> = stages.iter().map(|s| s.opaque).collect();
    for (index, stage) in stages.iter().enumerate().rev() {
        for all in [&mut tools, &mut opaque] {
            if let Some(base) = stage.base
                && all.get(index) == Some(&true)
                && let Some(slot) = all.get_mut(base)
            {
                *slot = true;
            }
        }
    }
    // What is certain for an image is certain for the stages that it is based on.
    let mut starts: Vec<Reader> = (0..stages.len())
        .map(|index| {
            let is_target = targets.get(index) == Some(&true);
            let opaque = opaque.get(index) == Some(&true);
            started(&stages, index, is_target, opaque)
        })
        .collect();
    for (index, stage) in stages.iter().enumerate().rev() {
        let own = starts.get(index).copied().unwrap_or_default();
        if let Some(base) = stage.base
            && own != Reader::Unknown
            && runs.get(index) == Some(&true)
            && let Some(slot) = starts.get_mut(base)
        {
            *slot = own;
        }
    }
    let leaves = leaves(&stages, &in_image);
    for (index, stage) in stages.iter().enumerate() {
        let runs = runs.get(index) == Some(&true);
        let tools = tools.get(index) == Some(&true);
        let place = Place {
            scope: scope(stage, in_image.get(index) == Some(&true)),
            reader: match (runs, tools) {
                // Nothing starts in the stage that may be a `go` command, and no image has its variables.
                (false, false) if opaque.get(index) != Some(&true) => Reader::Nobody,
                (false, _) => Reader::Build,
                (true, true) => Reader::Both,
                (true, false) => starts.get(index).copied().unwrap_or_default(),
            },
            go: stage.go.clone(),
            program: runs.then(|| program(&stages, index)).flatten(),
            arch: stage.arch.clone(),
            leaves: leaves.get(index).cloned().map(Arc::new),
            ..Place::default()
        };
        emit(stage, &place, out);
    }
}

/// The reader of the environment of an image without a known `go` command: the program that starts in it if the image certainly has
/// no `go` command; some program if an unknown script starts. Who builds a target says what starts in it.
fn started(stages: &[Stage], index: usize, is_target: bool, opaque: bool) -> Reader {
    let mut stage = stages.get(index);
    let mut image = Base::Other;
    let (mut starts, mut builds, mut copies) = (is_target, false, false);
    // A chain of base stages has at most all stages.
    for _ in 0..stages.len() {
        let Some(one) = stage else { break };
        starts |= one.starts;
        builds |= one.starts_builds;
        copies |= one
            .from
            .iter()
            .any(|f| stages.get(*f).is_some_and(|s| s.tools));
        image = one.image;
        stage = one.base.and_then(|b| stages.get(b));
    }
    match image {
        _ if opaque => Reader::Unknown,
        Base::Bare => Reader::Program,
        Base::Plain if copies || (starts && !builds) => Reader::Program,
        // A script may install Go and build.
        Base::Plain if starts => Reader::SomeProgram,
        Base::Other if starts && !builds => Reader::Program,
        Base::Toolchain | Base::Plain | Base::Other => Reader::Unknown,
    }
}

fn scope(stage: &Stage, in_image: bool) -> String {
    let name = if stage.name.is_empty() {
        stage.number.to_string()
    } else {
        stage.name.clone()
    };
    let last = if in_image { ", part of the image" } else { "" };
    format!("stage {name}{last}")
}

fn emit(stage: &Stage, place: &Place, out: &mut Collector) {
    // Of several ENV with one name, the last one stays in the image.
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, act) in stage.acts.iter().enumerate() {
        if let Act::Set {
            name, stays: true, ..
        } = act
        {
            last.insert(name, index);
        }
    }
    let mut env = Env::default();
    for (name, value, at) in &stage.start {
        env.export(name, value, *at);
    }
    for (index, act) in stage.acts.iter().enumerate() {
        match act {
            Act::Set {
                name,
                value,
                at,
                label,
                stays,
                onbuild,
            } => {
                let replaced = *stays && last.get(name.as_str()) != Some(&index);
                let reader = match place.reader {
                    _ if *onbuild => Reader::Unknown,
                    _ if !*stays || replaced => Reader::Build,
                    reader => reader,
                };
                // A variable that a later line replaces, and with which nothing is built, has no reader.
                if !(replaced && matches!(place.reader, Reader::Program)) {
                    out.variable(name, value.clone(), *at, label, &place.read_by(reader));
                }
            }
            Act::Group(all) => {
                let all = all.iter().map(|(name, value, at)| (&**name, &**value, *at));
                out.behind_godebug(all, &place.scope);
            }
            Act::Let(name, value, at) => env.export(name, value, *at),
            Act::Run(commands, dir) => {
                let mut building = place.read_by(Reader::Build);
                building.dir.clone_from(dir);
                out.shell(commands, &building, &mut Env::under(&env));
            }
            Act::Start(commands) => {
                let starting = match place.reader {
                    Reader::Build => Reader::Unknown,
                    // CMD and ENTRYPOINT name the program, whatever the image is.
                    _ => Reader::Program,
                };
                out.shell(commands, &place.read_by(starting), &mut Env::under(&env));
            }
        }
    }
}

/// Which stages become part of an image: the last one, each with CMD or ENTRYPOINT, and the stages that these are based on.
fn deployed(stages: &[Stage]) -> Vec<bool> {
    let last = stages.len().saturating_sub(1);
    let mut runs: Vec<bool> = stages
        .iter()
        .enumerate()
        .map(|(index, stage)| index == last || stage.starts)
        .collect();
    spread_to_bases(stages, &mut runs);
    runs
}

/// Which other stages may be built as a target to run a program in them: each with a name, a program, and no stage that uses it; and the
/// stages that these are based on.
fn targets(stages: &[Stage], in_image: &[bool]) -> Vec<bool> {
    let begins: Vec<&str> = stages
        .iter()
        .flat_map(|s| s.base_begins.as_deref())
        .collect();
    let may_be_base = |stage: &Stage| begins.iter().any(|b| stage.name.starts_with(b));
    let mut is_used: Vec<bool> = stages.iter().map(may_be_base).collect();
    for stage in stages {
        for index in stage.from.iter().copied().chain(stage.base) {
            if let Some(slot) = is_used.get_mut(index) {
                *slot = true;
            }
        }
    }
    let mut targets: Vec<bool> = stages
        .iter()
        .zip(in_image.iter().zip(is_used))
        .map(|(stage, (in_image, is_used))| {
            let has_program = match stage.tools {
                true => stage.program_built,
                false => stage.program_copied,
            };
            has_program && !stage.name.is_empty() && !in_image && !is_used
        })
        .collect();
    spread_to_bases(stages, &mut targets);
    targets
}

/// What is true of a stage becomes true of the stages that it is based on.
fn spread_to_bases(stages: &[Stage], marks: &mut [bool]) {
    for (index, stage) in stages.iter().enumerate().rev() {
        if marks.get(index) == Some(&true)
            && let Some(slot) = stage.base.and_then(|b| marks.get_mut(b))
        {
            *slot = true;
        }
    }
}

/// The Go release of the program in a stage: that of the stage it is copied from, else that of the stage itself, else the only one in the file.
fn program(stages: &[Stage], index: usize) -> Option<Toolchain> {
    let mut next = vec![index];
    let mut seen = Vec::new();
    while let Some(index) = next.pop() {
        if seen.contains(&index) {
            continue;
        }
        seen.push(index);
        let Some(stage) = stages.get(index) else {
            continue;
        };
        let own = stage
            .go
            .clone()
            .filter(|_| stage.from.is_empty() || seen.len() > 1);
        if let Some(go) = own {
            return Some(go);
        }
        // The last copy counts first.
        next.extend(stage.base);
        next.extend(stage.from.iter().copied());
    }
    let own = stages.get(index).and_then(|s| s.go.clone());
    own.or_else(|| stages.iter().rev().find_map(|s| s.go.clone()))
}
