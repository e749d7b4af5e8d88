use super::{report_spread, settle};
use crate::fix::Agreement;
use crate::fleet::{Group, Spread};
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS281",
    id: "mixed-settings",
    summary: "programs of one release were built with different settings",
    levels: levels(NOTE, WARN, WARN, WARN),
    options: &[OptionSpec {
        name: "keys",
        kind: ValueKind::Texts,
        default: D::List(&[
            "-compiler",
            "-gcflags",
            "-asmflags",
            "-tags",
            "-trimpath",
            "-race",
            "-msan",
            "-asan",
            "-cover",
            "CGO_ENABLED",
            "GOFIPS140",
            "DefaultGODEBUG",
        ]),
        doc: "Build settings that must be the same.",
    }],
    since: "0.1.0",
    page: include_str!("mixed_settings.md"),
};

pub fn check(ctx: &RunCtx, sink: &mut Sink) {
    for key in ctx.options.list("keys") {
        let level = key.starts_with("GO") && key != "GOFIPS140" && key != "GOEXPERIMENT";
        report_spread(
            ctx,
            sink,
            key,
            |group, spread| advice(key, group, spread),
            |row| {
                row.settings
                    .as_ref()
                    .and_then(|s| s.get(key).cloned().or_else(|| (!level).then(String::new)))
            },
            // The toolchain and the `go` line decide about the defaults of GODEBUG.
            |value| (key != "DefaultGODEBUG").then(|| Agreement::on_setting(key, value)),
        );
    }
}

/// How to make the programs agree. The findings about single programs decide first. `-trimpath` is right for every published
/// program. For any other setting the builder must decide; the majority is only a hint.
fn advice(key: &str, group: &Group, spread: &Spread) -> String {
    if key == "DefaultGODEBUG" {
        return "build all with one toolchain from modules with the same `go` line".to_owned();
    }
    let with = |value: &str| match value {
        "" => format!("without {key}"),
        "true" => format!("with {key}"),
        value => format!("with {key}={value}"),
    };
    let rebuild = |wanted: &str| {
        let mut there = spread.odd.iter().map(|odd| odd.0.as_str());
        let is_there = spread.majority == wanted || there.any(|value| value == wanted);
        match wanted {
            _ if !is_there => format!("rebuild all {}", with(wanted)),
            "" => format!("rebuild {} what was built with it", with(wanted)),
            "true" => format!("rebuild {} what was built without it", with(wanted)),
            _ => format!("rebuild {} what was built with another value", with(wanted)),
        }
    };
    match group.plan().of(key) {
        Some(BuildChange::Set(_, value)) => return rebuild(value),
        Some(BuildChange::Drop(_)) => return rebuild(""),
        Some(_) => return format!("rebuild all as the findings about {key} say"),
        None if key == "-trimpath" => return rebuild("true"),
        None => {}
    }
    settle(key, spread)
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn a_setting_that_differs_is_named() {
        let with = |path: &str, key: &str, value: &str| {
            binary(|b| {
                b.path = path.into();
                set(b, key, value);
            })
        };
        let setup = Setup {
            rule: "mixed-settings",
            ..Setup::default()
        };
        let found = setup.judge_all(&[
            with("a", "-tags", "netgo"),
            with("b", "-tags", "netgo"),
            with("c", "-tags", ""),
        ]);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("-tags") && found[0].path == "c");
        assert!(
            setup
                .judge_all(&[with("a", "GOAMD64", "v1"), with("b", "GOARM64", "v8.0")])
                .is_empty()
        );
        // Half and half: the advice takes no side.
        let tie = setup.judge_all(&[with("a", "-tags", "netgo"), with("b", "-tags", "")]);
        assert_eq!(
            tie[0].help,
            "settle on one -tags for all (`netgo` or not set) and rebuild the others"
        );
        assert_eq!(
            tie[0].message,
            "the 2 programs of example.com/app do not agree on one -tags"
        );
        let levels = Setup {
            policy: "[rules]\nmixed-settings = { keys = [\"GOAMD64\"] }",
            ..setup
        };
        assert_eq!(
            levels
                .judge_all(&[with("a", "GOAMD64", "v1"), with("b", "GOAMD64", "v3")])
                .len(),
            1
        );
    }

    #[test]
    fn a_setting_is_not_judged_by_the_majority() {
        let with = |path: &str, key: &str, value: &str| {
            binary(|b| {
                b.path = path.into();
                match value {
                    "" => unset(b, key),
                    value => set(b, key, value),
                }
            })
        };
        let setup = Setup {
            rule: "mixed-settings",
            profile: "release",
            ..Setup::default()
        };
        for most in ["", "true"] {
            let less = if most.is_empty() { "true" } else { "" };
            for (key, want) in [
                (
                    "-trimpath",
                    "rebuild with -trimpath what was built without it",
                ),
                ("-race", "rebuild without -race what was built with it"),
                ("-msan", "rebuild without -msan what was built with it"),
            ] {
                let all = [
                    with("a", key, most),
                    with("b", key, most),
                    with("c", key, less),
                ];
                let found = setup.judge_all(&all);
                assert_eq!(found.len(), 1, "{key}");
                assert_eq!(found[0].help, want);
            }
        }
        // The policy says which of the two is right.
        let policy = "[rules]\nbuild-tag-policy = { level = \"error\", deny = [\"netgo\"] }\ncgo-enabled = \"error\"\n";
        let judged = Setup { policy, ..setup };
        let tags = judged.judge_all(&[
            with("a", "-tags", "netgo"),
            with("b", "-tags", "netgo"),
            with("c", "-tags", ""),
        ]);
        assert_eq!(tags[0].help, "rebuild all as the findings about -tags say");
        let cgo = judged.judge_all(&[
            with("a", "CGO_ENABLED", "1"),
            with("b", "CGO_ENABLED", "1"),
            with("c", "CGO_ENABLED", "0"),
        ]);
        assert_eq!(
            cgo[0].help,
            "rebuild with CGO_ENABLED=0 what was built with another value"
        );
    }
}
