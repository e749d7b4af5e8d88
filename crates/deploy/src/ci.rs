//! Workflows of all CI systems. They have keys with variables, keys with scripts, and keys that name the Go release.

use super::collect::Collector;
use super::compose::named_pairs;
use super::facts::{Leaves, Reader};
use super::place::{Env, Place};
use super::release::{Toolchain, of_image};
use super::shell;
use super::text::Text;
use super::yaml::{Node, Value};
use std::sync::Arc;

/// Keys with variables of a job or a step.
const VARIABLES: [&str; 3] = ["env", "variables", "environment"];
/// Most nested collections, and most nodes that are visited: aliases can multiply nodes.
const MAX_DEPTH: usize = 256;
const MOST_NODES: usize = 2_000_000;
/// Keys with shell scripts.
const SCRIPTS: [&str; 12] = [
    "run",
    "runs",
    "script",
    "before_script",
    "after_script",
    "before_install",
    "install",
    "commands",
    "command",
    "bash",
    "sh",
    "cmds",
];

/// Keys whose values contain no variables and no scripts, even if their own keys have such names.
const OTHER: [&str; 4] = ["with", "inputs", "outputs", "on"];

/// Most paths of one artifact.
const MOST_PATHS: usize = 200;
/// Parts of the names of actions that publish what a job built.
const PUBLISHING_ACTIONS: [&str; 7] = [
    "gh-release",
    "release-action",
    "upload-release",
    "upload-to-release",
    "releases-only",
    "create-release",
    "ghr-action",
];

/// Commands that publish.
const PUBLISHING_COMMANDS: [&str; 11] = [
    "gh release create",
    "gh release upload",
    "docker push",
    "scp ",
    "rsync ",
    "aws s3 cp",
    "aws s3 sync",
    "gsutil cp",
    "gsutil -m cp",
    "gcloud storage cp",
    "az storage",
];

/// Reads all documents.
pub fn read(documents: &[Node], out: &mut Collector) {
    for document in documents {
        let place = Place {
            scope: "workflow".into(),
            reader: Reader::Build,
            go: release(document),
            ..Place::default()
        };
        let mut left = MOST_NODES;
        let place = Place {
            artifacts_stay: artifacts_stay(document),
            ..place
        };
        inside(document, &place, &Env::default(), 0, &mut left, out);
    }
}

/// Whether no job that downloads artifacts publishes them or passes them on, as when they are only tested.
fn artifacts_stay(document: &Node) -> bool {
    let mut takes = false;
    for (_, job) in document.get("jobs").map(Node::pairs).unwrap_or_default() {
        let mut here = false;
        job.walk(&mut |_, key, value| {
            here |= key.str() == "uses" && value.str().contains("download-artifact");
        });
        let leaves = leaves(job);
        if here && (leaves.all || !leaves.paths.is_empty()) {
            return false;
        }
        takes |= here;
    }
    takes
}

/// What a job or a step publishes; `job` is the node with the steps, in any CI system.
fn leaves(job: &Node) -> Leaves {
    let mut found = Leaves::default();
    job.walk(&mut |above, key, value| {
        let text = value.str();
        match key.str() {
            "uses" if text.contains("upload-artifact") => {
                let with = above.last().and_then(|step| step.get("with"));
                let path = with.and_then(|w| w.get("path"));
                let lines = path.map_or("", |p| p.str()).lines().map(str::trim);
                let lines = lines.filter(|l| !l.is_empty() && !l.starts_with('!'));
                let paths = lines
                    .take(MOST_PATHS)
                    .map(|l| (l.to_owned(), String::new()));
                found.paths.extend(paths);
            }
            "uses" => {
                found.all |= PUBLISHING_ACTIONS.iter().any(|name| text.contains(name));
            }
            "push" => found.all |= text == "true" || text.starts_with("${{"),
            "artifacts" => {
                let paths = value.get("paths").map(Node::items).unwrap_or_default();
                let paths = paths.into_iter().take(MOST_PATHS);
                found
                    .paths
                    .extend(paths.map(|p| (p.str().to_owned(), String::new())));
            }
            key if SCRIPTS.contains(&key) => {
                for text in value.items().into_iter().filter_map(Node::text) {
                    found.all |= publishes(text);
                }
            }
            _ => {}
        }
    });
    found
}

