//! Adds the instructions of a Dockerfile to their stages.

use super::super::collect::matters;
use super::super::dockerfile::{Dockerfile, Instruction, exec_form, flags, words};
use super::super::expand::{ExpansionLimit, expand};
use super::super::kind::is_name;
use super::super::release::{self, Base, Toolchain, of_image};
use super::super::role::{self, Role};
use super::super::shell::{self, Command};
use super::super::text::{Span, Text};
use super::{Act, Stage, Values};

/// Most stages of one file.
const MOST_STAGES: usize = 500;
/// Most variables of a stage that are kept.
const MOST_NAMES: usize = 1000;
/// Longest value that is kept, in bytes.
const LONGEST_VALUE: usize = 16 << 10;

/// The stages of a file, each with its acts.
pub(super) fn stages(file: &Dockerfile, expansion_limit: &ExpansionLimit) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    // ARG before the first FROM: for FROM lines, and for stages that repeat the ARG.
    let mut global = Values::new();
    for instruction in &file.instructions {
        if instruction.keyword == "FROM" {
            if stages.len() >= MOST_STAGES {
                break;
            }
            let stage = from(instruction, file.escape, &global, &stages, expansion_limit);
            stages.push(stage);
            continue;
        }
        let earlier = stages.len().saturating_sub(1);
        let (before, current) = stages.split_at_mut(earlier);
        let context = Context {
            escape: file.escape,
            global: &global,
            before,
            expansion_limit,
        };
        match current.first_mut() {
            Some(stage) => add(stage, instruction, &context),
            None if instruction.keyword == "ARG" => {
                for (name, value, _) in assignments(
                    &instruction.body,
                    file.escape,
                    &global,
                    false,
                    expansion_limit,
                ) {
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
    expansion_limit: &ExpansionLimit,
) -> Stage {
    let (flags, start) = flags(&instruction.body);
    let body = instruction
        .body
        .slice(start..instruction.body.as_str().len());
    let body = expand(&body, escape, expansion_limit, &|name| {
        global.get(name).cloned()
    });
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
        base_begins: image.split_once('$').map(|(begin, _)| begin.to_owned()),
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
        (stage.program_copied, stage.program_built) = (base.program_copied, base.program_built);
        stage.dir = base.dir.clone();
    } else if let Some(version) = of_image(image) {
        stage.tools = true;
        stage.go = version.and_then(|v| {
            Toolchain::parse(&v, format!("FROM {image}, line {}", instruction.at.line))
        });
    }
    stage
}

/// What an instruction may refer to outside its stage.
struct Context<'a> {
    escape: char,
    /// Variables of ARG before the first FROM.
    global: &'a Values,
    /// The stages above.
    before: &'a [Stage],
    expansion_limit: &'a ExpansionLimit,
}

impl Context<'_> {
    /// A text with the variables of the stage in place of their names.
    fn expand(&self, text: &Text, stage: &Stage) -> Text {
        expand(text, self.escape, self.expansion_limit, &|name| {
            stage.env.get(name).cloned()
        })
    }
}

/// Adds an instruction to its stage.
fn add(stage: &mut Stage, instruction: &Instruction, context: &Context<'_>) {
    let (flags, start) = flags(&instruction.body);
    let body = &instruction.body;
    let rest = body.slice(start..body.as_str().len());
    match &*instruction.keyword {
        "ENV" | "ARG" => add_variables(stage, instruction, context),
        "RUN" => add_run(stage, instruction, &flags, &rest, context),
        "WORKDIR" => change_directory(stage, &context.expand(&rest, stage)),
        "CMD" | "ENTRYPOINT" | "HEALTHCHECK" => add_start(stage, instruction, rest),
        "COPY" | "ADD" => add_copy(stage, instruction, &flags, &rest, context),
        _ => {}
    }
}

/// Adds the variables of ENV or ARG.
fn add_variables(stage: &mut Stage, instruction: &Instruction, context: &Context<'_>) {
    let Instruction {
        keyword,
        body,
        onbuild,
        ..
    } = instruction;
    let stays = keyword == "ENV";
    let mut all = assignments(
        body,
        context.escape,
        &stage.env,
        stays,
        context.expansion_limit,
    );
    if !stays {
        // An ARG without a default has the value from before the first FROM.
        let bare = body.as_str().split_whitespace();
        for name in bare.filter(|word| !word.contains('=')) {
            if let Some(value) = context.global.get(name) {
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
    let prefix = if *onbuild { "ONBUILD " } else { "" };
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
                label: format!("{prefix}{keyword} "),
                stays,
                onbuild: *onbuild,
            });
        }
    }
}

/// Adds the commands of RUN.
fn add_run(
    stage: &mut Stage,
    instruction: &Instruction,
    flags: &[(String, String)],
    rest: &Text,
    context: &Context<'_>,
) {
    let commands = run(rest, instruction);
    judge(stage, &commands);
    stage.tools |= rest.as_str().contains("/go/bin");
    let mounts = flags.iter().filter(|(name, _)| name == "mount");
    let options = mounts.flat_map(|(_, value)| value.split(','));
    for name in options.filter_map(|option| option.strip_prefix("from=")) {
        copy(stage, name, context.before);
    }
    take_downloaded_toolchain(stage, "download", rest, instruction);
    let kept = go_env(&commands);
    let dir = stage.dir.clone();
    stage.acts.push(Act::Run(commands, dir));
    for (name, value, at) in kept {
        if !stage.env.contains_key(&name) {
            learn(stage, &name, &value, at, true);
        }
    }
}

/// Changes the directory, as WORKDIR does.
fn change_directory(stage: &mut Stage, folder: &Text) {
    let folder = folder.as_str().trim().trim_matches('"');
    stage.dir = match folder.starts_with('/') {
        true => folder.to_owned(),
        false => format!("{}/{folder}", stage.dir.trim_end_matches('/')),
    };
}

