use super::judge;
use crate::rules::debug_settings::REMOVED;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS403",
    id: "deployed-godebug-removed",
    summary: "a deployment file sets a GODEBUG key that the Go release no longer has",
    levels: levels(WARN, WARN, WARN, WARN),
    options: &[],
    since: "0.2.0",
    page: include_str!("deployed_godebug_removed.md"),
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    judge(ctx, sink, &REMOVED);
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn removed_keys_are_named_by_release() {
        let text = "FROM golang:1.27\nENV GODEBUG=asynctimerchan=0\nCMD /a\n";
        assert_eq!(
            places(&lint("deployed-godebug-removed", "Dockerfile", text)),
            ["2:13-29"]
        );
        let old = text.replace("1.27", "1.25");
        assert!(lint("deployed-godebug-removed", "Dockerfile", &old).is_empty());
    }
}
