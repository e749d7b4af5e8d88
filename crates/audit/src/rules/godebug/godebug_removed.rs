use super::judge;
use crate::rules::debug_settings::REMOVED;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS063",
    id: "godebug-removed",
    summary: "a GODEBUG key that this Go release no longer has",
    levels: levels(NOTE, WARN, NOTE, WARN),
    options: &[],
    since: "0.1.0",
    page: include_str!("godebug_removed.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    judge(ctx, sink, &REMOVED);
}

#[cfg(test)]
mod tests {
    use super::super::setting;
    use crate::testing::*;

    #[test]
    fn removed_keys_are_named() {
        let b = binary(|b| {
            b.godebug.effective = Some(vec![
                setting("asynctimerchan", "0", "environment", "removed"),
                setting("gctrace", "0", "environment", "ok"),
            ])
        });
        assert_eq!(judge_one("godebug-removed", &b).len(), 1);
    }
}
