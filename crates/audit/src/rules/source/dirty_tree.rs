use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS131",
    id: "dirty-tree",
    summary: "built from a work tree with uncommitted changes",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("dirty_tree.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(build) = &ctx.binary.build_info else {
        return;
    };
    let modified = build.setting("vcs.modified") == Some("true");
    let version = build.main.version.as_str();
    let dirty = version.ends_with("+dirty") || version.ends_with(".dirty");
    if !modified && !dirty {
        return;
    }
    let mut report = Report::new("built from a work tree with uncommitted changes").help(format!(
        "`git status --porcelain` shows them; commit or ignore, then `{}`",
        ctx.go_build(&[])
    ));
    if modified {
        report = report.see("vcs.modified", "true");
    }
    if let Some(revision) = build.setting("vcs.revision") {
        report = report.see("vcs.revision", revision);
    }
    if dirty {
        report = report.see("Main.Version", version);
    }
    sink.report(report);
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn either_sign_is_enough() {
        assert!(judge_one("dirty-tree", &binary(|_| ())).is_empty());
        assert_eq!(
            judge_one("dirty-tree", &binary(|b| set(b, "vcs.modified", "true"))).len(),
            1
        );
        for version in ["v1.2.3+dirty", "v2.0.0+incompatible.dirty"] {
            assert_eq!(
                judge_one(
                    "dirty-tree",
                    &binary(|b| b.build_info.as_mut().unwrap().main.version = version.into())
                )
                .len(),
                1
            );
        }
    }
}
