use super::{about, judged, read_by_builds};
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS411",
    id: "goroot-final-ignored",
    summary: "GOROOT_FINAL is set for a build that ignores it",
    levels: levels(WARN, WARN, WARN, WARN),
    options: &[],
    since: "0.2.0",
    page: include_str!("goroot_final_ignored.md"),
};

/// First release without it.
const GONE: u32 = 23;

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    for v in read_by_builds(ctx, "GOROOT_FINAL").filter(|v| !v.value.is_empty()) {
        let judge = ctx.judge(false, v.go.as_ref());
        // `make.bash` of Go up to 1.22 uses the variable, and the release is unknown here.
        if judge.guessed && v.uses.others && !v.uses.builds {
            continue;
        }
        let (message, level) = if judge.minor() >= GONE {
            let who = if judge.guessed {
                "Go 1.23 and later ignore it".to_owned()
            } else {
                format!("{} ignores it", judge.name())
            };
            (format!("{} does nothing: {who}", v.label), Level::Error)
        } else {
            (
                format!(
                    "{} acts with {} and stops acting with Go 1.{GONE}",
                    v.label,
                    judge.name()
                ),
                Level::Note,
            )
        };
        sink.report(judged(about(v, message, &[]), &judge).at_most(level).help(
            "delete it; `go build -trimpath` keeps paths of the build host out of the program",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use crate::Level;

    #[test]
    fn the_level_depends_on_the_release() {
        let text = "FROM golang:1.27 AS b\nENV GOROOT_FINAL=/usr/local/go\nRUN go build -trimpath\nFROM scratch\n";
        let found = lint("goroot-final-ignored", "Dockerfile", text);
        assert_eq!(places(&found), ["2:5-31"]);
        assert_eq!(found[0].level, Level::Warning);
        let found = lint(
            "goroot-final-ignored",
            "Dockerfile",
            &text.replace("1.27", "1.22"),
        );
        assert_eq!(found[0].level, Level::Note);
        let script = "#!/bin/sh\nGOROOT_FINAL=/x go build -trimpath\n";
        assert_eq!(
            places(&lint("goroot-final-ignored", "b.sh", script)),
            ["2:1-16"]
        );
        assert!(lint("goroot-final-ignored", "b.sh", "#!/bin/sh\ngo build\n").is_empty());
    }
}
