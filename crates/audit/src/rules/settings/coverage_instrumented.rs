use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS102",
    id: "coverage-instrumented",
    summary: "coverage counters are built in",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("coverage_instrumented.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    if ctx.setting("-cover") != Some("true") {
        return;
    }
    sink.report(
        Report::new("built with -cover")
            .see("-cover", "true")
            .help(format!(
                "drop -cover from the release build: `{}`",
                ctx.go_build(&[drop("-cover")])
            )),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn only_a_flag_that_is_on_is_reported() {
        let with = |value: &str| {
            judge_one(
                "coverage-instrumented",
                &binary(|b| set(b, "-cover", value)),
            )
            .len()
        };
        assert_eq!((with("true"), with("false")), (1, 0));
        assert!(judge_one("coverage-instrumented", &binary(|_| ())).is_empty());
    }
}
