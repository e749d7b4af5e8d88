//! What a project builds for its own use, as far as names tell: tests, tools, examples. None of it is a release.

use super::built_files::outputs;
use crate::rules::prelude::*;
use gospect_deploy::{Invocation, Kind as FileKind};

/// Words in names of what a project builds for itself: tests, tools, examples.
const NOT_SHIPPED: &[&str] = &[
    "test",
    "tests",
    "testing",
    "testdata",
    "e2e",
    "integration",
    "bench",
    "benchmark",
    "benchmarks",
    "perf",
    "fuzz",
    "hack",
    "tools",
    "lint",
    "linters",
    "example",
    "examples",
    "docs",
    "script",
    "scripts",
    "debug",
    "tmp",
    "temp",
    "contrib",
    "mock",
    "mocks",
    "fake",
    "fakes",
    "fixture",
    "fixtures",
    "dummy",
    "stub",
    "stubs",
    "work",
    "dev",
    "devel",
    "develop",
    "development",
    "sample",
    "samples",
    "site",
    "demo",
    "demos",
    "greeter",
    "playground",
    "poc",
    "quickstart",
    "experimental",
    "experiments",
    "regression",
    "repro",
    "reproducer",
    "tutorial",
    "tutorials",
    "website",
];

/// Words that end like a test and are none.
const NO_TESTS: &[&str] = &[
    "attest",
    "brightest",
    "contest",
    "detest",
    "fastest",
    "greatest",
    "latest",
    "lightest",
    "protest",
    "shortest",
    "smartest",
];

/// True when a part of a path or a word of a name says that the result stays in the project.
pub(super) fn stays_here(text: &str) -> bool {
    parts(text).any(|part| is_own(&part))
}

/// The same for the folder of a file: scripts that build releases are in folders of scripts and tools too.
fn is_among_tests(folder: &str, file: &str) -> bool {
    let releases = parts(file).any(|p| matches!(&*p, "release" | "releases"));
    parts(folder).any(|part| {
        let holds_releases = match &*part {
            "script" | "scripts" | "work" => true,
            "contrib" | "hack" | "tools" => releases,
            _ => false,
        };
        is_own(&part) && !holds_releases
    })
}

pub(super) fn parts(text: &str) -> impl Iterator<Item = String> {
    let text = text.to_ascii_lowercase();
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric());
    parts.map(str::to_owned).collect::<Vec<_>>().into_iter()
}

pub(super) fn is_own(part: &str) -> bool {
    let ends = part.ends_with("test") || part.ends_with("tests");
    let starts = ["test", "hello", "mock"]
        .iter()
        .any(|s| part.starts_with(s));
    starts || NOT_SHIPPED.contains(&part) || (ends && !NO_TESTS.contains(&part))
}

/// True when a name says that it is for tests or tools: of what it builds, where to, where, for which target, in which file.
pub(super) fn is_for_the_project(ctx: &FileCtx, c: &Invocation) -> bool {
    let words = c.words.iter().map(|w| w.as_str());
    let mut words = words.filter(|w| !w.starts_with('-') && !w.contains(' '));
    let name = ctx.file.path.rsplit(['/', '\\']).next().unwrap_or_default();
    let scripts = [
        FileKind::Shell,
        FileKind::Dockerfile,
        FileKind::Ci,
        FileKind::Powershell,
        FileKind::Goreleaser,
    ];
    // A workflow of that name may publish; what else has that name is for workflows.
    let image = matches!(ctx.file.kind, FileKind::Dockerfile | FileKind::Goreleaser);
    let checks = |part: String| {
        matches!(&*part, "check" | "verify" | "local")
            || (image && matches!(&*part, "ci" | "devcontainer" | "gitpod" | "snapshot"))
            || is_own(&part)
    };
    let named = scripts.contains(&ctx.file.kind)
        && parts(name).any(|part| !matches!(&*part, "script" | "scripts") && checks(part));
    let stage = c.scope.strip_prefix("stage ");
    let target = recipe(c).or(stage).unwrap_or_default();
    // `/usr/local` is in the way of many a file that make makes.
    let local = match target.contains('/') {
        true => target.starts_with("local/"),
        false => parts(target).any(|part| part == "local"),
    };
    let tries = matches!(ctx.file.kind, FileKind::Shell | FileKind::Powershell) && only_tries(name);
    let folder = ctx.file.inside.as_deref().unwrap_or_default();
    named
        || tries
        || local
        || (!c.release && is_said(ctx, c))
        || words.any(stays_here)
        || stays_here(&c.moved)
        || is_sample(&c.dir)
        || is_for_a_beginning(folder)
        || outputs(c).iter().any(|w| w.starts_with("/tmp"))
        || stays_here(target)
        || stage.is_some_and(is_for_developers)
        || recipe(c).is_some_and(is_for_daily_work)
        || makes_a_text(target)
        || is_among_tests(folder, name)
        || is_of_actions(folder)
}

