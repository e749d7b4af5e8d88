use super::built_files::{WITH_VALUE, covers, is_kept_here, outputs, packages, stem, written};
use super::own_use::{is_for_the_project, is_own, parts, recipe, stays_here};
use crate::rules::prelude::*;
use gospect_deploy::{Invocation, Kind as FileKind, Leaves, Start};
use std::collections::{BTreeMap, BTreeSet};

pub const META: Meta = Meta {
    code: "GS417",
    id: "build-without-trimpath",
    summary: "a release is built without `-trimpath`",
    levels: levels(NOTE, WARN, WARN, WARN),
    options: &[],
    since: "0.2.0",
    page: include_str!("build_without_trimpath.md"),
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    let around = Around::of(ctx);
    for c in &ctx.file.commands {
        if !matches!(c.verb(), "build" | "install")
            || c.has("trimpath")
            || !is_release(ctx, &around, c)
        {
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

/// What the commands of a file are together, told once for all of them.
struct Around<'a> {
    /// One of its builds has linker flags of a release.
    links: bool,
    /// The programs that it starts, by name.
    starts: BTreeMap<&'a str, Vec<&'a Start>>,
    /// Recipes that build mostly what the project has for its own use, by their scopes.
    own: BTreeSet<&'a str>,
}

/// Starts of one name that are looked at at the most.
const MOST_STARTS: usize = 200;

impl<'a> Around<'a> {
    fn of(ctx: &FileCtx<'a>) -> Around<'a> {
        let mut starts: BTreeMap<&str, Vec<&Start>> = BTreeMap::new();
        for start in &ctx.file.starts {
            let name = stem(&start.name);
            let all = starts.entry(name).or_default();
            if !name.is_empty() && all.len() < MOST_STARTS {
                all.push(start);
            }
        }
        let builds = |c: &&Invocation| matches!(c.verb(), "build" | "install");
        Around {
            links: ctx.file.commands.iter().filter(builds).any(links),
            starts,
            own: of_the_project(ctx),
        }
    }
}

/// Recipes of more than two builds of which most are for the project itself: what else they build serves that too.
fn of_the_project<'a>(ctx: &FileCtx<'a>) -> BTreeSet<&'a str> {
    let mut builds: BTreeMap<&str, Vec<&Invocation>> = BTreeMap::new();
    for c in ctx.file.commands.iter().filter(|c| c.verb() == "build") {
        if recipe(c).is_some() {
            builds.entry(&c.scope).or_default().push(c);
        }
    }
    let mostly_own = |all: &[&Invocation]| {
        let own = |c: &&&Invocation| is_for_the_project(ctx, c);
        all.len() > 2 && all.iter().filter(own).count() * 2 > all.len()
    };
    let own = builds.into_iter().filter(|(_, all)| mostly_own(all));
    own.map(|(scope, _)| scope).collect()
}

/// True for a build whose result is meant for others, as far as the file tells: `-o` or flags of a release, and none of a test.
fn is_release(ctx: &FileCtx, around: &Around, c: &Invocation) -> bool {
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
    // The compiler and the assembler are told themselves, as before Go 1.13.
    let trims = ["gcflags", "asmflags"]
        .iter()
        .flat_map(|f| c.flag(f))
        .any(|w| w.as_str().contains("-trimpath"));
    if unsure || tool || test || debug || trims {
        return false;
    }
    let named = c.flag("ldflags").iter().any(|w| {
        let words = w.as_str().split_whitespace();
        words
            .map(|w| w.trim_matches(['"', '\'']))
            .any(|w| matches!(w, "-s" | "-w" | "-X") || w.starts_with("-X="))
    });
    let output = c.flag("o");
    let into = |w: &&gospect_deploy::Word| !w.as_str().ends_with("/dev/null");
    // Of several packages the go command keeps nothing without -o.
    let all = packages(c);
    let several = all.len() > 1 && !all.iter().all(|p| p.ends_with(".go"));
    let discards = several || all.iter().any(|p| p.ends_with("..."));
    if c.verb() == "build" && output.is_empty() && discards {
        return false;
    }
    if !(c.release || named || output.iter().any(into)) {
        return false;
    }
    let tags = c.flag("tags");
    let of_tests = [
        "tools",
        "integration",
        "e2e",
        "itest",
        "debug",
        "dev",
        "develop",
    ];
    let tagged = tags
        .iter()
        .any(|w| parts(w.as_str()).any(|p| of_tests.contains(&&*p)));
    let judge = ctx.judge(false, c.go.as_ref());
    let old = !judge.guessed && !judge.at_least && judge.minor() < 13;
    let own = around.own.contains(&*c.scope)
        || says_development(ctx, c)
        || is_for_the_user(ctx, c)
        || is_for_the_project(ctx, c);
    !(tagged || old || own) && is_shipped(ctx, around, c)
}

/// True when it builds a package of somebody else: an import path of a host, which the module around does not hold.
fn is_foreign(ctx: &FileCtx, c: &Invocation) -> bool {
    let module = ctx.file.module.as_deref();
    packages(c).into_iter().any(|package| {
        let Some((host, _)) = package.split_once('/') else {
            return false;
        };
        let path = host.contains('.') && !host.starts_with('.') && !host.contains('$');
        // Other modules of one repository are its own.
        let hosts = ["github.com", "gitlab.com", "bitbucket.org"];
        let own = module.is_some_and(|module| {
            let mut repository = module;
            if hosts.contains(&host) {
                let end = module.match_indices('/').nth(2).map(|(at, _)| at);
                repository = module.get(..end.unwrap_or(module.len())).unwrap_or(module);
            }
            let rest = package.strip_prefix(repository);
            rest.is_some_and(|r| r.is_empty() || r.starts_with('/'))
        });
        path && !own
    })
}

/// True when the file shows that the result goes to others.
fn is_shipped(ctx: &FileCtx, around: &Around, c: &Invocation) -> bool {
    match (&c.leaves, ctx.file.kind) {
        (Some(leaves), FileKind::Ci) => !is_foreign(ctx, c) && reaches(ctx, c, leaves),
        (None, FileKind::Ci) => false,
        // What an image takes is shipped, whoever wrote it; a lone file without a module is no product.
        (Some(leaves), _) => reaches(ctx, c, leaves) && !(leaves.loose && is_loose(c)),
        (None, _) if c.release => true,
        // These files say how packages and images are made, nothing else.
        (None, FileKind::Earthly | FileKind::Melange) => !is_foreign(ctx, c),
        (None, _) => !is_foreign(ctx, c) && is_made_for_release(around, c),
    }
}

/// True for a build of single files.
fn is_loose(c: &Invocation) -> bool {
    let all = packages(c);
    !all.is_empty() && all.iter().all(|package| package.ends_with(".go"))
}

/// True when the output is among what leaves the stage or the job.
fn reaches(ctx: &FileCtx, c: &Invocation, leaves: &Leaves) -> bool {
    if leaves.all && (leaves.to.is_empty() || leaves.to.iter().any(|s| !stays_here(s))) {
        return true;
    }
    let files = written(c, ctx.file.module.as_deref());
    let paths = leaves.paths.iter().filter(|(_, to)| !stays_here(to));
    let mut paths = paths.map(|(path, _)| path.as_str());
    paths.any(|path| files.iter().any(|file| covers(path, file)))
}

/// Words of directories of what is shipped.
const SHIPPED: &[&str] = &[
    "all",
    "app",
    "artifacts",
    "bin",
    "binaries",
    "binary",
    "build",
    "dist",
    "install",
    "out",
    "output",
    "package",
    "release",
    "releases",
];

/// Those that say it of recipes of make, task and just, whose `build` and `bin` developers use as well.
const RELEASED: &[&str] = &[
    "artifacts",
    "binaries",
    "dist",
    "install",
    "package",
    "release",
    "releases",
];

/// Words of targets that start what was built to try it.
const TRIED: &[&str] = &["run", "start", "serve", "server", "launch", "demo"];

/// The flags of the linker that a command gives; those for the linker of C are one word.
fn linker_flags(c: &Invocation) -> Vec<&str> {
    let quotes = ['"', '\''];
    let mut out = Vec::new();
    for word in c.flag("ldflags") {
        let all = word.as_str();
        let flags = all.trim_start_matches('-').strip_prefix("ldflags=");
        let mut words = flags.unwrap_or(all).split_whitespace();
        while let Some(word) = words.next() {
            let bare = word.trim_matches(quotes);
            out.push(bare);
            let Some(value) = bare.strip_prefix("-extldflags") else {
                continue;
            };
            // The value is the next word, or what is between quotes.
            let first = match value {
                "" => words.next().unwrap_or_default(),
                _ => word
                    .get(word.find('=').map_or(0, |at| at + 1)..)
                    .unwrap_or_default(),
            };
            let Some(quote) = first.chars().next().filter(|c| quotes.contains(c)) else {
                continue;
            };
            let closed = first.len() > 1 && first.ends_with(quote);
            if !closed {
                words.by_ref().find(|w| w.ends_with(quote));
            }
        }
    }
    out
}

/// Flags of the linker that a release has: a version, stripping, or what only a variable tells.
fn links(c: &Invocation) -> bool {
    let of_release =
        |w: &&str| matches!(*w, "-s" | "-w" | "-X") || w.starts_with("-X=") || w.starts_with('$');
    linker_flags(c).iter().any(of_release)
}

/// True when `-X` tells the program that it is built for development: `-X main.dev=true`, `-X main.version=dev`.
fn says_development(ctx: &FileCtx, c: &Invocation) -> bool {
    let dev = ["dev", "devel", "debug", "development", "local", "source"];
    // What a variable brings is a value that whoever releases replaces.
    let written = |text: &str| {
        let mut lines = (c.at.line..=c.at.end_line).filter_map(|n| ctx.file.source.get(n));
        lines.any(|line| line.contains(text))
    };
    linker_flags(c).iter().any(|word| {
        let definition = word.strip_prefix("-X=").unwrap_or(word);
        let (target, value) = definition.split_once('=').unwrap_or_default();
        let name = target.rsplit('.').next().unwrap_or_default();
        let name = name.to_ascii_lowercase();
        let is = dev.contains(&name.strip_prefix("is").unwrap_or(&name));
        let value = value.trim_matches(['"', '\'']);
        (is && matches!(value, "true" | "1" | "yes"))
            || (name.ends_with("version") && dev.contains(&value) && written(definition))
    })
}

/// True for `go install` of a script that names no directory: whoever runs the script gets the program.
fn is_for_the_user(ctx: &FileCtx, c: &Invocation) -> bool {
    let script = matches!(ctx.file.kind, FileKind::Shell | FileKind::Powershell);
    script && c.verb() == "install" && !c.env.contains_key("GOBIN")
}

/// True when a script or recipe shows signs of a release and none of a helper: something that it runs itself, or that lacks
/// the linker flags which its other builds have.
fn is_made_for_release(around: &Around, c: &Invocation) -> bool {
    let linked = links(c);
    if !linked && around.links {
        return false;
    }
    // What others of the file use is a tool of theirs, unless they only try it.
    let runs = |start: &Start| {
        let after = start.scope == c.scope && start.at > c.at;
        let tries = parts(&start.scope).any(|p| TRIED.contains(&&*p) || is_own(&p));
        let uses = start.scope != c.scope && start.name.contains('/') && !tries;
        after || !linked || uses
    };
    let files = written(c, None);
    let started = files
        .iter()
        .filter_map(|file| around.starts.get(stem(file)));
    if started.flatten().any(|start| runs(start)) {
        return false;
    }
    let says = |text: &str| parts(text).any(|part| SHIPPED.contains(&&*part));
    // A directory that the caller names may hold anything; a page that shows WebAssembly is built like one that ships it.
    let told = |name: &str| c.env.get(name).map_or("", String::as_str);
    let here = outputs(c).into_iter().any(is_kept_here);
    if !linked && (here || c.moved.starts_with('$') || told("GOARCH") == "wasm") {
        return false;
    }
    // A recipe may be what developers run every day: its name, or where it writes to, must say that it is more.
    if let Some(target) = recipe(c) {
        let ships = |text: &str| parts(text).any(|part| RELEASED.contains(&&*part));
        let elsewhere = !matches!(told("GOOS"), "" | "linux") && !told("GOOS").contains('$');
        return linked || elsewhere || ships(target) || outputs(c).into_iter().any(ships);
    }
    linked
        || !told("GOOS").is_empty()
        || !told("GOARCH").is_empty()
        || outputs(c).iter().any(|o| says(o))
}

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
            "FLAGS=-v\ngo build $FLAGS -o dist/x ./cmd",
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
        assert_eq!(make("F = -v\ndist:\n\tgo build $(F) -o x ./cmd\n"), 1);
        assert_eq!(
            make("F = -trimpath\ndist:\n\tgo build $(F) -o x ./cmd\n"),
            0
        );
        assert_eq!(
            make("GO_FLAGS ?=\ndist:\n\tgo build $(GO_FLAGS) -o x ./cmd\n"),
            0
        );
        assert_eq!(make("e2e-tool:\n\tgo build -o x ./cmd\n"), 0);
        assert_eq!(
            lint(id, "b.sh", "#!/bin/sh\ngo build -o dist/app .\n").len(),
            1
        );
    }

    fn count(path: &str, text: &str) -> usize {
        lint("build-without-trimpath", path, text).len()
    }

    #[test]
    fn a_stage_counts_by_what_leaves_it() {
        let stages = |build: &str, last: &str| {
            let text = format!("FROM golang:1.27 AS build\nWORKDIR /src\n{build}\n{last}\n");
            count("Dockerfile", &text)
        };
        let go = "RUN go build -o app ./cmd/app";
        for taken in [
            "FROM alpine\nCOPY --from=build /src/app /app",
            "FROM alpine\nCOPY --from=0 /src /app",
            "FROM alpine\nCOPY --from=build [\"/src/app*\", \"/\"]",
            "FROM alpine AS mid\nCOPY --from=build /src/app /x/app\nFROM scratch\nCOPY --from=mid /x /",
            "FROM build\nCMD [\"/src/app\"]",
        ] {
            assert_eq!(stages(go, taken), 1, "{taken}");
        }
        for not in [
            "FROM alpine\nCOPY --from=build /etc/ssl /etc/ssl",
            "FROM alpine AS mid\nCOPY --from=build /src/app /\nFROM scratch\nCOPY conf /",
            "FROM alpine AS test\nCOPY --from=build /src/app /app",
            "FROM alpine\nCOPY --from=build /out/server* /",
        ] {
            assert_eq!(stages(go, not), 0, "{not}");
        }
        let foreign = "RUN go build -o /tool github.com/other/tool";
        assert_eq!(stages(foreign, "FROM alpine\nCOPY --from=build /tool /"), 1);
        assert_eq!(stages(foreign, "FROM alpine\nCOPY --from=build /lib /"), 0);
        let package =
            "package:\n  name: a\n  version: 1\npipeline:\n  - runs: |\n      go build -o a .\n";
        assert_eq!(count("a.yaml", package), 1);
        let old = "FROM golang:1.12\nRUN go build -o /app .\n";
        assert_eq!(count("Dockerfile", old), 0);
    }

    #[test]
    fn a_job_counts_when_it_publishes() {
        let job = |steps: &str| {
            let text = format!(
                "on: push\njobs:\n  other:\n    steps:\n      - run: gh release create v1\n  one:\n    steps:\n      - run: go build -o dist/app ./cmd/app\n{steps}"
            );
            count(".github/workflows/ci.yml", &text)
        };
        for published in [
            "      - run: gh release upload v1 dist/app\n",
            "      - run: |\n          docker push example.com/app\n",
            "      - uses: softprops/action-gh-release@v2\n",
            "      - uses: docker/build-push-action@v6\n        with:\n          push: true\n",
            "      - uses: actions/upload-artifact@v4\n        with:\n          path: dist/\n",
            "      - uses: actions/upload-artifact@v4\n        with:\n          path: |\n            LICENSE\n            dist/app\n",
        ] {
            assert_eq!(job(published), 1, "{published}");
        }
        for not in [
            "",
            "      - run: ./dist/app --help\n",
            "      - uses: actions/upload-artifact@v4\n        with:\n          path: logs/\n",
            "      - uses: actions/cache@v4\n        with:\n          path: dist/\n",
        ] {
            assert_eq!(job(not), 0, "{not}");
        }
    }

    #[test]
    fn helpers_are_no_release() {
        let make = |text: &str| count("Makefile", text);
        let line = |line: &str| make(&format!("release:\n\t{line}\n"));
        assert_eq!(line("go build -o bin/app ./cmd/app"), 1);
        for helper in [
            "cd hack/gen && go build -o bin/gen .",
            "(cd ../test; go build -o bin/x .)",
            "go -C tools build -o ../bin/x .",
            "go build -C tools -o ../bin/x .",
            "go build -tags=tools -o bin/x ./x",
            "go build -o itest/x ./x",
            "go build -o bin/x example.com/other/x",
            "go build -o bin/gen ./gen && ./bin/gen",
        ] {
            assert_eq!(line(helper), 0, "{helper}");
        }
        // What other recipes use, and what lacks the flags of the release beside it.
        let used = "bin/gen:\n\tgo build -o $@ ./gen\ncode: bin/gen\n\t./bin/gen -o x.go\n";
        assert_eq!(make(used), 0);
        let beside = "build:\n\tgo build -ldflags \"-s -w\" -o bin/app .\nbin/gen:\n\tgo build -o $@ ./gen\n";
        assert_eq!(make(beside), 1);
        let tried = "build:\n\tgo build -ldflags \"-s -w\" -o bin/app .\nrun: build\n\t./bin/app\n";
        assert_eq!(make(tried), 1);
        // What developers run every day says nothing of a release.
        for daily in ["build", "app", "manager", "build-service"] {
            let text = format!("{daily}:\n\tGOOS=linux go build -o bin/app .\n");
            assert_eq!(make(&text), 0, "{daily}");
        }
        assert_eq!(make("b:\n\tGOOS=darwin go build -o bin/app .\n"), 1);
        assert_eq!(make("gen:\n\tgo build -o gen ./gen\n"), 0);
    }

    #[test]
    fn packages_of_the_module_are_not_foreign() {
        use crate::{Assumed, Auditor, Date, Policy};
        let text = "dist:\n\tgo build -o bin/app github.com/me/repo/cmd/app\n";
        let with = |module: Option<&str>| {
            let mut file = gospect_deploy::read("Makefile", text, None).unwrap();
            file.module = module.map(str::to_owned);
            let policy = Policy::load("", "gospect.toml").unwrap();
            let mut auditor = Auditor::new(&policy, Date::parse("2026-11-22").unwrap());
            auditor.deployment(&file, &Assumed::default());
            auditor.finish().findings.len()
        };
        assert_eq!(with(Some("github.com/me/repo")), 1);
        assert_eq!(with(Some("github.com/me/repo/v2")), 1);
        assert_eq!(with(Some("github.com/me/repo2")), 0);
        assert_eq!(with(None), 0);
    }
}
