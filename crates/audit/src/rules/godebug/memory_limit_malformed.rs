use crate::known;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS071",
    id: "memory-limit-malformed",
    summary: "the environment has a GOMEMLIMIT that stops the program at start",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.2.0",
    page: include_str!("memory_limit_malformed.md"),
};

/// The first release that reads it.
const SINCE: u32 = 19;

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let all = ctx.binary.environment.iter().flatten();
    let value = all.filter(|(name, _)| name == "GOMEMLIMIT").map(|(_, v)| v);
    let Some((value, limit)) = value
        .into_iter()
        .find_map(|v| Some((v, known::malformed_memory_limit(v)?)))
    else {
        return;
    };
    if ctx.release.is_some_and(|r| r.minor < SINCE) {
        return;
    }
    sink.report(
        Report::new(format!(
            "GOMEMLIMIT={value} stops the program at start: {}",
            limit.why
        ))
        .see("environment", format!("GOMEMLIMIT={value}"))
        .help(limit.help()),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn a_malformed_limit_is_an_error() {
        let with = |value: &str, version: &str| {
            let b = binary(|b| {
                b.environment = Some(vec![("GOMEMLIMIT".into(), value.into())]);
                b.go_version = Some(version.into());
                b.go_version_raw = Some(version.into());
            });
            judge_one("memory-limit-malformed", &b).len()
        };
        assert_eq!(with("512MB", "go1.27.3"), 1);
        assert_eq!(with("\"512MiB\"", "go1.21.13"), 1);
        assert_eq!(
            with("512MiB", "go1.27.3") + with("off", "go1.27.3") + with("", "go1.27.3"),
            0
        );
        assert_eq!(with("512MB", "go1.18"), 0);
    }
}
