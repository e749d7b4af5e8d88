use crate::audit::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS100",
    id: "race-detector",
    family: Family::Settings,
    summary: "the race detector is built in",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[],
    since: "0.1.0",
    doc: Doc {
        what: "The setting `-race=true` is recorded.",
        why: "The race detector makes a program five to ten times slower and larger in memory, and stops it when it watches more than 8128 goroutines.",
        example: "`go test -race` flags that found their way into the release script.",
        fix: "Build the release without it: `go build`. Keep `-race` for tests.",
    },
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    for key in ["-race"] {
        if ctx.setting(key) == Some("true") {
            sink.report(
                Report::new(format!("built with {key}"))
                    .see(key, "true")
                    .salient(key)
                    .help(format!(
                        "drop {key} from the release build: `{}`",
                        ctx.go_build("-trimpath")
                    )),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;

    #[test]
    fn only_a_flag_that_is_on_is_reported() {
        for key in ["-race"] {
            assert_eq!(
                judge_one("race-detector", &binary(|b| set(b, key, "true"))).len(),
                1,
                "{key}"
            );
            assert!(judge_one("race-detector", &binary(|b| set(b, key, "false"))).is_empty());
        }
        assert!(judge_one("race-detector", &binary(|_| ())).is_empty());
    }
}
