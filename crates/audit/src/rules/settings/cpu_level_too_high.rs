use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS107",
    id: "cpu-level-too-high",
    summary: "the program needs a newer processor than the policy allows",
    levels: levels(NOTE, WARN, WARN, NOTE),
    options: &[OptionSpec {
        name: "maximum",
        kind: ValueKind::Pairs,
        default: D::List(&[
            "GOAMD64=v2",
            "GOARM=7",
            "GOARM64=v8.0",
            "GOPPC64=power8",
            "GORISCV64=rva20u64",
        ]),
        doc: "Highest level of each architecture that a program may need.",
    }],
    since: "0.1.0",
    page: include_str!("cpu_level_too_high.md"),
};

/// Levels of each variable, lowest first (src/internal/buildcfg/cfg.go, 1.27).
const LEVELS: [(&str, &[&str]); 5] = [
    ("GOAMD64", &["v1", "v2", "v3", "v4"]),
    ("GOARM", &["5", "6", "7"]),
    (
        "GOARM64",
        &[
            "v8.0", "v8.1", "v8.2", "v8.3", "v8.4", "v8.5", "v8.6", "v8.7", "v8.8", "v8.9", "v9.0",
            "v9.1", "v9.2", "v9.3", "v9.4", "v9.5",
        ],
    ),
    ("GOPPC64", &["power8", "power9", "power10"]),
    ("GORISCV64", &["rva20u64", "rva22u64", "rva23u64"]),
];

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let maximum = ctx.options.list("maximum");
    for (name, levels) in LEVELS {
        let Some(value) = ctx.setting(name) else {
            continue;
        };
        let Some(limit) = maximum
            .iter()
            .filter_map(|m| m.split_once('='))
            .find(|(n, _)| *n == name)
            .map(|(_, v)| v)
        else {
            continue;
        };
        // `GOARM=7,softfloat`, `GOARM64=v8.0,lse`: the level comes first.
        let rank = |v: &str| {
            levels
                .iter()
                .position(|l| *l == v.split(',').next().unwrap_or(v))
        };
        if let (Some(have), Some(most)) = (rank(value), rank(limit))
            && have > most
        {
            sink.report(
                Report::new(format!(
                    "{name}={value} needs a newer processor than {limit}"
                ))
                .see(name, value)
                .salient(name)
                .help(format!("`{}`", ctx.go_build(&[set(name, limit)]))),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn levels_are_ranked_not_spelled() {
        for (key, value, n) in [
            ("GOAMD64", "v3", 1),
            ("GOAMD64", "v1", 0),
            ("GOARM64", "v9.0,lse", 1),
            ("GOARM64", "v8.0,lse", 0),
            ("GOPPC64", "power10", 1),
            ("GOAMD64", "v99", 0),
        ] {
            assert_eq!(
                judge_one("cpu-level-too-high", &binary(|b| set(b, key, value))).len(),
                n,
                "{key}={value}"
            );
        }
        let policy = "[rules]\ncpu-level-too-high = { maximum = [\"GOAMD64=v3\"] }";
        assert!(
            Setup {
                policy,
                rule: "cpu-level-too-high",
                ..Setup::default()
            }
            .judge(&binary(|b| set(b, "GOAMD64", "v3")))
            .is_empty()
        );
    }
}
