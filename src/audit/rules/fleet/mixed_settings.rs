use super::report_spread;
use crate::audit::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS281",
    id: "mixed-settings",
    family: Family::Fleet,
    summary: "programs of one release were built with different settings",
    levels: levels(NOTE, WARN, WARN, WARN),
    options: &[OptionSpec {
        name: "keys",
        kind: Kind::Texts,
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
    doc: Doc {
        what: "Programs that belong together record different values for one of the settings in `keys`. Levels such as GOAMD64 may be listed too: programs of other architectures, which never record them, are then left out.",
        why: "One of them was built by hand or by a job with other flags, and behaves differently.",
        example: "`-tags=netgo` everywhere but in the arm64 build.",
        fix: "Put the flags in one place, such as `GOFLAGS=-trimpath` in the environment of all jobs, and rebuild the odd one.",
    },
};

pub fn check(ctx: &RunCtx, sink: &mut Sink) {
    for key in ctx.options.list("keys").unwrap_or_default() {
        let level = key.starts_with("GO") && key != "GOFIPS140" && key != "GOEXPERIMENT";
        report_spread(
            ctx,
            sink,
            key,
            |majority| format!("rebuild the odd ones with {key}={majority}"),
            |row| {
                row.settings
                    .as_ref()
                    .and_then(|s| s.get(key).cloned().or_else(|| (!level).then(String::new)))
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;

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
}
