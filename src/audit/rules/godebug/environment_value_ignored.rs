use crate::audit::known;
use crate::audit::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS072",
    id: "environment-value-ignored",
    family: Family::Godebug,
    summary: "the environment gives GOGC, GOMAXPROCS or GOTRACEBACK a value that Go ignores",
    levels: levels(WARN, WARN, WARN, WARN),
    options: &[],
    since: "0.2.0",
    doc: Doc {
        what: "GOGC, of the image or given with `--env`, is no whole number and not `off`, GOMAXPROCS is no whole number above zero, or GOTRACEBACK is no word that Go knows and no number.",
        why: "Go says nothing and takes its default, so the limit that somebody set does not hold. With an unknown GOTRACEBACK a crash prints no goroutine at all.",
        example: "`ENV GOMAXPROCS=auto`.",
        fix: "Write a value that Go reads, such as `GOGC=50`, or take the variable out.",
    },
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    for (name, value) in ctx.binary.environment.iter().flatten() {
        let Some(ignored) = known::ignored_value(name, value) else {
            continue;
        };
        sink.report(
            Report::new(format!("{name}={value} is ignored: {}", ignored.why))
                .see("environment", format!("{name}={value}"))
                .salient(name.as_str())
                .help(ignored.help),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;

    #[test]
    fn values_that_go_does_not_read() {
        let with = |name: &str, value: &str| {
            let b = binary(|b| b.environment = Some(vec![(name.into(), value.into())]));
            judge_one("environment-value-ignored", &b).len()
        };
        assert_eq!(
            with("GOGC", "fifty") + with("GOMAXPROCS", "auto") + with("GOTRACEBACK", "full"),
            3
        );
        assert_eq!(
            with("GOGC", "off") + with("GOMAXPROCS", "2") + with("GOTRACEBACK", "crash"),
            0
        );
    }
}
