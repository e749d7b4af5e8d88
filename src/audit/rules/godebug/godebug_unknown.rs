use super::{about, asked};
use crate::audit::rules::prelude::*;
use crate::audit::{known, near};

pub const META: Meta = Meta {
    code: "GS062",
    id: "godebug-unknown",
    family: Family::Godebug,
    summary: "a GODEBUG key that this Go release does not know",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[],
    since: "0.1.0",
    doc: Doc {
        what: "GODEBUG names a key that the program's Go release does not know.",
        why: "Go ignores unknown keys without a word, so whatever was meant does not happen: a misspelt safety switch is no safety switch.",
        example: "`GODEBUG=mmap=1` (there never was such a key), or `GODEBUG=gctraces=1` for `gctrace=1`.",
        fix: "Correct the key or remove it. `gospect explain KEY` lists what a setting does and since when.",
    },
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    for s in asked(ctx, "unknown") {
        let version = ctx
            .binary
            .go_version
            .as_deref()
            .unwrap_or("this Go release");
        let mut report = about(
            ctx,
            s,
            format!(
                "GODEBUG key `{}` does nothing: {version} does not know it",
                s.key
            ),
        );
        if let Some(near) = near::nearest(&s.key, known::debug_names()) {
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