/// The name of the recipe that runs a command: of a makefile, a Taskfile, a justfile.
pub(super) fn recipe(c: &Invocation) -> Option<&str> {
    ["target ", "task ", "recipe "]
        .iter()
        .find_map(|kind| c.scope.strip_prefix(kind))
}

/// True for the name of a stage that developers build: `devbuild`, `build-dev`.
fn is_for_developers(stage: &str) -> bool {
    parts(stage).any(|part| part.starts_with("dev") && !part.starts_with("devic"))
}

/// True for the name of a recipe that developers run while they work: it starts what it builds, or builds again and again.
fn is_for_daily_work(name: &str) -> bool {
    let daily = |p: String| matches!(&*p, "run" | "start" | "serve" | "watch" | "quick" | "fast");
    parts(name).any(daily)
}

/// True for the name of a script that starts what it builds: `run_in_docker.sh`.
fn only_tries(name: &str) -> bool {
    let mut all = parts(name);
    let tries = |p: &str| matches!(p, "run" | "start" | "serve" | "try" | "launch");
    all.next().is_some_and(|first| tries(&first))
        && !all.any(|p| matches!(&*p, "build" | "builds" | "release" | "dist" | "package"))
}

/// True for a file that make makes and that is no program: what is built for it is a tool or a check on the way.
fn makes_a_text(target: &str) -> bool {
    let extension = target.rsplit_once('.').map_or("", |(_, e)| e);
    let texts = [
        "c", "css", "go", "h", "html", "js", "json", "md", "o", "pb", "proto", "ts", "txt", "yaml",
        "yml",
    ];
    texts.contains(&extension)
}

/// True for the folder of a container that only workflows of the same project start.
fn is_of_actions(folder: &str) -> bool {
    let folder = folder.replace('\\', "/");
    [".github/actions", ".gitea/actions", ".forgejo/actions"]
        .iter()
        .any(|own| folder.starts_with(own) || folder.contains(&format!("/{own}")))
}

/// True for a folder whose files others copy to begin a project of their own, or of networks that developers start.
fn is_for_a_beginning(folder: &str) -> bool {
    let words = [
        "boilerplate",
        "devnet",
        "local",
        "localnet",
        "networks",
        "scaffold",
        "skeleton",
        "template",
    ];
    parts(folder).any(|part| words.contains(&&*part))
}

/// True for the directory of an example; of images `/test`, `/tmp` and `/tools` are used for anything.
fn is_sample(dir: &str) -> bool {
    parts(dir).any(|part| matches!(&*part, "example" | "examples" | "samples" | "demos" | "e2e"))
}

/// Lines above a command whose comments are about it, at the most; and lines of a file whose comments are about all of it.
const LINES_ABOVE: u32 = 12;
const FIRST_LINES: u32 = 30;

