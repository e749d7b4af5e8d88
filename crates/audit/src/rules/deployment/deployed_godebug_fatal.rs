use super::{first_fatal, settings};
use crate::rules::debug_settings::DebugSetting;
use crate::rules::prelude::*;
use gospect_deploy::Reader;
use gospect_record::GodebugStatus;

pub const META: Meta = Meta {
    code: "GS400",
    id: "deployed-godebug-fatal",
    summary: "a deployment file sets a GODEBUG value that kills the program at start",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.2.0",
    page: include_str!("deployed_godebug_fatal.md"),
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    for s in settings(ctx, GodebugStatus::Fatal) {
        let v = s.variable;
        if !s.judge.guessed {
            let who = match v.reader {
                Reader::Build => "`go` command",
                _ => "program",
            };
            sink.report(s.report(format!(
                "`{}={}` kills a {} {who} at start",
                s.name(),
                s.pair,
                s.judge.name()
            )));
            continue;
        }
        // Tests set removed values on purpose, for the releases that still have them.
        if v.uses.tests {
            continue;
        }
        let since = first_fatal(ctx, &s);
        sink.report(
            s.report(format!(
                "`{}={}` would stop the program if built with Go 1.{since} or newer",
                s.name(),
                s.pair
            ))
            .at_most(Level::Warning),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn a_removed_setting_kills_by_release() {
        let text = "FROM golang:1.27 AS b\nFROM scratch\nCOPY --from=b /a /a\nENV GODEBUG=gctrace=0,asynctimerchan=1\n";
        let found = lint("deployed-godebug-fatal", "Dockerfile", text);
        assert_eq!(places(&found), ["4:23-39"]);
        assert!(found[0].message.contains("go1.27") && found[0].help.contains("ENV GODEBUG"));
        assert!(
            found[0]
                .evidence
                .iter()
                .any(|e| e.value.contains("FROM golang:1.27, line 1"))
        );
        let old = text.replace("1.27", "1.26");
        assert!(lint("deployed-godebug-fatal", "Dockerfile", &old).is_empty());
        let build =
            "FROM golang:1.22\nENV GODEBUG=cgocheck=2\nRUN go build -trimpath\nFROM scratch\n";
        let found = lint("deployed-godebug-fatal", "Dockerfile", build);
        assert!(
            found[0].message.contains("`go` command"),
            "{}",
            found[0].message
        );
    }
}
