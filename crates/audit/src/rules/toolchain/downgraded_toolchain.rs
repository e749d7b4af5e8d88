use crate::known::GoRelease;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS006",
    id: "downgraded-toolchain",
    summary: "built with an older Go than at the time of the baseline",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("downgraded_toolchain.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let (Some(now), Some(baseline)) = (ctx.release, ctx.baseline) else {
        return;
    };
    let Some(before_text) = baseline.toolchain(ctx.binary) else {
        return;
    };
    let Some(before) = GoRelease::parse(before_text) else {
        return;
    };
    if now >= before {
        return;
    }
    let version = ctx.binary.go_version.as_deref().unwrap_or_default();
    sink.report(
        Report::new(format!(
            "built with {version}; the baseline had {before_text}"
        ))
        .see("go_version", version)
        .see("baseline", before_text)
        .help(format!(
            "rebuild with the newer release: `{}`",
            ctx.go_build(&[set("GOTOOLCHAIN", before_text)])
        )),
    );
}

#[cfg(test)]
mod tests {
    use crate::baseline::Baseline;
    use crate::testing::*;

    #[test]
    fn an_older_release_is_reported_and_a_newer_one_not() {
        let at = |v: &str| binary(|b| b.go_version = Some(v.into()));
        let mut baseline = Baseline::default();
        baseline.record(&at("go1.27.3"));
        let with = |b: &gospect_record::Binary| {
            Setup {
                rule: "downgraded-toolchain",
                baseline: Some(baseline.clone()),
                ..Setup::default()
            }
            .judge(b)
        };
        assert_eq!(with(&at("go1.26.6")).len(), 1);
        assert_eq!(with(&at("go1.27.2")).len(), 1);
        assert!(with(&at("go1.27.3")).is_empty() && with(&at("go1.28.0")).is_empty());
        assert!(judge_one("downgraded-toolchain", &at("go1.26.6")).is_empty());
        // All findings about the program name the toolchain that the build has.
        let setup = Setup {
            profile: "release",
            baseline: Some(baseline.clone()),
            ..Setup::default()
        };
        let builds = setup.judge(&at("go1.21.13")).into_iter();
        let parts: Vec<String> = builds.filter_map(|f| Some(f.build?.part)).collect();
        let toolchains = parts.iter().filter(|part| part.contains("GOTOOLCHAIN="));
        assert!(toolchains.clone().count() > 1, "{parts:?}");
        for part in toolchains {
            assert!(part.contains("GOTOOLCHAIN=go1.27.3"), "{part}");
        }
    }
}
