use crate::known::{GoRelease, release_from};
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS002",
    id: "below-toolchain-floor",
    summary: "built with an older Go than the policy allows",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[OptionSpec {
        name: "minimum",
        kind: ValueKind::Release,
        default: D::Unset,
        doc: "Oldest release allowed. Without a patch number any patch release of it is allowed. Unset: the rule reports nothing.",
    }],
    since: "0.1.0",
    page: include_str!("below_toolchain_floor.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(floor) = ctx.options.text("minimum") else {
        return;
    };
    let Some(minimum) = GoRelease::parse(floor) else {
        return;
    };
    if ctx.release.is_some_and(|release| release.reaches(minimum)) {
        return;
    }
    let version = ctx.binary.go_version.as_deref().unwrap_or("unknown");
    let message = match ctx.release {
        Some(_) => format!("built with {version}, below the floor {floor}"),
        None => format!("built with a Go release that is not known, and the floor is {floor}"),
    };
    sink.report(
        Report::new(message)
            .see("go_version", version)
            .help(format!(
                "rebuild with {floor} or newer: `{}`",
                ctx.go_build(&[set("GOTOOLCHAIN", release_from(floor))])
            )),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    /// Otherwise `outdated-patch-release` would report the next build.
    #[test]
    fn the_advice_is_the_newest_patch_of_the_floor() {
        let old = binary(|b| b.go_version = Some("go1.19.1".into()));
        for (floor, advised) in [
            ("go1.26", crate::known::newest_release_of(26)),
            ("go1.26.1", crate::known::newest_release_of(26)),
            ("go1.26.99", "go1.26.99".to_owned()),
            ("go1.99", "go1.99".to_owned()),
            // `GOTOOLCHAIN` cannot choose it, or it names no patch.
            ("go1.20", crate::known::newest_release()),
            ("go1.24", crate::known::newest_release()),
        ] {
            let toml = format!("[rules]\nbelow-toolchain-floor = {{ minimum = \"{floor}\" }}");
            let found = Setup {
                policy: &toml,
                rule: "below-toolchain-floor",
                ..Setup::default()
            }
            .judge(&old);
            let help = &found[0].help;
            assert!(help.contains(&format!("GOTOOLCHAIN={advised} ")), "{help}");
            assert!(!help.contains("go get"), "{help}");
        }
    }

    #[test]
    fn the_floor_counts_patches_when_it_names_one() {
        let with = |floor: &str, version: &str| {
            let toml = format!("[rules]\nbelow-toolchain-floor = {{ minimum = \"{floor}\" }}");
            Setup {
                policy: &toml,
                rule: "below-toolchain-floor",
                ..Setup::default()
            }
            .judge(&binary(|b| b.go_version = Some(version.into())))
            .len()
        };
        assert_eq!(with("go1.26", "go1.26.0"), 0);
        assert_eq!(with("go1.26", "go1.26rc1"), 1);
        assert_eq!(with("go1.26", "go1.25.9"), 1);
        assert_eq!(with("go1.26.5", "go1.26.4"), 1);
        assert_eq!(with("go1.26.5", "go1.26.5"), 0);
        assert_eq!(with("go1.26.5", "go1.27.0"), 0);
        // A release that nobody can tell does not pass.
        assert_eq!(with("go1.26.5", "unknown"), 1);
        assert!(
            judge_one(
                "below-toolchain-floor",
                &binary(|b| b.go_version = Some("go1.4".into()))
            )
            .is_empty()
        );
    }
}
