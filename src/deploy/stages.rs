//! What the stages of a Dockerfile mean: which of them end up in an image, which build, and with which Go.

use super::collect::{Collector, Env, Leaves, Place, Reader, matters};
use super::dockerfile::{self, Dockerfile, Instruction, exec_form, flags, words};
use super::expand::{Room, expand};
use super::kind::is_name;
use super::release::{self, Base, Toolchain, of_image};
use super::role::{self, Role};
use super::shell::{self, Command};
use super::text::{Source, Span, Text};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Stages of one file at the most.
const MOST_STAGES: usize = 500;
/// Copied paths of one file that are followed at the most.
const MOST_LEAVING: usize = 20_000;
/// Variables that a stage knows at the most, and the longest value that it knows.
const MOST_NAMES: usize = 1000;
const LONGEST_VALUE: usize = 16 << 10;

/// Variables for expansion.
type Values = BTreeMap<String, String>;

/// A stage.
#[derive(Default)]
struct Stage {
    name: String,
    number: usize,
    /// The stage it is built on.
    base: Option<usize>,
    /// The Go of its image, or one that it installs.
    go: Option<Toolchain>,
    /// A `go` command runs there, or its image is one of Go.
    tools: bool,
    /// What its image is.
    image: Base,
    /// It runs something that may read variables of Go: what it is, the file does not tell.
    opaque: bool,
    /// It says what starts.
    starts: bool,
    /// What starts may build.
    starts_builds: bool,
    /// Go's name of the architecture that `--platform` tells.
    arch: Option<String>,
    /// Stages that it copies from, and images of Go.
    from: Vec<usize>,
    /// Variables that the stage starts with, with the place of each.
    start: Vec<(String, String, Span)>,
    /// Variables so far, for expansion.
    env: Values,
    /// Variables that stay in the image so far.
    stays: Vec<(String, String, Span)>,
    /// `WORKDIR` so far.
    dir: String,
    /// What it copies from other stages, each with the stage.
    copies: Vec<(usize, String)>,
    /// It copies Go files by name; and something else than those.
    go_files: bool,
    other_files: bool,
    acts: Vec<Act>,
}

/// What a stage does, to be judged when all stages are known.
enum Act {
    Set {
        name: String,
        value: Text,
        at: Span,
        label: String,
        /// ENV, which stays in the image; ARG does not.
        stays: bool,
        onbuild: bool,
    },
    /// Variables of one ENV, GODEBUG among them.
    Group(Vec<(String, String, Span)>),
    /// From here on commands see it.
    Let(String, String, Span),
    /// With the directory in which they run.
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

/// Takes everything that the stages say.
fn collect(file: &Dockerfile, out: &mut Collector) {
    let stages = stages(file, &out.room);
    let runs = deployed(&stages);
    // A stage that others are built on does what they do.
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
    // What is certain of an image is certain of the stages below it.
    let mut sure: Vec<bool> = (0..stages.len())
        .map(|index| certain(&stages, index, opaque.get(index) == Some(&true)))
        .collect();
    for (index, stage) in stages.iter().enumerate().rev() {
        if let Some(base) = stage.base
            && sure.get(index) == Some(&true)
            && runs.get(index) == Some(&true)
            && let Some(slot) = sure.get_mut(base)
        {
            *slot = true;
        }
    }
    let leaves = leaves(&stages, &runs);
    for (index, stage) in stages.iter().enumerate() {
        let runs = runs.get(index) == Some(&true);
        let tools = tools.get(index) == Some(&true);
        let place = Place {
            scope: scope(stage, runs),
            reader: match (runs, tools) {
                (false, _) => Reader::Build,
                (true, true) => Reader::Both,
                (true, false) if sure.get(index) == Some(&true) => Reader::Program,
                (true, false) => Reader::Unknown,
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

/// True when the image is sure to hold no `go` command, and nothing in the stage may read variables that are meant for one.
fn certain(stages: &[Stage], index: usize, opaque: bool) -> bool {
    let mut stage = stages.get(index);
    let mut image = Base::Other;
    let (mut starts, mut builds, mut copies) = (false, false, false);
    // Stages below each other: no more than there are.
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
        Base::Toolchain => false,
        Base::Bare => !opaque,
        Base::Plain => !opaque && (starts || copies),
        Base::Other => !opaque && starts && !builds,
    }
}

fn scope(stage: &Stage, runs: bool) -> String {
    let name = if stage.name.is_empty() {
        stage.number.to_string()
    } else {
        stage.name.clone()
    };
    let last = if runs { ", part of the image" } else { "" };
    format!("stage {name}{last}")
}

fn emit(stage: &Stage, place: &Place, out: &mut Collector) {
    // Of several ENV with one name the last one stays in the image.
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
                // What a later line replaces and nothing builds with is nobody's.
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
                    // What starts is told here, whatever the image is.
                    _ => Reader::Program,
                };
                out.shell(commands, &place.read_by(starting), &mut Env::under(&env));
            }
        }
    }
}

