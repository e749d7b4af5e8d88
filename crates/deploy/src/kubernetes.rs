//! Kubernetes manifests: every container of every pod template at any depth, ConfigMaps and Secrets in clear text,
//! and the literals of Kustomize.

use super::assignment;
use super::collect::Collector;
use super::compose::{command, named_pairs};
use super::expand::{ExpansionLimit, expand_references};
use super::facts::Reader;
use super::kind::is_name;
use super::place::{Env, Place};
use super::release::{self, Base, Toolchain, of_image};
use super::role::{self, Role};
use super::text::{Span, Text};
use super::yaml::{Node, Value};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

/// Keys with containers. `template` is for Argo and others: a mapping with an image is a container.
const CONTAINERS: [&str; 8] = [
    "containers",
    "initContainers",
    "ephemeralContainers",
    "container",
    "sidecars",
    "steps",
    "template",
    "script",
];

/// Reads all documents.
pub fn read(documents: &[Node], out: &mut Collector) {
    let mut seen = HashSet::new();
    for document in documents {
        document.walk(&mut |above, key, value| {
            let parent = above.last().copied();
            match key.str() {
                k if CONTAINERS.contains(&k) => {
                    if value.is_mapping() {
                        container(above, value, &mut seen, out);
                    }
                    if let Value::Sequence(items) = &value.value {
                        for item in items {
                            container(above, item, &mut seen, out);
                        }
                    }
                }
                "data" | "stringData" | "binaryData" => {
                    let kind = parent.and_then(|p| p.get("kind")).map_or("", Node::str);
                    if kind == "ConfigMap" || (kind == "Secret" && key.str() == "stringData") {
                        data(above, kind, value, out);
                    }
                }
                "literals" => literals(value, out),
                _ => {}
            }
        });
    }
}

/// Kind and name of the nearest object above, such as `Deployment web`.
fn object(above: &[&Node]) -> String {
    let named = above
        .iter()
        .rev()
        .find(|n| n.get("kind").is_some() && n.get("apiVersion").is_some());
    named.map_or_else(String::new, |n| {
        let name = n
            .find(&["metadata", "name"])
            .or_else(|| n.find(&["metadata", "generateName"]));
        format!(
            "{} {}",
            n.get("kind").map_or("", Node::str),
            name.map_or("", Node::str)
        )
        .trim()
        .to_owned()
    })
}

/// Reads one container. `seen` has the addresses of the environments that were read: aliases can share one among many containers, and
/// its variables are added once.
fn container(above: &[&Node], node: &Node, seen: &mut HashSet<usize>, out: &mut Collector) {
    let image = node.get("image").map_or("", Node::str);
    let go = of_image(image);
    let toolchain = go
        .as_ref()
        .and_then(|v| v.as_deref())
        .and_then(|v| Toolchain::parse(v, format!("image {image}, line {}", node.at.line)));
    let name = node.get("name").map_or("", Node::str);
    let mut scope = object(above);
    if !name.is_empty() {
        let comma = if scope.is_empty() { "" } else { ", " };
        scope += &format!("{comma}container {name}");
    }
    let own = node.get("env");
    let mut words = command(node.get("command"));
    words.extend(command(node.get("args")));
    if let Some(env) = own.filter(|_| words.iter().any(|word| refers(&word.text))) {
        let items = env.items();
        if !out.look_at(items.len()) {
            return;
        }
        let entries = entries(&items, &out.expansion_limit);
        for word in &mut words {
            word.text = expanded(&word.text, &entries, &out.expansion_limit).into_owned();
        }
    }
    let mut commands = super::shell::of_words(words);
    // Tekton and Argo: a script in place of a command.
    let script = node.get("script").or_else(|| node.get("source"));
    if let Some(script) = script.and_then(Node::text) {
        commands.extend(super::shell::commands(script));
    }
    let place = Place {
        scope,
        reader: reader(above, image, &commands),
        go: toolchain.clone(),
        program: toolchain,
        arch: arch(above),
        ..Place::default()
    };
    let mut env = Env::default();
    let is_new = own.is_some_and(|env| seen.insert(std::ptr::from_ref(env).addr()));
    let items = match own {
        // An environment that was read before is needed again to expand commands.
        Some(env) if is_new || !commands.is_empty() => env.items(),
        _ => Vec::new(),
    };
    if !out.look_at(items.len() + 1) {
        return;
    }
    let entries = entries(&items, &out.expansion_limit);
    // Only commands need the values.
    if !commands.is_empty() {
        for (name, value, at) in &entries.all {
            match value {
                Some(value) => env.export(name.as_str(), value.as_str(), *at),
                None => env.export_unknown(name.as_str(), *at),
            }
        }
    }
    let Entries { all, last } = entries;
    for (index, (name, value, at)) in all.into_iter().enumerate() {
        let name = name.as_str();
        // Aliases can share a list among many containers: only new variables are copied.
        if last.get(name) == Some(&index) && out.is_new(name, at) {
            let value = value.map(Cow::into_owned).unwrap_or_default();
            out.variable(name, value, at, "env ", &place);
        }
    }
    out.shell(&commands, &place, &mut env);
}

