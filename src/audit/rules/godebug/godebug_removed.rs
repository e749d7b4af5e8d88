use super::{about, asked};
use crate::audit::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS063",
    id: "godebug-removed",
    family: Family::Godebug,
    summary: "a GODEBUG key that this Go release no longer has",
    levels: levels(NOTE, WARN, NOTE, WARN),
    options: &[],
    since: "0.1.0",
    doc: Doc {
        what: "GODEBUG names a key that older releases had and this one dropped. The value given is harmless here; one that kills the program is reported by godebug-fatal.",
        why: "The setting does nothing, and with its old value a program built by Go 1.27 or newer would not start.",
        example: "`GODEBUG=asynctimerchan=0` with go1.27.3.",
        fix: "Remove the key where it was set.",
    },
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    for s in asked(ctx, "removed") {
        let version = ctx
            .binary
            .go_version
            .as_deref()
            .unwrap_or("this Go release");
        sink.report(about(
            ctx,
            s,
            format!(
                "GODEBUG key `{}` is gone in {version} and does nothing",
                s.key
            ),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::super::setting;
    use crate::audit::testing::*;

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
