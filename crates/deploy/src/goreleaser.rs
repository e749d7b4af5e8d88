//! GoReleaser files: every build with its flags, hooks and variables, and the settings for all builds
//! (goreleaser.com/customization/builds, as of GoReleaser 2.13).

use super::assignment;
use super::collect::Collector;
use super::facts::Reader;
use super::place::{Env, Place};
use super::release::Toolchain;
use super::shell::{self, Command, Word};
use super::text::{Span, Text};
use super::yaml::{Node, Value};

/// Most builds of a file: aliases can multiply them.
const MAX_BUILDS: usize = 200;

/// Reads all documents.
pub fn read(documents: &[Node], out: &mut Collector) {
    for document in documents {
        read_document(document, out);
    }
}

fn read_document(document: &Node, out: &mut Collector) {
    let place = Place {
        scope: "GoReleaser".into(),
        reader: Reader::Build,
        go: release(document),
        release: true,
        ..Place::default()
    };
    let mut global = Env::default();
    variables(document.get("env"), &place, &mut global, out);
    for key in ["before", "after"] {
        let hooks = document.get(key).and_then(|b| b.get("hooks"));
        hooks_of(hooks, &place, &global, out);
    }
    for build in document
        .get("builds")
        .map(Node::items)
        .unwrap_or_default()
        .into_iter()
        .take(MAX_BUILDS)
    {
        build_of(build, &place, &global, out);
    }
    // One build without a list, as very old files have it.
    if let Some(build) = document.get("build").filter(|b| b.is_mapping()) {
        build_of(build, &place, &global, out);
    }
    for key in ["universal_binaries", "archives", "nfpms"] {
        for item in document.get(key).map(Node::items).unwrap_or_default() {
            if let Some(hooks) = item.get("hooks").filter(|h| h.is_mapping()) {
                for moment in ["pre", "post", "before", "after"] {
                    hooks_of(hooks.get(moment), &place, &global, out);
                }
            }
        }
    }
    for image in ["dockers", "dockers_v2"] {
        for item in document.get(image).map(Node::items).unwrap_or_default() {
            build_arguments(item, &place, out);
        }
    }
}

/// `--build-arg=NAME=value` of images, and `build_args` of their newer form.
fn build_arguments(item: &Node, place: &Place, out: &mut Collector) {
    let flags = item.get("build_flag_templates").map(Node::items);
    for text in flags.unwrap_or_default().into_iter().filter_map(Node::text) {
        let chars = text.as_str();
        let Some(rest) = chars
            .strip_prefix("--build-arg=")
            .or_else(|| chars.strip_prefix("--build-arg "))
        else {
            continue;
        };
        let part = text.slice(chars.len() - rest.len()..chars.len());
        if let Some((name, value)) = assignment::of(&part, true) {
            out.variable(&name, value, part.whole(), "build argument ", place);
        }
    }
    if let Some(args) = item.get("build_args").filter(|a| a.is_mapping()) {
        let all = super::compose::named_pairs(args);
        out.variables(all, "build argument ", place);
    }
}

fn build_of(build: &Node, place: &Place, global: &Env, out: &mut Collector) {
    let word = |key: &str| build.get(key).map_or("", Node::str);
    // A command that replaces `go` may add any flag, or copy an earlier build.
    let tool = ["tool", "gobinary"].map(word);
    let is_other_tool = tool.into_iter().any(|name| {
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
        !(name.is_empty() || name == "go" || name == "gotip" || name.starts_with("go1."))
    });
    let is_not_go =
        !matches!(word("builder"), "" | "go") || word("skip") == "true" || is_other_tool;
    if !build.is_mapping() || is_not_go {
        return;
    }
    let (name, at) = named(build);
    let place = Place {
        scope: if name.is_empty() {
            "GoReleaser build".to_owned()
        } else {
            format!("GoReleaser build {name}")
        },
        ..place.clone()
    };
    let mut own = Env::under(global);
    variables(build.get("env"), &place, &mut own, out);
    if let Some(hooks) = build.get("hooks") {
        for moment in ["pre", "post"] {
            hooks_of(hooks.get(moment), &place, &own, out);
        }
    }
    command(build, at, &place, &own, out);
    let overrides = build.get("overrides").map(Node::items).unwrap_or_default();
    for special in overrides.into_iter().take(MAX_BUILDS) {
        linker(special, &place, out);
        // A flag that an override lacks is that of the build.
        let mut env = Env::under(&own);
        variables(special.get("env"), &place, &mut env, out);
        if special.get("flags").is_some() {
            command(special, special.at, &place, &env, out);
        }
    }
    linker(build, &place, out);
}

