use super::{about, asked};
use crate::audit::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS060",
    id: "godebug-fatal",
    family: Family::Godebug,
    summary: "a GODEBUG value that kills the program at start",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.1.0",
    doc: Doc {
        what: "With the GODEBUG values it will have, the program exits with status 2 before `main` runs.",
        why: "Since Go 1.27 a removed setting with its old value is fatal, in the environment or baked into the file; `cgocheck=2` is fatal since Go 1.21. The build succeeds and the container never starts.",
        example: "`ENV GODEBUG=asynctimerchan=1` in an image whose program was built with go1.27.3.",
        fix: "Remove the value where it was set. A value baked into the file cannot be repaired by the environment: rebuild without it (`go mod edit -dropgodebug=KEY`).",
    },
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    for s in asked(ctx, "fatal") {
        let version = ctx
            .binary
            .go_version
            .as_deref()
            .unwrap_or("this Go release");
        let report = about(
            ctx,
            s,
            format!(
                "`GODEBUG={}={}` kills a {version} program at start",
                s.key, s.value
            ),
        );
        // A copy that no later layer shows cannot start, so it cannot die.
        sink.report(if ctx.hidden() {
            report.at_most(Level::Note)
        } else {
            report
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::setting;
    use crate::audit::testing::*;

    #[test]
    fn each_fatal_value_is_an_error_with_its_cure() {
        let b = binary(|b| {
            b.godebug.effective = Some(vec![
                setting("asynctimerchan", "1", "environment", "fatal"),
                setting("cgocheck", "2", "recorded", "fatal"),
                setting("gctrace", "1", "environment", "ok"),
            ]);
        });
        let found = judge_one("godebug-fatal", &b);
        assert_eq!(found.len(), 2);
        assert!(
            found[0].help.contains("environment")
                && found[1].help.contains("-dropgodebug=cgocheck")
        );
        assert_ne!(found[0].fingerprint, found[1].fingerprint);
    }
}
