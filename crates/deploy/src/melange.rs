//! melange (packages of apk) and apko (images of these): the commands of pipelines, and the entry point of an image.

use super::collect::Collector;
use super::compose::{command, named_pairs};
use super::facts::Reader;
use super::kind::{is_apko, is_melange};
use super::place::{Env, Place};
use super::release::Toolchain;
use super::shell;
use super::yaml::Node;

/// Reads all documents.
pub fn read(documents: &[Node], out: &mut Collector) {
    for document in documents {
        if is_melange(document) {
            package(document, out);
        } else if is_apko(document) {
            image(document, out);
        }
    }
}

fn package(document: &Node, out: &mut Collector) {
    let name = document.find(&["package", "name"]).map_or("", Node::str);
    let place = Place {
        scope: format!("package {name}"),
        reader: Reader::Build,
        go: release(document),
        ..Place::default()
    };
    let mut env = Env::default();
    if let Some(set) = document.find(&["environment", "environment"]) {
        let all = named_pairs(set);
        for (name, value, at) in &all {
            env.export(name, value.as_str(), *at);
        }
        out.variables(all, "environment ", &place);
    }
    let packages = document.get("subpackages").map(Node::items);
    let all = std::iter::once(document).chain(packages.unwrap_or_default());
    for one in all {
        pipeline(one.get("pipeline"), &place, &env, 0, out);
    }
}

fn pipeline(steps: Option<&Node>, place: &Place, env: &Env, depth: usize, out: &mut Collector) {
    let Some(steps) = steps.filter(|s| s.is_sequence() && depth < 16) else {
        return;
    };
    for step in steps.items() {
        let mut own = Env::under(env);
        if let Some(set) = step.get("environment") {
            let all = named_pairs(set);
            for (name, value, at) in &all {
                own.export(name, value.as_str(), *at);
            }
            out.variables(all, "environment ", place);
        }
        // The pipeline `go/build` gives -trimpath itself.
        if step.get("uses").is_some_and(|u| u.str().starts_with("go/")) {
            let flags = step.find(&["with", "ldflags"]).and_then(Node::text);
            if let Some(text) = flags {
                out.variable("LDFLAGS", text.clone(), text.whole(), "", place);
            }
        }
        if let Some(script) = step.get("runs").and_then(Node::text) {
            let mut script_env = Env::under(&own);
            out.shell(&shell::commands(script), place, &mut script_env);
        }
        pipeline(step.get("pipeline"), place, &own, depth + 1, out);
    }
}

/// The Go release of a build dependency such as `go-1.27`.
fn release(document: &Node) -> Option<Toolchain> {
    let packages = document.find(&["environment", "contents", "packages"])?;
    packages.items().into_iter().find_map(|p| {
        let version = p.str().strip_prefix("go-")?;
        Toolchain::parse(version, format!("package {}, line {}", p.str(), p.at.line))
    })
}

fn image(document: &Node, out: &mut Collector) {
    let has_go = document
        .find(&["contents", "packages"])
        .map(Node::items)
        .unwrap_or_default()
        .into_iter()
        .any(|p| p.str() == "go" || p.str().starts_with("go-1") || p.str().starts_with("go~"));
    let place = Place {
        scope: "image".into(),
        reader: if has_go {
            Reader::Both
        } else {
            Reader::Program
        },
        ..Place::default()
    };
    if let Some(set) = document.get("environment") {
        out.variables(named_pairs(set), "environment ", &place);
    }
    let entry = document.get("entrypoint");
    let entry = entry.and_then(|e| e.get("command").or(Some(e)));
    for words in [command(entry), command(document.get("cmd"))] {
        out.shell(&shell::of_words(words), &place, &mut Env::default());
    }
}
