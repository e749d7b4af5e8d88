use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS132",
    id: "unversioned-main",
    summary: "the main module's version is `(devel)`",
    levels: levels(OFF, WARN, OFF, OFF),
    options: &[],
    since: "0.1.0",
    page: include_str!("unversioned_main.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(build) = ctx
        .binary
        .build_info
        .as_ref()
        .filter(|b| !b.main.path.is_empty())
    else {
        return;
    };
    if !matches!(build.main.version.as_str(), "" | "(devel)") {
        return;
    }
    sink.report(
        Report::new("the program does not record its own version")
            .see(
                "Main.Version",
                if build.main.version.is_empty() {
                    "none"
                } else {
                    "(devel)"
                },
            )
            .help(format!(
                "`git fetch --tags` (in a shallow clone `git fetch --tags --unshallow`), then with Go 1.24 or newer: `{}`",
                ctx.go_build(&[set("-buildvcs", "true")])
            )),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn devel_and_nothing_are_no_versions() {
        for (version, n) in [
            ("(devel)", 1),
            ("", 1),
            ("v1.2.3", 0),
            ("v0.0.0-20260101000000-abcdefabcdef", 0),
        ] {
            let b = binary(|b| b.build_info.as_mut().unwrap().main.version = version.into());
            assert_eq!(
                Setup {
                    profile: "release",
                    rule: "unversioned-main",
                    ..Setup::default()
                }
                .judge(&b)
                .len(),
                n
            );
        }
    }
}
