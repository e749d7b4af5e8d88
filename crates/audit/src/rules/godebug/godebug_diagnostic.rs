use super::judge;
use crate::rules::debug_settings::DIAGNOSTIC;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS065",
    id: "godebug-diagnostic",
    summary: "a diagnostic GODEBUG setting was left on",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[allow_texts("Settings that may be on.")],
    since: "0.1.0",
    page: include_str!("godebug_diagnostic.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    judge(ctx, sink, &DIAGNOSTIC);
}

#[cfg(test)]
mod tests {
    use super::super::setting;
    use crate::testing::*;

    #[test]
    fn a_trace_that_is_on_is_reported() {
        let b = binary(|b| {
            b.godebug.effective = Some(vec![
                setting("gctrace", "1", "environment", "ok"),
                setting("schedtrace", "0", "environment", "ok"),
                setting("madvdontneed", "1", "environment", "ok"),
            ])
        });
        let found = judge_one("godebug-diagnostic", &b);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("gctrace=1"));
    }
}
