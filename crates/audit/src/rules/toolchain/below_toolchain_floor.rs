use crate::known::GoRelease;
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
                "`go get toolchain@{0}` in the module, then `{1}`",
                argument(&toolchain(floor)),
                ctx.go_build(&[set("GOTOOLCHAIN", toolchain(floor))])
            )),
    );
}

/// The toolchain for a floor as the go command names it: `go1.27` is the language version, its first release is `go1.27.0`
/// (since Go 1.21).
fn toolchain(floor: &str) -> String {
    match GoRelease::parse(floor) {
        Some(r) if r.patch.is_none() && !r.prerelease && r.minor >= 21 => {
            format!("go1.{}.0", r.minor)
        }
        _ => floor.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

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
