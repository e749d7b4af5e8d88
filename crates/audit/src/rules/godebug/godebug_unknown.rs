use super::judge;
use crate::rules::debug_settings::UNKNOWN;
use crate::rules::prelude::*;

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
    judge(ctx, sink, &UNKNOWN);
}

#[cfg(test)]
mod tests {
    use super::super::setting;
    use crate::testing::*;

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
