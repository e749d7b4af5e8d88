use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS042",
    id: "experiment-records-disagree",
    summary: "GOEXPERIMENT setting and version suffix say different things",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("experiment_records_disagree.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let experiments = &ctx.binary.experiments;
    if experiments.consistent != Some(false) {
        return;
    }
    let shown = if experiments.suffix.is_empty() {
        "no suffix".to_string()
    } else {
        experiments.suffix.join(",")
    };
    sink.report(
        Report::new("GOEXPERIMENT setting and version suffix contradict each other")
            .see(
                "GOEXPERIMENT",
                experiments.setting.as_deref().unwrap_or("not recorded"),
            )
            .see(
                "go_version_raw",
                ctx.binary.go_version_raw.as_deref().unwrap_or_default(),
            )
            .see("experiments.suffix", shown)
            .help(format!(
                "compile and link in one step: `{}`",
                ctx.go_build(&[])
            )),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn only_a_proven_difference_is_reported() {
        for (consistent, n) in [(Some(false), 1), (Some(true), 0), (None, 0)] {
            assert_eq!(
                judge_one(
                    "experiment-records-disagree",
                    &binary(|b| b.experiments.consistent = consistent)
                )
                .len(),
                n
            );
        }
    }
}
