//! Finds the kind of a file by its content.

use super::super::yaml::Node;
use super::{Kind, Named, is_name};

/// Finds the kind of a file whose name does not show it, by its lines.
pub fn of_content(text: &str) -> Named {
    let mut lines = text.lines();
    if let Some(interpreter) = lines.next().and_then(|l| l.strip_prefix("#!")) {
        if interpreter.contains("openrc-run") {
            return Named::Unread("OpenRC service");
        }
        let kind = interpreter
            .split(|c: char| c == '/' || c.is_whitespace())
            .find_map(|word| match word {
                "sh" | "bash" | "ash" | "dash" | "ksh" | "zsh" => Some(Kind::Shell),
                "make" | "gmake" => Some(Kind::Make),
                "just" => Some(Kind::Just),
                "pwsh" => Some(Kind::Powershell),
                _ => None,
            });
        return kind.map_or(Named::Nothing, Named::Kind);
    }
    let telling = text
        .lines()
        .map(str::trim)
        .find(|l| !l.is_empty() && !l.starts_with(['#', ';']));
    let Some(line) = telling else {
        return Named::Nothing;
    };
    if text.lines().any(|l| l.starts_with("%build")) && text.lines().any(|l| l.starts_with("Name:"))
    {
        return Named::Unread("RPM spec");
    }
    let word = line.split_whitespace().next().unwrap_or_default();
    if (word.eq_ignore_ascii_case("from") || word.eq_ignore_ascii_case("arg"))
        && !line.contains(": ")
        && text.lines().any(|l| {
            l.trim_start()
                .get(..5)
                .is_some_and(|w| w.eq_ignore_ascii_case("from "))
        })
    {
        return Named::Kind(Kind::Dockerfile);
    }
    let section = line.strip_prefix('[').and_then(|l| l.strip_suffix(']'));
    if section
        .is_some_and(|s| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
    {
        let known = ["[Unit]", "[Service]", "[Container]", "[Install]"];
        if text.lines().any(|l| known.contains(&l.trim())) {
            return Named::Kind(Kind::Systemd);
        }
    }
    let assignments = text
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .all(|l| l.split_once('=').is_some_and(|(name, _)| is_name(name)));
    if assignments {
        return Named::Kind(Kind::Env);
    }
    if line.starts_with("---") || line.starts_with(['{', '%', '-']) || line.contains(':') {
        return Named::Yaml;
    }
    Named::Nothing
}

/// Whether a file may be a script, a Dockerfile or a unit, by its first bytes.
pub fn may_be_script(head: &[u8]) -> bool {
    if head.contains(&0) {
        return false;
    }
    let text = String::from_utf8_lossy(head);
    let Some(first) = text
        .lines()
        .map(str::trim)
        .find(|l| !l.is_empty() && (l.starts_with("#!") || !l.starts_with(['#', ';'])))
    else {
        return false;
    };
    // E-mails begin with `From ` too.
    first.starts_with("#!")
        || first.starts_with('[')
        || first.starts_with("ARG ")
        || text.contains("\n%build")
        || (first.starts_with("FROM ") && text.contains('\n'))
}

/// Words that begin with `go` and concern Go: keys of build files, and linker flags.
const OF_GO: [&str; 14] = [
    "goamd64",
    "goarch",
    "goarm",
    "goarm64",
    "gobinary",
    "godebug",
    "godebugDefault",
    "golang",
    "gomips",
    "goos",
    "goppc64",
    "goriscv64",
    "gorootFinal",
    "gotip",
];

/// Whether a text may concern Go: it contains a variable of Go, the word `go`, or another word that concerns Go.
pub fn mentions_go(text: &str) -> bool {
    if memchr::memmem::find(text.as_bytes(), b"GO").is_some() || text.contains("LDFLAGS") {
        return true;
    }
    let bytes = text.as_bytes();
    let word = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    memchr::memmem::find_iter(bytes, b"go").any(|at| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(at + 2);
        let from = bytes.get(at..).unwrap_or_default();
        let named = |name: &&str| from.starts_with(name.as_bytes()) && !word(from.get(name.len()));
        let command = !word(after) || after == Some(&b'1') || OF_GO.iter().any(named);
        !word(before) && command
    })
}