/// The entries of an `env` list: name, value unless it is unknown, place.
struct Entries<'n> {
    all: Vec<(&'n Text, Option<Cow<'n, Text>>, Span)>,
    /// Of several with one name the last counts.
    last: BTreeMap<&'n str, usize>,
}

/// Reads the entries of an `env` list. The values of later ones may refer to earlier ones.
fn entries<'n>(items: &[&'n Node], limit: &ExpansionLimit) -> Entries<'n> {
    let mut entries = Entries {
        all: Vec::new(),
        last: BTreeMap::new(),
    };
    for entry in items {
        let Some(name) = entry.get("name").and_then(Node::text) else {
            continue;
        };
        let written = entry.get("value").and_then(Node::text);
        let written = written.filter(|text| !text.is_empty());
        let at = written.unwrap_or(name).whole();
        let value = match written {
            Some(value) => Some(expanded(value, &entries, limit)),
            // A value from elsewhere is unknown, but it replaces an earlier value.
            None if entry.get("valueFrom").is_some() => None,
            None => Some(Cow::Owned(Text::default())),
        };
        entries.last.insert(name.as_str(), entries.all.len());
        entries.all.push((name, value, at));
    }
    entries
}

/// Whether a text may refer to a variable, as `$(NAME)`.
fn refers(text: &Text) -> bool {
    text.as_str().contains('$')
}

/// A text with the values of entries in place of `$(NAME)`.
fn expanded<'t>(text: &'t Text, entries: &Entries<'_>, limit: &ExpansionLimit) -> Cow<'t, Text> {
    if !refers(text) {
        return Cow::Borrowed(text);
    }
    let lookup = |name: &str| {
        let (_, value, _) = entries.all.get(*entries.last.get(name)?)?;
        value.as_deref().map(Text::as_str)
    };
    Cow::Owned(expand_references(text, limit, &lookup))
}

/// Objects whose containers run pipelines: they build, test, or run jobs of users.
const PIPELINES: [&str; 22] = [
    "Task",
    "TaskRun",
    "ClusterTask",
    "StepAction",
    "Pipeline",
    "PipelineRun",
    "TriggerTemplate",
    "Workflow",
    "WorkflowTemplate",
    "ClusterWorkflowTemplate",
    "CronWorkflow",
    "Sensor",
    "ProwJob",
    "Build",
    "BuildConfig",
    "BuildRun",
    "BuildStrategy",
    "ClusterBuildStrategy",
    "RunnerDeployment",
    "AutoscalingRunnerSet",
    "DevWorkspace",
    "Notebook",
];

/// Labels of nodes whose value is Go's name of their architecture.
const ARCH_LABELS: [&str; 2] = ["kubernetes.io/arch", "beta.kubernetes.io/arch"];
/// Most expressions of an affinity that are read: aliases can multiply them.
const MOST_EXPRESSIONS: usize = 50;