/// Stages that an image is made of: the last one, every one that says what starts, and what they are built on.
fn deployed(stages: &[Stage]) -> Vec<bool> {
    let last = stages.len().saturating_sub(1);
    let mut runs: Vec<bool> = stages
        .iter()
        .enumerate()
        .map(|(index, stage)| index == last || stage.starts)
        .collect();
    for (index, stage) in stages.iter().enumerate().rev() {
        if runs.get(index) == Some(&true)
            && let Some(slot) = stage.base.and_then(|b| runs.get_mut(b))
        {
            *slot = true;
        }
    }
    runs
}

/// What leaves each stage for an image: all of a stage of the image, and what such a stage copies, by way of others too.
fn leaves(stages: &[Stage], runs: &[bool]) -> Vec<Leaves> {
    let mut all: Vec<Leaves> = Vec::new();
    all.resize_with(stages.len(), Leaves::default);
    let mut left = MOST_LEAVING;
    // Later stages first: a stage takes only from those before it.
    for (index, stage) in stages.iter().enumerate().rev() {
        let own = all.get(index).cloned().unwrap_or_default();
        let mut to = own.to;
        if runs.get(index) == Some(&true) && !stages.iter().any(|s| s.base == Some(index)) {
            to.push(stage.name.clone());
        }
        if let Some(slot) = all.get_mut(index) {
            slot.loose = stage.go_files && !stage.other_files;
            slot.all = !to.is_empty();
            slot.to.clone_from(&to);
        }
        if let Some(slot) = stage.base.and_then(|b| all.get_mut(b)) {
            slot.to.extend(to.iter().cloned());
            slot.paths.extend(own.paths.iter().cloned());
        }
        let takers = to.iter().chain(own.paths.iter().map(|(_, stage)| stage));
        let mut takers: Vec<&String> = takers.collect();
        takers.sort();
        takers.dedup();
        for (from, path) in &stage.copies {
            for taker in &takers {
                if let (Some(slot), true) = (all.get_mut(*from), left > 0) {
                    left -= 1;
                    slot.paths.push((path.clone(), (*taker).clone()));
                }
            }
        }
    }
    all
}

/// The Go release of the program in a stage: of what is copied there, else of the stage itself, else the only one there is.
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
        // The last copy is looked at first.
        next.extend(stage.base);
        next.extend(stage.from.iter().copied());
    }
    let own = stages.get(index).and_then(|s| s.go.clone());
    own.or_else(|| stages.iter().rev().find_map(|s| s.go.clone()))
}

fn stages(file: &Dockerfile, room: &Room) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    // ARG before the first FROM: for FROM lines, and for stages that ask for them.
    let mut global = Values::new();
    for instruction in &file.instructions {
        if instruction.keyword == "FROM" {
            if stages.len() >= MOST_STAGES {
                break;
            }
            let stage = from(instruction, file.escape, &global, &stages, room);
            stages.push(stage);
            continue;
        }
        let earlier = stages.len().saturating_sub(1);
        let (before, current) = stages.split_at_mut(earlier);
        match current.first_mut() {
            Some(stage) => act(stage, instruction, file.escape, (&global, room), before),
            None if instruction.keyword == "ARG" => {
                for (name, value, _) in
                    assignments(&instruction.body, file.escape, &global, false, room)
                {
                    global.insert(name, value.as_str().to_owned());
                }
            }
            None => {}
        }
    }
    stages
}

