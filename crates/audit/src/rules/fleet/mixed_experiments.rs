use super::{report_spread, settle};
use crate::fix::Agreement;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS282",
    id: "mixed-experiments",
    summary: "programs of one release were built with different experiments",
    levels: levels(NOTE, WARN, WARN, WARN),
    options: &[],
    since: "0.1.0",
    page: include_str!("mixed_experiments.md"),
};

pub fn check(ctx: &RunCtx, sink: &mut Sink) {
    report_spread(
        ctx,
        sink,
        "GOEXPERIMENT",
        |group, spread| {
            // Findings about single programs decide before the majority does.
            if group.plan().of("GOEXPERIMENT").is_some() {
                return "build all programs with the GOEXPERIMENT that the findings about single programs name".to_owned();
            }
            settle("GOEXPERIMENT", spread)
        },
        |row| Some(row.experiments.clone()),
        |value| Some(Agreement::on_setting("GOEXPERIMENT", value)),
    );
}

#[cfg(test)]
mod tests {
    use super::super::testing::names_the_program_that_differs;

    #[test]
    fn the_program_that_differs_is_named() {
        names_the_program_that_differs("mixed-experiments", |b| {
            b.experiments.suffix = vec!["arenas".into()]
        });
    }
}
