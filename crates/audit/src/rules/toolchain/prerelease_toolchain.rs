use crate::Date;
use crate::known;
use crate::rules::prelude::*;
use gospect_knowledge::releases;

pub const META: Meta = Meta {
    code: "GS003",
    id: "prerelease-toolchain",
    summary: "built with a beta or release candidate of Go",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("prerelease_toolchain.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(release) = ctx.release.filter(|r| r.prerelease) else {
        return;
    };
    let version = ctx.binary.go_version.as_deref().unwrap_or_default();
    sink.report(
        Report::new(format!("built with {version}, which is not a release"))
            .see("go_version", version)
            .help(format!(
                "rebuild with a release: `{}`",
                ctx.go_build(&[set("GOTOOLCHAIN", instead(release.minor, ctx.today))])
            )),
    );
}

/// The release that a candidate became, or the newest known one while it is not out.
fn instead(minor: u32, today: Date) -> String {
    let row = releases::release(minor).and_then(|r| Date::parse(&r.released));
    match (row.filter(|day| *day <= today), known::newest_patch(minor)) {
        (Some(_), Some(patch)) => format!("go1.{minor}.{patch}"),
        // Up to Go 1.20 the first release had no patch number.
        (Some(_), None) if minor < 21 => format!("go1.{minor}"),
        (Some(_), None) => format!("go1.{minor}.0"),
        (None, _) => known::newest_release(),
    }
}

#[cfg(test)]
mod tests {
    use crate::Date;
    use crate::testing::*;

    #[test]
    fn the_release_to_take_is_one_that_exists() {
        for (version, release) in [
            ("go1.27rc1", "go1.27.3"),
            ("go1.28rc1", "go1.27.3"),
            // Go 1.13 is out of support, so the advice names a supported release.
            ("go1.13beta1", "go1.26.10"),
        ] {
            let b = binary(|b| b.go_version = Some(version.into()));
            let found = judge_one("prerelease-toolchain", &b);
            let help = &found[0].help;
            assert!(help.contains(&format!("GOTOOLCHAIN={release}")), "{help}");
        }
        let today = Date::parse("2026-11-29").expect("it is a date");
        assert_eq!(super::instead(13, today), "go1.13");
        assert_eq!(super::instead(21, today), "go1.21.0");
    }

    #[test]
    fn candidates_and_betas_are_reported() {
        for (version, n) in [
            ("go1.27rc1", 1),
            ("go1.27beta2", 1),
            ("go1.27.0", 0),
            ("go1.18", 0),
        ] {
            assert_eq!(
                judge_one(
                    "prerelease-toolchain",
                    &binary(|b| b.go_version = Some(version.into()))
                )
                .len(),
                n,
                "{version}"
            );
        }
    }
}
