use crate::audit::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS003",
    id: "prerelease-toolchain",
    family: Family::Toolchain,
    summary: "built with a beta or release candidate of Go",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[],
    since: "0.1.0",
    doc: Doc {
        what: "The recorded Go version is a beta or a release candidate.",
        why: "Pre-releases get no fixes of their own and differ from the release that follows.",
        example: "A program built with go1.27rc1 while testing, then shipped.",
        fix: "Build again with the release: `GOTOOLCHAIN=go1.27.0 go build`.",
    },
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
                "rebuild with the release: `GOTOOLCHAIN=go1.{}.0 {}`",
                release.minor,
                ctx.go_build("")
            )),
    );
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;

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
