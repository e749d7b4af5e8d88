use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS100",
    id: "race-detector",
    summary: "the race detector is built in",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("race_detector.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    if ctx.setting("-race") != Some("true") {
        return;
    }
    sink.report(
        Report::new("built with -race")
            .see("-race", "true")
            .help(format!(
                "drop -race from the release build: `{}`",
                ctx.go_build(&[drop("-race")])
            )),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn only_a_flag_that_is_on_is_reported() {
        let with =
            |value: &str| judge_one("race-detector", &binary(|b| set(b, "-race", value))).len();
        assert_eq!((with("true"), with("false")), (1, 0));
        assert!(judge_one("race-detector", &binary(|_| ())).is_empty());
    }
}
