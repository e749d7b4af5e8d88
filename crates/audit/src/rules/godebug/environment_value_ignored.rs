use crate::known;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS072",
    id: "environment-value-ignored",
    summary: "the environment gives GOGC, GOMAXPROCS or GOTRACEBACK a value that Go ignores",
    levels: levels(WARN, WARN, WARN, WARN),
    options: &[],
    since: "0.2.0",
    page: include_str!("environment_value_ignored.md"),
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
    use crate::testing::*;

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