/// Adds what CMD, ENTRYPOINT or HEALTHCHECK starts.
fn add_start(stage: &mut Stage, instruction: &Instruction, rest: Text) {
    let is_check = instruction.keyword == "HEALTHCHECK";
    stage.starts |= !is_check && !instruction.onbuild;
    let word = rest.as_str().get(..4).unwrap_or_default();
    let rest = match is_check && word.eq_ignore_ascii_case("CMD ") {
        true => rest.slice(4..rest.as_str().len()).trim(),
        false => rest,
    };
    let commands = match exec_form(&rest) {
        Some(words) => shell::of_words(words),
        None => shell::commands(&rest),
    };
    stage.tools |= commands.iter().any(role::is_go);
    stage.starts_builds |= commands.iter().map(role::of).any(|r| r == Role::Builds);
    stage.acts.push(Act::Start(commands));
}

/// Adds what COPY or ADD brings into the stage.
fn add_copy(
    stage: &mut Stage,
    instruction: &Instruction,
    flags: &[(String, String)],
    rest: &Text,
    context: &Context<'_>,
) {
    take_downloaded_toolchain(stage, &instruction.keyword, rest, instruction);
    let body = context.expand(rest, stage);
    let text = body.as_str().replace(['[', ']', '"', ','], " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let sources = words.split_last().map_or(&[][..], |(_, sources)| sources);
    stage.go_files |= sources.iter().any(|s| s.ends_with(".go"));
    stage.other_files |= sources.iter().any(|s| !s.ends_with(".go"));
    stage.program_copied |= sources.iter().any(|s| may_be_program(s));
    for (_, name) in flags.iter().filter(|(name, _)| name == "from") {
        copy(stage, name, context.before);
        if let Some(index) = find(context.before, name) {
            let sources = sources.iter().map(|s| (index, (*s).to_owned()));
            stage.copies.extend(sources);
        }
        // Copies the toolchain from an image of Go.
        if let Some(version) = of_image(name).filter(|_| rest.as_str().contains("/go")) {
            stage.tools |= rest.as_str().contains("/usr/local/go");
            let source = format!("COPY --from={name}, line {}", instruction.at.line);
            stage.go = version
                .and_then(|v| Toolchain::parse(&v, source))
                .or(stage.go.take());
        }
    }
}

/// Takes the Go release whose archive an instruction downloads.
fn take_downloaded_toolchain(stage: &mut Stage, how: &str, rest: &Text, instruction: &Instruction) {
    if let Some(version) = release::of_download(rest.as_str()) {
        stage.tools = true;
        let source = format!("{how} of {version}, line {}", instruction.at.line);
        stage.go = Toolchain::parse(&version, source);
    }
}

/// Notes that a stage takes files from an earlier one.
fn copy(stage: &mut Stage, name: &str, before: &[Stage]) {
    if let Some(index) = find(before, name)
        && !stage.from.contains(&index)
    {
        stage.from.push(index);
    }
}

/// Takes the Go release from a variable: GOTOOLCHAIN names the toolchain that is used, others the release that is installed.
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

/// The commands of RUN: in shell form, in exec form, or in its here-document.
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

/// Notes what the commands of RUN mean for a stage: whether they are, install or may run a `go` command.
fn judge(stage: &mut Stage, commands: &[Command]) {
    for command in commands {
        match role::of(command) {
            Role::Go => {
                stage.tools = true;
                stage.program_built |= builds_program(command);
            }
            Role::Builds | Role::Starts => stage.opaque = true,
            Role::Harmless => stage.tools |= role::installs_go(command),
        }
    }
}

/// Whether the path of a copied file may be that of a program, or of an archive with one.
fn may_be_program(path: &str) -> bool {
    let name = path.trim_end_matches('/').rsplit('/').next();
    let name = name.unwrap_or_default().to_ascii_lowercase();
    match name.rsplit_once('.') {
        None => !name.is_empty(),
        Some((stem, end)) => {
            matches!(end, "exe" | "bin" | "gz" | "tgz" | "xz" | "zip" | "tar" | "bz2")
                // A version: `app-1.2`.
                || stem.chars().any(|c| c.is_ascii_alphanumeric())
                    && end.starts_with(|c: char| c.is_ascii_digit())
        }
    }
}

/// Whether a `go` command leaves the program of the project: not only checks that it compiles, or installs a tool.
fn builds_program(command: &Command) -> bool {
    let mut arguments = command.words.iter().skip(1).map(|word| word.as_str());
    match arguments.next() {
        Some("install") => !arguments.any(|a| a.contains('@')),
        Some("build") => {
            let all: Vec<&str> = arguments.collect();
            let is_named = all.iter().any(|a| a.starts_with("-o"));
            !all.contains(&"/dev/null") && (is_named || !all.iter().any(|a| a.contains("...")))
        }
        _ => false,
    }
}

/// Adds a variable for the instructions after it.
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

/// The variables that `go env -w` sets, which also apply to commands of later instructions.
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
    expansion_limit: &ExpansionLimit,
) -> Vec<(String, Text, Span)> {
    let lookup = |name: &str| known.get(name).cloned();
    let chars = body.as_str();
    let first = chars.split_whitespace().next().unwrap_or_default();
    if old && is_name(first) {
        let rest = body.slice(first.len()..chars.len()).trim();
        let value = words(&rest, escape, false).into_iter().next();
        let value = expand(&value.unwrap_or_default(), escape, expansion_limit, &lookup);
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
                    expand(&value, escape, expansion_limit, &lookup),
                    word.whole(),
                )
            })
        })
        .collect()
}
