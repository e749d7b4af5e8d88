use super::built_files::{WITH_VALUE, packages};
use super::linker_flags::says_development;
use super::own_use::{is_for_the_project, parts};
use super::shipping::{Around, is_for_the_user, is_shipped};
use crate::rules::prelude::*;
use gospect_deploy::Invocation;

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

/// Whether the result of a build is meant for others, as far as the file shows: it has `-o` or flags of a release, and no sign of a test.
fn is_release(ctx: &FileCtx, around: &Around, c: &Invocation) -> bool {
    let flags = c.env.get("GOFLAGS").map_or("", String::as_str);
    let flag = |w: &str| w.starts_with('-');
    // A variable may expand to the flag, unless it is the value of another flag.
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
    // Flags of the compiler and the assembler, as were needed before Go 1.13.
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
    // Without `-o`, the `go` command keeps no result of several packages.
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
    let own = around.is_own(c)
        || says_development(ctx, c)
        || is_for_the_user(ctx, c)
        || is_for_the_project(ctx, c);
    !(tagged || old || own) && is_shipped(ctx, around, c)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn releases_are_distinguished_from_tests() {
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
    fn a_stage_counts_if_its_program_is_copied_out_of_it() {
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
        // A command that developers run every day does not make a release.
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

    /// Findings in a file of a project with a module, in a folder of it, whose releases are made by something.
    fn in_project(path: &str, text: &str, released_by: &gospect_deploy::ReleasedBy) -> usize {
        use crate::{Assumed, Auditor, Date, Policy};
        let mut file = gospect_deploy::read(path, text, None).unwrap();
        file.module = Some("example.com/app".to_owned());
        file.inside = path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
        file.released_by = released_by.clone();
        let policy = Policy::load("", "gospect.toml").unwrap();
        let mut auditor = Auditor::new(&policy, Date::parse("2026-11-22").unwrap());
        auditor.deployment(&file, &Assumed::default());
        let findings = auditor.finish().findings;
        let own = findings.iter().filter(|f| f.rule == super::META.id);
        own.count()
    }

    #[test]
    fn recipes_of_a_project_need_a_sign_that_they_release() {
        let none = gospect_deploy::ReleasedBy::default();
        let runs = |name: &str| gospect_deploy::ReleasedBy {
            runs: [name.to_owned()].into(),
            ..none.clone()
        };
        let goreleaser = gospect_deploy::ReleasedBy {
            goreleaser: true,
            ..none.clone()
        };
        let make = |text: &str, by: &gospect_deploy::ReleasedBy| in_project("Makefile", text, by);
        let build = "app:\n\tgo build -ldflags \"-s -w\" -o bin/app .\n";
        assert_eq!(count("Makefile", build), 1, "without a project");
        assert_eq!(make(build, &none), 0);
        assert_eq!(make(build, &runs("make app")), 1);
        assert_eq!(make(build, &runs("make test")), 0);
        for sure in [
            "release:\n\tgo build -ldflags \"-s -w\" -o bin/app .\n",
            "app:\n\tgo build -ldflags \"-s -w\" -o bin/app .\n\ttar czf app.tgz bin/app\n",
        ] {
            assert_eq!(
                (make(sure, &none), make(sure, &goreleaser)),
                (1, 1),
                "{sure}"
            );
        }
        for likely in [
            "app:\n\tgo build -ldflags \"-s -w\" -o dist/app .\n",
            "app:\n\tgo build -ldflags \"-s -w\" -o bin/app-$(GOARCH) .\n",
            "app:\n\tGOOS=darwin go build -ldflags \"-s -w\" -o bin/app .\n",
        ] {
            let found = (make(likely, &none), make(likely, &goreleaser));
            assert_eq!(found, (1, 0), "{likely}");
        }
        let cross = "release:\n\tgo build -ldflags \"-s -w\" -o bin/app .\n";
        let tool = "all:\n\tgox ./...\n";
        let other = "app:\n\tGOOS=darwin go build -ldflags \"-s -w\" -o bin/app .\n";
        assert_eq!(
            make(&format!("{other}{cross}"), &none),
            1,
            "another releases"
        );
        assert_eq!(make(&format!("{other}{tool}"), &none), 0);
        let trims = "all:\n\tgo build -trimpath -o dist/app .\n";
        assert_eq!(make(&format!("{other}{trims}"), &none), 0);
        for daily in ["run", "watch", "dev-app", "install"] {
            let text = format!("{daily}:\n\tGOOS=darwin go install -ldflags \"-s -w\" .\n");
            assert_eq!(make(&text, &none), 0, "{daily}");
        }
        let home = "release:\n\tgo build -ldflags \"-s -w\" -o $(HOME)/bin/app .\n";
        assert_eq!(make(home, &none), 0);
        let script = "#!/bin/sh\ngo build -ldflags \"-s -w\" -o bin/app .\n";
        assert_eq!(in_project("hack/pack.sh", script, &none), 0);
        assert_eq!(in_project("scripts/pack.sh", script, &runs("pack.sh")), 1);
        assert_eq!(in_project("scripts/release.sh", script, &none), 1);
        let looped = "#!/bin/sh\nfor o in $ALL; do GOOS=$o go build -o bin/$o .; done\n";
        assert_eq!(in_project("scripts/all.sh", looped, &none), 1);
    }

    #[test]
    fn images_of_a_project_need_linker_flags_or_a_place_for_products() {
        let none = gospect_deploy::ReleasedBy::default();
        let image = |path: &str, flags: &str| {
            let text = format!(
                "FROM golang:1.27 AS build\nRUN go build {flags} -o /app .\nFROM scratch\nCOPY --from=build /app /\n"
            );
            in_project(path, &text, &none)
        };
        for product in ["Dockerfile", "cmd/app/Dockerfile", "build/Dockerfile.app"] {
            assert_eq!(image(product, ""), 1, "{product}");
        }
        for unsure in ["misc/gremlin/Dockerfile", "build/scripts/Other.Dockerfile"] {
            let found = (image(unsure, ""), image(unsure, "-ldflags=-s"));
            assert_eq!(found, (0, 1), "{unsure}");
        }
        for own in [
            "Dockerfile.ci",
            "networks/local/Dockerfile",
            "pkg/fixtures/go/Dockerfile",
            "_template/Dockerfile",
        ] {
            assert_eq!(image(own, "-ldflags=-s"), 0, "{own}");
        }
        let stage = "FROM golang:1.27 AS devbuild\nRUN go build -ldflags=-s -o /app .\nFROM scratch\nCOPY --from=devbuild /app /\n";
        assert_eq!(in_project("Dockerfile", stage, &none), 0);
    }

    #[test]
    fn a_job_that_publishes_may_build_to_try() {
        let job = |name: &str, build: &str, step: &str| {
            let text = format!(
                "on: push\njobs:\n  one:\n    steps:\n      - run: {build}\n      - {step}\n"
            );
            count(&format!(".github/workflows/{name}"), &text)
        };
        let push = "run: docker push example.com/app";
        assert_eq!(job("ci.yml", "go build -o app .", push), 0);
        assert_eq!(job("release.yml", "go build -o app .", push), 1);
        assert_eq!(job("ci.yml", "go build -ldflags=-s -o app .", push), 1);
        assert_eq!(job("ci.yml", "GOOS=darwin go build -o app .", push), 1);
        let check = "uses: goreleaser/goreleaser-action@v6";
        assert_eq!(job("release.yml", "go build -o app .", check), 0);
    }
}
