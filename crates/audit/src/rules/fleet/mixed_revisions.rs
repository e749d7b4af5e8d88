use super::{one_of, report_spread};
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS283",
    id: "mixed-revisions",
    summary: "programs of one release were built from different commits",
    levels: levels(NOTE, ERROR, WARN, WARN),
    options: &[],
    since: "0.1.0",
    page: include_str!("mixed_revisions.md"),
};

pub fn check(ctx: &RunCtx, sink: &mut Sink) {
    report_spread(
        ctx,
        sink,
        "commit",
        |_, spread| {
            let command = |commit: &str| format!("`git checkout {commit}`");
            match spread.tie {
                true => format!(
                    "check out one commit on every builder, {}, then rebuild all",
                    one_of(spread, command)
                ),
                false => format!(
                    "check out one commit on every builder: {}, then rebuild",
                    command(&spread.majority)
                ),
            }
        },
        |row| row.revision.clone(),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn the_odd_one_out_is_named() {
        let setup = Setup {
            rule: "mixed-revisions",
            profile: "release",
            ..Setup::default()
        };
        let same = |path: &str| binary(|b| b.path = path.into());
        let odd = change(same("odd"), |b| {
            set(
                b,
                "vcs.revision",
                "ffffffffffffffffffffffffffffffffffffffff",
            )
        });
        let found = setup.judge_all(&[same("a"), odd.clone(), same("b")]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "odd");
        assert!(setup.judge_all(&[same("a"), same("b")]).is_empty());
        let other = change(odd, |b| {
            b.build_info.as_mut().unwrap().main.path = "example.com/other".into()
        });
        assert!(
            setup.judge_all(&[same("a"), other]).is_empty(),
            "another module is another group"
        );
    }
}
