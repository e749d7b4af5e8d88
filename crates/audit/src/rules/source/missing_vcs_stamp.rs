use crate::rules::prelude::*;
use gospect_record::ModuleList;

pub const META: Meta = Meta {
    code: "GS130",
    id: "missing-vcs-stamp",
    summary: "no commit is recorded",
    levels: levels(OFF, WARN, OFF, OFF),
    options: &[],
    since: "0.1.0",
    page: include_str!("missing_vcs_stamp.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(build) = &ctx.binary.build_info else {
        return;
    };
    // Go's own commands are built from its release, which is recorded.
    if ctx.binary.module_list() == ModuleList::Distribution {
        return;
    }
    let from_proxy = !build.main.sum.is_empty();
    if build.main.path.is_empty() && build.settings.is_empty()
        || from_proxy
        || build.setting("vcs.revision").is_some()
    {
        return;
    }
    sink.report(
        Report::new("no commit is recorded in the program")
            .see("vcs.revision", "not recorded")
            .see(
                "Main.Version",
                if build.main.version.is_empty() {
                    "none"
                } else {
                    &build.main.version
                },
            )
            .help(match ctx.is_bazel() {
                true => "let rules_go stamp it: `x_defs = {\"main.commit\": \"{STABLE_GIT_COMMIT}\"}` in go_binary, and `bazel build --stamp` with a \
                         `--workspace_status_command` that prints it"
                    .to_owned(),
                false => format!(
                    "build inside the git checkout: `{}`",
                    ctx.go_build(&[set("-buildvcs", "true")])
                ),
            }),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use gospect_record::ModuleList;

    #[test]
    fn a_commit_or_a_proxy_version_is_enough() {
        let judge = |b| {
            Setup {
                profile: "release",
                rule: "missing-vcs-stamp",
                ..Setup::default()
            }
            .judge(&b)
            .len()
        };
        assert_eq!(judge(binary(|_| ())), 0);
        assert_eq!(judge(binary(|b| unset(b, "vcs.revision"))), 1);
        assert_eq!(
            judge(binary(|b| {
                unset(b, "vcs.revision");
                b.build_info.as_mut().unwrap().main.sum = "h1:x".into();
            })),
            0
        );
        assert_eq!(judge(binary(|b| b.build_info = None)), 0);
        let of_go = binary(|b| {
            unset(b, "vcs.revision");
            b.module_list = Some(ModuleList::Distribution.into());
        });
        assert_eq!(judge(of_go), 0);
    }
}