fn find(stages: &[Stage], name: &str) -> Option<usize> {
    let named = stages
        .iter()
        .rposition(|s| !s.name.is_empty() && s.name.eq_ignore_ascii_case(name));
    named.or_else(|| name.parse().ok().filter(|n| *n < stages.len()))
}

fn from(
    instruction: &Instruction,
    escape: char,
    global: &Values,
    stages: &[Stage],
    room: &Room,
) -> Stage {
    let (flags, start) = flags(&instruction.body);
    let body = instruction
        .body
        .slice(start..instruction.body.as_str().len());
    let body = expand(&body, escape, room, &|name| global.get(name).cloned());
    let words: Vec<&str> = body.as_str().split_whitespace().collect();
    let image = words.first().copied().unwrap_or_default();
    let name = match words.get(1..3) {
        Some([word, name]) if word.eq_ignore_ascii_case("as") => (*name).to_owned(),
        _ => String::new(),
    };
    let base = find(stages, image).filter(|i| stages.get(*i).is_some_and(|s| !s.name.is_empty()));
    let platform = flags.iter().find(|(name, _)| name == "platform");
    let mut stage = Stage {
        name,
        number: stages.len(),
        base,
        image: Base::of(image),
        arch: platform.and_then(|(_, value)| release::arch_of_platform(value)),
        ..Stage::default()
    };
    if let Some(base) = base.and_then(|i| stages.get(i)) {
        stage.go = base.go.clone();
        stage.tools = base.tools;
        stage.start = base.stays.clone();
        stage.stays = base.stays.clone();
        stage.env = base
            .stays
            .iter()
            .map(|(n, v, _)| (n.clone(), v.clone()))
            .collect();
        stage.arch = stage.arch.take().or_else(|| base.arch.clone());
        stage.from = base.from.clone();
        (stage.go_files, stage.other_files) = (base.go_files, base.other_files);
        stage.dir = base.dir.clone();
    } else if let Some(version) = of_image(image) {
        stage.tools = true;
        stage.go = version.and_then(|v| {
            Toolchain::parse(&v, format!("FROM {image}, line {}", instruction.at.line))
        });
    }
    stage
}

