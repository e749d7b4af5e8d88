use crate::audit::rules::prelude::*;
use crate::deploy::{Invocation, Kind as FileKind};

pub const META: Meta = Meta {
    code: "GS417",
    id: "build-without-trimpath",
    family: Family::Deployment,
    summary: "a release is built without `-trimpath`",
    levels: levels(NOTE, WARN, WARN, WARN),
    options: &[],
    since: "0.2.0",
    doc: Doc {
        what: "A release is built without `-trimpath`: `go build` or `go install` with `-o`, or with `-ldflags` that set a version or strip, and every build of GoReleaser. Builds for tests (`-race`, `-cover`, `-coverpkg`, `-gcflags` with `-N`), tools (`go install NAME@VERSION`) and what stays in the project (in or for directories such as `test`, `hack`, `tools`) are left alone, and so is a command with a word that only a variable tells.",
        why: "The program then holds absolute paths of the build host: two builds in different directories differ, so nobody can check the release by building it again.",
        example: "`RUN go build -o /app ./cmd/app`.",
        fix: "`go build -trimpath`, or once for a stage: `ENV GOFLAGS=-trimpath`. Go does not record `-ldflags` in trimmed programs.",
    },
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    for c in &ctx.file.commands {
        if !matches!(c.verb(), "build" | "install") || c.has("trimpath") || !is_release(ctx, c) {
            continue;
        }
        sink.report(
            Report::new(format!("`go {}` without -trimpath", c.verb()))
                .on(c.at)
                .salient(c.scope.clone())
                .salient(c.arguments().last().map_or("", |w| w.as_str()))
                .help(format!(
                    "`go {} -trimpath ...`, or `GOFLAGS=-trimpath` for all builds here",
                    c.verb()
                )),
        );
    }
}

/// Directories of what a project builds for itself: tests, tools, examples.
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
    "work",
    "dev",
    "samples",
    "ctest",
    "site",
];

/// Folders of a repository whose files build nothing that is shipped.
const FOLDERS: &[&str] = &[
    "test",
    "tests",
    "testing",
    "testdata",
    "e2e",
    "integration",
    "hack",
    "bench",
    "perf",
    "examples",
    "samples",
    "site",
    "ctest",
];

/// True when a part of a path or a word of a name says that the result stays in the project.
fn stays_here(text: &str) -> bool {
    text.to_ascii_lowercase()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|part| part.starts_with("test") || NOT_SHIPPED.contains(&part))
}

/// True for a build whose result is meant for others, as far as the file tells: `-o` or flags of a release, and none of a test.
fn is_release(ctx: &FileCtx, c: &Invocation) -> bool {
    let flags = c.env.get("GOFLAGS").map_or("", String::as_str);
    let flag = |w: &str| w.starts_with('-');
    // A word that a variable brings may be the flag; the value of another flag cannot hold it.
    let mut unsure = flags.contains('$');
    let mut value = false;
    for word in c.arguments().iter().map(|w| w.as_str()) {
        unsure |= !value && (word.starts_with(['$', '`']) || word.contains("[@]"));
        let name = word.trim_start_matches('-');
        value = flag(word) && WITH_VALUE.contains(&name);
    }
    let target = |w: &str| w.contains('@') || matches!(w, "tool" | "std" | "cmd");
    let tool = c.verb() == "install" && c.arguments().iter().any(|w| target(w.as_str()));
    let testing = ["race", "cover", "n", "asan", "msan"];
    let of_tests = ["coverpkg", "covermode", "toolexec", "overlay"];
    let test = testing.iter().any(|f| c.has(f)) || of_tests.iter().any(|f| !c.flag(f).is_empty());
    let debug = c
        .flag("gcflags")
        .iter()
        .any(|w| w.as_str().contains("-N") || w.as_str().contains('$'));
    if unsure || tool || test || debug {
        return false;
    }
    let named = c.flag("ldflags").iter().any(|w| {
        let words = w.as_str().split_whitespace();
        words
            .map(|w| w.trim_matches(['"', '\'']))
            .any(|w| matches!(w, "-s" | "-w" | "-X") || w.starts_with("-X="))
    });
    let output = c.flag("o");
    let into = |w: &&crate::deploy::Word| !w.as_str().ends_with("/dev/null");
    if !(c.release || named || output.iter().any(into)) {
        return false;
    }
    // What it builds, where to, for which target, in which file.
    let folder = ctx.file.inside.as_deref().unwrap_or_default();
    let mut words = c
        .arguments()
        .iter()
        .filter(|w| !flag(w.as_str()) && !w.as_str().contains(' '));
    // Scripts and stages for tests say so by name.
    let name = ctx.file.path.rsplit(['/', '\\']).next().unwrap_or_default();
    let named = matches!(ctx.file.kind, FileKind::Shell | FileKind::Dockerfile)
        && name
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|part| {
                matches!(
                    part,
                    "test" | "tests" | "e2e" | "check" | "verify" | "lint" | "dev"
                )
            });
    let here = named
        || words.any(|w| stays_here(w.as_str()))
        || output
            .iter()
            .any(|w| stays_here(w.as_str()) || w.as_str().starts_with("/tmp"))
        || stays_here(c.scope.strip_prefix("target ").unwrap_or_default())
        || folder.split('/').any(|part| FOLDERS.contains(&part));
    !here
}

