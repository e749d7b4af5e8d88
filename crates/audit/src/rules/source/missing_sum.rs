use super::{effective, is_directory};
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS136",
    id: "missing-sum",
    summary: "a dependency has no checksum",
    levels: levels(OFF, WARN, OFF, WARN),
    options: &[OptionSpec {
        name: "vendored",
        kind: ValueKind::Flag,
        default: D::Flag(false),
        doc: "Also report builds from a vendor directory, in which no dependency has a checksum.",
    }],
    since: "0.1.0",
    page: include_str!("missing_sum.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(build) = &ctx.binary.build_info else {
        return;
    };
    let versioned: Vec<_> = build
        .deps
        .iter()
        .map(effective)
        .filter(|m| !is_directory(m) && m.version != "(devel)")
        .collect();
    let without: Vec<_> = versioned.iter().filter(|m| m.sum.is_empty()).collect();
    if without.is_empty() {
        return;
    }
    if without.len() == versioned.len() {
        if ctx.options.flag("vendored") {
            sink.report(
                Report::new("no dependency has a checksum: built from a vendor directory")
                    .see("build_info.Deps", format!("{} without sum", without.len()))
                    .salient("vendored")
                    .help(format!(
                        "`go mod verify`, then `{}`",
                        ctx.go_build(&[set("-mod", "readonly")])
                    )),
            );
        }
        return;
    }
    let mut report = Report::new(format!(
        "{} of {} dependencies without a checksum",
        without.len(),
        versioned.len()
    ))
    .help(format!(
        "`go mod verify && {}`",
        ctx.go_build(&[set("-mod", "readonly")])
    ));
    for m in without {
        report = report
            .see("module", format!("{} {}", m.path, m.version))
            .salient(m.path.clone());
    }
    sink.report(report);
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn one_missing_sum_among_others_is_reported() {
        let judge = |policy: &str, sums: &[&str]| {
            let b = binary(|b| {
                b.build_info.as_mut().unwrap().deps.clear();
                for (i, sum) in sums.iter().enumerate() {
                    dep(b, &format!("example.com/d{i}"), "v1.0.0", None);
                    b.build_info.as_mut().unwrap().deps.last_mut().unwrap().sum = sum.to_string();
                }
            });
            Setup {
                profile: "release",
                policy,
                rule: "missing-sum",
                ..Setup::default()
            }
            .judge(&b)
            .len()
        };
        assert_eq!(judge("", &["h1:a", "", "h1:b"]), 1);
        assert_eq!(judge("", &["", ""]), 0);
        assert_eq!(
            judge("[rules]\nmissing-sum = { vendored = true }", &["", ""]),
            1
        );
    }
}
