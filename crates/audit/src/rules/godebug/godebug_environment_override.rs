use crate::rules::prelude::*;
use gospect_knowledge::godebug::{self, Risk};
use gospect_record::{GodebugOrigin, GodebugStatus};
use std::collections::{HashMap, HashSet};

pub const META: Meta = Meta {
    code: "GS068",
    id: "godebug-environment-override",
    summary: "the environment changes a GODEBUG value of the build, or how the program behaves",
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
        let setting = format!("GODEBUG {key}={now}");
        let report = match built.get(key) {
            Some(before) if before == now => continue,
            Some(before) => Report::new(format!(
                "the environment sets {setting}; the program was built with {key}={before}"
            ))
            .see("GODEBUG (built in)", format!("{key}={before}")),
            None => match change(ctx, key) {
                Some(change) => Report::new(format!("the environment sets {setting}: {change}")),
                None => continue,
            },
        };
        let in_source = match ctx.is_gopath() {
            true => format!("in package main: `//go:debug {key}={now}`"),
            false => {
                let pair = argument(&format!("{key}={now}"));
                format!("in go.mod: `go mod edit -godebug={pair}`")
            }
        };
        sink.report(
            report
                .see("GODEBUG (environment)", format!("{key}={now}"))
                .salient(key.clone())
                .help(format!(
                    "say it once, {in_source}, and drop it from the environment"
                )),
        );
    }
}

/// What a setting of the environment changes in the program, if the program has no value of its own. The rules for insecure and for diagnostic
/// settings report those.
fn change(ctx: &Ctx, key: &str) -> Option<&'static str> {
    let effective = ctx.binary.godebug.effective.as_deref()?;
    let is_in_force = effective.iter().any(|setting| {
        setting.key == key
            && setting.origin == GodebugOrigin::Environment
            && setting.status == GodebugStatus::Ok
    });
    let known = godebug::setting(key).filter(|_| is_in_force)?;
    let is_change = matches!(known.risk, Risk::Behaviour | Risk::Performance);
    let sentence = match known.cost.is_empty() {
        true => known.what,
        false => known.cost,
    };
    (is_change && !sentence.is_empty()).then(|| sentence.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::super::setting;
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

    #[test]
    fn a_value_that_changes_what_the_program_does_is_explained() {
        let b = binary(|b| {
            b.godebug.environment_pairs = pairs("http2client=0,gctrace=1,madvdontneed=1");
            b.godebug.effective = Some(vec![
                setting("http2client", "0", "environment", "ok"),
                setting("gctrace", "1", "environment", "ok"),
                setting("madvdontneed", "1", "environment", "no-effect"),
            ]);
        });
        let found = judge_one("godebug-environment-override", &b);
        assert_eq!(found.len(), 1, "{found:?}");
        let message = &found[0].message;
        assert!(
            message.starts_with("the environment sets GODEBUG http2client=0: "),
            "{message}"
        );
        assert!(
            message.contains("HTTP/1.1") || message.contains("1.1"),
            "{message}"
        );
    }
}
