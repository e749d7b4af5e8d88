use super::{Recorded, asked};
use crate::rules::debug_settings::DebugSetting;
use crate::rules::prelude::*;
use gospect_record::GodebugStatus;

pub const META: Meta = Meta {
    code: "GS060",
    id: "godebug-fatal",
    summary: "a GODEBUG value that kills the program at start",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("godebug_fatal.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    for setting in asked(ctx, GodebugStatus::Fatal) {
        let s = Recorded { ctx, setting };
        sink.report(s.report(format!(
            "`GODEBUG={}` kills a {} program at start",
            s.pair(),
            s.release()
        )));
    }
}

#[cfg(test)]
mod tests {
    use super::super::setting;
    use crate::testing::*;

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
        let baked = |recorded: &str| {
            let b = binary(|b| {
                (b.godebug.effective, b.godebug.recorded) = (
                    Some(vec![setting("cgocheck", "2", "baked", "fatal")]),
                    Some(recorded.into()),
                )
            });
            judge_one("godebug-fatal", &b)[0].help.clone()
        };
        assert!(
            baked("cgocheck=2").contains("-dropgodebug")
                && baked("").contains("-X runtime.godebugDefault")
        );
        assert_ne!(found[0].fingerprint, found[1].fingerprint);
    }
}
