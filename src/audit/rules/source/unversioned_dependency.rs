use crate::audit::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS140",
    id: "unversioned-dependency",
    family: Family::Source,
    summary: "a dependency's version is `(devel)`",
    levels: levels(OFF, WARN, OFF, WARN),
    options: &[],
    since: "0.1.0",
    doc: Doc {
        what: "A dependency is recorded as `(devel)` without a replacement: it came from a workspace (`go.work`) and not from a published version.",
        why: "What was compiled is whatever lay beside the main module; the file does not tell.",
        example: "`go.work` with `use ./app ./lib` on the builder.",
        fix: "Build the release without the workspace: `GOWORK=off go build`.",
    },
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(build) = &ctx.binary.build_info else {
        return;
    };
    for m in build
        .deps
        .iter()
        .filter(|m| m.replace.is_none() && m.version == "(devel)")
    {
        sink.report(
            Report::new(format!(
                "{} has no version: it came from a workspace",
                m.path
            ))
            .see("module", format!("{} (devel)", m.path))
            .salient(m.path.clone())
            .help(format!("`GOWORK=off {}`", ctx.go_build("-trimpath"))),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;

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
    }
}