/// The architecture of the nodes for a pod, if its node selector or required node affinity allows only one.
fn arch(above: &[&Node]) -> Option<String> {
    let label = |n: &Node| {
        ARCH_LABELS
            .iter()
            .find_map(|l| n.get(l)?.text().map(|t| t.as_str().to_owned()))
    };
    above.iter().rev().find_map(|n| {
        if let Some(arch) = n.get("nodeSelector").and_then(label) {
            return release::known_arch(&arch);
        }
        let terms = n.find(&[
            "affinity",
            "nodeAffinity",
            "requiredDuringSchedulingIgnoredDuringExecution",
            "nodeSelectorTerms",
        ])?;
        // A node must match one of the terms, and all expressions of that term.
        let mut all = terms
            .items()
            .into_iter()
            .take(MOST_EXPRESSIONS)
            .map(of_term);
        let first = all.next()??;
        all.all(|one| one.as_deref() == Some(first.as_str()))
            .then_some(first)
    })
}

/// The architecture that a term of an affinity requires, if it is only one.
fn of_term(term: &Node) -> Option<String> {
    let all = term.get("matchExpressions").map(Node::items)?;
    all.into_iter().take(MOST_EXPRESSIONS).find_map(|e| {
        let key = e.get("key").map_or("", Node::str);
        let is_in = e.get("operator").map_or("", Node::str) == "In";
        let values = e.get("values").map(Node::items)?;
        match values.as_slice() {
            [one] if is_in && ARCH_LABELS.contains(&key) => release::known_arch(one.str()),
            _ => None,
        }
    })
}

/// The reader of the environment of a container.
fn reader(above: &[&Node], image: &str, commands: &[super::shell::Command]) -> Reader {
    let pipeline = above
        .iter()
        .filter_map(|n| n.get("kind"))
        .any(|kind| PIPELINES.contains(&kind.str()));
    let roles: Vec<Role> = commands.iter().map(role::of).collect();
    if pipeline {
        return if roles.contains(&Role::Go) {
            Reader::Build
        } else {
            Reader::Unknown
        };
    }
    if of_image(image).is_some() || roles.contains(&Role::Go) {
        return Reader::Both;
    }
    // A container in a patch has no image, but the patched object is deployed.
    let unsure =
        (!image.is_empty() && Base::of(image) == Base::Toolchain) || roles.contains(&Role::Builds);
    if unsure {
        Reader::Unknown
    } else {
        Reader::Program
    }
}

fn data(above: &[&Node], kind: &str, node: &Node, out: &mut Collector) {
    let place = Place {
        scope: object(above),
        reader: Reader::SomeProgram,
        ..Place::default()
    };
    let label = if kind == "Secret" {
        "stringData "
    } else {
        "data "
    };
    let (files, values): (Vec<_>, Vec<_>) = named_pairs(node)
        .into_iter()
        .partition(|(name, ..)| !is_name(name) || name.ends_with("_ENV"));
    out.variables(values, label, &place);
    // The value of a key that is a file name may be lines of variables.
    for (name, text, _) in files {
        if !name.to_ascii_lowercase().ends_with("env") {
            continue;
        }
        out.variables(lines(&text), &format!("data {name}: "), &place);
    }
}

/// The variables that the lines of a text set.
pub fn lines(text: &Text) -> Vec<(String, Text, Span)> {
    let mut all = Vec::new();
    let mut at = 0;
    for line in text.as_str().split_inclusive('\n') {
        let one = text.slice(at..at + line.len()).trim();
        if let Some((name, value)) = assignment::of(&one, true) {
            all.push((name, value, one.whole()));
        }
        at += line.len();
    }
    all
}

/// `configMapGenerator` of Kustomize: `NAME=value` texts.
fn literals(node: &Node, out: &mut Collector) {
    let place = Place {
        scope: "generated ConfigMap".into(),
        reader: Reader::SomeProgram,
        ..Place::default()
    };
    let set = |item: &Node| {
        let text = item.text()?;
        let (name, value) = assignment::of(text, true)?;
        Some((name, value, text.whole()))
    };
    let all = node.items().into_iter().filter_map(set).collect();
    out.variables(all, "literals ", &place);
}