/// The name of a build for people, and its place.
fn named(build: &Node) -> (&str, Span) {
    let keys = ["id", "binary", "main", "dir"];
    let name = keys.iter().find_map(|key| build.get(key)?.text());
    match name.filter(|name| !name.is_empty()) {
        Some(name) => (name.as_str(), name.whole()),
        None => {
            let first = build.pairs().first().and_then(|(key, _)| key.text());
            ("", first.map_or(build.at, Text::whole))
        }
    }
}

/// `go build` with the flags of a build.
fn command(build: &Node, at: Span, place: &Place, env: &Env, out: &mut Collector) {
    let word = |chars: &str| Word {
        text: Text::fixed(chars, at),
        ..Word::default()
    };
    let verb = match build.get("command").map_or("", Node::str) {
        "" => "build",
        verb => verb,
    };
    let mut words = vec![word("go"), word(verb)];
    for (key, flag) in [("flags", ""), ("gcflags", "-gcflags=")] {
        for text in flag_list(build.get(key)) {
            let text = match flag {
                "" => text,
                flag => Text::fixed(&format!("{flag}{}", text.as_str()), text.whole()),
            };
            words.push(Word {
                dynamic: text.as_str().contains('$'),
                text,
                quoted: true,
                ..Word::default()
            });
        }
    }
    words.push(word("-o"));
    words.push(word("dist/program"));
    let command = Command {
        words,
        ..Command::default()
    };
    out.shell(&[command], place, &mut Env::under(env));
}

/// Adds linker flags as a variable, because rules check those.
fn linker(build: &Node, place: &Place, out: &mut Collector) {
    for text in list(build.get("ldflags")) {
        out.variable("LDFLAGS", text.clone(), text.whole(), "", place);
    }
}

/// A list of flags, or one text that GoReleaser splits at blanks.
fn flag_list(node: Option<&Node>) -> Vec<Text> {
    let Some(text) = node.and_then(Node::text) else {
        return list(node).into_iter().cloned().collect();
    };
    let mut words = Vec::new();
    let mut at = 0;
    for word in text.as_str().split([' ', '\t', '\n', '\r']) {
        if !word.is_empty() {
            words.push(text.slice(at..at + word.len()));
        }
        at += word.len() + 1;
    }
    words
}

/// A text, or a list of texts.
fn list(node: Option<&Node>) -> Vec<&Text> {
    let items = node.map(Node::items).unwrap_or_default();
    items.into_iter().filter_map(Node::text).collect()
}

fn variables(node: Option<&Node>, place: &Place, env: &mut Env, out: &mut Collector) {
    let Some(node) = node else { return };
    let all = super::compose::named_pairs(node);
    for (name, value, at) in &all {
        env.export(name, value.as_str(), *at);
    }
    out.variables(all, "env ", place);
}

/// Hooks: a text, a list of texts, or mappings with `cmd` and their own `env`.
fn hooks_of(node: Option<&Node>, place: &Place, env: &Env, out: &mut Collector) {
    let Some(node) = node else { return };
    let all = match &node.value {
        Value::Mapping(_) => vec![node],
        _ => node.items(),
    };
    // The result of a hook is rarely released.
    let place = Place {
        release: false,
        ..place.clone()
    };
    for hook in all {
        let mut own = Env::under(env);
        variables(hook.get("env"), &place, &mut own, out);
        let text = hook.get("cmd").unwrap_or(hook).text();
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            out.shell(&shell::commands(text), &place, &mut own);
        }
    }
}

/// The Go release of `gobinary: go1.27.1`, if all builds have the same.
fn release(document: &Node) -> Option<Toolchain> {
    let builds = document.get("builds").map(Node::items).unwrap_or_default();
    let mut found: Option<Toolchain> = None;
    for build in builds {
        let tool = build.get("tool").or_else(|| build.get("gobinary"))?;
        let source = format!("{}, line {}", tool.str(), tool.at.line);
        let one = Toolchain::parse(tool.str(), source)?;
        if found.as_ref().is_some_and(|f| f.version != one.version) {
            return None;
        }
        found = Some(one);
    }
    found
}
