//! Small files of platforms: Procfiles, `fly.toml`, `app.yaml` of App Engine, and task definitions of ECS.

use super::collect::Collector;
use super::compose::{command, named_pairs};
use super::facts::Reader;
use super::place::{Env, Place};
use super::release::of_image;
use super::role::{self, Role};
use super::shell;
use super::text::{Source, Text};
use super::yaml::Node;

/// A Procfile: `web: NAME=value command`.
pub fn procfile(source: &Source, out: &mut Collector) {
    for (number, line) in source.lines() {
        let Some((name, command)) = line.split_once(':').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        let place = Place {
            scope: format!("process {}", name.trim()),
            reader: Reader::Program,
            ..Place::default()
        };
        let from = line.len() - command.len();
        let text = Text::line(line, number, 1).slice(from..line.len());
        out.shell(&shell::commands(&text), &place, &mut Env::default());
    }
}

/// `fly.toml`: `[env]` for the program, `[build.args]` for its build, commands of `[processes]`.
pub fn fly(source: &Source, out: &mut Collector) {
    let mut table = String::new();
    let running = Place {
        scope: "app".into(),
        reader: Reader::Program,
        ..Place::default()
    };
    let building = Place {
        scope: "build".into(),
        reader: Reader::Build,
        ..Place::default()
    };
    for (number, line) in source.lines() {
        let trimmed = line.trim();
        if let Some(name) = trimmed.strip_prefix('[') {
            let name = name.trim_start_matches('[');
            name.split(']')
                .next()
                .unwrap_or_default()
                .trim()
                .clone_into(&mut table);
            continue;
        }
        let Some((key, value)) = trimmed.split_once('=') else {
            continue;
        };
        let key = key.trim().trim_matches(['"', '\'']);
        let Some(value) = quoted(value.trim()) else {
            continue;
        };
        let Some(from) = line
            .find('=')
            .and_then(|at| Some(at + line.get(at..)?.find(value)?))
        else {
            continue;
        };
        let whole = Text::line(line, number, 1);
        let text = whole.slice(from..from + value.len());
        let at = whole.find(key).to(text.whole());
        match table.as_str() {
            "env" => out.variable(key, text, at, "env ", &running),
            "build.args" => out.variable(key, text, at, "build argument ", &building),
            "processes" => {
                out.shell(&shell::commands(&text), &running, &mut Env::default());
            }
            _ => {}
        }
    }
}

/// The content of a TOML string without escapes.
fn quoted(value: &str) -> Option<&str> {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inside = value.strip_prefix(quote)?;
    let text = inside.get(..inside.find(quote)?)?;
    (!text.contains('\\')).then_some(text)
}

/// `app.yaml`: the platform builds the program, with variables of its own.
pub fn app_engine(documents: &[Node], out: &mut Collector) {
    for document in documents {
        for (key, reader) in [
            // The build may see these too.
            ("env_variables", Reader::Both),
            ("build_env_variables", Reader::Build),
        ] {
            let place = Place {
                scope: "service".into(),
                reader,
                ..Place::default()
            };
            if let Some(set) = document.get(key) {
                out.variables(named_pairs(set), &format!("{key} "), &place);
            }
        }
        let place = Place {
            scope: "service".into(),
            reader: Reader::Program,
            ..Place::default()
        };
        if let Some(text) = document.get("entrypoint").and_then(Node::text) {
            out.shell(&shell::commands(text), &place, &mut Env::default());
        }
    }
}

/// `snapcraft.yaml`: the environment of apps, and the scripts that build parts.
pub fn snap(documents: &[Node], out: &mut Collector) {
    for document in documents {
        for (name, app) in document.get("apps").map(Node::pairs).unwrap_or_default() {
            let place = Place {
                scope: format!("app {}", name.str()),
                reader: Reader::Program,
                ..Place::default()
            };
            if let Some(set) = app.get("environment") {
                out.variables(named_pairs(set), "environment ", &place);
            }
        }
        for (name, part) in document.get("parts").map(Node::pairs).unwrap_or_default() {
            let place = Place {
                scope: format!("part {}", name.str()),
                reader: Reader::Build,
                ..Place::default()
            };
            let mut env = Env::default();
            // A list of mappings with one name each.
            for item in part
                .get("build-environment")
                .map(Node::items)
                .unwrap_or_default()
            {
                let all = named_pairs(item);
                for (name, value, at) in &all {
                    env.export(name, value.as_str(), *at);
                }
                out.variables(all, "build-environment ", &place);
            }
            for key in [
                "override-build",
                "override-pull",
                "override-stage",
                "override-prime",
            ] {
                if let Some(script) = part.get(key).and_then(Node::text) {
                    out.shell(&shell::commands(script), &place, &mut Env::under(&env));
                }
            }
        }
    }
}

/// Container definitions of ECS, at any depth of a document.
pub fn ecs(documents: &[Node], scope: &str, out: &mut Collector) {
    for document in documents {
        for item in document.items() {
            container(item, scope, out);
        }
        document.walk(&mut |_, key, value| {
            if matches!(key.str(), "containerDefinitions" | "ContainerDefinitions") {
                for item in value.items() {
                    container(item, scope, out);
                }
            }
        });
    }
}

fn container(node: &Node, scope: &str, out: &mut Collector) {
    let get = |a: &str, b: &str| node.get(a).or_else(|| node.get(b));
    let image = get("image", "Image").map_or("", Node::str);
    let name = get("name", "Name").map_or("", Node::str);
    let mut words = command(get("entryPoint", "EntryPoint"));
    words.extend(command(get("command", "Command")));
    let commands = shell::of_words(words);
    let roles: Vec<Role> = commands.iter().map(role::of).collect();
    let reader = match of_image(image) {
        Some(_) => Reader::Both,
        None if roles.contains(&Role::Go) => Reader::Both,
        None if roles.contains(&Role::Builds) => Reader::Unknown,
        None if image.is_empty() || image.contains('$') => Reader::SomeProgram,
        None => Reader::Program,
    };
    let place = Place {
        scope: if scope.is_empty() {
            format!("container {name}")
        } else {
            format!("{scope}, container {name}")
        },
        reader,
        ..Place::default()
    };
    let text = |entry: &Node, key: &str, other: &str| {
        let node = entry.get(key).or_else(|| entry.get(other));
        node.and_then(Node::text).cloned()
    };
    let list = |key: &str, other: &str| get(key, other).map(Node::items).unwrap_or_default();
    let mut env = Env::default();
    let mut all = Vec::new();
    for entry in list("environment", "Environment") {
        if let (Some(name), Some(value)) =
            (text(entry, "name", "Name"), text(entry, "value", "Value"))
        {
            env.export(name.as_str(), value.as_str(), value.whole());
            all.push((name.as_str().to_owned(), value.clone(), value.whole()));
        }
    }
    for secret in list("secrets", "Secrets") {
        if let Some(name) = text(secret, "name", "Name") {
            env.export_unknown(name.as_str(), name.whole());
        }
    }
    out.variables(all, "environment ", &place);
    out.shell(&commands, &place, &mut env);
}
