use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS101",
    id: "sanitizer",
    summary: "a memory sanitizer is built in",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("sanitizer.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    for key in ["-msan", "-asan"] {
        if ctx.setting(key) == Some("true") {
            sink.report(
                Report::new(format!("built with {key}"))
                    .see(key, "true")
                    .salient(key)
                    .help(format!(
                        "drop {key} from the release build: `{}`",
                        ctx.go_build(&[drop(key)])
                    )),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn only_a_flag_that_is_on_is_reported() {
        for key in ["-msan", "-asan"] {
            assert_eq!(
                judge_one("sanitizer", &binary(|b| set(b, key, "true"))).len(),
                1,
                "{key}"
            );
            assert!(judge_one("sanitizer", &binary(|b| set(b, key, "false"))).is_empty());
        }
        assert!(judge_one("sanitizer", &binary(|_| ())).is_empty());
    }
}
