use super::{about, asked};
use crate::audit::known;
use crate::audit::rules::prelude::*;
use crate::record::GodebugStatus;

pub const META: Meta = Meta {
    code: "GS062",
    id: "godebug-unknown",
    summary: "a GODEBUG key that this Go release does not know",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("godebug_unknown.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    for s in asked(ctx, GodebugStatus::Unknown) {
        let version = ctx.version();
        let mut report = about(
            ctx,
            s,
            format!(
                "GODEBUG key `{}` does nothing: {version} does not know it",
                s.key
            ),
        );
        if let Some(near) = crate::knowledge::nearest(&s.key, known::debug_names()) {
            report = report.help(format!(
                "did you mean `{near}={}`? See `gospect explain {near}`",
                s.value
            ));
        }
        sink.report(report);
    }
}

#[cfg(test)]
mod tests {
    use super::super::setting;
    use crate::audit::testing::*;

    #[test]
    fn a_typing_mistake_gets_the_right_name() {
        let b = binary(|b| {
            b.godebug.effective = Some(vec![
                setting("gctraces", "1", "environment", "unknown"),
                setting("zzzzzzzzz", "1", "environment", "unknown"),
            ])
        });
        let found = judge_one("godebug-unknown", &b);
        assert!(found[0].help.contains("`gctrace=1`"), "{}", found[0].help);
        assert!(
            found[1].help.contains("take `zzzzzzzzz=1` out"),
            "{}",
            found[1].help
        );
    }
}
