use crate::audit::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS161",
    id: "missing-build-info",
    family: Family::Integrity,
    summary: "a Go program without module data",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[],
    since: "0.1.0",
    doc: Doc {
        what: "The program is Go, but no main package, module or dependency is recorded.",
        why: "Vulnerability scanners find nothing in such a file, and an empty list looks clean.",
        example: "Programs built by Bazel's older rules_go, in GOPATH mode, or with `-X runtime.modinfo=`.",
        fix: "Build with the `go` command in module mode: `GO111MODULE=on go build`. With Bazel, use a rules_go that records modules (0.63 and newer).",
    },
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let b = ctx.binary;
    let has = b
        .build_info
        .as_ref()
        .is_some_and(|i| !i.path.is_empty() || !i.main.path.is_empty() || !i.deps.is_empty());
    // Modules exist since Go 1.11 and are the default since 1.16: older programs could not know better.
    if has || ctx.release.is_some_and(|r| r.minor < 16) {
        return;
    }
    let mut report = Report::new("no modules are recorded: scanners find nothing in this file")
        .see(
            "build_info",
            if b.build_info.is_some() {
                "no modules"
            } else {
                "none"
            },
        )
        .help(format!(
            "build in module mode: `GO111MODULE=on {}`",
            ctx.go_build("-trimpath")
        ));
    if let Some(main) = &b.main_package {
        report = report.see("main_package", main.clone());
    }
    sink.report(report);
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;

    #[test]
    fn an_empty_record_is_as_bad_as_none() {
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
        assert!(
            judge_one(
                "missing-build-info",
                &binary(|b| (b.build_info, b.go_version) = (None, Some("go1.12.1".into())))
            )
            .is_empty()
        );
    }
}
