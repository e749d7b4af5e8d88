use crate::audit::rules::prelude::*;
use crate::deploy::Invocation;

pub const META: Meta = Meta {
    code: "GS417",
    id: "build-without-trimpath",
    family: Family::Deployment,
    summary: "a release is built without `-trimpath`",
    levels: levels(NOTE, WARN, WARN, WARN),
    options: &[],
    since: "0.2.0",
    doc: Doc {
        what: "A Dockerfile runs `go build` or `go install` without `-trimpath`; a script or a workflow does so with `-o` or with `-ldflags` that set a version or strip. Builds for tests (`-race`, `-cover`, `-gcflags` with `-N`) and tools (`go install NAME@VERSION`) are left alone.",
        why: "The program then holds absolute paths of the build host: two builds in different directories differ, so nobody can check the release by building it again.",
        example: "`RUN go build -o /app ./cmd/app`.",
        fix: "`go build -trimpath`, or once for a stage: `ENV GOFLAGS=-trimpath`. Go does not record `-ldflags` in trimmed programs.",
    },
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    for c in &ctx.file.commands {
        if !matches!(c.verb(), "build" | "install") || c.has("trimpath") || !is_release(c) {
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

/// True for a build whose result is meant for others, as far as the file tells.
fn is_release(c: &Invocation) -> bool {
    let flags = c.env.get("GOFLAGS").map_or("", String::as_str);
    // What a variable brings may be the flag.
    let open = |text: &str| text.starts_with('$') || text.starts_with('`');
    let unsure = flags.contains('$') || c.arguments().iter().any(|w| open(w.as_str()));
    let tool = c.verb() == "install" && c.arguments().iter().any(|w| w.as_str().contains('@'));
    let test = c.has("race") || c.has("cover") || c.has("n");
    let debug = c.flag("gcflags").iter().any(|w| w.as_str().contains("-N"));
    if unsure || tool || test || debug {
        return false;
    }
    let named = c.flag("ldflags").iter().any(|w| {
        let text = w.as_str();
        text.contains("-X") || text.contains("-s") || text.contains("-w")
    });
    let output = c
        .flag("o")
        .iter()
        .any(|w| !w.as_str().ends_with("/dev/null"));
    c.release || named || output
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
        ] {
            assert!(docker(fine).is_empty(), "{fine}");
        }
        assert!(lint(id, "b.sh", "#!/bin/sh\ngo build ./...\n").is_empty());
        assert_eq!(
            lint(id, "b.sh", "#!/bin/sh\ngo build -o dist/app .\n").len(),
            1
        );
    }
}