fn act(
    stage: &mut Stage,
    instruction: &Instruction,
    escape: char,
    (global, room): (&Values, &Room),
    before: &[Stage],
) {
    let Instruction { body, onbuild, .. } = instruction;
    let (flags, start) = flags(body);
    let rest = body.slice(start..body.as_str().len());
    let on = if *onbuild { "ONBUILD " } else { "" };
    match &*instruction.keyword {
        keyword @ ("ENV" | "ARG") => {
            let stays = keyword == "ENV";
            let mut all = assignments(body, escape, &stage.env, stays, room);
            if !stays {
                // Without a default, the value from before the first FROM.
                let bare = body
                    .as_str()
                    .split_whitespace()
                    .filter(|w| !w.contains('='));
                for name in bare {
                    if let Some(value) = global.get(name) {
                        let at = body.find(name);
                        all.push((name.to_owned(), Text::fixed(value, at), at));
                    }
                }
            }
            if stays && all.len() > 1 && all.iter().any(|(name, ..)| name == "GODEBUG") {
                let of = |(name, value, at): &(String, Text, Span)| {
                    (name.clone(), value.as_str().to_owned(), *at)
                };
                stage.acts.push(Act::Group(all.iter().map(of).collect()));
            }
            for (name, value, at) in all {
                toolchain_of_variable(stage, &name, &value, instruction);
                stage.tools |= name == "PATH" && value.as_str().contains("/go/bin");
                stage.tools |= stays && name == "GOPATH" && stage.image != Base::Plain;
                learn(stage, &name, value.as_str(), at, stays);
                if matters(&name) {
                    stage.acts.push(Act::Set {
                        name,
                        value,
                        at,
                        label: format!("{on}{keyword} "),
                        stays,
                        onbuild: *onbuild,
                    });
                }
            }
        }
        "RUN" => {
            let commands = run(&rest, instruction);
            judge(stage, &commands);
            stage.tools |= rest.as_str().contains("/go/bin");
            let mounts = flags.iter().filter(|(name, _)| name == "mount");
            let copied = mounts.flat_map(|(_, v)| v.split(','));
            let copied: Vec<&str> = copied.filter_map(|o| o.strip_prefix("from=")).collect();
            copied.iter().for_each(|name| copy(stage, name, before));
            if let Some(version) = release::of_download(rest.as_str()) {
                stage.tools = true;
                let source = format!("download of {version}, line {}", instruction.at.line);
                stage.go = Toolchain::parse(&version, source);
            }
            let kept = go_env(&commands);
            let dir = stage.dir.clone();
            stage.acts.push(Act::Run(commands, dir));
            for (name, value, at) in kept {
                if !stage.env.contains_key(&name) {
                    learn(stage, &name, &value, at, true);
                }
            }
        }
        "WORKDIR" => {
            let dir = expand(&rest, escape, room, &|n| stage.env.get(n).cloned());
            let dir = dir.as_str().trim().trim_matches('"');
            stage.dir = match dir {
                dir if dir.starts_with('/') => dir.to_owned(),
                dir => format!("{}/{dir}", stage.dir.trim_end_matches('/')),
            };
        }
        "CMD" | "ENTRYPOINT" | "HEALTHCHECK" => {
            stage.starts |= instruction.keyword != "HEALTHCHECK" && !onbuild;
            let word = rest.as_str().get(..4).unwrap_or_default();
            let rest = if instruction.keyword == "HEALTHCHECK" && word.eq_ignore_ascii_case("CMD ")
            {
                rest.slice(4..rest.as_str().len()).trim()
            } else {
                rest
            };
            let commands = match exec_form(&rest) {
                Some(words) => shell::of_words(words),
                None => shell::commands(&rest),
            };
            stage.tools |= commands.iter().any(role::is_go);
            stage.starts_builds |= commands.iter().map(role::of).any(|r| r == Role::Builds);
            stage.acts.push(Act::Start(commands));
        }
        "COPY" | "ADD" => {
            if let Some(version) = release::of_download(rest.as_str()) {
                stage.tools = true;
                let source = format!(
                    "{} of {version}, line {}",
                    instruction.keyword, instruction.at.line
                );
                stage.go = Toolchain::parse(&version, source);
            }
            let body = expand(&rest, escape, room, &|n| stage.env.get(n).cloned());
            let text = body.as_str().replace(['[', ']', '"', ','], " ");
            let words: Vec<&str> = text.split_whitespace().collect();
            let sources = words.split_last().map_or(&[][..], |(_, s)| s);
            stage.go_files |= sources.iter().any(|s| s.ends_with(".go"));
            stage.other_files |= sources.iter().any(|s| !s.ends_with(".go"));
            for (_, name) in flags.iter().filter(|(name, _)| name == "from") {
                copy(stage, name, before);
                if let Some(index) = find(before, name) {
                    let sources = sources.iter().map(|s| (index, (*s).to_owned()));
                    stage.copies.extend(sources);
                }
                // The toolchain itself, out of its image.
                if let Some(version) = of_image(name).filter(|_| rest.as_str().contains("/go")) {
                    stage.tools |= rest.as_str().contains("/usr/local/go");
                    let source = format!("COPY --from={name}, line {}", instruction.at.line);
                    stage.go = version
                        .and_then(|v| Toolchain::parse(&v, source))
                        .or(stage.go.take());
                }
            }
        }
        _ => {}
    }
}