/// Whether a script publishes files.
fn publishes(script: &Text) -> bool {
    let all = script.as_str();
    let image = all.contains("docker") && all.contains("--push");
    image
        || all.lines().any(|line| {
            let line = line.trim();
            !line.starts_with('#') && PUBLISHING_COMMANDS.iter().any(|c| line.contains(c))
        })
}

/// Reads a mapping or list; `above` has the variables of everything around it.
fn inside(
    node: &Node,
    place: &Place,
    above: &Env,
    depth: usize,
    left: &mut usize,
    out: &mut Collector,
) {
    *left = left.saturating_sub(1);
    if depth > MAX_DEPTH || *left == 0 {
        return;
    }
    match &node.value {
        Value::Scalar(_) => {}
        Value::Sequence(items) => {
            // Steps can set variables for later steps.
            let mut env = Env::under(above);
            for item in items {
                inside(item, place, &env, depth + 1, left, out);
                for (name, value, at) in out.take_passed_on() {
                    env.export(&name, &value, at);
                }
            }
        }
        Value::Mapping(pairs) => {
            let mut env = Env::under(above);
            // The innermost mapping with steps, or with a script and no steps, is a job.
            let own;
            let place = if pairs.iter().any(|(key, _)| {
                let script = SCRIPTS.contains(&key.str()) && (depth > 0 || key.str() == "runs");
                place.leaves.is_none() && (key.str() == "steps" || script)
            }) {
                let mut leaves = leaves(node);
                if place.artifacts_stay {
                    leaves.paths.clear();
                }
                own = Place {
                    leaves: Some(Arc::new(leaves)),
                    ..place.clone()
                };
                &own
            } else {
                place
            };
            let own;
            let place = match node.get("working-directory").and_then(Node::text) {
                Some(dir) => {
                    own = Place {
                        dir: dir.as_str().to_owned(),
                        moved: dir.as_str().to_owned(),
                        ..place.clone()
                    };
                    &own
                }
                None => place,
            };
            for (key, value) in pairs {
                if VARIABLES.contains(&key.str()) {
                    let all = named_pairs(value);
                    for (name, value, at) in &all {
                        env.export(name, value.as_str(), *at);
                    }
                    out.variables(all, &format!("{} ", key.str()), place);
                }
                // GoReleaser: flags of the linker without a command.
                if key.str() == "ldflags" {
                    for text in value.items().into_iter().filter_map(Node::text) {
                        out.variable("LDFLAGS", text.clone(), text.whole(), "", place);
                    }
                }
            }
            if releases(node) {
                out.builds_with(&env);
            }
            for (key, value) in pairs {
                if SCRIPTS.contains(&key.str()) {
                    // Variables of a script do not outlive it.
                    let mut own = Env::under(&env);
                    for text in value.items().into_iter().filter_map(Node::text) {
                        out.shell(&shell::commands(text), place, &mut own);
                    }
                }
                // The recursion also reads `run: {command: ...}` of CircleCI.
                if !OTHER.contains(&key.str()) && !VARIABLES.contains(&key.str()) {
                    inside(value, place, &env, depth + 1, left, out);
                }
            }
        }
    }
}

/// Whether a step builds with GoReleaser.
fn releases(step: &Node) -> bool {
    let with = |key: &str| step.find(&["with", key]).map_or("", Node::str);
    step.get("uses")
        .is_some_and(|uses| uses.str().starts_with("goreleaser/goreleaser-action"))
        && with("install-only") != "true"
        && with("args")
            .split_whitespace()
            .any(|word| matches!(word, "release" | "build"))
}

/// The Go release that a workflow names, if it is only one.
fn release(document: &Node) -> Option<Toolchain> {
    let mut found: Vec<Toolchain> = Vec::new();
    document.walk(&mut |_, key, value| {
        let version = match key.str() {
            "go-version" | "go_version" | "GO_VERSION" => super::release::release(value.str()),
            "image" => of_image(value.get("name").unwrap_or(value).str()).flatten(),
            _ => None,
        };
        let source = format!("{} {}, line {}", key.str(), value.str(), key.at.line);
        found.extend(version.and_then(|v| Toolchain::parse(&v, source)));
    });
    let first = found.first()?.clone();
    found
        .iter()
        .all(|t| t.version == first.version)
        .then_some(first)
}