/// True when a comment above a command, or the one that a file begins with, says that it is for tests or for development.
fn is_said(ctx: &FileCtx, c: &Invocation) -> bool {
    let source = &ctx.file.source;
    let above = (1..=LINES_ABOVE).map_while(|back| {
        let line = source.get(c.at.line.checked_sub(back)?)?.trim();
        (!line.is_empty()).then_some(line)
    });
    // A makefile has many uses, a Dockerfile one.
    let first = if ctx.file.kind == FileKind::Dockerfile {
        FIRST_LINES
    } else {
        0
    };
    let first = (1..=first).map_while(|number| {
        let line = source.get(number)?.trim();
        (line.is_empty() || line.starts_with('#')).then_some(line)
    });
    let comment = |line: &str| {
        let at = match line.starts_with('#') {
            true => 0,
            false => line.find(" #")?,
        };
        line.get(at..)
            .map(|text| text.trim_start().trim_start_matches('#').to_owned())
    };
    // Sentences go on from line to line; those above are read upwards.
    let mut above: Vec<String> = above.filter_map(comment).collect();
    above.reverse();
    let first: Vec<String> = first.filter_map(comment).collect();
    is_purpose(&above.join(" ")) || is_purpose(&first.join(" "))
}

/// What a thing that is not for users is for, as people write.
const PURPOSES: [&str; 9] = [
    "debugging",
    "demo",
    "demos",
    "dev",
    "developers",
    "development",
    "test",
    "testing",
    "tests",
];

/// `dev builds`, `for integration tests`, `for development`, `when testing`: the purpose is among the next words, before any comma.
fn is_purpose(comment: &str) -> bool {
    let text = comment.to_ascii_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    if matches!(words.first(), Some(&("dev" | "development"))) {
        return true;
    }
    (0..words.len())
        .filter(|at| matches!(words.get(*at), Some(&("for" | "when"))))
        .any(|at| {
            let after = words.get(at + 1..).unwrap_or_default();
            for word in after.iter().take(3) {
                let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
                if PURPOSES.contains(&bare) {
                    return true;
                }
                if word.ends_with([',', '.', ';', ':']) {
                    return false;
                }
            }
            false
        })
}

#[cfg(test)]
mod tests {
    #[test]
    fn purposes_are_told_from_what_else_is_for_something() {
        for own in [
            "Use this for development, or not",
            "only for macOS/iOS development.",
            "for the integration tests",
            "dev docker builds",
        ] {
            assert!(super::is_purpose(own), "{own}");
        }
        for other in [
            "for release",
            "Makefile for building, testing and more",
            "for all. Tests follow",
            "before testing",
            "for",
        ] {
            assert!(!super::is_purpose(other), "{other}");
        }
    }

    #[test]
    fn scripts_that_release_are_in_folders_of_tools_too() {
        for (folder, file) in [
            ("hack", "release.sh"),
            ("tools", "build-release.sh"),
            ("scripts", "a.sh"),
        ] {
            assert!(!super::is_among_tests(folder, file), "{folder}/{file}");
        }
        for (folder, file) in [
            ("hack", "build.sh"),
            ("test/e2e", "release.sh"),
            ("hack/test", "release.sh"),
        ] {
            assert!(super::is_among_tests(folder, file), "{folder}/{file}");
        }
    }

    #[test]
    fn folders_of_actions_and_targets_of_texts() {
        for own in [".github/actions/copy", "sub/.github/actions/x/y"] {
            assert!(super::is_of_actions(own), "{own}");
        }
        for other in [".github/workflows", "actions", "github/actions"] {
            assert!(!super::is_of_actions(other), "{other}");
        }
        assert!(super::only_tries("run_in_docker.sh") && super::only_tries("start.sh"));
        assert!(!super::only_tries("run-release.sh") && !super::only_tries("docker-run.sh"));
        assert!(super::stays_here("cmd/webhook-repro"));
        assert!(super::makes_a_text("%.pb.go") && super::makes_a_text("a/b.json"));
        assert!(!super::makes_a_text("bin/app") && !super::makes_a_text("lib.so"));
    }

    #[test]
    fn words_that_only_end_like_a_test() {
        for own in [
            "wintest",
            "a/itest/b",
            "cuda-tests-12",
            "hack/x",
            "hello-server",
            "cmd/demo",
        ] {
            assert!(super::stays_here(own), "{own}");
        }
        for other in [
            "latest",
            "attest",
            "contest",
            "fastest",
            "greatest",
            "app",
            "democracy",
        ] {
            assert!(!super::stays_here(other), "{other}");
        }
    }
}