/// Finds the kind of a YAML file by its documents.
pub fn of_documents(documents: &[Node]) -> Option<Kind> {
    let has = |key: &str| documents.iter().any(|d| d.get(key).is_some());
    let any = |is: fn(&Node) -> bool| documents.iter().any(is);
    if any(|d| d.get("kind").is_some_and(|k| k.str() == "Kustomization")) {
        return Some(Kind::Kustomize);
    }
    if documents
        .iter()
        .any(|d| d.get("kind").is_some() && d.get("apiVersion").is_some())
    {
        return Some(Kind::Kubernetes);
    }
    let mapping = |key: &str| {
        documents
            .iter()
            .any(|d| d.get(key).is_some_and(Node::is_mapping))
    };
    if any(is_melange) || any(is_apko) {
        return Some(Kind::Melange);
    }
    if has("containerDefinitions") || has("ContainerDefinitions") {
        return Some(Kind::Ecs);
    }
    if any(is_snap) {
        return Some(Kind::Snap);
    }
    if mapping("tasks") && has("version") {
        return Some(Kind::Taskfile);
    }
    let release = [
        "archives",
        "project_name",
        "checksum",
        "snapshot",
        "dockers",
    ];
    if has("builds") && release.iter().any(|key| has(key)) {
        return Some(Kind::Goreleaser);
    }
    if any(is_app_engine) {
        return Some(Kind::AppEngine);
    }
    if mapping("services") && !has("jobs") && !has("steps") && !has("pipeline") {
        return Some(Kind::Compose);
    }
    // GitHub and CircleCI have `jobs`, Drone and Cloud Build `steps`, actions `runs`; the jobs of GitLab have `script`.
    let jobs = documents.iter().flat_map(Node::pairs);
    let scripted = jobs
        .into_iter()
        .any(|(_, job)| job.get("script").is_some() || job.get("cmds").is_some());
    (has("jobs")
        || has("builds")
        || has("steps")
        || has("stages")
        || has("runs")
        || has("pipeline")
        || scripted)
        .then_some(Kind::Ci)
}

/// Whether it is a file of melange: a package and its pipeline.
pub(crate) fn is_melange(document: &Node) -> bool {
    document.find(&["package", "name"]).is_some()
        && (document.get("pipeline").is_some() || document.get("subpackages").is_some())
}

/// Whether it is a file of apko: the content of an image and its entry point.
pub(crate) fn is_apko(document: &Node) -> bool {
    document.find(&["contents", "packages"]).is_some()
        && [
            "entrypoint",
            "cmd",
            "accounts",
            "archs",
            "paths",
            "environment",
        ]
        .iter()
        .any(|key| document.get(key).is_some())
}

/// Whether it is `app.yaml` of App Engine.
fn is_app_engine(document: &Node) -> bool {
    document
        .get("runtime")
        .is_some_and(|r| r.str().starts_with("go"))
        || document.get("env_variables").is_some()
}

/// Whether it is `snapcraft.yaml`.
fn is_snap(document: &Node) -> bool {
    document.get("parts").is_some_and(Node::is_mapping) && document.get("name").is_some()
}

/// Every YAML or JSON file of a known kind contains one of these words.
const KIND_WORDS: [&str; 18] = [
    "apiVersion",
    "services",
    "jobs",
    "steps",
    "stages",
    "runs",
    "pipeline",
    "script",
    "cmds",
    "builds",
    "tasks",
    "contents",
    "ontainerDefinitions",
    "env",
    "parts",
    "kind",
    "image",
    "containers",
];

/// Whether a text may be YAML or JSON of a supported kind. A quick check before parsing.
pub fn may_be_known(path: &str, text: &str) -> bool {
    let json = path.to_ascii_lowercase().ends_with(".json");
    if json {
        return ["ontainerDefinitions", "\"apiVersion\""]
            .iter()
            .any(|word| text.contains(word));
    }
    KIND_WORDS.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_the_kind() {
        for (text, want) in [
            (
                "# syntax=x\nARG V=1\nFROM golang:$V\n",
                Named::Kind(Kind::Dockerfile),
            ),
            ("from alpine\n", Named::Kind(Kind::Dockerfile)),
            ("#!/usr/bin/env bash\n", Named::Kind(Kind::Shell)),
            ("#!/usr/bin/make -f\n", Named::Kind(Kind::Make)),
            ("#!/usr/bin/python3\n", Named::Nothing),
            ("; x\n[Unit]\nDescription=x\n", Named::Kind(Kind::Systemd)),
            ("[package]\nname = 1\n", Named::Nothing),
            ("#!/sbin/openrc-run\n", Named::Unread("OpenRC service")),
            ("Name: x\n%build\n", Named::Unread("RPM spec")),
            ("#!/usr/bin/env just\n", Named::Kind(Kind::Just)),
            ("GODEBUG=gctrace=1\n\n# x\nA=\n", Named::Kind(Kind::Env)),
            ("apiVersion: v1\n", Named::Yaml),
            ("Dear all,\nhello\n", Named::Nothing),
            ("", Named::Nothing),
        ] {
            assert_eq!(of_content(text), want, "{text}");
        }
    }
}
