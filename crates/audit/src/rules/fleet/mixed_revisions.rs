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
            let command = |commit: &str| format!("`git checkout {}`", argument(commit));
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
        |_| None,
    );
}

#[cfg(test)]
mod tests {
    use super::super::testing::names_the_program_that_differs;
    use crate::testing::set;

    #[test]
    fn the_program_that_differs_is_named() {
        names_the_program_that_differs("mixed-revisions", |b| {
            set(
                b,
                "vcs.revision",
                "ffffffffffffffffffffffffffffffffffffffff",
            )
        });
    }
}
