//! Compose files.

use super::assignment;
use super::collect::Collector;
use super::expand::{ExpansionLimit, expand};
use super::facts::Reader;
use super::place::{Env, Place};
use super::release::{self, Base, Toolchain, of_image};
use super::role::{self, Role};
use super::shell::{self, Word};
use super::stages;
use super::text::{Span, Text};
use super::yaml::{Node, Value};

/// Reads all documents.
pub fn read(documents: &[Node], out: &mut Collector) {
    for (name, service) in documents
        .iter()
        .filter_map(|d| d.get("services"))
        .flat_map(Node::pairs)
    {
        one(name.str(), service, out);
    }
}

fn one(name: &str, service: &Node, out: &mut Collector) {
    let image = service.get("image").map_or("", Node::str);
    let image = expand(&Text::line(image, 1, 1), '$', &out.expansion_limit, &|_| {
        None
    });
    let go = of_image(image.as_str());
    let toolchain = go.as_ref().and_then(|v| v.as_deref()).and_then(|v| {
        let line = service.get("image").map_or(0, |i| i.at.line);
        Toolchain::parse(v, format!("image {}, line {line}", image.as_str()))
    });
    let commands: Vec<_> = ["entrypoint", "command"]
        .iter()
        .flat_map(|key| {
            let words = words_of(service.get(key), &|text| {
                expand(text, '$', &out.expansion_limit, &|_| None)
            });
            shell::of_words(words)
        })
        .collect();
    let raw = service.get("image").map_or("", Node::str);
    let platform = service.get("platform").map_or("", Node::str);
    let place = Place {
        scope: format!("service {name}"),
        reader: reader(service, raw, &commands),
        go: toolchain.clone(),
        program: toolchain,
        arch: release::arch_of_platform(platform),
        ..Place::default()
    };
    let mut env = Env::default();
    if let Some(environment) = service.get("environment") {
        let all = interpolated(environment, &out.expansion_limit);
        for (name, value, at) in &all {
            env.export(name, value.as_str(), *at);
        }
        for (key, value) in environment.pairs() {
            if value.is_null {
                env.export_unknown(key.str(), key.at);
            }
        }
        out.variables(all, "environment ", &place);
    }
    out.shell(&commands, &place, &mut env);
    for file in service.get("env_file").map(files).unwrap_or_default() {
        out.env_file(file);
    }
    let Some(build) = service.get("build") else {
        return;
    };
    let building = Place {
        scope: format!("build of service {name}"),
        reader: Reader::Build,
        ..Place::default()
    };
    if let Some(args) = build.get("args") {
        out.variables(
            interpolated(args, &out.expansion_limit),
            "build argument ",
            &building,
        );
    }
    if let Some(inline) = build.get("dockerfile_inline").and_then(Node::text) {
        stages::read_text(inline, out);
    }
}

/// The reader of the environment of a service.
fn reader(service: &Node, image: &str, commands: &[shell::Command]) -> Reader {
    let base = Base::of(image);
    if base == Base::Toolchain && !image.is_empty() && of_image(image).is_some() {
        return Reader::Both;
    }
    let roles: Vec<Role> = commands.iter().map(role::of).collect();
    if roles.contains(&Role::Go) {
        return Reader::Both;
    }
    // A service that mounts its sources builds them.
    let mounted = service.get("volumes").map(Node::items).unwrap_or_default();
    let mounted = mounted.iter().any(|v| {
        let source = v.get("source").unwrap_or(v).str();
        let source = source.split(':').next().unwrap_or(source);
        matches!(
            source,
            "." | "./" | ".." | "../" | "../.." | "$PWD" | "${PWD}"
        )
    });
    let unsure = base == Base::Toolchain
        || mounted
        || service.get("build").is_some()
        || service.get("develop").is_some()
        || roles.contains(&Role::Builds);
    if unsure {
        Reader::Unknown
    } else {
        Reader::Program
    }
}

/// The files of `env_file`, which is a text, a list, or a list of mappings with `path`.
fn files(node: &Node) -> Vec<Text> {
    let name = |n: &Node| n.get("path").unwrap_or(n).text().cloned();
    match &node.value {
        Value::Sequence(items) => items.iter().filter_map(|i| name(i)).collect(),
        _ => name(node).into_iter().collect(),
    }
}

/// Variables with values in which `${NAME:-default}` is expanded as Compose does.
fn interpolated(node: &Node, expansion_limit: &ExpansionLimit) -> Vec<(String, Text, Span)> {
    let mut all = named_pairs(node);
    for (_, value, _) in &mut all {
        *value = expand(value, '$', expansion_limit, &|_| None);
    }
    all
}

/// Variables of a mapping or of a list of `NAME=value`, where quotes are part of the value. A name without a value is
/// passed through, and its value is unknown.
pub fn named_pairs(node: &Node) -> Vec<(String, Text, Span)> {
    match &node.value {
        Value::Mapping(_) => node
            .pairs()
            .into_iter()
            .filter_map(|(key, value)| {
                let value = value.text()?;
                let at = key.text()?.whole().to(value.whole());
                Some((key.str().to_owned(), value.clone(), at))
            })
            .collect(),
        _ => node
            .items()
            .into_iter()
            .filter_map(|item| {
                let text = item.text()?;
                let (name, value) = assignment::of(text, false)?;
                Some((name, value, text.whole()))
            })
            .collect(),
    }
}

/// The words of a command: a list, or a text that is split like a shell does.
pub fn command(node: Option<&Node>) -> Vec<Word> {
    words_of(node, &Text::clone)
}

/// The same, of the texts that `read` makes of those of the file.
fn words_of(node: Option<&Node>, read: &dyn Fn(&Text) -> Text) -> Vec<Word> {
    let Some(node) = node else { return Vec::new() };
    match &node.value {
        Value::Sequence(items) => items
            .iter()
            .filter_map(|i| i.text())
            .map(read)
            .map(|text| Word {
                dynamic: text.as_str().contains('$'),
                text,
                quoted: true,
                ..Word::default()
            })
            .collect(),
        Value::Scalar(text) => {
            // It is one command line, so the words of its first command are all of its words.
            let first = shell::commands(&read(text))
                .into_iter()
                .next()
                .unwrap_or_default();
            let set = first.assignments.into_iter().map(|a| Word {
                text: Text::fixed(&format!("{}={}", a.name, a.value.as_str()), a.at),
                ..Word::default()
            });
            set.chain(first.words).collect()
        }
        Value::Mapping(_) => Vec::new(),
    }
}
