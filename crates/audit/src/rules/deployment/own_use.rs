//! Recognises by names what a project builds for its own use: tests, tools, examples. These are not releases.

use super::built_files::outputs;
use crate::rules::prelude::*;
use gospect_deploy::{Invocation, Kind as FileKind};

/// Words in names of tests, tools and examples.
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

/// Words that end like `test` but mean something else.
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

/// Whether a part of a path or a word of a name shows that the result stays in the project.
pub(super) fn stays_here(text: &str) -> bool {
    parts(text).any(|part| is_own(&part))
}

/// The same for the folder of a file. Folders of scripts and tools do not count: scripts that build releases are there too.
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

/// Whether a name shows that a build is for tests or tools: that of a package, an output, a directory, a target or the file.
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
    // A workflow with such a name may publish; other files with it are used by workflows.
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
    // Many targets of make are below `/usr/local`.
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

/// The name of the recipe that runs a command, in a makefile, Taskfile or justfile.
pub(super) fn recipe(c: &Invocation) -> Option<&str> {
    ["target ", "task ", "recipe "]
        .iter()
        .find_map(|kind| c.scope.strip_prefix(kind))
}

/// Whether this is the name of a stage for developers: `devbuild`, `build-dev`.
fn is_for_developers(stage: &str) -> bool {
    parts(stage).any(|part| part.starts_with("dev") && !part.starts_with("devic"))
}

/// Whether this is the name of a recipe for developers, which starts the program or rebuilds it on changes.
fn is_for_daily_work(name: &str) -> bool {
    let daily = |p: String| matches!(&*p, "run" | "start" | "serve" | "watch" | "quick" | "fast");
    parts(name).any(daily)
}

/// Whether this is the name of a script that starts what it builds: `run_in_docker.sh`.
fn only_tries(name: &str) -> bool {
    let mut all = parts(name);
    let tries = |p: &str| matches!(p, "run" | "start" | "serve" | "try" | "launch");
    all.next().is_some_and(|first| tries(&first))
        && !all.any(|p| matches!(&*p, "build" | "builds" | "release" | "dist" | "package"))
}

/// Whether a target of make is a file other than a program: then builds in its recipe are tools or checks.
fn makes_a_text(target: &str) -> bool {
    let extension = target.rsplit_once('.').map_or("", |(_, e)| e);
    let texts = [
        "c", "css", "go", "h", "html", "js", "json", "md", "o", "pb", "proto", "ts", "txt", "yaml",
        "yml",
    ];
    texts.contains(&extension)
}

/// Whether this is the folder of a container action for workflows of the same project.
fn is_of_actions(folder: &str) -> bool {
    let folder = folder.replace('\\', "/");
    [".github/actions", ".gitea/actions", ".forgejo/actions"]
        .iter()
        .any(|own| folder.starts_with(own) || folder.contains(&format!("/{own}")))
}

/// Whether this is a folder of project templates, or of test networks for developers.
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

/// Whether this is the directory of an example. In images, `/test`, `/tmp` and `/tools` are used for anything.
fn is_sample(dir: &str) -> bool {
    parts(dir).any(|part| matches!(&*part, "example" | "examples" | "samples" | "demos" | "e2e"))
}

/// Most lines between a command and a comment about it, and most lines at the start of a file with comments about the whole file.
const LINES_ABOVE: u32 = 12;
const FIRST_LINES: u32 = 30;

/// Whether a comment above a command, or at the start of the file, says that it is for tests or development.
fn is_said(ctx: &FileCtx, c: &Invocation) -> bool {
    let source = &ctx.file.source;
    let above = (1..=LINES_ABOVE).map_while(|back| {
        let line = source.get(c.at.line.checked_sub(back)?)?.trim();
        (!line.is_empty()).then_some(line)
    });
    // A makefile has many purposes, a Dockerfile has one.
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
    // Sentences may continue in the next line, so the lines above are read upwards.
    let mut above: Vec<String> = above.filter_map(comment).collect();
    above.reverse();
    let first: Vec<String> = first.filter_map(comment).collect();
    is_purpose(&above.join(" ")) || is_purpose(&first.join(" "))
}

/// Words for purposes of things that are not for users.
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

/// Whether a text names such a purpose: `dev builds`, `for integration tests`, `for development`, `when testing`; the purpose is one of the next words before a comma.
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
    fn purposes_are_distinguished_from_other_uses_of_for() {
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
    fn words_that_only_end_like_a_test_are_no_tests() {
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
