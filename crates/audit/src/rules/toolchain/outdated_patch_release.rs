use crate::known;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS007",
    id: "outdated-patch-release",
    summary: "a newer patch of the same Go release is known",
    levels: levels(OFF, WARN, NOTE, WARN),
    options: &[],
    since: "0.1.0",
    page: include_str!("outdated_patch_release.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    // Development versions have a language version, which no patch release follows.
    let released = |r: &known::GoRelease| !r.prerelease && (r.patch.is_some() || r.minor < 21);
    let Some(release) = ctx.release.filter(released) else {
        return;
    };
    let Some(newest) = known::newest_patch(release.minor) else {
        return;
    };
    // unsupported-toolchain already reports a release that has ended.
    let ended = known::ended(release.minor, ctx.today).is_some();
    if ended || release.patch.unwrap_or(0) >= newest {
        return;
    }
    let version = ctx.binary.go_version.as_deref().unwrap_or_default();
    sink.report(
        Report::new(format!(
            "built with {version}; go1.{}.{newest} is out",
            release.minor
        ))
        .see("go_version", version)
        .help(format!(
            "rebuild: `{}`",
            ctx.go_build(&[set(
                "GOTOOLCHAIN",
                format!("go1.{}.{newest}", release.minor)
            )])
        )),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn only_an_older_patch_of_a_supported_release_is_reported() {
        for (version, n) in [
            ("go1.26.1", 1),
            ("go1.27.3", 0),
            ("go1.26", 0),
            ("go1.26rc1", 0),
            ("go1.24.1", 0),
            ("go1.99.0", 0),
        ] {
            let b = binary(|b| b.go_version = Some(version.into()));
            assert_eq!(
                Setup {
                    profile: "release",
                    rule: "outdated-patch-release",
                    ..Setup::default()
                }
                .judge(&b)
                .len(),
                n,
                "{version}"
            );
        }
    }
}
