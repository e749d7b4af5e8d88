//! Workflows of CI systems, read alike: keys that hold variables, keys that hold scripts, and what tells the Go release.

use super::collect::{Collector, Env, MOST_NAMES, Place};
use super::compose::named_pairs;
use super::release::{Toolchain, of_image};
use super::shell;
use super::yaml::Node;

/// Keys that hold variables of a job or a step.
const VARIABLES: [&str; 3] = ["env", "variables", "environment"];
/// Keys that hold shell scripts.
const SCRIPTS: [&str; 11] = [
    "run",
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

/// Reads all documents.
pub fn read(documents: &[Node], out: &mut Collector) {
    for document in documents {
        let go = release(document);
        let place = Place {
            scope: "workflow".into(),
            builds: true,
            go,
            ..Place::default()
        };
        let mut env = Env::new();
        document.walk(&mut |_, key, value| {
            if VARIABLES.contains(&key.str()) {
                let all = named_pairs(value);
                for (name, value, _) in &all {
                    if env.len() < MOST_NAMES {
                        env.insert(name.clone(), value.as_str().to_owned());
                    }
                }
                out.variables(all, &format!("{} ", key.str()), &place);
            }
            // GoReleaser: flags of the linker without a command.
            if key.str() == "ldflags" {
                for text in value.items().into_iter().filter_map(Node::text) {
                    out.variable("LDFLAGS", text.clone(), text.whole(), "", &place);
                }
            }
        });
        document.walk(&mut |_, key, value| {
            if SCRIPTS.contains(&key.str()) {
                // Variables that a script sets end with it.
                let mut own = Env::new();
                for text in value.items().into_iter().filter_map(Node::text) {
                    out.shell(&shell::commands(text), &place, &env, &mut own);
                }
                // CircleCI: `run: {command: ...}` comes by itself.
            }
        });
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
