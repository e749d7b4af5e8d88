use crate::rules::prelude::*;
use gospect_record::ModuleList;

pub const META: Meta = Meta {
    code: "GS161",
    id: "missing-build-info",
    summary: "a Go program without module data",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("missing_build_info.md"),
};

/// The advice for a program that Bazel built without module data.
pub const BAZEL: &str = "use a rules_go that records modules (0.63 and newer), and build again";

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let binary = ctx.binary;
    let list = binary.module_list();
    // Go's own commands belong to its release, which is recorded.
    let has = !list.is_unknown() || list == ModuleList::Distribution;
    // Go has modules since 1.11 and uses them by default since 1.16. Older programs are not reported.
    if has || ctx.release.is_some_and(|r| r.minor < 16) {
        return;
    }
    let why = match list {
        ModuleList::Gopath | ModuleList::Bazel => list.why().map(|why| format!(" ({why})")),
        _ => None,
    };
    let mut report = Report::new(format!(
        "no modules are recorded{}: scanners find nothing in this file",
        why.unwrap_or_default()
    ))
    .see(
        "build_info",
        if binary.build_info.is_some() {
            "no modules"
        } else {
            "none"
        },
    )
    .help(match list {
        ModuleList::Bazel => BAZEL.to_owned(),
        _ => format!(
            "build in module mode: `{}`",
            ctx.go_build(&[set("GO111MODULE", "on")])
        ),
    });
    if let Some(main) = &binary.main_package {
        report = report.see("main_package", main.clone());
    }
    sink.report(report);
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use gospect_record::ModuleList;

    #[test]
    fn an_empty_build_info_counts_as_a_missing_one() {
        assert_eq!(
            judge_one("missing-build-info", &binary(|b| b.build_info = None)).len(),
            1
        );
        assert_eq!(
            judge_one(
                "missing-build-info",
                &binary(|b| b.build_info = Some(Default::default()))
            )
            .len(),
            1
        );
        assert!(judge_one("missing-build-info", &binary(|_| ())).is_empty());
        let found = judge_one("missing-build-info", &gopath(&[]));
        assert!(
            found[0].message.contains("built in GOPATH mode"),
            "{found:?}"
        );
        for list in [ModuleList::Empty, ModuleList::Distribution] {
            let b = change(gopath(&[]), |b| b.module_list = Some(list.into()));
            assert!(judge_one("missing-build-info", &b).is_empty());
        }
        assert!(
            judge_one(
                "missing-build-info",
                &binary(|b| (b.build_info, b.go_version) = (None, Some("go1.12.1".into())))
            )
            .is_empty()
        );
    }
}
