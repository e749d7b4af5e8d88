//! Workflows of CI systems, read alike: keys that hold variables, keys that hold scripts, and what tells the Go release.

use super::collect::{Collector, Env, Place, Reader};
use super::compose::named_pairs;
use super::release::{Toolchain, of_image};
use super::shell;
use super::yaml::{Node, Value};

/// Keys that hold variables of a job or a step.
const VARIABLES: [&str; 3] = ["env", "variables", "environment"];
/// Collections inside collections, and nodes that are looked at, at the most: aliases make many of few.
const DEEPEST: usize = 256;
const MOST_NODES: usize = 2_000_000;
/// Keys that hold shell scripts.
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

/// Keys whose values hold no variables and no scripts, whatever their own keys are called.
const OTHER: [&str; 4] = ["with", "inputs", "outputs", "on"];

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
        inside(document, &place, &Env::default(), 0, &mut left, out);
    }
}

/// A mapping or list with the variables of everything around it.
fn inside(
    node: &Node,
    place: &Place,
    above: &Env,
    depth: usize,
    left: &mut usize,
    out: &mut Collector,
) {
    *left = left.saturating_sub(1);
    if depth > DEEPEST || *left == 0 {
        return;
    }
    match &node.value {
        Value::Scalar(_) => {}
        Value::Sequence(items) => {
            for item in items {
                inside(item, place, above, depth + 1, left, out);
            }
        }
        Value::Mapping(pairs) => {
            let mut env = Env::under(above);
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
            for (key, value) in pairs {
                if SCRIPTS.contains(&key.str()) {
                    // Variables that a script sets end with it.
                    let mut own = Env::under(&env);
                    for text in value.items().into_iter().filter_map(Node::text) {
                        out.shell(&shell::commands(text), place, &mut own);
                    }
                }
                // CircleCI: `run: {command: ...}` comes by itself.
                if !OTHER.contains(&key.str()) && !VARIABLES.contains(&key.str()) {
                    inside(value, place, &env, depth + 1, left, out);
                }
            }
        }
    }
}

/// The one Go release that a workflow names; with several, none.
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
