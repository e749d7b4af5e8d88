use super::report_spread;
use crate::fleet::Spread;
use crate::known::GoRelease;
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
            if group.plan().of("GOTOOLCHAIN").is_some() {
                return "rebuild single programs as the findings about them say, then all with the newest toolchain among them".to_owned();
            }
            let newest = newest(spread);
            format!(
                "build all with one toolchain: `GOTOOLCHAIN={} go build`",
                argument(&newest)
            )
        },
        |row| row.go_version.clone(),
    );
}

/// The newest release in the group: an older one would remove fixes from some programs.
fn newest(spread: &Spread) -> String {
    let odd = spread.odd.iter().map(|(version, _)| version.as_str());
    let versions = std::iter::once(spread.majority.as_str()).chain(odd);
    let released = versions.filter(|v| GoRelease::parse(v).is_some_and(|r| !r.prerelease));
    let newest = released.max_by_key(|v| GoRelease::parse(v));
    newest.unwrap_or(&spread.majority).to_owned()
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