/// Flags of `go build` that take the next word.
const WITH_VALUE: [&str; 17] = [
    "C",
    "o",
    "p",
    "asmflags",
    "buildmode",
    "compiler",
    "gccgoflags",
    "gcflags",
    "installsuffix",
    "ldflags",
    "mod",
    "modfile",
    "overlay",
    "pgo",
    "pkgdir",
    "tags",
    "toolexec",
];

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn releases_are_told_from_tests() {
        let id = "build-without-trimpath";
        let docker = |run: &str| {
            let text = format!("FROM golang:1.27\n{run}\n");
            places(&lint(id, "Dockerfile", &text))
        };
        assert_eq!(docker("RUN go build -o /app ."), ["2:5-23"]);
        for fine in [
            "RUN go build -trimpath .",
            "ENV GOFLAGS=-trimpath\nRUN go build .",
            "RUN go env -w GOFLAGS=-trimpath && go build .",
            "RUN go env -w GOFLAGS=-trimpath\nRUN go build .",
            "RUN GOFLAGS='-v -trimpath' go build .",
            "ARG FLAGS=-trimpath\nRUN go build $FLAGS .",
            "RUN go build $BUILD_FLAGS .",
            "RUN go install example.com/tool@latest",
            "RUN go build -race .",
            "RUN go test ./...",
            "RUN go build .",
            "RUN go build -o /dev/null .",
            "RUN go build -coverpkg=./... -o /app .",
            "RUN go install tool",
            "RUN go build -o ./tools/gen ./tools/gen",
            "RUN go build -o x ./test/helper",
            "RUN go build -ldflags=-extldflags=-static .",
        ] {
            assert!(docker(fine).is_empty(), "{fine}");
        }
        assert!(lint(id, "b.sh", "#!/bin/sh\ngo build ./...\n").is_empty());
        for found in [
            "go build -v -ldflags \"$LD\" -o x ./cmd",
            "go build -v -ldflags \"-s $LD\" ./cmd",
            "go build -o $OUT/x ./cmd",
            "FLAGS=-v\ngo build $FLAGS -o x ./cmd",
        ] {
            let text = format!("#!/bin/sh\n{found}\n");
            assert_eq!(lint(id, "b.sh", &text).len(), 1, "{found}");
        }
        for fine in [
            "go build $FLAGS -o x ./cmd",
            "FLAGS=-trimpath\ngo build $FLAGS -o x ./cmd",
            "FLAGS=\nif x; then FLAGS=-trimpath; fi\ngo build $FLAGS -o x ./cmd",
            "go build \"${args[@]}\" -o x ./cmd",
        ] {
            let text = format!("#!/bin/sh\n{fine}\n");
            assert!(lint(id, "b.sh", &text).is_empty(), "{fine}");
        }
        let make = |text: &str| lint(id, "Makefile", text).len();
        assert_eq!(make("b:\n\tgo build -ldflags '${LDFLAGS}' -o x ./cmd\n"), 1);
        assert_eq!(make("F = -v\nb:\n\tgo build $(F) -o x ./cmd\n"), 1);
        assert_eq!(make("F = -trimpath\nb:\n\tgo build $(F) -o x ./cmd\n"), 0);
        assert_eq!(
            make("GO_FLAGS ?=\nb:\n\tgo build $(GO_FLAGS) -o x ./cmd\n"),
            0
        );
        assert_eq!(make("e2e-tool:\n\tgo build -o x ./cmd\n"), 0);
        assert_eq!(
            lint(id, "b.sh", "#!/bin/sh\ngo build -o dist/app .\n").len(),
            1
        );
    }
}
