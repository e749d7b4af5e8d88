use crate::known::{self, GoRelease};
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS001",
    id: "unsupported-toolchain",
    summary: "built with a Go release that gets no more fixes",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("unsupported_toolchain.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(release) = ctx.release else {
        return by_range(ctx, sink);
    };
    let Some(end) = known::ended(release.minor, ctx.today) else {
        return;
    };
    let supported = known::oldest_supported(ctx.today);
    let version = ctx.binary.go_version.as_deref().unwrap_or_default();
    sink.report(
        Report::new(format!(
            "built with {version}; Go 1.{} has had no fixes since {end}",
            release.minor
        ))
        .see("go_version", version)
        .help(format!(
            "rebuild with go1.{supported} or newer: `{}`",
            ctx.go_build(&[set("GOTOOLCHAIN", known::newest_release_of(supported))])
        )),
    );
}

/// Judges a program that does not name its release, by the newest one that may have built it.
fn by_range(ctx: &Ctx, sink: &mut Sink) {
    let Some(range) = &ctx.binary.go_version_range else {
        return;
    };
    let Some(last) = range
        .last
        .as_deref()
        .filter(|_| ctx.binary.go_version.is_none())
    else {
        return;
    };
    let newest = GoRelease::parse(last).map(|r| r.minor);
    let Some(end) = newest.and_then(|minor| known::ended(minor, ctx.today)) else {
        return;
    };
    let (which, seen) = match range.first == last {
        true => (last.to_owned(), last.to_owned()),
        false => (
            format!("{last} or older"),
            format!("{} to {last}", range.first),
        ),
    };
    let supported = known::oldest_supported(ctx.today);
    sink.report(
        Report::new(format!(
            "built with {which}, which has had no fixes since {end}"
        ))
        .see("go_version_range", seen)
        .help(format!(
            "rebuild with go1.{supported} or newer: `{}`",
            ctx.go_build(&[set("GOTOOLCHAIN", known::newest_release_of(supported))])
        )),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use gospect_record::VersionRange;

    #[test]
    fn only_an_ended_release_is_reported() {
        let old = binary(|b| b.go_version = Some("go1.24.11".into()));
        let found = judge_one("unsupported-toolchain", &old);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].message.contains("go1.24.11") && found[0].message.contains("2026-02-10"),
            "{}",
            found[0].message
        );
        assert!(
            found[0].help.contains("GOTOOLCHAIN=go1.26."),
            "{}",
            found[0].help
        );
        assert!(
            judge_one(
                "unsupported-toolchain",
                &binary(|b| b.go_version = Some("go1.26.1".into()))
            )
            .is_empty()
        );
        assert!(
            judge_one(
                "unsupported-toolchain",
                &binary(|b| b.go_version = Some("go1.99.0".into()))
            )
            .is_empty()
        );
        assert!(judge_one("unsupported-toolchain", &binary(|b| b.go_version = None)).is_empty());
    }

    #[test]
    fn older_than_the_table_is_before_its_first_day() {
        let message = |release: &str| {
            let b = binary(|b| b.go_version = Some(release.into()));
            judge_one("unsupported-toolchain", &b)[0].message.clone()
        };
        for release in ["go1.1", "go1.9.7", "go1.10.8"] {
            let text = message(release);
            assert!(text.ends_with("no fixes since before 2019-09-03"), "{text}");
        }
        assert!(message("go1.11.13").ends_with("no fixes since 2019-09-03"));
        assert!(message("go1.12.17").ends_with("no fixes since 2020-02-25"));
        assert!(message("go1.13.15").ends_with("no fixes since 2020-08-11"));
    }

    #[test]
    fn a_range_of_one_release_is_that_release() {
        let found = |first: &str, last: &str| {
            let b = binary(|b| {
                b.go_version = None;
                b.go_version_range = Some(VersionRange {
                    first: first.into(),
                    last: Some(last.into()),
                });
            });
            judge_one("unsupported-toolchain", &b)[0].message.clone()
        };
        assert_eq!(
            found("go1.1", "go1.1"),
            "built with go1.1, which has had no fixes since before 2019-09-03"
        );
        assert_eq!(
            found("go1.2", "go1.4"),
            "built with go1.4 or older, which has had no fixes since before 2019-09-03"
        );
    }

    #[test]
    fn the_day_decides() {
        let b = binary(|b| b.go_version = Some("go1.24.11".into()));
        let quiet = Setup {
            today: "2026-02-09",
            rule: "unsupported-toolchain",
            ..Setup::default()
        };
        assert!(quiet.judge(&b).is_empty());
        assert_eq!(
            Setup {
                today: "2026-02-10",
                ..quiet
            }
            .judge(&b)
            .len(),
            1
        );
    }
}