fn copy(stage: &mut Stage, name: &str, before: &[Stage]) {
    if let Some(index) = find(before, name)
        && !stage.from.contains(&index)
    {
        stage.from.push(index);
    }
}

/// Files of variables name the release that is installed; GOTOOLCHAIN the one that is used.
fn toolchain_of_variable(stage: &mut Stage, name: &str, value: &Text, instruction: &Instruction) {
    let named = match name {
        "GOTOOLCHAIN" => true,
        "GOLANG_VERSION" | "GO_VERSION" | "GOVERSION" => stage.go.is_none(),
        _ => false,
    };
    if named {
        let source = format!("{name}={}, line {}", value.as_str(), instruction.at.line);
        if let Some(toolchain) = Toolchain::parse(value.as_str(), source) {
            stage.go = Some(toolchain);
        }
    }
}

/// What RUN runs: a shell form, an exec form, or the script in its here-document.
fn run(rest: &Text, instruction: &Instruction) -> Vec<Command> {
    if let Some(words) = exec_form(rest) {
        return shell::of_words(words);
    }
    let mut commands = shell::commands(rest);
    let by_shell = rest.as_str().starts_with("<<")
        || commands.last().is_some_and(|c| {
            c.words.len() <= 2 && matches!(c.name(), "sh" | "bash" | "ash" | "dash")
        });
    if let Some(script) = instruction.heredocs.first().filter(|_| by_shell) {
        let first = script.as_str().lines().next().unwrap_or_default();
        if !first.starts_with("#!") || first.contains("sh") {
            commands.extend(shell::commands(script));
        }
    }
    commands
}

/// Looks at what RUN runs: a `go` command, its installation, or something that may be one.
fn judge(stage: &mut Stage, commands: &[Command]) {
    for command in commands {
        match role::of(command) {
            Role::Go => stage.tools = true,
            Role::Builds | Role::Starts => stage.opaque = true,
            Role::Harmless => stage.tools |= role::installs_go(command),
        }
    }
}

/// Takes a variable for what follows it.
fn learn(stage: &mut Stage, name: &str, value: &str, at: Span, stays: bool) {
    if value.len() > LONGEST_VALUE {
        return;
    }
    if stage.env.len() < MOST_NAMES || stage.env.contains_key(name) {
        stage.env.insert(name.to_owned(), value.to_owned());
        stage
            .acts
            .push(Act::Let(name.to_owned(), value.to_owned(), at));
        if stays && stage.stays.len() < MOST_NAMES {
            stage.stays.push((name.to_owned(), value.to_owned(), at));
        }
    }
}

/// What `go env -w` sets holds for the commands of later instructions too.
fn go_env(commands: &[Command]) -> Vec<(String, String, Span)> {
    commands
        .iter()
        .filter(|c| role::is_go(c) && c.words.get(1).is_some_and(|w| w.as_str() == "env"))
        .flat_map(|c| c.words.iter().filter_map(shell::assignment))
        .map(|a| (a.name, a.value.as_str().to_owned(), a.at))
        .collect()
}

/// `NAME=value ...`, or the old form `NAME value` of ENV.
fn assignments(
    body: &Text,
    escape: char,
    known: &Values,
    old: bool,
    room: &Room,
) -> Vec<(String, Text, Span)> {
    let lookup = |name: &str| known.get(name).cloned();
    let chars = body.as_str();
    let first = chars.split_whitespace().next().unwrap_or_default();
    if old && is_name(first) {
        let rest = body.slice(first.len()..chars.len()).trim();
        let value = words(&rest, escape, false).into_iter().next();
        let value = expand(&value.unwrap_or_default(), escape, room, &lookup);
        return vec![(first.to_owned(), value, body.whole())];
    }
    words(body, escape, true)
        .into_iter()
        .filter_map(|word| {
            let text = word.as_str();
            let (name, value) = text.split_once('=')?;
            let value = word.slice(text.len() - value.len()..text.len());
            is_name(name).then(|| {
                (
                    name.to_owned(),
                    expand(&value, escape, room, &lookup),
                    word.whole(),
                )
            })
        })
        .collect()
}
