use crate::known;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS008",
    id: "unknown-toolchain",
    summary: "built with a Go release newer than gospect's tables",
    levels: levels(NOTE, NOTE, NOTE, NOTE),
    options: &[],
    since: "0.1.0",
    page: include_str!("unknown_toolchain.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(release) = ctx.release.filter(|r| r.minor > known::newest_minor()) else {
        return;
    };
    let version = ctx.binary.go_version.as_deref().unwrap_or_default();
    sink.report(
        Report::new(format!(
            "Go 1.{} is newer than the tables of this gospect (Go 1.{})",
            release.minor,
            known::newest_minor()
        ))
        .see("go_version", version)
        .help("update gospect"),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn a_release_from_the_future_is_named() {
        assert_eq!(
            judge_one(
                "unknown-toolchain",
                &binary(|b| b.go_version = Some("go1.99.0".into()))
            )
            .len(),
            1
        );
        assert!(judge_one("unknown-toolchain", &binary(|_| ())).is_empty());
    }
}
