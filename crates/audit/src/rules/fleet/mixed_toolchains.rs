use super::report_spread;
use crate::fix::Agreement;
use crate::judge::agree;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS280",
    id: "mixed-toolchains",
    summary: "programs of one release were built with different Go releases",
    levels: levels(NOTE, WARN, WARN, WARN),
    options: &[],
    since: "0.1.0",
    page: include_str!("mixed_toolchains.md"),
};

pub fn check(ctx: &RunCtx, sink: &mut Sink) {
    report_spread(
        ctx,
        sink,
        "Go release",
        |group, spread| {
            let newest = agree::newest(group).unwrap_or(&spread.majority);
            format!(
                "build all with one toolchain: `GOTOOLCHAIN={} go build`",
                argument(newest)
            )
        },
        |row| row.go_version.clone(),
        |version| Some(Agreement::on_release(version)),
    );
}

#[cfg(test)]
mod tests {
    use super::super::testing::names_the_program_that_differs;

    #[test]
    fn the_program_that_differs_is_named() {
        names_the_program_that_differs("mixed-toolchains", |b| {
            b.go_version = Some("go1.26.6".into())
        });
    }
}
