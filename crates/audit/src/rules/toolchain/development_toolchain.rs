use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS004",
    id: "development-toolchain",
    summary: "built with a development tree of Go",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("development_toolchain.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(raw) = ctx.binary.go_version_raw.as_deref() else {
        return;
    };
    if !raw.starts_with("devel") && !raw.contains("-devel_") {
        return;
    }
    sink.report(
        Report::new("built with a development tree of Go")
            .see("go_version_raw", raw)
            .help(format!(
                "rebuild with a release: `{}`",
                ctx.go_build(&[set("GOTOOLCHAIN", crate::known::newest_release())])
            )),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn both_spellings_are_reported() {
        for (raw, n) in [
            ("devel go1.28-8a1b2c3 Mon Nov", 1),
            ("devel +abc", 1),
            ("go1.28-devel_8a1b2c3", 1),
            ("go1.27.3", 0),
        ] {
            assert_eq!(
                judge_one(
                    "development-toolchain",
                    &binary(|b| b.go_version_raw = Some(raw.into()))
                )
                .len(),
                n,
                "{raw}"
            );
        }
    }
}
