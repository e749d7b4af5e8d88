use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS140",
    id: "unversioned-dependency",
    summary: "a dependency's version is `(devel)`",
    levels: levels(OFF, WARN, OFF, WARN),
    options: &[],
    since: "0.1.0",
    page: include_str!("unversioned_dependency.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(build) = &ctx.binary.build_info else {
        return;
    };
    let local: Vec<&str> = build
        .deps
        .iter()
        .filter(|m| m.replace.is_none() && m.version == "(devel)")
        .map(|m| m.path.as_str())
        .collect();
    // In a build from files the main module is one of the dependencies, and nothing says which.
    let from_files = ctx.binary.main_package.as_deref() == Some("command-line-arguments");
    if local.is_empty() || (from_files && local.len() == 1) {
        return;
    }
    let mut report = Report::new(match local.as_slice() {
        [one] => format!("{one} has no version: it came from a workspace"),
        many if from_files => format!(
            "{} dependencies have no version: all but the main module came from a workspace",
            many.len()
        ),
        many => format!(
            "{} dependencies have no version: they came from a workspace",
            many.len()
        ),
    })
    .help(format!("`{}`", ctx.go_build(&[set("GOWORK", "off")])));
    for path in local {
        report = report
            .see("module", format!("{path} (devel)"))
            .salient(path);
    }
    sink.report(report);
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn a_workspace_module_is_reported() {
        let judge = |b| {
            Setup {
                profile: "release",
                rule: "unversioned-dependency",
                ..Setup::default()
            }
            .judge(&b)
            .len()
        };
        assert_eq!(
            judge(binary(|b| dep(b, "example.com/lib", "(devel)", None))),
            1
        );
        assert_eq!(judge(binary(|_| ())), 0);
        // With `go build main.go` this is the main module.
        let from_files = binary(|b| {
            b.main_package = Some("command-line-arguments".into());
            dep(b, "example.com/app", "(devel)", None);
        });
        assert_eq!(judge(from_files), 0);
    }
}
