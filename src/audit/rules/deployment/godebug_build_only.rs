use super::whose;
use crate::audit::rules::prelude::*;
use crate::deploy;

pub const META: Meta = Meta {
    code: "GS408",
    id: "godebug-build-only",
    family: Family::Deployment,
    summary: "GODEBUG is set for the build, which does not carry it into the program",
    levels: levels(NOTE, WARN, WARN, WARN),
    options: &[],
    since: "0.2.0",
    doc: Doc {
        what: "A Dockerfile sets GODEBUG in a stage that builds and that no image is made of.",
        why: "There only the `go` command reads it. What a program starts with comes from `godebug` lines in go.mod, from `//go:debug`, or from the environment it runs in.",
        example: "`ENV GODEBUG=http2server=0` between `FROM golang` and `RUN go build`, with a second FROM after it.",
        fix: "Record it in the program, `go mod edit -godebug=http2server=0`, or set it in the last stage.",
    },
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    if ctx.file.kind != deploy::Kind::Dockerfile {
        return;
    }
    for v in &ctx.file.variables {
        let stays = v.label == "ENV GODEBUG" || v.label == "ARG GODEBUG";
        if !stays || v.runs || v.value.is_empty() {
            continue;
        }
        sink.report(
            Report::new(format!(
                "{} does not reach the program that is built here",
                v.label
            ))
            .see(whose(v), v.value.as_str())
            .on(v.at)
            .salient(v.scope.clone())
            .help(format!(
                "set it in the last stage, or record it: `go mod edit -godebug={}`",
                v.value.as_str().split(',').next().unwrap_or_default()
            )),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn only_where_no_image_is_made_of_the_stage() {
        let text = "FROM golang:1.27 AS b\nENV GODEBUG=http2server=0\nRUN go build -trimpath\nFROM scratch\nCOPY --from=b /a /a\n";
        assert_eq!(
            places(&lint("godebug-build-only", "Dockerfile", text)),
            ["2:5-26"]
        );
        let one = "FROM golang:1.27 AS b\nENV GODEBUG=http2server=0\nRUN go build -trimpath\n";
        assert!(lint("godebug-build-only", "Dockerfile", one).is_empty());
    }
}
