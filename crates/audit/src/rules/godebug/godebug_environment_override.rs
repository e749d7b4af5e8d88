use crate::rules::prelude::*;
use std::collections::{HashMap, HashSet};

pub const META: Meta = Meta {
    code: "GS068",
    id: "godebug-environment-override",
    summary: "the environment overrides a GODEBUG value of the build",
    levels: levels(NOTE, WARN, NOTE, WARN),
    options: &[],
    since: "0.1.0",
    page: include_str!("godebug_environment_override.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let godebug = &ctx.binary.godebug;
    let Some(environment) = &godebug.environment_pairs else {
        return;
    };
    let built = godebug
        .baked_pairs
        .as_ref()
        .or(godebug.recorded_pairs.as_ref());
    // Of a repeated key the last counts.
    let last = |pairs: &'_ [(String, String)]| -> HashMap<String, String> {
        pairs.iter().cloned().collect()
    };
    let values = last(environment);
    let built = built.map(|pairs| last(pairs)).unwrap_or_default();
    let mut seen: HashSet<&str> = HashSet::new();
    for (key, _) in environment {
        if !seen.insert(key.as_str()) {
            continue;
        }
        let now = values.get(key).map(String::as_str).unwrap_or_default();
        let Some(before) = built.get(key).filter(|before| *before != now) else {
            continue;
        };
        sink.report(
            Report::new(format!("the environment sets GODEBUG {key}={now}; the program was built with {key}={before}"))
                .see("GODEBUG (environment)", format!("{key}={now}"))
                .see("GODEBUG (built in)", format!("{key}={before}"))
                .salient(key.clone())
                .help(match ctx.is_gopath() {
                    true => format!("say it once, in package main: `//go:debug {key}={now}`, and drop it from the environment"),
                    false => format!("say it once, in go.mod: `go mod edit -godebug={}`, and drop it from the environment", argument(&format!("{key}={now}"))),
                }),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    fn pairs(text: &str) -> Option<Vec<(String, String)>> {
        Some(
            text.split(',')
                .filter_map(|p| p.split_once('='))
                .map(|(k, v)| (k.into(), v.into()))
                .collect(),
        )
    }

    #[test]
    fn only_a_changed_value_is_reported_once() {
        let b = binary(|b| {
            b.godebug.recorded_pairs = pairs("fips140=on,panicnil=1");
            b.godebug.environment_pairs = pairs("fips140=off,panicnil=1,gctrace=1,fips140=off");
        });
        let found = judge_one("godebug-environment-override", &b);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("fips140=off"));
    }
}
