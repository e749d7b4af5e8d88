use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS041",
    id: "unknown-experiment",
    summary: "an experiment that this Go release does not know",
    levels: levels(WARN, ERROR, WARN, WARN),
    options: &[],
    since: "0.1.0",
    page: include_str!("unknown_experiment.md"),
};

/// Experiments of vendors' toolchains (Red Hat's golang-fips, Microsoft's Go), which upstream Go lacks.
pub(in crate::rules) const VENDORS: [&str; 6] = [
    "strictfipsruntime",
    "systemcrypto",
    "opensslcrypto",
    "cngcrypto",
    "darwincrypto",
    "ms_nocgo_opensslcrypto",
];

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(unknown) = &ctx.binary.experiments.unknown else {
        return;
    };
    for name in unknown {
        if VENDORS.contains(&name.trim_start_matches("no")) {
            continue;
        }
        let version = ctx.binary.go_version.as_deref().unwrap_or("its Go release");
        sink.report(
            Report::new(format!("experiment {name} is not one of {version}"))
                .see(
                    "go_version_raw",
                    ctx.binary.go_version_raw.as_deref().unwrap_or_default(),
                )
                .salient(name.clone())
                .help(format!(
                    "see which releases know it: `gospect explain {}`; then rebuild: `{}`",
                    argument(name),
                    ctx.go_build(&[BuildChange::Without(ListSetting::Experiments, name.clone())])
                )),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn experiments_of_vendors_are_not_reported() {
        let b = binary(|b| {
            b.experiments.unknown = Some(vec!["unified".into(), "strictfipsruntime".into()])
        });
        let found = judge_one("unknown-experiment", &b);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("unified"));
        assert!(judge_one("unknown-experiment", &binary(|_| ())).is_empty());
    }
}
