use super::of_functions;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS166",
    id: "package-not-recorded",
    summary: "the program has code of modules that are not recorded",
    levels: levels(NOTE, WARN, NOTE, WARN),
    options: &[allow("Names that are fine.")],
    since: "0.1.0",
    page: include_str!("package_not_recorded.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let report = of_functions(
        ctx,
        "linked.not_recorded",
        |l| &l.not_recorded,
        |n, s| {
            format!(
                "code of {n} package prefix{}{s} without a recorded module",
                if s.is_empty() { "" } else { "e" }
            )
        },
    );
    if let Some(report) = report {
        sink.report(report.help(match ctx.is_bazel() {
            true => super::missing_build_info::BAZEL,
            false => "build in module mode with the `go` command: `go build -trimpath`",
        }));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_listed_and_a_missing_table_says_nothing() {
        super::super::tests::check_list("package-not-recorded", |linked| &mut linked.not_recorded);
    }
}
